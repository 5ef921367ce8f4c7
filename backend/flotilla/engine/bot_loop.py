"""One bot: its state is folded from its fills, each closed minute is one kernel step.

The loop reads inputs, calls `kernel.step`, has what it decided committed, and hands the orders on. It
decides nothing itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog

from flotilla.domain import kernel
from flotilla.domain.bots import BotSpec, BotStatus, OnStop
from flotilla.domain.kernel import BotState, KernelSpec, Mode, Outcome, PendingOrder
from flotilla.domain.market import Instrument
from flotilla.domain.orders import (
    Intent,
    Order,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
    client_order_id,
    to_price,
    to_quantity,
)
from flotilla.domain.risk import CASH_RESERVE
from flotilla.engine.market_hub import MarketHub, Minute
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.signals import SymbolSignals, signals
from flotilla.ports.store import (
    Account,
    Booked,
    BotMemory,
    DecisionEntry,
    EngineStore,
    OrderDraft,
    StepRecord,
    StoredBot,
)

log = structlog.get_logger(__name__)

_OUTCOME_WAIT = 2.0  # wall seconds for the stream to tell an outcome, before it is asked for
_STALE_AFTER = timedelta(minutes=5)  # market time


@dataclass(slots=True)
class _Run:
    """The newest row of a symbol's decisions, and what would prolong it."""

    key: tuple[object, ...]
    row_id: str


@dataclass(slots=True)
class Offered:
    """A minute to step through; `done` is set when the bot has, or has ended."""

    minute: Minute
    done: asyncio.Event = field(default_factory=asyncio.Event)


