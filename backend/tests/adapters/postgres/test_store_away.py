"""A database that goes away is nobody's mistake: it has an error of its own."""

import asyncio

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from flotilla.adapters.postgres.store import PostgresStore
from flotilla.db.session import Database, libpq_url
from flotilla.ports.store import StoreUnavailable
from tests.adapters.postgres.desk import Desk


async def test_a_connection_that_is_lost_in_a_transaction(desk: Desk, database_url: str) -> None:
    other = await asyncpg.connect(libpq_url(database_url))
    try:
        await other.execute("BEGIN; LOCK TABLE flotilla.bots IN ACCESS EXCLUSIVE MODE")
        waiting = asyncio.create_task(desk.store.bots(desk.account_id))
        while not (blocked := await other.fetch("SELECT pid FROM pg_locks WHERE NOT granted")):
            assert not waiting.done()
        await other.execute("SELECT pg_terminate_backend($1)", blocked[0]["pid"])
        with pytest.raises(StoreUnavailable):
            await waiting
        await other.execute("ROLLBACK")
        assert len(await desk.store.bots(desk.account_id)) == 1, "the next one connects anew"
    finally:
        await other.close()


async def test_a_server_that_is_not_there() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable):
        await PostgresStore(database).bots("x")
    await database.close()


async def test_a_statement_that_the_database_refuses_is_a_mistake(desk: Desk) -> None:
    order = await desk.order()
    with pytest.raises(DBAPIError):
        await desk.store.close_order(order.id, None, "a status is required")  # type: ignore[arg-type]
