"""The fill model `bar_open`: the one that backtests use, written a second time."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

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
from flotilla.practice.matching.orders import IMMEDIATE, STOPS, Order, OrderType, Side
from flotilla.practice.numbers import exact
from flotilla.practice.session import Bar


class BarOpen:
    """Market orders whole at the open; resting orders at the open when it is beyond their price,
    at their price when the bar touches it; the stop when stop and target are both touched."""

    def __init__(self, slippage_bps: Decimal = Decimal(0)) -> None:
        self._slippage = slippage_bps / 10_000

    def at_start(self, working: Working, bar: Bar, start: datetime, now: datetime) -> Iterator[Outcome]:
        opening = exact(bar.open)
        for order in working():
            if order.type is OrderType.MARKET or (
                order.time_in_force in IMMEDIATE and is_limit(order) and limit_allows(order, opening)
            ):
                yield self._match(order, opening)

    def within(self, working: Working, bar: Bar, start: datetime) -> Iterator[Outcome]:
        opening, high, low, close = (exact(price) for price in bar[:4])
        seen: set[str] = set()
        while fresh := [order for order in working() if order.id not in seen]:
            for order in fresh:
                # A leg whose entry was met inside this bar was not there yet at the open.
                if order.is_working and order.entered_inside != start:
                    yield from self._at_open(order, opening)
            for order in fresh:
                if order.is_working:
                    yield from self._inside(order, high, low, close, start)
            seen.update(order.id for order in fresh)

    def _at_open(self, order: Order, opening: Decimal) -> Iterator[Outcome]:
        if order.type is OrderType.STOP_LIMIT and not order.triggered and stop_met(order, opening):
            yield Trigger(order)
        if is_limit(order):
            if limit_allows(order, opening):
                yield self._match(order, opening, maker=True)
        elif order.type is not OrderType.STOP_LIMIT and stop_met(order, opening):
            yield self._match(order, opening)
        else:
            yield from trail(order, opening)

    def _inside(
        self, order: Order, high: Decimal, low: Decimal, close: Decimal, start: datetime
    ) -> Iterator[Outcome]:
        up, down = (high, low) if order.side is Side.BUY else (low, high)
        if is_limit(order):
            # Whether the target or the entry came first in the entry's bar, nobody knows.
            if limit_allows(order, down) and not (order.entered_inside == start and order.type not in STOPS):
                yield self._match(order, order.limit_price, inside=True, maker=True)
        elif order.type is OrderType.STOP_LIMIT and stop_met(order, up):
            yield Trigger(order)
            assert order.stop_price is not None
            if limit_allows(order, order.stop_price):
                yield self._match(order, order.stop_price, inside=True)
            elif limit_allows(order, close):  # the price came back after the stop was met
                yield self._match(order, order.limit_price, inside=True, maker=True)
        elif stop_met(order, up):
            yield self._match(order, order.stop_price, inside=True)
        else:
            yield from trail(order, down)

    def _match(self, order: Order, price: Decimal | None, inside: bool = False, maker: bool = False) -> Match:
        assert price is not None
        return Match(order, order.remaining, slipped(order, price, self._slippage), inside, maker)
