"""LISTEN/NOTIFY: nudges between the processes. A nudge may be lost; whoever waits also polls."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import orjson

from flotilla.db import outbox
from flotilla.db.session import Database, libpq_url
from flotilla.ports import bus

_MAX_PAYLOAD = 7900  # PostgreSQL's limit is 8000 bytes


class PostgresNudges:
    """`ports.bus.Nudges`. Raises OSError or asyncpg's errors when the server cannot be reached."""

    def __init__(self, database_url: str) -> None:
        self._url = libpq_url(database_url)

    def listen(self, *channels: str) -> AbstractAsyncContextManager[asyncio.Queue[tuple[str, str]]]:
        return _listen(self._url, channels)


@asynccontextmanager
async def _listen(url: str, channels: Sequence[str]) -> AsyncIterator[asyncio.Queue[tuple[str, str]]]:
    queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    connection = await asyncpg.connect(url)

    def on_notify(_connection: object, _pid: int, channel: str, payload: str) -> None:
        queue.put_nowait((channel, payload))

    connection.add_termination_listener(lambda _connection: queue.put_nowait(("", "")))
    try:
        for channel in channels:
            await connection.add_listener(channel, on_notify)
        yield queue
    finally:
        await connection.close()


class PostgresPriceFeed:
    """`ports.store.PriceFeed`: the minute's bars as notifications, as many as they take."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, bars: Sequence[Mapping[str, Any]]) -> None:
        async with self._database.transaction() as session:
            for payload in _payloads(bars):
                await outbox.nudge(session, bus.PRICES, payload)


def _payloads(bars: Sequence[Mapping[str, Any]]) -> list[str]:
    payloads: list[str] = []
    current: list[str] = []
    size = 2
    for bar in bars:
        text = orjson.dumps(bar).decode()
        if current and size + len(text) + 1 > _MAX_PAYLOAD:
            payloads.append(f"[{','.join(current)}]")
            size, current = 2, []
        current.append(text)
        size += len(text) + 1
    return [*payloads, f"[{','.join(current)}]"] if current else payloads
