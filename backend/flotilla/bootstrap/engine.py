"""The engine, with everything it talks to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.history import AlpacaBarHistory
from flotilla.adapters.alpaca.streams import AlpacaBarStream, AlpacaTradeUpdateStream
from flotilla.adapters.clock import SystemClock
from flotilla.adapters.postgres import lock
from flotilla.adapters.postgres.notify import PostgresNudges, PostgresPriceFeed
from flotilla.adapters.postgres.store import PostgresStore
from flotilla.bootstrap.account import database_url, practice_account, practice_config
from flotilla.db.session import Database
from flotilla.engine.request_budget import RequestBudget
from flotilla.engine.supervisor import Outside, Supervisor
from flotilla.settings import Settings

LockTaken = lock.LockTaken


def engine_lock(settings: Settings) -> AbstractAsyncContextManager[asyncio.Event]:
    """Hold the right to be the one engine. Raises LockTaken after half a minute."""
    return lock.held(database_url(settings), "flotilla-engine", wait=30.0)


@asynccontextmanager
async def engine(settings: Settings) -> AsyncIterator[Supervisor]:
    """The engine of the practice account, with everything it talks to."""
    database = Database(database_url(settings), pool_size=10)
    # The request budget sends again what was refused for the number of requests.
    client = AlpacaClient(practice_config(settings), resend=False)
    try:
        store = PostgresStore(database)
        broker = AlpacaBroker(client)
        account_id = await practice_account(database)
        supervisor = Supervisor(
            Outside(
                account=await store.account(account_id),
                broker=broker,
                bar_stream=AlpacaBarStream(client.config),
                trade_updates=AlpacaTradeUpdateStream(client.config),
                history=AlpacaBarHistory(client, broker),
                store=store,
                account_books=store.account_books,
                prices=PostgresPriceFeed(database),
                nudges=PostgresNudges(database_url(settings)),
                clock=SystemClock(),
                whole_frames=client.config.practice,
            )
        )
        client.hear_allowance(partial(_hear, supervisor.budget, client.config.practice))
        yield supervisor
    finally:
        client.close()
        await database.close()


def _hear(budget: RequestBudget, practice: bool, limit: int | None, remaining: int | None) -> None:
    """A practice market that names no limit has none."""
    budget.hear_allowance(0 if limit is None and practice else limit, remaining)
