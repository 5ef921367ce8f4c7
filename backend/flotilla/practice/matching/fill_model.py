"""How bars fill orders: the seam between the core and its models.

A model is asked twice a bar: when market time reaches the bar's start, and when the bar is complete.
It yields matches one by one; the core executes each before it asks for the next, so the model sees
legs that came to life and orders that a sibling's fill cancelled.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from flotilla.practice.matching.orders import Order, OrderType, Side
from flotilla.practice.numbers import exact
from flotilla.practice.session import Bar

Working = Callable[[], list[Order]]


class Match(NamedTuple):
    """Fill `qty` of `order` at `price`. `inside`: at a price met within the bar, not at its open."""

    order: Order
    qty: Decimal
    price: Decimal
    inside: bool = False


class FillModel(Protocol):
    """When and at what price orders fill."""

    def at_start(self, working: Working, bar: Bar) -> Iterator[Match]:
        """Match what fills as soon as market time has reached the start of `bar`."""
        ...

    def within(self, working: Working, bar: Bar, start: datetime) -> Iterator[Match]:
        """Match what the complete `bar`, which began at `start`, fills."""
        ...


class BarOpen:
    """Market orders whole at the open; resting orders at the open when it is beyond their price,
    at their price when the bar touches it; the stop when stop and target are both touched."""

    def __init__(self, slippage_bps: Decimal = Decimal(0)) -> None:
        self._slippage = slippage_bps / 10_000

    def at_start(self, working: Working, bar: Bar) -> Iterator[Match]:
        for order in working():
            if order.type is OrderType.MARKET:
                yield Match(order, order.remaining, self._slipped(order, exact(bar.open)))

    def within(self, working: Working, bar: Bar, start: datetime) -> Iterator[Match]:
        opening, high, low = exact(bar.open), exact(bar.high), exact(bar.low)
        seen: set[str] = set()
        while fresh := [order for order in working() if order.id not in seen]:
            for order in fresh:
                # A leg whose entry was met inside this bar was not there yet at the open.
                if order.is_working and order.entered_inside != start and _reached(order, opening):
                    yield Match(order, order.remaining, self._slipped(order, opening))
            for order in fresh:
                if order.is_working and self._touched(order, high, low, start):
                    yield Match(order, order.remaining, self._own_price(order), inside=True)
            seen.update(order.id for order in fresh)

    def _touched(self, order: Order, high: Decimal, low: Decimal, start: datetime) -> bool:
        if order.entered_inside == start and order.type is not OrderType.STOP:
            return False  # nobody knows whether the target or the entry came first
        falling = (order.side is Side.BUY) == (order.type is OrderType.LIMIT)
        return _reached(order, low if falling else high)

    def _own_price(self, order: Order) -> Decimal:
        price = order.limit_price if order.type is OrderType.LIMIT else order.stop_price
        assert price is not None
        return self._slipped(order, price)

    def _slipped(self, order: Order, price: Decimal) -> Decimal:
        """Worsen `price` by the slippage; without slippage the bar's price is kept to the digit."""
        if not self._slippage or order.type is OrderType.LIMIT:
            return price
        step = Decimal("0.01") if price >= 1 else Decimal("0.0001")
        return (price * (1 + order.side.sign * self._slippage)).quantize(step)


def _reached(order: Order, price: Decimal) -> bool:
    """Say whether `price` is at or beyond the order's price, on the side where it fills."""
    if order.type is OrderType.LIMIT:
        assert order.limit_price is not None
        buys = order.side is Side.BUY
        return price <= order.limit_price if buys else price >= order.limit_price
    if order.type is OrderType.STOP:
        assert order.stop_price is not None
        buys = order.side is Side.BUY
        return price >= order.stop_price if buys else price <= order.stop_price
    return False
