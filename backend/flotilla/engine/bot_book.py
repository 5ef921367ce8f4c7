"""What a bot knows of itself: the kernel's state, folded from its fills, and its open orders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flotilla.domain import kernel
from flotilla.domain.fills import Fill
from flotilla.domain.kernel import BotState, PendingOrder
from flotilla.domain.orders import Order, OrderType, Purpose, Side
from flotilla.domain.risk import CASH_RESERVE
from flotilla.engine.market_hub import Minute
from flotilla.ports.store import Booked, BotMemory


class BotBook:
    """The fold of one bot: reports are applied in the order in which they were booked.

    `last_signal` has, by symbol, the newest bar that its rules were asked about.
    """

    def __init__(self, memory: BotMemory, checkpoint: Mapping[str, Any], *, version: int) -> None:
        self._version = version
        self._capital = float(memory.capital)
        self.state = BotState(cash=self._capital)
        self.last_signal: dict[str, int] = {}
        self._open: dict[str, Order] = {}
        self._protected: set[str] = set(memory.protected)
        self._leaving: set[str] = set(memory.leaving)
        for fill in memory.fills:
            self._fold(fill)
        for order in memory.open_orders:
            self.track(order)
        if checkpoint:
            self._restore(checkpoint)

    # --- the checkpoint: what fills alone do not give back --------------------------------------

    def checkpoint(self) -> dict[str, Any]:
        opened = self.state.session_open
        return {
            "version": self._version,
            "capital": self._capital,
            "session_open": None if opened is None else opened.isoformat(),
            "day_baseline": self.state.day_baseline,
            "closing_equity": self.state.closing_equity,
            "marks": dict(self.state.marks),
            "signals": dict(self.last_signal),
        }

    def _restore(self, checkpoint: Mapping[str, Any]) -> None:
        # A change of capital is a transfer, neither a profit nor a loss of the day.
        transfer = self._capital - checkpoint.get("capital", self._capital)
        closing = checkpoint.get("closing_equity")
        self.state.session_open = datetime.fromisoformat(checkpoint["session_open"])
        self.state.day_baseline = checkpoint["day_baseline"] + transfer
        self.state.closing_equity = None if closing is None else closing + transfer
        self.state.marks = dict(checkpoint["marks"])
        if checkpoint.get("version") == self._version:  # other rules may ask about the same bar
            self.last_signal = dict(checkpoint["signals"])

    # --- reports --------------------------------------------------------------------------------

    def apply(self, booked: Booked) -> None:
        """Fold a report into the state."""
        for fill in booked.fills:
            self._fold(fill)
            if fill.side is Side.BUY and _has_legs(booked.order):
                self._protected.add(fill.symbol)
            if fill.symbol not in self.state.holdings:
                self._protected.discard(fill.symbol)
                self._leaving.discard(fill.symbol)
        for order in (booked.order, *booked.legs):
            self.track(order)

    def track(self, order: Order) -> None:
        """Keep an order while it is open, and what it means for the next decision."""
        known = self._open.pop(order.id, None) is not None
        if not order.status.is_terminal:
            self._open[order.id] = order
        elif not known:
            return  # an old story told again
        elif order.purpose is Purpose.EXIT and order.symbol in self.state.holdings:
            self._leaving.add(order.symbol)
        if not order.purpose.is_leg:
            self.refresh_pending(order.symbol)

    def refresh_pending(self, symbol: str) -> None:
        """Tell the kernel of the bot's open order of a symbol, or that there is none."""
        own = [o for o in self._open.values() if o.symbol == symbol and not o.purpose.is_leg]
        if own:
            reserved = sum(_reserved(order) for order in own)
            self.state.pending[symbol] = PendingOrder(own[0].purpose, reserved)
        else:
            kernel.order_done(self.state, symbol)

    def _fold(self, fill: Fill) -> None:
        kernel.apply_fill(
            self.state,
            symbol=fill.symbol,
            side=fill.side,
            quantity=float(fill.quantity),
            price=float(fill.price),
            fee=float(fill.fee),
        )

    # --- questions ------------------------------------------------------------------------------

    @property
    def symbols(self) -> set[str]:
        """What the bot holds or has an order for."""
        return self.state.holdings.keys() | {order.symbol for order in self._open.values()}

    @property
    def is_flat(self) -> bool:
        return not self.state.holdings and not self.state.pending

    def legs(self, symbol: str) -> list[Order]:
        """The open stop and target of a position."""
        return [o for o in self._open.values() if o.symbol == symbol and o.purpose.is_leg]

    def undecided(self, minute: Minute) -> list[Order]:
        """The open orders that this minute's bars must have decided."""
        return [order for order in self._open.values() if _must_have_filled(order, minute)]

    def must_go(self, symbol: str) -> bool:
        """Whether what is held of a symbol is to be sold whatever its rules say now.

        Either its exit was decided and did not happen, or it was promised a stop or a target and has
        neither: an exit cancelled them and was cut short, or the broker dropped them.
        """
        if symbol not in self.state.holdings:
            return False
        return symbol in self._leaving or (symbol in self._protected and not self.legs(symbol))


def _must_have_filled(order: Order, minute: Minute) -> bool:
    """Whether this minute's bar decides the order: a market order at its first bar, a touched leg."""
    bar = minute.bars.get(order.symbol)
    if bar is None or bar.start < order.tau:
        return False
    if not order.purpose.is_leg:
        return order.broker_order_id is not None
    if order.type is OrderType.LIMIT:
        return order.limit_price is not None and bar.high >= float(order.limit_price)
    return order.stop_price is not None and bar.low <= float(order.stop_price)


def _reserved(order: Order) -> float:
    if order.side is not Side.BUY:
        return 0.0
    return CASH_RESERVE * float(order.quantity - order.filled_quantity) * float(order.expected_price or 0)


def _has_legs(order: Order) -> bool:
    return order.take_profit_price is not None or order.stop_loss_price is not None
