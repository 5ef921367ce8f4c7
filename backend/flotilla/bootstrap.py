"""The composition root: the only file that names an adapter. Tests pass by the same door."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.alpaca.history import AlpacaBarHistory
from flotilla.adapters.alpaca.streams import AlpacaBarStream, AlpacaTradeUpdateStream
from flotilla.adapters.clock import SystemClock
from flotilla.adapters.postgres import lock
from flotilla.adapters.postgres.notify import PostgresNudges, PostgresPriceFeed
from flotilla.adapters.postgres.outbox import PostgresOutbox
from flotilla.adapters.postgres.store import PostgresStore
from flotilla.db.session import Database
from flotilla.db.tables import AccountRow, new_id
from flotilla.domain.errors import Unavailable
from flotilla.engine.supervisor import Outside, Supervisor
from flotilla.features.bots.examples import seed_examples
from flotilla.features.summary.repository import SummaryRepository
from flotilla.http.dependencies import ApiState, InstrumentDirectory
from flotilla.realtime.broadcaster import Broadcaster
from flotilla.realtime.server import RealtimeServer
from flotilla.settings import Settings
from flotilla.wire.summary import SummaryOut

T = TypeVar("T")

PRACTICE_ACCOUNT = "Practice"
LockTaken = lock.LockTaken


def database_url(settings: Settings) -> str:
    """The database's address. Raises ValueError when the settings name none."""
    if settings.database_url is None:
        raise ValueError("DATABASE_URL is not set; `flotilla run` starts a PostgreSQL of its own.")
    return settings.database_url.get_secret_value()


def engine_lock(settings: Settings) -> AbstractAsyncContextManager[asyncio.Event]:
    """Hold the right to be the one engine. Raises LockTaken after half a minute."""
    return lock.held(database_url(settings), "flotilla-engine", wait=30.0)


def broadcaster_lock(settings: Settings) -> AbstractAsyncContextManager[asyncio.Event]:
    """With Redis between several API processes, one of them broadcasts for all."""
    return lock.held(database_url(settings), "flotilla-broadcaster", wait=0)


@asynccontextmanager
async def engine(settings: Settings) -> AsyncIterator[Supervisor]:
    """The engine of the practice account, with everything it talks to."""
    database = Database(database_url(settings), pool_size=10)
    client = AlpacaClient(_practice(settings))
    try:
        store = PostgresStore(database)
        broker = AlpacaBroker(client)
        account_id = await practice_account(database)
        yield Supervisor(
            Outside(
                account=await store.account(account_id),
                broker=broker,
                bar_stream=AlpacaBarStream(client.config),
                trade_updates=AlpacaTradeUpdateStream(client.config),
                history=AlpacaBarHistory(client, broker),
                store=store,
                prices=PostgresPriceFeed(database),
                nudges=PostgresNudges(database_url(settings)),
                clock=SystemClock(),
                whole_frames=client.config.practice,
            )
        )
    finally:
        client.close()
        await database.close()


@dataclass(frozen=True, slots=True)
class Api:
    """What the API process runs: the routes' state, the socket server and its broadcaster.

    `seed` makes the example bots of a first run, when the market can be asked what it lists.
    """

    seed: Callable[[], Coroutine[Any, Any, None]]
    state: ApiState
    realtime: RealtimeServer
    broadcaster: Broadcaster


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[Api]:
    """The API of the practice account."""
    database = Database(database_url(settings), pool_size=10)
    client = AlpacaClient(_practice(settings))
    clock = SystemClock()
    try:
        account_id = await practice_account(database)
        broker = AlpacaBroker(client)
        outbox = PostgresOutbox(database)
        redis_url = None if settings.redis_url is None else settings.redis_url.get_secret_value()
        realtime = RealtimeServer(outbox, redis_url=redis_url)

        async def read_summary() -> SummaryOut:
            async with database.transaction() as session:
                return await SummaryRepository(session).read(account_id, now=clock.now())

        async def seed() -> None:
            if not settings.examples:
                return
            tradable = await _when_available(broker.instruments)
            async with database.transaction() as session:
                symbols = sorted(i.symbol for i in tradable if i.tradable)
                await seed_examples(session, account_id, symbols)

        yield Api(
            seed=seed,
            state=ApiState(
                database=database,
                account_id=account_id,
                instruments=InstrumentDirectory(broker),
                history=AlpacaBarHistory(client, broker),
                clock=clock,
            ),
            realtime=realtime,
            broadcaster=Broadcaster(realtime, outbox, PostgresNudges(database_url(settings)), read_summary),
        )
    finally:
        client.close()
        await database.close()


async def practice_account(database: Database) -> str:
    """The id of the practice account, which is made when it is missing."""
    async with database.transaction() as session:
        await session.execute(
            insert(AccountRow)
            .values(id=new_id(), name=PRACTICE_ACCOUNT, kind="practice", epoch=1, examples_seeded=False)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        found = await session.scalar(select(AccountRow.id).where(AccountRow.name == PRACTICE_ACCOUNT))
        assert found is not None
        return found


async def _when_available(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer: the market may start later than we do."""
    while True:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(0.5)


def _practice(settings: Settings) -> AlpacaConfig:
    return AlpacaConfig.for_practice(
        settings.market_url,
        key_id=settings.practice_key,
        secret_key=settings.practice_secret.get_secret_value(),
    )
