"""The engine of one account over an exchange in memory and a real database; time passes when told to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import select, update

from flotilla.adapters.postgres.store import PostgresStore
from flotilla.db.session import Database
from flotilla.db.tables import (
    BotRow,
    DecisionRow,
    EngineStateRow,
    FillRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
)
from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.orders import Order, OrderStatus
from flotilla.engine.supervisor import Outside, Supervisor
from flotilla.features.bots.repository import BotRepository
from flotilla.features.kill_switch.repository import KillSwitchRepository
from flotilla.ports.store import Account, Booked
from flotilla.wire.bots import BotDefinition
from tests.builders import add_bot, condition, constant, definition, every, price
from tests.engine.exchange import Exchange, Prices
from tests.engine.fakes import FakeBarStream, FakeNudges, FakePrices
from tests.fakes import FixedClock

T = TypeVar("T")
_PATIENCE = 20.0

# Buys above 100, sells above 120; its stop is 2 % below, its target 10 % above the decision's close.
RISK = {
    "position_percent": 50,
    "max_open_positions": 3,
    "stop_loss_percent": 2.0,
    "take_profit_percent": 10.0,
    "daily_loss_limit_percent": None,
    "max_position_account_percent": None,
}
NO_LEGS = RISK | {"stop_loss_percent": None, "take_profit_percent": None}
BOT: dict[str, Any] = {
    "name": "Test bot",
    "capital": "10000",
    "symbols": ["AAPL"],
    "timeframe": "1Min",
    "trading_frequency": 60,
    "indicators": [],
    "rules": {
        "entry": every(
            condition(price(), "above", constant(100)), condition(price(), "below", constant(119))
        ),
        "exit": every(condition(price(), "above", constant(120))),
    },
    "risk_management": RISK,
}

# Sells short from 95 to 100, buys back below 80.
SHORT = {
    "short_entry": every(
        condition(price(), "above", constant(95)), condition(price(), "below", constant(100))
    ),
    "short_exit": every(condition(price(), "below", constant(80))),
}


class LoopClock:
    """The loop's time is real time plus what `advance` adds: whatever waits for it goes on at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._real, self._added = loop, loop.time, 0.0
        loop.time = lambda: self._real() + self._added  # type: ignore[method-assign]

    def advance(self, seconds: float) -> None:
        self._added += seconds

    def restore(self) -> None:
        self._loop.time = self._real  # type: ignore[method-assign]


async def until(ready: Callable[[], bool]) -> None:
    """Return when `ready`; real time, whatever the loop's clock says."""
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.001)


async def turns(count: int = 50) -> None:
    """Let whatever needs no input from outside go on."""
    for _ in range(count):
        await asyncio.sleep(0)


