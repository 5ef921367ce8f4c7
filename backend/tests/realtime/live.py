"""The API on a real socket, with its broadcaster, and pages that listen to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
import socketio
import uvicorn

from flotilla.adapters.postgres.notify import PostgresNudges, PostgresPriceFeed
from flotilla.adapters.postgres.outbox import PostgresOutbox
from flotilla.db.session import Database
from flotilla.entrypoints.api import create_app
from flotilla.entrypoints.process import Server
from flotilla.features.summary.repository import SummaryRepository
from flotilla.http.dependencies import ApiState, InstrumentDirectory
from flotilla.http.guard import HostGuard
from flotilla.realtime.broadcaster import Broadcaster
from flotilla.realtime.server import RealtimeServer
from flotilla.wire.summary import SummaryOut
from tests.builders import ACCOUNT
from tests.fakes import FakeBarHistory, FakeBroker, FixedClock

WAIT = 20.0
FACTS = ("bot_status_changed", "bot_deleted", "trade_executed", "position_updated")


@dataclass
class Page:
    """A browser's socket: what it heard waits in `heard`, in the order of arrival."""

    client: socketio.AsyncClient
    heard: asyncio.Queue[tuple[str, dict[str, Any]]] = field(default_factory=asyncio.Queue)

    async def next(self, *types: str) -> dict[str, Any]:
        """Return the next message of these types; those of others are passed over."""
        async with asyncio.timeout(WAIT):
            while True:
                event, body = await self.heard.get()
                assert event == body["type"]
                if event in types:
                    return body

    async def facts(self, count: int) -> list[dict[str, Any]]:
        return [await self.next(*FACTS) for _ in range(count)]

    async def facts_to(self, number: int) -> list[dict[str, Any]]:
        """Return the facts up to the one of this number."""
        found = []
        while not found or found[-1]["number"] < number:
            found.append(await self.next(*FACTS))
        return found


@dataclass
class Live:
    url: str
    http: httpx.AsyncClient
    outbox: PostgresOutbox
    prices: PostgresPriceFeed
    clock: FixedClock

    @asynccontextmanager
    async def page(self, auth: Any = None, **headers: str) -> AsyncIterator[Page]:
        """Connect, by WebSocket alone as a page does; the greeting is the first thing heard."""
        async with aiohttp.ClientSession() as session:
            client = socketio.AsyncClient(reconnection=False, http_session=session)
            page = Page(client)

            async def hear(event: str, body: dict[str, Any]) -> None:
                page.heard.put_nowait((event, body))

            client.on("*", hear)
            await client.connect(
                self.url, headers=headers, auth=auth, transports=["websocket"], socketio_path="ws"
            )
            try:
                yield page
            finally:
                await client.disconnect()

    async def items(self, path: str) -> Sequence[dict[str, Any]]:
        response = await self.http.get(path, params={"limit": 500})
        assert response.status_code == 200, response.text
        found: Sequence[dict[str, Any]] = response.json()["items"]
        return found


class _Nudges:
    """PostgreSQL's notifications, and word of when they are listened to."""

    def __init__(self, database_url: str) -> None:
        self._nudges = PostgresNudges(database_url)
        self.listening = asyncio.Event()

    @asynccontextmanager
    async def listen(self, *channels: str) -> AsyncIterator[asyncio.Queue[tuple[str, str]]]:
        async with self._nudges.listen(*channels) as queue:
            self.listening.set()
            yield queue


class _Announcing(Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @property
    def port(self) -> int:
        return int(self.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def serving(database: Database, database_url: str) -> AsyncIterator[Live]:
    """Serve HTTP and sockets as the API process does."""
    outbox, clock = PostgresOutbox(database), FixedClock()
    app = create_app()
    app.state.flotilla = ApiState(
        database, ACCOUNT, InstrumentDirectory(FakeBroker()), FakeBarHistory(), clock
    )
    realtime = RealtimeServer(outbox)

    async def read_summary() -> SummaryOut:
        async with database.transaction() as session:
            return await SummaryRepository(session).read(ACCOUNT, now=clock.now())

    nudges = _Nudges(database_url)
    broadcaster = Broadcaster(realtime, outbox, nudges, read_summary)
    guarded = HostGuard(realtime.asgi(app), hosts=frozenset({"127.0.0.1"}))
    server = _Announcing(
        uvicorn.Config(guarded, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    # A page that comes before the broadcaster has looked is greeted with 0, and fetches everything.
    await realtime.begin()
    async with asyncio.TaskGroup() as tasks:
        broadcasting = tasks.create_task(broadcaster.run())
        listening = tasks.create_task(server.serve())
        await server.listening.wait()
        await nudges.listening.wait()
        url = f"http://127.0.0.1:{server.port}"
        try:
            async with httpx.AsyncClient(base_url=f"{url}/api") as http:
                yield Live(url, http, outbox, PostgresPriceFeed(database), clock)
        finally:
            server.should_exit = True
            broadcasting.cancel()
            await listening
