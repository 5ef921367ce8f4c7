"""One engine per account: an advisory lock on a connection of its own."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from flotilla.db.session import libpq_url


class LockTaken(Exception):
    """Another process holds the lock."""


@asynccontextmanager
async def held(database_url: str, name: str, *, wait: float | None) -> AsyncIterator[asyncio.Event]:
    """Hold the lock `name`, waiting up to `wait` seconds for it (None: for ever). Raises LockTaken.

    The event is set when the connection is lost, and with it the lock: whoever needs it must stop.
    """
    lost = asyncio.Event()
    connection = await asyncpg.connect(libpq_url(database_url))
    connection.add_termination_listener(lambda _connection: lost.set())
    try:
        # To PostgreSQL 0 is no limit at all.
        limit = 0 if wait is None else max(1, int(wait * 1000))
        await connection.execute(f"SET lock_timeout = {limit}")
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", zlib.crc32(name.encode()))
        except asyncpg.exceptions.LockNotAvailableError as error:
            raise LockTaken(name) from error
        yield lost
    finally:
        await connection.close()
