"""One engine per account, and nudges between the processes: both know when their connection is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
import pytest

from flotilla.adapters.postgres import lock
from flotilla.adapters.postgres.notify import PostgresNudges, PostgresPriceFeed
from flotilla.db.outbox import nudge
from flotilla.db.session import Database, libpq_url
from flotilla.ports import bus

WAIT = 5.0


async def end_others(database_url: str, query: str) -> int:
    """End every connection of the database that last ran a statement like `query`; how many."""
    connection = await asyncpg.connect(libpq_url(database_url))
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND query LIKE $1",
            query,
        )
        return len(ended)
    finally:
        await connection.close()


async def test_a_second_holder_is_refused(database_url: str) -> None:
    async with lock.held(database_url, "engine", wait=WAIT) as lost:
        assert not lost.is_set()
        with pytest.raises(lock.LockTaken, match="engine"):
            async with lock.held(database_url, "engine", wait=0.05):
                pytest.fail("two hold the lock")
        assert not lost.is_set()


async def test_locks_of_other_names_are_free(database_url: str) -> None:
    async with (
        lock.held(database_url, "engine", wait=WAIT),
        lock.held(database_url, "broadcaster", wait=WAIT),
    ):
        pass


async def test_a_lock_is_free_when_its_holder_ends(database_url: str) -> None:
    for _ in range(2):
        async with lock.held(database_url, "engine", wait=0.05):
            pass
    with pytest.raises(LookupError):
        async with lock.held(database_url, "engine", wait=0.05):
            raise LookupError
    async with lock.held(database_url, "engine", wait=0.05):
        pass


async def test_a_waiting_holder_gets_it_next(database_url: str) -> None:
    waiting = asyncio.Event()

    async def second() -> str:
        waiting.set()
        async with lock.held(database_url, "engine", wait=WAIT):
            return "held"

    async with asyncio.TaskGroup() as tasks:
        async with lock.held(database_url, "engine", wait=WAIT):
            follower = tasks.create_task(second())
            await waiting.wait()
            assert not follower.done()
        assert await follower == "held"


async def test_a_lost_connection_is_a_lost_lock(database_url: str) -> None:
    async with lock.held(database_url, "engine", wait=WAIT) as lost:
        assert await end_others(database_url, "%pg_advisory_lock%") == 1
        await asyncio.wait_for(lost.wait(), WAIT)
        async with lock.held(database_url, "engine", wait=WAIT):
            pass


async def test_a_listener_hears_its_channels(database_url: str) -> None:
    connection = await asyncpg.connect(libpq_url(database_url))
    try:
        async with PostgresNudges(database_url).listen(bus.BOTS, bus.PRICES) as nudges:
            for channel, payload in ((bus.BOTS, "a"), (bus.EVENTS, "unheard"), (bus.PRICES, "[]")):
                await connection.execute("SELECT pg_notify($1, $2)", channel, payload)
            assert await asyncio.wait_for(nudges.get(), WAIT) == (bus.BOTS, "a")
            assert await asyncio.wait_for(nudges.get(), WAIT) == (bus.PRICES, "[]")
            assert nudges.empty()
    finally:
        await connection.close()


async def test_a_listener_is_told_that_its_connection_is_lost(database_url: str) -> None:
    async with PostgresNudges(database_url).listen(bus.BOTS) as nudges:
        assert await end_others(database_url, "%LISTEN%") == 1
        assert await asyncio.wait_for(nudges.get(), WAIT) == ("", "")


@pytest.mark.parametrize("count", [0, 1, 30, 500])
async def test_prices_go_out_in_as_many_notifications_as_they_need(
    database: Database, database_url: str, count: int
) -> None:
    start = datetime(2026, 3, 10, 14, 31, tzinfo=UTC)
    bars = [
        {"symbol": f"S{n}", "start": start + timedelta(minutes=n), "open": 1.0, "high": 2.5, "low": 0.5,
         "close": 1.5, "volume": 123456.0}
        for n in range(count)
    ]  # fmt: skip
    async with PostgresNudges(database_url).listen(bus.PRICES, bus.BOTS) as nudges:
        await PostgresPriceFeed(database).publish(bars)
        async with database.transaction() as session:
            await nudge(session, bus.BOTS, "end")
        heard: list[dict[str, object]] = []
        while (arrived := await asyncio.wait_for(nudges.get(), WAIT)) != (bus.BOTS, "end"):
            assert len(arrived[1].encode()) < 8000
            heard.extend(orjson.loads(arrived[1]))
    assert heard == orjson.loads(orjson.dumps(bars))
