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

from flotilla.practice.calendar import TradingCalendar

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

    def create() -> str:
        name = f"practice_{uuid.uuid4().hex}"
        asyncio.run(_create(postgres_server("postgres"), name))
        return postgres_server(name)

    return create


async def _create(address: str, name: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
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
