"""The API process's parts: the routes' state, the socket server and its broadcaster."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.history import AlpacaBarHistory
from flotilla.adapters.clock import SystemClock
from flotilla.adapters.postgres import lock
from flotilla.adapters.postgres.accounts import PostgresAccounts
from flotilla.adapters.postgres.notify import PostgresNudges
from flotilla.adapters.postgres.outbox import PostgresOutbox
from flotilla.bootstrap import backtests
from flotilla.bootstrap.account import database_url, practice_account, practice_config
from flotilla.bootstrap.accounts import AccountMarkets, key_checker, key_vault
from flotilla.db.session import Database
from flotilla.domain.errors import Unavailable
from flotilla.features.accounts.desk import AccountDesk
from flotilla.features.backtests.desk import BacktestDesk
from flotilla.features.backtests.instruments import instruments_of
from flotilla.features.backtests.previews import Previews
from flotilla.features.backtests.repository import BacktestQueue
from flotilla.features.backtests.runner import BacktestRunner
from flotilla.features.bots.examples import seed_examples
from flotilla.features.decisions.keeper import DecisionKeeper
from flotilla.features.summary.repository import SummaryRepository
from flotilla.http.dependencies import ApiState, InstrumentDirectory
from flotilla.realtime.broadcaster import Broadcaster
from flotilla.realtime.messages import BacktestProgress
from flotilla.realtime.server import RealtimeServer
from flotilla.research.material import Materials
from flotilla.settings import Settings
from flotilla.wire.backtests import BacktestOut
from flotilla.wire.summary import SummaryOut

T = TypeVar("T")


def broadcaster_lock(settings: Settings) -> AbstractAsyncContextManager[asyncio.Event]:
    """With Redis between several API processes, one of them broadcasts for all."""
    return lock.held(database_url(settings), "flotilla-broadcaster", wait=None)


def runner_lock(settings: Settings) -> AbstractAsyncContextManager[asyncio.Event]:
    """Of several API processes, one runs the stored backtests."""
    return lock.held(database_url(settings), "flotilla-backtests", wait=None)


def keeper_lock(settings: Settings) -> AbstractAsyncContextManager[asyncio.Event]:
    """Of several API processes, one keeps the decision log."""
    return lock.held(database_url(settings), "flotilla-decisions", wait=None)


@dataclass(frozen=True, slots=True)
class Api:
    """What the API process runs: the routes' state, the socket server and its broadcaster.

    `seed` makes the example bots of a first run, when the market can be asked what it lists.
    """

    seed: Callable[[], Coroutine[Any, Any, None]]
    state: ApiState
    accounts: AccountDesk
    materials: Materials
    backtests: BacktestDesk
    runner: BacktestRunner
    realtime: RealtimeServer
    broadcaster: Broadcaster
    keeper: DecisionKeeper


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[Api]:
    """The API of the practice account."""
    database = Database(database_url(settings), pool_size=10)
    held = ExitStack()
    client = AlpacaClient(practice_config(settings))
    clock = SystemClock()
    vault = key_vault(settings)
    markets = AccountMarkets(settings, vault, PostgresAccounts(database))
    held.callback(markets.close)
    try:
        account_id = await practice_account(database)
        broker = AlpacaBroker(client)
        outbox = PostgresOutbox(database)
        redis_url = None if settings.redis_url is None else settings.redis_url.get_secret_value()
        realtime = RealtimeServer(outbox, redis_url=redis_url)

        async def read_summary() -> SummaryOut:
            async with database.transaction() as session:
                return await SummaryRepository(session).read(account_id, now=clock.now())

        directory = InstrumentDirectory(broker)
        materials = held.enter_context(backtests.materials(settings))
        desk, runner = _backtests(materials, BacktestQueue(database), directory, realtime)

        async def seed() -> None:
            if not settings.examples:
                return
            tradable = await _when_available(broker.instruments)
            async with database.transaction() as session:
                symbols = sorted(i.symbol for i in tradable if i.tradable and not i.is_coin)
                await seed_examples(session, account_id, symbols)

        yield Api(
            seed=seed,
            state=ApiState(
                database=database,
                account_id=account_id,
                instruments=directory,
                history=AlpacaBarHistory(client, broker),
                clock=clock,
                markets=markets,
            ),
            accounts=AccountDesk(
                vault, key_checker(settings), clock, account_id, allow_live=settings.allow_live
            ),
            materials=materials,
            backtests=desk,
            runner=runner,
            realtime=realtime,
            broadcaster=Broadcaster(realtime, outbox, PostgresNudges(database_url(settings)), read_summary),
            keeper=DecisionKeeper(database, clock, keep=timedelta(days=settings.keep_decisions)),
        )
    finally:
        held.close()
        client.close()
        await database.close()


def _backtests(
    materials: Materials, queue: BacktestQueue, directory: InstrumentDirectory, realtime: RealtimeServer
) -> tuple[BacktestDesk, BacktestRunner]:
    async def tell(backtest: BacktestOut) -> None:
        await realtime.emit(BacktestProgress(backtest=backtest))

    instruments = instruments_of(directory)
    runner = BacktestRunner(queue, materials, instruments, tell)
    return BacktestDesk(Previews(materials), instruments, runner.wake, tell), runner


async def _when_available(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer: the market may start later than we do."""
    while True:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(0.5)
