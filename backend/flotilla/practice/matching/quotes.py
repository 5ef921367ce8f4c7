"""The fill model `quotes`: each bar is walked (walk.py), orders meet the quotes on the way.

Market orders pay the far side. A limit order fills at its price when the path touches it, at the quote
when that is better from the start. A stop becomes a market order when the path meets it. Nothing takes
more than the displayed size and a share of the trade's size at one tick: the rest waits for the next.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise

from flotilla.practice.matching.fill_model import (
    Match,
    Outcome,
    Trigger,
    Working,
    is_limit,
    limit_allows,
    slipped,
    stop_met,
    trail,
)
from flotilla.practice.matching.orders import Order, OrderType, Side, TimeInForce
from flotilla.practice.matching.walk import Tick, walk
from flotilla.practice.numbers import exact
from flotilla.practice.session import Bar

_COIN_STEP = Decimal("1e-9")


class Quotes:
    """Deterministic: the walk follows from `seed`; `participation` is the share of a trade's size."""

    def __init__(
        self,
        seed: int = 0,
        slippage_bps: Decimal = Decimal(0),
        spread_bps: float = 2.0,
        participation: Decimal = Decimal("0.1"),
    ) -> None:
        self._seed = seed
        self._slippage = slippage_bps / 10_000
        self._spread_bps = spread_bps
        self._participation = participation

    def at_start(self, working: Working, bar: Bar, start: datetime, now: datetime) -> Iterator[Outcome]:
        orders = working()
        if not orders:
            return
        ticks = walk(bar, orders[0].symbol, start, self._seed, self._spread_bps)
        newest = [tick for tick in ticks if start + tick.offset <= now][-1]
        moment = _Moment(newest, start, self._participation)
        for order in orders:
            if order.is_working:
                yield from self._at(order, moment, rested=order.submitted_at < start)

    def within(self, working: Working, bar: Bar, start: datetime) -> Iterator[Outcome]:
        orders = working()
        if not orders:
            return
        ticks = walk(bar, orders[0].symbol, start, self._seed, self._spread_bps)
        for before, tick in pairwise(ticks):
            moment = _Moment(tick, start, self._participation)
            for order in working():
                # What came (a leg: came to life) after this tick has not seen it.
                if order.is_working and order.submitted_at < moment.at:
                    yield from self._between(order, before, moment)

    def _at(self, order: Order, moment: "_Moment", rested: bool) -> Iterator[Outcome]:
        """Match an order with a quote as it stands."""
        quote = moment.far_side(order)
        if order.type is not OrderType.MARKET and not order.triggered and stop_met(order, moment.price):
            yield Trigger(order)
        if is_limit(order):
            if limit_allows(order, quote):
                yield from self._fill(order, quote, moment, maker=rested)
        elif order.type is OrderType.MARKET or order.triggered:
            yield from self._fill(order, quote, moment)
        else:
            yield from trail(order, moment.price)

    def _between(self, order: Order, before: Tick, moment: "_Moment") -> Iterator[Outcome]:
        """Match an order with the path from the tick before to this one."""
        if is_limit(order):
            yield from self._limit(order, before, moment)
        elif order.type is OrderType.MARKET or order.triggered:
            yield from self._fill(order, moment.far_side(order), moment, inside=True)
        elif stop_met(order, moment.price):
            yield Trigger(order)
            met_at = moment.stop_price(order, exact(before.trade_price))
            if not is_limit(order) or limit_allows(order, met_at):
                yield from self._fill(order, met_at, moment, inside=True)
        else:
            yield from trail(order, moment.price)

    def _limit(self, order: Order, before: Tick, moment: "_Moment") -> Iterator[Match]:
        assert order.limit_price is not None
        quote = moment.far_side(order)
        if limit_allows(order, far_side(order, before)) and limit_allows(order, quote):
            yield from self._fill(order, quote, moment, inside=True)  # what was left over at the last tick
        elif limit_allows(order, moment.price):
            yield from self._fill(order, order.limit_price, moment, inside=True, maker=True)

    def _fill(
        self, order: Order, price: Decimal, moment: "_Moment", inside: bool = False, maker: bool = False
    ) -> Iterator[Match]:
        qty = moment.take(order)
        if qty:
            at = moment.at if inside else None
            yield Match(order, qty, slipped(order, price, self._slippage), inside, maker, at)


class _Moment:
    """One tick, and what its liquidity has left."""

    def __init__(self, tick: Tick, start: datetime, participation: Decimal) -> None:
        self.at = start + tick.offset
        self.price = exact(tick.trade_price)
        self._tick = tick
        traded = exact(tick.trade_size) * participation
        self._left = {
            Side.BUY: exact(tick.ask_size) + traded,
            Side.SELL: exact(tick.bid_size) + traded,
        }

    def far_side(self, order: Order) -> Decimal:
        return far_side(order, self._tick)

    def stop_price(self, order: Order, before: Decimal) -> Decimal:
        """Return what a stop pays that the path from `before` to here has met."""
        assert order.stop_price is not None
        if stop_met(order, before):
            return self.far_side(order)
        spread = exact(self._tick.ask) - exact(self._tick.bid)
        paid = order.stop_price + order.side.sign * spread
        return min(paid, self.far_side(order)) if order.side is Side.BUY else max(paid, self.far_side(order))

    def take(self, order: Order) -> Decimal:
        """Take what there is for the order: whole shares, or coins; all or nothing where it says so."""
        left = self._left[order.side]
        step = _COIN_STEP if order.is_crypto else Decimal(1)
        qty = order.remaining if order.remaining <= left else left.quantize(step, ROUND_DOWN)
        if order.time_in_force is TimeInForce.FOK and qty < order.remaining:
            return Decimal(0)
        self._left[order.side] = left - qty
        return qty


def far_side(order: Order, tick: Tick) -> Decimal:
    """Return what a buyer pays, or a seller gets, at once."""
    return exact(tick.ask if order.side is Side.BUY else tick.bid)
