"""Facts get their numbers in the order in which they became visible, and are read in that order."""

import asyncio
from typing import Any

from sqlalchemy import func, select, text

from flotilla.adapters.postgres.notify import PostgresNudges
from flotilla.adapters.postgres.outbox import PostgresOutbox
from flotilla.db import outbox as writing
from flotilla.db.session import Database
from flotilla.db.tables import EventRow
from flotilla.ports import bus


async def write(database: Database, *names: str) -> None:
    async with database.transaction() as session:
        for name in names:
            await writing.add_event(session, type=name, bot_id=None, payload={"name": name})


async def names(outbox: PostgresOutbox, after: int = 0, limit: int = 100) -> list[tuple[int, str]]:
    return [(fact.number, fact.type) for fact in await outbox.after(after, limit)]


async def test_what_is_not_numbered_is_not_read(database: Database) -> None:
    outbox = PostgresOutbox(database)
    assert await outbox.newest() == 0
    await write(database, "a", "b")
    assert await names(outbox) == []
    assert await outbox.number() == 2
    assert await names(outbox) == [(1, "a"), (2, "b")]
    assert await outbox.newest() == 2
    assert await outbox.number() == 0


async def test_numbers_go_on_where_they_ended(database: Database) -> None:
    outbox = PostgresOutbox(database)
    for name in "abc":
        await write(database, name)
        assert await outbox.number() == 1
    assert await names(outbox) == [(1, "a"), (2, "b"), (3, "c")]
    assert await names(outbox, after=1) == [(2, "b"), (3, "c")]
    assert await names(outbox, after=1, limit=1) == [(2, "b")]
    assert await names(outbox, after=3) == []


async def test_a_fact_that_commits_later_gets_the_later_number(database: Database) -> None:
    outbox = PostgresOutbox(database)
    async with database.transaction() as early:
        await writing.add_event(early, type="inserted first", bot_id=None, payload={})
        await early.flush()
        await write(database, "committed first")
        assert await outbox.number() == 1
        reader = await names(outbox)
        assert reader == [(1, "committed first")]
    assert await outbox.number() == 1
    # A reader that goes on from what it has seen misses nothing.
    assert await names(outbox, after=reader[-1][0]) == [(2, "inserted first")]
    assert await names(outbox) == [(1, "committed first"), (2, "inserted first")]
    async with database.transaction() as session:
        ids = await session.scalars(select(EventRow.id).order_by(EventRow.number))
        assert ids.all() == sorted((await session.scalars(select(EventRow.id))).all(), reverse=True), (
            "the one inserted first has the lower id, so the case was the one meant"
        )


async def test_what_is_rolled_back_was_never_there(database: Database) -> None:
    outbox = PostgresOutbox(database)
    try:
        async with database.transaction() as session:
            await writing.add_event(session, type="a", bot_id=None, payload={})
            await session.flush()
            raise LookupError
    except LookupError:
        pass
    await write(database, "b")
    await outbox.number()
    assert await names(outbox) == [(1, "b")]


async def test_two_relays_never_give_a_number_twice(database: Database) -> None:
    relays = [PostgresOutbox(database) for _ in range(3)]
    await write(database, *(f"fact {n}" for n in range(700)))

    async def relay(outbox: PostgresOutbox) -> int:
        done = 0
        while count := await outbox.number():
            done += count
        return done

    done = await asyncio.gather(*(relay(outbox) for outbox in relays))
    # A relay that finds another at work leaves it to that one.
    assert sum(done) == 700
    found = await names(relays[0], limit=2000)
    assert found == [(n + 1, f"fact {n}") for n in range(700)]


async def test_a_payload_is_kept_as_it_was(database: Database) -> None:
    outbox = PostgresOutbox(database)
    payload: dict[str, Any] = {"bot": {"name": "Füchse 🦊", "capital": "1e3", "of": [1, 2.5, None, True]}}
    async with database.transaction() as session:
        await writing.add_event(session, type="x", bot_id="b", payload=payload)
    await outbox.number()
    assert (await outbox.after(0, 1))[0].payload == payload


async def test_pruning_keeps_the_newest_and_what_has_no_number_yet(database: Database) -> None:
    outbox = PostgresOutbox(database)
    kept = 50_000
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO flotilla.events (id, number, type, payload)"
                " SELECT 'old-' || n, n, 'x', '{}' FROM generate_series(1, :count) n"
            ),
            {"count": kept + 7},
        )
    await write(database, "new")
    await outbox.prune()
    async with database.transaction() as session:
        found = await session.execute(
            select(func.min(EventRow.number), func.max(EventRow.number), func.count())
        )
        assert tuple(found.one()) == (8, kept + 7, kept + 1)
    assert await outbox.number() == 1
    assert await outbox.newest() == kept + 8


async def test_nothing_to_prune_is_no_error(database: Database) -> None:
    outbox = PostgresOutbox(database)
    await outbox.prune()
    await write(database, "a")
    await outbox.number()
    await outbox.prune()
    assert await names(outbox) == [(1, "a")]


async def test_a_fact_nudges_when_it_is_committed_and_when_it_is_numbered(
    database: Database, database_url: str
) -> None:
    outbox = PostgresOutbox(database)
    async with PostgresNudges(database_url).listen(bus.EVENTS, bus.NUMBERED) as nudges:
        async with database.transaction() as session:
            await writing.add_event(session, type="a", bot_id=None, payload={})
            await session.flush()
            assert nudges.empty()
        assert await asyncio.wait_for(nudges.get(), 5) == (bus.EVENTS, "")
        await outbox.number()
        assert await asyncio.wait_for(nudges.get(), 5) == (bus.NUMBERED, "")