class WatchedStore(PostgresStore):
    """Tells how far this life of the engine has come."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.taus: list[datetime] = []
        self.event_ids: set[str | None] = {None}
        self.statuses: list[tuple[str, BotStatus]] = []
        self.failures: list[tuple[str, str]] = []
        self.closed: list[tuple[str, OrderStatus]] = []

    async def watermark(self, account_id: str, tau: datetime) -> None:
        await super().watermark(account_id, tau)
        self.taus.append(tau)

    async def book(self, *args: Any, event_id: str | None = None, **options: Any) -> Booked | None:
        booked = await super().book(*args, event_id=event_id, **options)
        self.event_ids.add(event_id)
        return booked

    async def set_status(self, bot_id: str, status: BotStatus, reason: str | None = None) -> None:
        await super().set_status(bot_id, status, reason)
        self.statuses.append((bot_id, status))

    async def record_failure(self, bot_id: str, reason: str, **when: Any) -> None:
        await super().record_failure(bot_id, reason, **when)
        self.failures.append((bot_id, reason))
        self.statuses.append((bot_id, BotStatus.STARTING))

    async def close_order(self, order_id: str, status: OrderStatus, reason: str) -> Order | None:
        closed = await super().close_order(order_id, status, reason)
        self.closed.append((order_id, status))
        return closed

    def status(self, bot_id: str) -> BotStatus | None:
        """What the engine has last said of a bot in this life."""
        return next((status for bot, status in reversed(self.statuses) if bot == bot_id), None)


class Engine:
    """`running` is one life of the engine; leaving it is its death."""

    def __init__(self, database: Database, account_id: str, exchange: Exchange) -> None:
        self.database = database
        self.account_id = account_id
        self.exchange = exchange
        self.broker: Any = exchange
        self.store: Any = self.make_store()
        self.nudges = FakeNudges()
        self.prices = FakePrices()
        self.coin_stream = FakeBarStream()
        self.clock = FixedClock()
        self.whole_frames = True
        self.kind = "practice"
        self.symbol_limit: int | None = None
        self.task: asyncio.Task[None] | None = None
        self.supervisor: Supervisor

    def make_store(self) -> Any:
        """A store for one life of the engine."""
        return WatchedStore(self.database)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        self.store = self.make_store()
        self.supervisor = Supervisor(
            Outside(
                account=Account(self.account_id, "Test", self.kind, 1),
                broker=self.broker,
                bar_stream=self.exchange.bar_stream,
                trade_updates=self.exchange.trade_updates,
                history=self.exchange.history,
                store=self.store,
                account_books=self.store.account_books,
                prices=self.prices,
                nudges=self.nudges,
                clock=self.clock,
                whole_frames=self.whole_frames,
                coin_stream=self.coin_stream,
                symbol_limit=self.symbol_limit,
            )
        )
        self.task = asyncio.create_task(self.supervisor.run())
        try:
            yield self.supervisor
        finally:
            await self.die()

    async def die(self) -> None:
        """Cancel everything; raises what the engine itself died of."""
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def until(self, ready: Callable[[], bool]) -> None:
        """Like `until`, but fails at once when the engine has died."""
        assert self.task is not None
        await until(lambda: ready() or self._dead())

    def _dead(self) -> bool:
        assert self.task is not None
        if self.task.done():
            self.task.result()
            raise AssertionError("the engine has ended")
        return False

    # --- what a person does -------------------------------------------------------------------

    async def add_bot(self, **changes: Any) -> str:
        return await add_bot(self.database, self.account_id, **BOT | changes)

    async def want(self, bot_id: str, desired: str, on_stop: OnStop = OnStop.KEEP) -> None:
        """Ask for a bot to run or stop, as the API does."""
        async with self.database.transaction() as session:
            await session.execute(
                update(BotRow).where(BotRow.id == bot_id).values(desired_status=desired, on_stop=on_stop)
            )
        self.nudges.nudge()

    async def kill(self, *, flatten: bool = False, unmanaged: bool = False) -> None:
        """Turn the account's kill switch on; returns when the engine has heard of it."""
        await self.set_kill_switch(flatten=flatten, unmanaged=unmanaged)
        await self.until(lambda: self.supervisor._kill_switch.flattens is flatten)
        await self.until(lambda: self.supervisor._kill_switch.engaged)

    async def set_kill_switch(self, *, flatten: bool = False, unmanaged: bool = False) -> None:
        """Turn the account's kill switch on, as the API does."""
        async with self.database.transaction() as session:
            repository = KillSwitchRepository(session)
            at = datetime.now(UTC)
            await repository.engage(self.account_id, flatten=flatten, unmanaged=unmanaged, at=at)
        self.nudges.nudge()

    async def release(self) -> None:
        async with self.database.transaction() as session:
            await KillSwitchRepository(session).release(self.account_id, at=datetime.now(UTC))
        self.nudges.nudge()
        await self.until(lambda: not self.supervisor._kill_switch.engaged)

    async def edit(self, bot_id: str, *, apply_to_open: bool = False, **changes: Any) -> None:
        """Save another definition of a bot, as the API does."""
        async with self.database.transaction() as session:
            repository = BotRepository(session)
            row = await repository.get(bot_id)
            assert row is not None
            stored = BotDefinition.model_validate(definition(trading_frequency=60) | BOT | changes)
            await repository.replace(row, stored, apply_to_open=apply_to_open)
        self.nudges.nudge()

    async def until_version(self, bot_id: str, version: int) -> None:
        """Return when a running bot has taken that version over."""
        await self.until(lambda: self.supervisor._loops[bot_id].bot.version == version)

    async def start_bot(self, **changes: Any) -> str:
        bot_id = await self.add_bot(**changes)
        await self.want(bot_id, "running")
        await self.until_status(bot_id, BotStatus.RUNNING)
        return bot_id

    async def until_status(self, bot_id: str, status: BotStatus) -> None:
        """Return when this life of the engine has said so."""
        failed = BotStatus.ERROR
        await self.until(lambda: self.store.status(bot_id) in (status, failed))
        assert self.store.status(bot_id) == status, (await self.bot(bot_id)).status_reason

    # --- what time does -----------------------------------------------------------------------

    async def minute(self, **prices: Prices) -> datetime:
        """Let a minute pass; returns its end when every bot is done with it, and all is booked."""
        tau = self.exchange.minute(**prices)
        await self.done(tau)
        return tau

    async def done(self, tau: datetime) -> None:
        """Return when the engine's watermark has reached the market's (semantics 8)."""
        await self.until(lambda: tau in self.store.taus)
        await self.booked()

    async def booked(self) -> None:
        """Return when every trade update that was sent is booked."""
        await self.until(lambda: self.exchange.trade_updates.last_id in self.store.event_ids)

    # --- what is stored -----------------------------------------------------------------------

    async def rows(self, table: type[T], **where: Any) -> list[T]:
        async with self.database.transaction() as session:
            found = await session.scalars(select(table).filter_by(**where).order_by(table.id))  # type: ignore[attr-defined]
            return list(found)

    async def bot(self, bot_id: str) -> BotRow:
        (row,) = await self.rows(BotRow, id=bot_id)
        return row

    async def orders(self, bot_id: str) -> list[OrderRow]:
        return await self.rows(OrderRow, bot_id=bot_id)

    async def outline(self, bot_id: str) -> list[tuple[str, str]]:
        """The purpose and status of every order, in the order in which they were written."""
        return [(row.purpose, row.status) for row in await self.orders(bot_id)]

    async def position(self, bot_id: str) -> PositionRow | None:
        found = await self.rows(PositionRow, bot_id=bot_id, is_open=True)
        return found[0] if found else None

    async def fills(self, bot_id: str) -> list[FillRow]:
        return await self.rows(FillRow, bot_id=bot_id)

    async def audit(self, order: OrderRow) -> list[str]:
        return [row.to_status for row in await self.rows(OrderEventRow, order_id=order.id)]

    async def decisions(self, bot_id: str) -> list[DecisionRow]:
        return await self.rows(DecisionRow, bot_id=bot_id)

    async def state(self) -> EngineStateRow:
        async with self.database.transaction() as session:
            return await session.get_one(EngineStateRow, self.account_id)

    # --- what must always be true -------------------------------------------------------------

    async def assert_books_agree(self, *bot_ids: str, capital: int = 10_000) -> None:
        """No order was sent twice, every execution counts once, and the money is the same."""
        sent = [order.client_order_id for order in self.exchange.called("submit")]
        assert len(sent) == len(set(sent)), f"sent twice: {sent}"
        held: dict[str, Decimal] = {}
        spent = Decimal(0)
        for bot_id in bot_ids:
            for row in await self.rows(PositionRow, bot_id=bot_id, is_open=True):
                held[row.symbol] = held.get(row.symbol, Decimal(0)) + row.quantity
            bot = await self.bot(bot_id)
            spent += capital - bot.cash
            for order in await self.orders(bot_id):
                if order.status == OrderStatus.REJECTED:
                    assert order.broker_order_id is None
                elif order.broker_order_id is not None:
                    there = self.exchange.orders[order.broker_order_id]
                    assert (order.filled_quantity, order.status) == (there.filled_quantity, there.status)
        assert held == {symbol: q for symbol, q in self.exchange.held.items() if q}
        assert spent == self.exchange.spent
        ours = {o.broker_order_id for b in bot_ids for o in await self.orders(b)}
        assert ours - {None} == self.exchange.orders.keys()


BOUGHT = [("entry", "filled"), ("take_profit", "new"), ("stop_loss", "new")]


async def hold(engine: Engine, **changes: Any) -> str:
    """Start a bot and let it buy at 101: stop at 98.98, target at 111.1."""
    bot_id = await engine.start_bot(**changes)
    await engine.minute(AAPL=101.0)
    await engine.minute(AAPL=101.0)
    assert await engine.position(bot_id) is not None
    return bot_id
