"""A live bot on the practice market's matching core: no engine, no sockets, no database.

The core is stepped minute by minute. Its executions are applied to `KernelBot`, the face of the kernel
that live trading has; what that decides is placed into the core as the engine would: legs cancelled
before an exit, stops replaced, entries with their legs.
"""

import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from flotilla.domain import codes
from flotilla.domain.bots import BotSpec
from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.kernel.decisions import StepResult
from flotilla.domain.market import usual_instrument
from flotilla.domain.orders import Action, Intent, Purpose, Side, to_price, to_quantity
from flotilla.domain.orders import OrderType as KernelOrderType
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.bar_open import BarOpen
from flotilla.practice.matching.changes import Sequence
from flotilla.practice.matching.market import Market
from flotilla.practice.matching.orders import (
    Execution,
    Order,
    OrderClass,
    OrderStatus,
    OrderTicket,
    OrderType,
    TimeInForce,
)
from flotilla.practice.matching.orders import Side as PracticeSide
from flotilla.practice.matching.tickets import Replacement
from flotilla.practice.session import Minute
from flotilla.practice.session import Session as PracticeSession
from flotilla.research.preparation import Prepared
from tests.parity.fills import ParityFill, Timed
from tests.parity.frames import Frame

_ACCOUNT = "account"
_ENDED = (OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.CANCELED)
_DELAY = timedelta(seconds=1)  # from a boundary to the orders that it brings


