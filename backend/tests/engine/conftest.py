"""One database for all tests of the engine (each has an account of its own), a clock, and a leak check."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest
import structlog

from flotilla.db.session import Database
from tests.builders import add_account
from tests.engine.desk import Desk
from tests.engine.exchange import Exchange
from tests.engine.harness import Engine, LoopClock


@pytest.fixture(scope="session")
def engine_database_url(postgres_server: Callable[[str], str], migrated_template: str) -> str:
    """Give a migrated database; a database for each test would cost more than the tests."""
    name = f"engine_{uuid.uuid4().hex}"

    async def create() -> None:
        connection = await asyncpg.connect(postgres_server("postgres"))
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
        finally:
            await connection.close()

    asyncio.run(create())
    return postgres_server(name)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> Iterator[None]:
    """Log plainly: drawing the frames of a traceback takes longer than the tests that have one."""
    processors = structlog.processors
    structlog.configure(
        processors=[processors.add_log_level, processors.format_exc_info, processors.KeyValueRenderer()]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
async def no_leaks() -> AsyncIterator[None]:
    """After Home Assistant's `verify_cleanup`: a test leaves no task, timer or thread behind."""
    loop = asyncio.get_running_loop()
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    yield
    left = [task for task in asyncio.all_tasks() - tasks if task is not asyncio.current_task()]
    assert not left, f"tasks still pending: {left}"
    timers = [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
    assert not timers, f"timers still running: {timers}"
    started = [thread for thread in threading.enumerate() if thread not in threads]
    assert not started, f"threads still running: {started}"


@pytest.fixture
async def clock() -> AsyncIterator[LoopClock]:
    """Give the event loop's clock, to be moved on: wall seconds pass at once."""
    moved = LoopClock(asyncio.get_running_loop())
    yield moved
    moved.restore()


@pytest.fixture
async def database(engine_database_url: str) -> AsyncIterator[Database]:
    opened = Database(engine_database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def account_id(database: Database) -> str:
    return await add_account(database, str(uuid.uuid4()))


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def engine(database: Database, account_id: str, exchange: Exchange) -> Engine:
    return Engine(database, account_id, exchange)


@pytest.fixture
async def desk(engine: Engine) -> Desk:
    return Desk(engine, await engine.add_bot())
