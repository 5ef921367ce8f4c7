"""What a bot knows of itself: the kernel's state, folded from its fills, and its open orders."""

from collections.abc import Mapping
from typing import Any

from flotilla.domain.fills import Fill
from flotilla.domain.kernel.bot import KernelBot, KernelSpec
from flotilla.domain.market import Instrument
from flotilla.domain.orders import Order, OrderType, Purpose, Side
from flotilla.engine.market_hub import Minute
from flotilla.ports.store import Booked, BotMemory


class BotBook:
    """The fold of one bot: reports are applied in the order in which they were booked.

    `last_signal` has, by symbol, the newest bar that its rules were asked about.
    """

    def __init__(
        self,
        memory: BotMemory,
        checkpoint: Mapping[str, Any],
        *,
        spec: KernelSpec,
        instruments: Mapping[str, Instrument],
        version: int,
    ) -> None:
        self._version = version
        self.last_signal: dict[str, int] = {}
        self._open: dict[str, Order] = {}
        self._protected: set[str] = set(memory.protected)
        self.state, self._folded = _recalled(memory, checkpoint, spec, instruments)
        if checkpoint.get("version") == version:  # other rules may ask about the same bar
            self.last_signal = dict(checkpoint["signals"])
        for fill in memory.fills[self._folded :]:
            self._fold(fill)
        self.state.mark_at_cost()
        for order in memory.open_orders:
            self.track(order)
        for symbol in self.state.symbols:
            self.refresh_pending(symbol)
        for symbol in memory.leaving:
            if self.state.holds(symbol):
                self.state.not_left(symbol)

    def checkpoint(self) -> dict[str, Any]:
        """The state as of so many fills: what a restart goes on from."""
        return {
            "version": self._version,
            "signals": dict(self.last_signal),
            "fills": self._folded,
            "account_equity": self.state.spec.account_equity,
            "kernel": self.state.checkpoint(),
        }

    # --- reports --------------------------------------------------------------------------------

    def apply(self, booked: Booked) -> None:
        """Fold a report into the state."""
        for fill in booked.fills:
            self._fold(fill)
            if fill.purpose is Purpose.ENTRY and _has_legs(booked.order):
                self._protected.add(fill.symbol)
            if not self.state.holds(fill.symbol):
                self._protected.discard(fill.symbol)
        for order in (booked.order, *booked.legs):
            self.track(order)

    def track(self, order: Order) -> None:
        """Keep an order while it is open, and what it means for the next decision."""
        known = self._open.pop(order.id, None) is not None
        if not order.status.is_terminal:
            self._open[order.id] = order
        elif not known:
            return  # an old story told again
        elif order.purpose is Purpose.EXIT and self.state.holds(order.symbol):
            self.state.not_left(order.symbol)
        if not order.purpose.is_leg:
            self.refresh_pending(order.symbol)

    def refresh_pending(self, symbol: str) -> None:
        """Tell the kernel of the bot's open order of a symbol, or that there is none."""
        own = [o for o in self._open.values() if o.symbol == symbol and not o.purpose.is_leg]
        if not own:
            self.state.order_done(symbol)
            return
        order = own[0]
        self.state.order_under_way(
            symbol,
            order.purpose,
            side=order.side,
            quantity=float(sum(one.quantity - one.filled_quantity for one in own)),
            price=float(order.expected_price or 0),
            stop=_price(order.stop_loss_price),
            target=_price(order.take_profit_price),
        )

    def _fold(self, fill: Fill) -> None:
        self._folded += 1
        self.state.apply_fill(
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
        return self.state.is_flat

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
        if not self.state.holds(symbol):
            return False
        unprotected = symbol in self._protected and not self.legs(symbol)
        return unprotected or (self.state.is_leaving(symbol) and symbol not in self.state.pending)


def _recalled(
    memory: BotMemory,
    checkpoint: Mapping[str, Any],
    spec: KernelSpec,
    instruments: Mapping[str, Instrument],
) -> tuple[KernelBot, int]:
    """The state as of the checkpoint, and how many fills it counts; with none that fits, a new bot."""
    symbols = {fill.symbol for fill in memory.fills} | {order.symbol for order in memory.open_orders}
    known = {s: instruments.get(s) or Instrument(s, s) for s in (*spec.symbols, *sorted(symbols))}
    bot = KernelBot(spec, float(memory.capital), known)
    if not checkpoint:
        return bot, 0
    try:
        bot.restore(checkpoint["kernel"])
        folded = int(checkpoint["fills"])
    except (KeyError, ValueError):
        return KernelBot(spec, float(memory.capital), known), 0
    return bot, folded


def _price(price: Any) -> float | None:
    return None if price is None else float(price)


def _must_have_filled(order: Order, minute: Minute) -> bool:
    """Whether this minute's bar decides the order: a market order at its first bar, a touched leg."""
    bar = minute.bars.get(order.symbol)
    if bar is None or bar.start < order.tau:
        return False
    if not order.purpose.is_leg:
        return order.broker_order_id is not None
    sells = order.side is Side.SELL
    if order.type is OrderType.LIMIT:
        limit = _price(order.limit_price)
        return limit is not None and (bar.high >= limit if sells else bar.low <= limit)
    stop = _price(order.stop_price)
    return stop is not None and (bar.low <= stop if sells else bar.high >= stop)


def _has_legs(order: Order) -> bool:
    return order.take_profit_price is not None or order.stop_loss_price is not None
