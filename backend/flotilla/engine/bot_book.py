"""What a bot knows of itself: the kernel's state, folded from its fills, and its open orders."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flotilla.domain.codes import ENTRY
from flotilla.domain.fills import Fill
from flotilla.domain.kernel.bot import KernelSpec, Lot
from flotilla.domain.kernel.journal import JournaledBot
from flotilla.domain.market import Instrument, usual_instrument
from flotilla.domain.orders import TOUCHED, Order, OrderStatus, OrderType, Purpose, Side
from flotilla.engine.market_hub import Minute
from flotilla.ports.store import Booked, BotMemory, Guarded

_CHANGING = (OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE)
_SAME_PRICE = 1e-6  # USD: less than the smallest step of any price


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
        self._refused: dict[
            str, Decimal | None
        ] = {}  # stops that the broker did not take, by the leg's order
        self._protected: set[str] = set(memory.protected - spec.guarded)
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
            "guarded": sorted(self.state.spec.guarded),
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
        if booked.order.purpose is Purpose.ENTRY:
            self._number_legs(booked.order)

    def track(self, order: Order) -> None:
        """Keep an order while it is open, and what it means for the next decision."""
        known = self._open.pop(order.id, None) is not None
        if order.status.is_terminal:
            self._refused.pop(order.id, None)
        if not order.status.is_terminal:
            self._open[order.id] = order
        elif not known:
            return  # an old story told again
        elif order.purpose is Purpose.EXIT and self.state.holds(order.symbol):
            if order.decided_reason not in TOUCHED:  # of those the kernel knows the lots
                self.state.not_left(order.symbol)
        elif order.status is OrderStatus.REJECTED and order.replaces_id is not None:
            self._refused[order.replaces_id] = order.stop_price
        if not order.purpose.is_leg:
            self.refresh_pending(order.symbol)

    def _number_legs(self, entry: Order) -> None:
        """Legs that were told of before their entry had filled have its lot from now on."""
        for leg in self.legs(entry.symbol):
            if leg.parent_id == entry.id and leg.lot is None:
                self._open[leg.id] = replace(leg, lot=entry.lot)

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
            lot=fill.lot if fill.purpose.is_leg and fill.lot is not None else -1,
            coin_fee=float(fill.coin_fee),
        )

    # --- questions ------------------------------------------------------------------------------

    @property
    def symbols(self) -> set[str]:
        """What the bot holds or has an order for."""
        return self.state.holdings.keys() | {order.symbol for order in self._open.values()}

    @property
    def is_flat(self) -> bool:
        return self.state.is_flat

    @property
    def guards(self) -> bool:
        """Whether the engine must stay with it: it holds what only the engine protects, or may get it."""
        return any(
            guarded.pending == ENTRY or _is_protected(guarded, lots) for guarded, lots in self._guarded()
        )

    def _guarded(self) -> Iterator[tuple[Any, Any]]:
        book = self.state.book
        for k, instrument in enumerate(book.instruments):
            if instrument.guarded != 0:
                yield book.slots[k], book.lots[k]

    def legs(self, symbol: str) -> list[Order]:
        """The open stops and targets of a position, of all its lots."""
        return [o for o in self._open.values() if o.symbol == symbol and o.purpose.is_leg]

    def order(self, order_id: str) -> Order | None:
        """An order that is open."""
        return self._open.get(order_id)

    def moved_stops(self) -> Iterator[tuple[Order, int, float]]:
        """The stops at the broker that the kernel has moved since: leg, lot, where to (USD).

        Those of this step, and any that an earlier one could not move; but not again to where the
        broker has refused it, nor one that is being sold.
        """
        resting = {o.symbol for o in self._open.values() if o.purpose is Purpose.STOP_LOSS}
        if not resting:
            return
        leaving = {s for s, order in self.state.pending.items() if order.purpose is not Purpose.ENTRY}
        for symbol in sorted(resting - leaving):
            for n, lot in self.state.lots(symbol).items():
                leg = self._stop_leg(symbol, n)
                if leg is not None and lot.stop is not None and self._moves(leg, lot.stop):
                    yield leg, n, lot.stop

    def _moves(self, leg: Order, stop: float) -> bool:
        """Whether the kernel's stop is nearer to the price than the leg's, and may be asked for."""
        assert leg.stop_price is not None
        refused = self._refused.get(leg.id)
        if refused is not None and abs(float(refused) - stop) < _SAME_PRICE:
            return False
        nearer = stop - float(leg.stop_price)
        return (nearer if leg.side is Side.SELL else -nearer) > _SAME_PRICE

    def _stop_leg(self, symbol: str, lot: int) -> Order | None:
        """A lot's stop at the broker, unless it fills, is being cancelled, or another takes its place."""
        stops = [o for o in self.legs(symbol) if o.purpose is Purpose.STOP_LOSS and (o.lot or 0) == lot]
        replaced = {order.replaces_id for order in stops}
        resting = [o for o in stops if o.id not in replaced]
        if len(resting) != 1:
            return None
        (leg,) = resting
        busy = leg.broker_order_id is None or leg.filled_quantity or leg.status in _CHANGING
        return None if busy else leg

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
        return self._is_bare(symbol) or (self.state.is_leaving(symbol) and symbol not in self.state.pending)

    def _is_bare(self, symbol: str) -> bool:
        """Whether the position, or one lot of it, was promised a leg at the broker and has none."""
        if symbol not in self._protected:
            return False
        covered = {leg.lot or 0 for leg in self.legs(symbol)}
        promised = {n for n, lot in self.state.lots(symbol).items() if lot.stop or lot.target}
        return not covered or bool(promised - covered)

    def guarded(self) -> dict[str, Guarded]:
        """The nearest stop and target of each position whose protection the engine holds."""
        held = self.state.holdings
        return {
            symbol: _nearest(self.state.lots(symbol).values(), long=held[symbol].quantity > 0.0)
            for symbol in self.state.spec.guarded & held.keys()
        }


def _recalled(
    memory: BotMemory,
    checkpoint: Mapping[str, Any],
    spec: KernelSpec,
    instruments: Mapping[str, Instrument],
) -> tuple[JournaledBot, int]:
    """The state as of the checkpoint, and how many fills it counts; with none that fits, a new bot."""
    symbols = {fill.symbol for fill in memory.fills} | {order.symbol for order in memory.open_orders}
    known = {s: instruments.get(s) or usual_instrument(s) for s in (*spec.symbols, *sorted(symbols))}
    bot = JournaledBot(spec, float(memory.capital), known)
    if not checkpoint:
        return bot, 0
    try:
        bot.restore(checkpoint["kernel"])
        folded = int(checkpoint["fills"])
    except (KeyError, ValueError):
        return JournaledBot(spec, float(memory.capital), known), 0
    return bot, folded


def _nearest(lots: Collection[Lot], *, long: bool) -> Guarded:
    stops = [lot.stop for lot in lots if lot.stop is not None]
    targets = [lot.target for lot in lots if lot.target is not None]
    first, last = (max, min) if long else (min, max)
    return Guarded(_decimal(first(stops, default=None)), _decimal(last(targets, default=None)))


def _decimal(price: float | None) -> Decimal | None:
    return None if price is None else Decimal(repr(price))


def _is_protected(slot: Any, lots: Any) -> bool:
    prices = (price for lot in lots if lot.quantity != 0.0 for price in (lot.stop, lot.target))
    return bool(slot.quantity != 0.0 and any(not math.isnan(price) for price in prices))


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
