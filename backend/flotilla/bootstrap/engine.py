"""The engine, with everything it talks to."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from typing import Any

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.streams import AlpacaBarStream, AlpacaTradeUpdateStream
from flotilla.adapters.clock import SystemClock
from flotilla.adapters.postgres import lock
from flotilla.adapters.postgres.accounts import PostgresAccounts
from flotilla.adapters.postgres.notify import PostgresNudges, PostgresPriceFeed
from flotilla.adapters.postgres.store import PostgresStore
from flotilla.bootstrap.account import database_url, practice_account
from flotilla.bootstrap.accounts import account_config, key_vault
from flotilla.bootstrap.warm_up import warm_up_history
from flotilla.db.session import Database
from flotilla.domain.errors import Unavailable
from flotilla.engine.fleet import Fleet
from flotilla.engine.request_budget import RequestBudget
from flotilla.engine.supervisor import Outside, Supervisor
from flotilla.ports.accounts import KeyVault, TradingAccount
from flotilla.ports.broker import KEYS_REFUSED
from flotilla.settings import Settings

LockTaken = lock.LockTaken


def engine_lock(settings: Settings) -> AbstractAsyncContextManager[asyncio.Event]:
    """Hold the right to be the one engine. Raises LockTaken after half a minute."""
    return lock.held(database_url(settings), "flotilla-engine", wait=30.0)


@asynccontextmanager
async def engine(settings: Settings) -> AsyncIterator[Fleet]:
    """The engine of every account that may be traded on."""
    database = Database(database_url(settings), pool_size=10)
    vault = key_vault(settings)
    try:
        await practice_account(database)

        def connect(account: TradingAccount) -> AbstractAsyncContextManager[Supervisor]:
            return _supervisor(settings, database, vault, account)

        yield Fleet(PostgresAccounts(database), PostgresNudges(database_url(settings)), connect)
    finally:
        await database.close()


@asynccontextmanager
async def _supervisor(
    settings: Settings, database: Database, vault: KeyVault, account: TradingAccount
) -> AsyncIterator[Supervisor]:
    """The engine of one account, with everything it talks to. Raises Unavailable where its keys fail."""
    # The request budget sends again what was refused for the number of requests.
    client = AlpacaClient(account_config(settings, vault, account), resend=False)
    held = ExitStack()
    try:
        store = PostgresStore(database)
        broker = AlpacaBroker(client)
        await _require_keys(broker)
        history = held.enter_context(warm_up_history(settings, client))
        supervisor = Supervisor(
            Outside(
                account=await store.account(account.id),
                broker=broker,
                bar_stream=AlpacaBarStream(client.config),
                trade_updates=AlpacaTradeUpdateStream(client.config),
                history=history,
                store=store,
                account_books=store.account_books,
                prices=PostgresPriceFeed(database) if account.kind == "practice" else _Unheard(),
                nudges=PostgresNudges(database_url(settings)),
                clock=SystemClock(),
                whole_frames=client.config.practice,
                coin_stream=AlpacaBarStream(client.config, coins=True),
                symbol_limit=client.config.symbol_limit,
                clock_is_ours=settings.alpaca_url is None,  # a stand-in may live in another year
            )
        )
        client.hear_allowance(partial(_hear, supervisor.budget, client.config.practice))
        yield supervisor
    finally:
        held.close()
        # A request that is under way may still arrive: whoever connects next must find what it did.
        await asyncio.to_thread(client.close, wait=True)


class _Unheard:
    """`ports.store.PriceFeed` of accounts at Alpaca: the page's charts are the practice market's, and the
    same symbol has another price there.
    """

    async def publish(self, bars: Sequence[Mapping[str, Any]]) -> None:
        """Say nothing."""


async def _require_keys(broker: AlpacaBroker) -> None:
    """Raises Unavailable where the broker refuses the keys; one that does not answer is waited for later."""
    try:
        await broker.account()
    except Unavailable as error:
        if error.code == KEYS_REFUSED:
            raise


def _hear(budget: RequestBudget, practice: bool, limit: int | None, remaining: int | None) -> None:
    """A practice market that names no limit has none."""
    budget.hear_allowance(0 if limit is None and practice else limit, remaining)