@dataclass
class PracticeDesk:
    """Call `run`; then read `fills`, `bot` and `account`."""

    spec: BotSpec
    made: Prepared
    account_equity: float
    guarded: frozenset[str]
    slippage_bps: Decimal
    first_session: PracticeSession
    fills: list[Timed] = field(default_factory=list)

    def __post_init__(self) -> None:
        coins = {symbol for symbol in self.spec.symbols if "/" in symbol}
        self._instruments = {symbol: usual_instrument(symbol) for symbol in self.spec.symbols}
        self.guarded = self.guarded | coins
        self.bot = KernelBot(
            KernelSpec(
                self.spec.symbols,
                self.spec.risk,
                self.spec.window,
                account_equity=self.account_equity,
                guarded=self.guarded,
                daily=self.spec.timeframe.is_daily,
            ),
            float(self.spec.capital),
            self._instruments,
        )
        cash, opened = self.spec.capital, self.first_session.open
        self.account = Account(
            _ACCOUNT, "key", "secret", opened, cash, cash, Decimal(0), cash, multiplier=Decimal(4)
        )
        self.market = Market(
            [self.account],
            (),
            BarOpen(self.slippage_bps),
            Sequence(uuid.UUID(int=1)),
            self.first_session,
        )
        self._columns = {int(tau): t for t, tau in enumerate(self.made.market.tau)}
        self._orders: dict[str, Order] = {}
        self._sent: dict[str, Intent] = {}
        self._lots: dict[str, tuple[str, int]] = {}  # by the group's root
        self._entries: dict[str, int] = {}  # since the symbol was flat
        self._withdrawn: set[str] = set()  # entries that others have taken the place of
        self._promised: set[str] = set()  # symbols whose position was given legs
        self._bar = opened
        self._tau = opened

    def run(self, frames: Iterator[Frame]) -> None:
        decided: StepResult | None = None
        for frame in frames:
            self._bar, self._tau = frame.start, frame.tau
            self.market.begin_minute(Minute(frame.start, dict(frame.bars)))
            self._hear()
            decided = self._place(decided, frame.start)
            self.market.complete_minute()
            self._hear()
            decided = self._step(frame)
            if frame.closing is not None:  # what comes now waits for the next session
                self.market.close_session(frame.closing)
                self._hear()
                decided = self._place(decided, frame.tau)

    # --- decisions ------------------------------------------------------------------------------

    def _step(self, frame: Frame) -> StepResult | None:
        column = self._columns.get(int(frame.tau.timestamp()))
        if column is None:
            return None
        views = {
            symbol: view
            for k, symbol in enumerate(self.spec.symbols)
            if (view := self._view(k, self.made.symbols.index(symbol), column)) is not None
        }
        return self.bot.step(views, tau=frame.tau, session=frame.session)

    def _view(self, k: int, row: int, t: int) -> SymbolView | None:
        market = self.made.market
        if math.isnan(market.close[row, t]):
            return None
        said = int(market.signals[k, t])
        asked = bool(said & codes.EVALUATED)
        ended = not math.isnan(market.open[row, t])

        def answer(bit: int) -> bool | None:
            return bool(said & bit) if asked else None

        return SymbolView(
            close=float(market.close[row, t]),
            fresh=bool(said & codes.FRESH),
            warmed_up=bool(said & codes.WARMED_UP),
            entry=answer(codes.ENTER_LONG),
            exit=answer(codes.EXIT_LONG),
            short_entry=answer(codes.ENTER_SHORT),
            short_exit=answer(codes.EXIT_SHORT),
            high=float(market.high[row, t]) if ended else None,
            low=float(market.low[row, t]) if ended else None,
            atr=_measured(market.atr, k, t, math.nan),
            volatility=_measured(market.volatility, k, t, math.nan),
            liquidity=_measured(market.liquidity, k, t, math.inf),
            must_go=self._must_go(self.spec.symbols[k]),
        )

    def _must_go(self, symbol: str) -> bool:
        """Whether a position has lost its legs: an exit cancelled them and expired."""
        return symbol in self._promised and self.bot.holds(symbol) and not self._legs(symbol)

    # --- orders ---------------------------------------------------------------------------------

    def _place(self, result: StepResult | None, tau: datetime) -> None:
        """Cancels and exits, re-pricing, entries (semantics 2, step 6)."""
        if result is None:
            return
        now = tau + _DELAY
        entries = [
            one for one in result.intents if one.purpose is Purpose.ENTRY and one.action is Action.PLACE
        ]
        for intent in result.intents:
            if intent not in entries:
                self._carry_out(intent, now)
        for (symbol, lot), price in result.stops.items():
            self._move_stop(symbol, lot, price, now)
        for intent in entries:
            self._submit(intent, now)

    def _carry_out(self, intent: Intent, now: datetime) -> None:
        """An exit, or what becomes of an entry that waits."""
        if intent.action is Action.CANCEL:
            self._withdraw(intent.symbol, now)
        elif intent.action is Action.REPLACE:
            self._move_entry(intent, now)
        else:
            for leg in self._legs(intent.symbol):
                if leg.is_open:
                    self.market.cancel(_ACCOUNT, leg.id, now)
            self._submit(intent, now)

    def _withdraw(self, symbol: str, now: datetime) -> None:
        """Cancel the entry that waits; it may have expired with its session."""
        for order in self._waiting(symbol):
            self.market.cancel(_ACCOUNT, order.id, now)
        self._hear()

    def _move_entry(self, intent: Intent, now: datetime) -> None:
        """Give the entry that waits its new price. An OTO cannot be replaced: another takes its place."""
        for order in self._waiting(intent.symbol):
            sent = self._sent[order.id]
            moved = replace(sent, order_price=intent.order_price)
            if order.order_class is OrderClass.OTO:
                self._withdrawn.add(order.id)
                self.market.cancel(_ACCOUNT, order.id, now)
                self._submit(moved, now)
            else:
                price = self._own_price(moved)
                new = self.market.replace(_ACCOUNT, order.id, Replacement(limit_price=price), now)
                self._sent[new.id] = moved

    def _waiting(self, symbol: str) -> list[Order]:
        """The symbol's entry, when it waits for its price."""
        orders = self.market.book.of_account(_ACCOUNT)
        mine = [order for order in orders if order.symbol == symbol and order.is_open and not order.is_leg]
        return [order for order in mine if order.type in (OrderType.LIMIT, OrderType.STOP)]

    def _own_price(self, intent: Intent) -> Decimal | None:
        step = self._instruments[intent.symbol].price_step
        return None if intent.order_price is None else to_price(intent.order_price, step)

    def _submit(self, intent: Intent, now: datetime) -> None:
        receipt = self.market.submit(_ACCOUNT, self._ticket(intent), now)
        self._sent[receipt[0].id] = intent
        self._hear()

    def _ticket(self, intent: Intent) -> OrderTicket:
        instrument = self._instruments[intent.symbol]
        stop, target = intent.stop_price, intent.target_price
        legs = [price is not None for price in (stop, target)] if self._protected(intent) else [False]
        order_class = OrderClass.BRACKET if all(legs) else OrderClass.OTO if any(legs) else OrderClass.SIMPLE
        rests = any(legs) or instrument.is_coin
        step = instrument.price_step
        return OrderTicket(
            symbol=intent.symbol,
            side=PracticeSide(intent.side.value),
            type=OrderType(intent.type.value),
            time_in_force=TimeInForce.GTC if rests else TimeInForce.DAY,
            qty=to_quantity(intent.quantity, instrument.quantity_step),
            order_class=order_class,
            limit_price=self._own_price(intent) if intent.type is KernelOrderType.LIMIT else None,
            stop_price=self._own_price(intent) if intent.type is KernelOrderType.STOP else None,
            take_profit=to_price(target, step) if any(legs) and target is not None else None,
            stop_loss=to_price(stop, step) if any(legs) and stop is not None else None,
        )

    def _protected(self, intent: Intent) -> bool:
        """Whether its stop and target live at the broker."""
        return intent.purpose is Purpose.ENTRY and intent.symbol not in self.guarded

    def _legs(self, symbol: str) -> list[Order]:
        orders = self.market.book.of_account(_ACCOUNT)
        return [order for order in orders if order.symbol == symbol and order.is_leg and order.is_open]

    def _move_stop(self, symbol: str, lot: int, price: float, now: datetime) -> None:
        if symbol in self.guarded:
            return  # the kernel holds it
        (leg,) = (
            leg
            for leg in self._legs(symbol)
            if leg.type is OrderType.STOP and self._lots[leg.root_id] == (symbol, lot)
        )
        moved = to_price(price, self._instruments[symbol].price_step)
        self.market.replace(_ACCOUNT, leg.id, Replacement(stop_price=moved), now)

    # --- reports --------------------------------------------------------------------------------

    def _hear(self) -> None:
        changes = self.market.take_changes()
        self._orders.update(changes.orders)
        for update in changes.updates:
            if update.execution is not None:
                self._book(self._orders[update.order.id], update.execution)
            elif update.order.status in _ENDED and self._was_entered(self._orders[update.order.id]):
                self.bot.order_done(update.order.symbol)

    def _was_entered(self, order: Order) -> bool:
        """Whether the end of the order is the end of what the kernel waits for: not of a leg, nor of one
        whose place another has taken."""
        expired = order.status is not OrderStatus.CANCELED
        return expired or (not order.is_leg and order.id not in self._withdrawn)

    def _book(self, order: Order, execution: Execution) -> None:
        symbol, lot = order.symbol, -1
        if order.is_leg:
            symbol, lot = self._lots[order.root_id]
        elif self._sent[order.id].purpose is Purpose.ENTRY:
            count = self._entries.get(symbol, 0)
            self._entries[symbol], self._lots[order.root_id] = count + 1, (symbol, count)
            if order.order_class is not OrderClass.SIMPLE:
                self._promised.add(symbol)
        self.fills.append(Timed(self._bar, self._fill(order, execution)))
        self.bot.apply_fill(
            symbol=symbol,
            side=Side(execution.side.value),
            quantity=float(execution.qty),
            price=float(execution.price),
            fee=float(execution.fee_cash),
            coin_fee=float(execution.fee_qty),
            lot=lot,
        )
        if not order.is_leg:
            self.bot.order_done(symbol)
        if not self.bot.holds(symbol):
            self._entries.pop(symbol, None)
            self._promised.discard(symbol)

    def _fill(self, order: Order, execution: Execution) -> ParityFill:
        if order.is_leg:
            stops = order.type is OrderType.STOP
            purpose = Purpose.STOP_LOSS if stops else Purpose.TAKE_PROFIT
            tau, reason = self._tau, "stop_touched" if stops else "target_touched"
        else:
            intent = self._sent[order.id]
            assert intent.reason is not None
            purpose, tau, reason = intent.purpose, intent.tau, intent.reason.value
        return ParityFill(
            tau,
            order.symbol,
            execution.side.value,
            purpose.value,
            execution.qty,
            execution.price,
            reason,
        )


def _measured(columns: np.ndarray, k: int, t: int, unknown: float) -> float:
    return float(columns[k, t]) if columns.shape[1] else unknown
