"""A running practice market, and an account of it for each test."""

import asyncio
import os
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from practice_server import ThreadServer
from trading_account import TradingAccount

from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.settings import FillModelName

_ACCOUNTS = 300


@pytest.fixture(scope="session")
def calendar() -> TradingCalendar:
    with warnings.catch_warnings():
        # exchange_calendars 4.13 reads Series.values, which pandas 3.1 deprecates.
        warnings.filterwarnings("ignore", "Series.values returning an ndarray")
        return TradingCalendar()


@pytest.fixture(scope="session")
def new_database(postgres_server: Callable[[str], str], calendar: TradingCalendar) -> Callable[[], str]:
    """Give empty databases: the practice market migrates them itself. (The calendar is asked for
    so that it is built before a server in this process builds it.)"""

    def create(template: str = "template1") -> str:
        name = f"practice_{uuid.uuid4().hex}"
        asyncio.run(_create(postgres_server("postgres"), name, template))
        return postgres_server(name)

    return create


@pytest.fixture(scope="session")
def copy_of_closed_market(new_database: Callable[..., str]) -> Callable[[], str]:
    """Give databases of a market (account K0) whose first session has just closed."""
    address = new_database()
    practice = ThreadServer(address)
    practice.step(390)
    practice.stop()
    name = address.rpartition("practice_")[2].partition("?")[0]
    return lambda: new_database(f"practice_{name}")


async def _create(address: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def server(new_database: Callable[[], str]) -> Iterator[ThreadServer]:
    """Give a paused synthetic market with many accounts; its time only ever goes on."""
    practice = ThreadServer(new_database(), accounts=_ACCOUNTS)
    yield practice
    practice.stop()


@pytest.fixture(scope="module")
def new_server(new_database: Callable[[], str]) -> Iterator[ThreadServer]:
    """Give a module a market that stands at its first minute."""
    practice = ThreadServer(new_database())
    yield practice
    practice.stop()


@pytest.fixture(scope="session")
def quotes_server(new_database: Callable[[], str]) -> Iterator[ThreadServer]:
    """Give the same market as `server`, filled by the model `quotes`."""
    practice = ThreadServer(new_database(), accounts=_ACCOUNTS, fill_model=FillModelName.QUOTES)
    yield practice
    practice.stop()


@pytest.fixture(params=list(FillModelName))
def fill_model(request: pytest.FixtureRequest) -> FillModelName:
    """Run a test once under each fill model."""
    model: FillModelName = request.param
    return model


@pytest.fixture
def client(fill_model: FillModelName, request: pytest.FixtureRequest) -> TradingAccount:
    """Give an account of its own in a market that other tests use too."""
    name = "server" if fill_model is FillModelName.BAR_OPEN else "quotes_server"
    practice: ThreadServer = request.getfixturevalue(name)
    return TradingAccount(practice, practice.fresh_account())


@pytest.fixture
def fresh(fill_model: FillModelName, new_database: Callable[[], str]) -> Iterator[TradingAccount]:
    """Give a market of its own, in the second minute of its first session."""
    practice = ThreadServer(new_database(), fill_model=fill_model)
    practice.step()
    yield TradingAccount(practice, "K0")
    practice.stop()


@pytest.fixture
def key(server: ThreadServer) -> str:
    """Give a test the key of an account of its own."""
    return server.fresh_account()


@pytest.fixture(scope="session")
def real_bars() -> Path:
    """Return the folder of real bars; absent: skip, but fail where CI says it must be there."""
    default = Path(__file__).parents[4] / "shared" / "data"
    folder = Path(os.environ.get("FLOTILLA_TEST_DATA", default)) / "bars"
    if not folder.is_dir():
        reason = f"no real market data at {folder} (FLOTILLA_TEST_DATA)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
