"""How bars fill orders: the seam between the core and its models.

A model is asked twice a bar: when market time reaches the bar's start (and when an order arrives while
the bar is in progress), and when the bar is complete. It yields outcomes one by one; the core applies
each before it asks for the next, so the model sees legs that came to life and orders that a sibling's
fill cancelled.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from flotilla.practice.matching.orders import STOPS, Order, OrderType, Side
from flotilla.practice.session import Bar

Working = Callable[[], list[Order]]


class Match(NamedTuple):
    """Fill `qty` of `order` at `price`.

    `inside`: at a price met within the bar, not at its open. `maker`: the order rested and was met.
    `at`: when, if the model knows it better than the bar does.
    """

    order: Order
    qty: Decimal
    price: Decimal
    inside: bool = False
    maker: bool = False
    at: datetime | None = None


class Trail(NamedTuple):
    """The best price that a trailing stop has seen is now `hwm`."""

    order: Order
    hwm: Decimal


class Trigger(NamedTuple):
    """The stop price of `order` was met."""

    order: Order


Outcome = Match | Trail | Trigger


class FillModel(Protocol):
    """When and at what price orders fill."""

    def at_start(self, working: Working, bar: Bar, start: datetime, now: datetime) -> Iterator[Outcome]:
        """Match what fills at `now` at once: `bar` began at `start` and is in progress."""
        ...

    def within(self, working: Working, bar: Bar, start: datetime) -> Iterator[Outcome]:
        """Match what the complete `bar`, which began at `start`, fills."""
        ...


def is_limit(order: Order) -> bool:
    """Say whether the order is a limit order by now."""
    return order.type is OrderType.LIMIT or (order.type is OrderType.STOP_LIMIT and order.triggered)


def limit_allows(order: Order, price: Decimal) -> bool:
    """Say whether the order's limit price allows a trade at `price`."""
    assert order.limit_price is not None
    return price <= order.limit_price if order.side is Side.BUY else price >= order.limit_price


def stop_met(order: Order, price: Decimal) -> bool:
    """Say whether `price` is at or beyond the order's stop price."""
    if order.type not in STOPS or order.stop_price is None:
        return False
    return price >= order.stop_price if order.side is Side.BUY else price <= order.stop_price


def trail(order: Order, price: Decimal) -> Iterator[Trail]:
    """Yield a move of the high-water mark of a trailing stop (a buy's is a low) when `price` is better."""
    if order.type is not OrderType.TRAILING_STOP or order.triggered:
        return
    falls = order.side is Side.BUY
    if order.hwm is None or (price < order.hwm if falls else price > order.hwm):
        yield Trail(order, price)


def move_trail(order: Order, hwm: Decimal) -> None:
    """Set the high-water mark of a trailing stop, and the stop price that follows from it."""
    distance = order.trail_price
    if distance is None:
        assert order.trail_percent is not None
        distance = hwm * order.trail_percent / 100
    order.hwm = hwm
    stop = hwm - order.side.opposite.sign * distance
    order.stop_price = max(price_step(stop), stop.quantize(price_step(stop)))


def slipped(order: Order, price: Decimal, slippage: Decimal) -> Decimal:
    """Worsen `price` by `slippage` (a fraction), rounded to the price step.

    Without slippage the price is kept to the digit; orders with a limit never slip.
    """
    if not slippage or order.limit_price is not None:
        return price
    return (price * (1 + order.side.sign * slippage)).quantize(price_step(price))


def price_step(price: Decimal) -> Decimal:
    return Decimal("0.01") if price >= 1 else Decimal("0.0001")