class BotLoop:
    """One running bot. `run` is its task; `offer` and `stop` are called from outside."""

    def __init__(
        self,
        bot: StoredBot,
        spec: BotSpec,
        *,
        account: Account,
        hub: MarketHub,
        gateway: OrderGateway,
        store: EngineStore,
        instruments: Mapping[str, Instrument],
    ) -> None:
        self.bot = bot
        self._spec = spec
        self._kernel_spec = KernelSpec(spec.symbols, spec.risk, spec.window)
        self._account = account
        self._hub = hub
        self._gateway = gateway
        self._store = store
        self._instruments = instruments
        self._state = BotState(cash=0.0)
        self._orders: dict[str, Order] = {}
        self._protected: set[str] = set()
        self._last_signal: dict[str, int] = {}
        self._runs: dict[str, _Run] = {}
        self._inbox: asyncio.Queue[Offered | None] = asyncio.Queue()
        self._news = asyncio.Event()
        self._stopping: OnStop | None = None
        self._ended = False
        self._log = log.bind(bot=bot.name, bot_id=bot.id)

    # --- called from outside --------------------------------------------------------------------

    def offer(self, minute: Minute) -> asyncio.Event:
        """Hand the bot a closed minute; the event is set when it is done with it."""
        offered = Offered(minute)
        if self._ended:
            offered.done.set()
        else:
            self._inbox.put_nowait(offered)
        return offered.done

    def stop(self, on_stop: OnStop) -> None:
        """Ask the bot to end: at once, or when it has sold what it holds."""
        if self._stopping is not on_stop:
            self._stopping = on_stop
            self._inbox.put_nowait(None)

    def on_booked(self, booked: Booked) -> None:
        """Fold a report into the state (called by the gateway, in the order of booking)."""
        for fill in booked.fills:
            kernel.apply_fill(
                self._state,
                symbol=fill.symbol,
                side=fill.side,
                quantity=float(fill.quantity),
                price=float(fill.price),
                fee=float(fill.fee),
            )
        for order in (booked.order, *booked.legs):
            self._track(order)
        self._news.set()

    def on_closed(self, order: Order) -> None:
        self._track(order)
        self._news.set()

    # --- the task -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Trade until stopped. Raises whatever goes wrong: the supervisor's fence records it."""
        await self._store.set_status(self.bot.id, BotStatus.STARTING)
        await self._join()
        symbols = list(dict.fromkeys([*self._spec.symbols, *self._state.holdings]))
        try:
            await self._hub.acquire(symbols, self._spec.warm_up * self._spec.timeframe.minutes)
            await self._store.set_status(self.bot.id, BotStatus.RUNNING)
            self._log.info("bot_running", symbols=symbols)
            await self._follow()
        finally:
            self._ended = True
            self._gateway.unlisten(self.bot.id)
            while not self._inbox.empty():
                offered = self._inbox.get_nowait()
                if offered is not None:
                    offered.done.set()
            await self._hub.release(symbols)

    async def _join(self) -> None:
        """Fold the state from memory, and hear of every report booked after it."""
        async with self._gateway.joining():
            memory = await self._store.memory(self.bot.id)
            self._fold(memory)
            self._gateway.listen(self.bot.id, self)

    def _fold(self, memory: BotMemory) -> None:
        self._state = BotState(cash=float(memory.capital))
        for fill in memory.fills:
            kernel.apply_fill(
                self._state,
                symbol=fill.symbol,
                side=fill.side,
                quantity=float(fill.quantity),
                price=float(fill.price),
                fee=float(fill.fee),
            )
        self._protected = set(memory.protected)
        for order in memory.open_orders:
            self._track(order)
        checkpoint = self.bot.checkpoint
        if checkpoint:
            self._state.session_open = datetime.fromisoformat(checkpoint["session_open"])
            self._state.day_baseline = checkpoint["day_baseline"]
            self._state.marks = dict(checkpoint["marks"])
            self._last_signal = dict(checkpoint["signals"])

    async def _follow(self) -> None:
        while True:
            if self._stopping is not None and self._may_end():
                return
            offered = await self._inbox.get()
            if offered is None:
                if self._stopping is OnStop.FLATTEN:
                    await self._store.set_status(self.bot.id, BotStatus.STOPPING)
                continue
            try:
                await self._step(offered.minute)
            finally:
                offered.done.set()

    def _may_end(self) -> bool:
        if self._stopping is OnStop.KEEP:
            return True
        return not self._state.holdings and not self._state.pending

    # --- one step -------------------------------------------------------------------------------

    async def _step(self, minute: Minute) -> None:
        await self._settle(minute)
        heard = self._signals(minute)
        baseline = self._state.day_baseline, self._state.session_open
        result = kernel.step(
            self._kernel_spec,
            self._state,
            self._views(minute, heard),
            tau=minute.tau,
            session=minute.session,
            mode=Mode.FLATTEN if self._stopping is OnStop.FLATTEN else Mode.TRADE,
        )
        rolled = baseline != (self._state.day_baseline, self._state.session_open)
        if not (result.decisions or result.intents or rolled or self._state.holdings):
            return
        entries = [self._entry(decision, heard) for decision in result.decisions]
        stored = await self._store.record_step(
            StepRecord(
                bot_id=self.bot.id,
                account_id=self._account.id,
                bot_version=self.bot.version,
                tau=minute.tau,
                decisions=[entry for entry, _ in entries],
                orders=[self._draft(intent, heard) for intent in result.intents],
                checkpoint=self._checkpoint(),
                day_pnl=Decimal(repr(round(self._state.equity - self._state.day_baseline, 6))),
            )
        )
        for (entry, key), row_id in zip(entries, stored.decision_ids, strict=True):
            self._runs[entry.decision.symbol] = _Run(key, row_id)
        await self._send(result.intents, stored.orders)

    async def _settle(self, minute: Minute) -> None:
        """Wait for the outcome of every order that this minute's bars must have decided.

        The stream usually has told it; after two seconds of wall time the broker is asked.
        """
        deadline = asyncio.get_running_loop().time() + _OUTCOME_WAIT
        while self._undecided(minute):
            self._news.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._news.wait()
            except TimeoutError:
                for order in self._undecided(minute):
                    await self._gateway.refresh(order)
                return

    def _undecided(self, minute: Minute) -> list[Order]:
        return [order for order in self._orders.values() if _must_have_filled(order, minute)]

    def _signals(self, minute: Minute) -> dict[str, SymbolSignals]:
        """What the rules say at this minute, of every symbol whose newest bar was not asked yet."""
        since_open = int((minute.tau - minute.session.open).total_seconds())
        if since_open % self._spec.trading_frequency:
            return {}
        heard = {}
        for symbol in self._spec.symbols:
            series = self._hub.series(symbol)
            if series is None or not len(series):
                continue
            found = signals(
                self._spec,
                series,
                tau=minute.tau,
                session_open=minute.session.open,
                after=self._last_signal.get(symbol),
            )
            if found is not None:
                heard[symbol] = found
                self._last_signal[symbol] = found.bar_start
        return heard

    def _views(self, minute: Minute, heard: Mapping[str, SymbolSignals]) -> dict[str, kernel.SymbolView]:
        views = {}
        for symbol in dict.fromkeys([*self._spec.symbols, *self._state.holdings]):
            series = self._hub.series(symbol)
            if series is None or not len(series):
                continue
            newest = int(series.start[-1]) + 60
            said = heard.get(symbol)
            instrument = self._instruments[symbol]
            views[symbol] = kernel.SymbolView(
                close=float(series.close[-1]),
                fresh=minute.tau.timestamp() - newest < _STALE_AFTER.total_seconds(),
                warmed_up=said is None or said.warmed_up,
                entry=None if said is None else said.entry,
                exit=self._unprotected(symbol) or (None if said is None else said.exit),
                price_step=float(instrument.price_step),
                quantity_step=float(instrument.quantity_step),
            )
        return views

    def _unprotected(self, symbol: str) -> bool:
        """Whether a position that was promised a stop or a target has neither: an exit cancelled
        them and was cut short, or the broker dropped them. It is sold, not left alone.
        """
        if symbol not in self._protected or symbol not in self._state.holdings:
            return False
        return not any(o.purpose.is_leg and o.symbol == symbol for o in self._orders.values())

    def _entry(
        self, decision: kernel.Decision, heard: Mapping[str, SymbolSignals]
    ) -> tuple[DecisionEntry, tuple[object, ...]]:
        said = heard.get(decision.symbol)
        exiting = decision.outcome is Outcome.EXIT or decision.symbol in self._state.holdings
        conditions = [] if said is None else said.conditions(exiting=exiting)
        key = (decision.outcome, decision.refusal, exiting, tuple(c.holds for c in conditions))
        run = self._runs.get(decision.symbol)
        continues = run.row_id if run is not None and run.key == key else None
        return DecisionEntry(decision, conditions, continues), key

    def _draft(self, intent: Intent, heard: Mapping[str, SymbolSignals]) -> OrderDraft:
        instrument = self._instruments[intent.symbol]
        step = instrument.price_step
        said = heard.get(intent.symbol)
        return OrderDraft(
            client_order_id=client_order_id(
                bot_id=self.bot.id,
                epoch=self._account.epoch,
                symbol=intent.symbol,
                tau=intent.tau,
                purpose=intent.purpose,
            ),
            symbol=intent.symbol,
            side=intent.side,
            purpose=intent.purpose,
            quantity=to_quantity(intent.quantity, instrument.quantity_step),
            take_profit_price=_rounded(intent.target_price, step),
            stop_loss_price=_rounded(intent.stop_price, step),
            expected_price=to_price(intent.price, step),
            indicators_snapshot={} if said is None else said.snapshot,
            tau=intent.tau,
        )

    def _checkpoint(self) -> dict[str, Any]:
        opened = self._state.session_open
        return {
            "session_open": None if opened is None else opened.isoformat(),
            "day_baseline": self._state.day_baseline,
            "marks": dict(self._state.marks),
            "signals": dict(self._last_signal),
        }

    # --- orders ---------------------------------------------------------------------------------

    async def _send(self, intents: Sequence[Intent], orders: Sequence[Order]) -> None:
        for order in orders:
            self._track(order)
        written = {order.symbol for order in orders}
        for intent in intents:
            if intent.symbol not in written:
                # A crash interrupted this very step: the order was written then, and reconciled.
                kernel.order_done(self._state, intent.symbol)
        for order in orders:
            if order.purpose is Purpose.ENTRY:
                await self._gateway.submit(order)
            else:
                await self._exit(order)

    async def _exit(self, order: Order) -> None:
        """Take the legs back, then sell what is left: one of them may fill in between."""
        legs = [o for o in self._orders.values() if o.purpose.is_leg and o.symbol == order.symbol]
        for leg in legs:
            await self._gateway.cancel(leg)
        await self._legs_done(order.symbol)
        held = self._state.holdings.get(order.symbol)
        if held is None:
            await self._gateway.close(order, OrderStatus.NOT_SENT, "Its stop or target had filled first.")
            return
        step = self._instruments[order.symbol].quantity_step
        quantity = to_quantity(held.quantity, step)
        if quantity != order.quantity:
            order = await self._gateway.resized(order, quantity)
        await self._gateway.submit(order)

    async def _legs_done(self, symbol: str) -> None:
        deadline = asyncio.get_running_loop().time() + _OUTCOME_WAIT
        while legs := [o for o in self._orders.values() if o.purpose.is_leg and o.symbol == symbol]:
            self._news.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._news.wait()
            except TimeoutError:
                for leg in legs:
                    await self._gateway.refresh(leg)
                return

    def _track(self, order: Order) -> None:
        """Keep an order while it is open, and what it means for the next decision."""
        symbol = order.symbol
        if order.status.is_terminal:
            self._orders.pop(order.id, None)
            if not order.purpose.is_leg:
                kernel.order_done(self._state, symbol)
        else:
            self._orders[order.id] = order
            if not order.purpose.is_leg:
                left = float(order.quantity - order.filled_quantity)
                expected = float(order.expected_price or 0)
                reserved = CASH_RESERVE * left * expected if order.side is Side.BUY else 0.0
                self._state.pending[symbol] = PendingOrder(order.purpose, reserved)
        if order.purpose is Purpose.ENTRY and order.filled_quantity and _has_legs(order):
            self._protected.add(symbol)
        if symbol not in self._state.holdings and order.filled_quantity and order.side is Side.SELL:
            self._protected.discard(symbol)


def _must_have_filled(order: Order, minute: Minute) -> bool:
    """Whether this minute's bar decides the order: a market order at its first bar, a touched leg."""
    bar = minute.bars.get(order.symbol)
    if bar is None or bar.start < order.tau:
        return False
    if not order.purpose.is_leg:
        return order.status is not OrderStatus.PENDING_SUBMIT
    if order.type is OrderType.LIMIT:
        return order.limit_price is not None and bar.high >= float(order.limit_price)
    return order.stop_price is not None and bar.low <= float(order.stop_price)


def _has_legs(order: Order) -> bool:
    return order.take_profit_price is not None or order.stop_loss_price is not None


def _rounded(price: float | None, step: Decimal) -> Decimal | None:
    return None if price is None else to_price(price, step)
