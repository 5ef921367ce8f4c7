"""Which types, times in force, classes and prices go together: Alpaca's matrix, for stocks and coins."""

from decimal import Decimal

from flotilla.practice.assets import Asset
from flotilla.practice.errors import ApiError, refused, unprocessable
from flotilla.practice.matching.checks import check_increment
from flotilla.practice.matching.orders import (
    COIN_TIMES,
    RESTING_TIMES,
    OrderClass,
    OrderTicket,
    OrderType,
    TimeInForce,
)

_CENT = Decimal("0.01")
_COIN_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT)
_AUCTIONED = (OrderType.MARKET, OrderType.LIMIT)


def check_rules(ticket: OrderTicket, asset: Asset) -> None:
    """Refuse a combination that Alpaca does not take; `asset` is the ticket's."""
    if ticket.is_crypto:
        _check_coins(ticket)
    else:
        _check_stock(ticket, asset)
    if ticket.notional is not None and ticket.notional % _CENT:
        raise unprocessable("notional value must be limited to 2 decimal places")
    for name, price in (
        ("limit_price", ticket.limit_price),
        ("stop_price", ticket.stop_price),
        ("limit_price", ticket.take_profit),
        ("stop_price", ticket.stop_loss),
        ("limit_price", ticket.stop_loss_limit),
        ("trail_price", ticket.trail_price),
    ):
        check_increment(name, price, ticket.is_crypto)


def _check_coins(ticket: OrderTicket) -> None:
    if ticket.order_class is not OrderClass.SIMPLE:
        raise unprocessable("crypto orders must be simple orders")
    if ticket.type not in _COIN_TYPES:
        raise unprocessable("invalid order type for crypto order")
    if ticket.time_in_force not in COIN_TIMES:
        raise unprocessable("invalid crypto time_in_force")
    if ticket.extended_hours:
        raise unprocessable("extended hours order must be DAY or GTC limit orders")


def _check_stock(ticket: OrderTicket, asset: Asset) -> None:
    _check_fraction(ticket, asset)
    _check_extended_hours(ticket)
    if ticket.order_class is not OrderClass.SIMPLE:
        _check_group(ticket)
    if ticket.time_in_force not in RESTING_TIMES and ticket.type not in _AUCTIONED:
        raise _no_time_in_force(ticket)


def _check_group(ticket: OrderTicket) -> None:
    name = ticket.order_class.value
    if ticket.time_in_force not in RESTING_TIMES:
        raise unprocessable(f"{name} orders must be DAY or GTC orders")
    if ticket.type is OrderType.TRAILING_STOP:
        raise unprocessable("trailing stop orders must be simple orders")
    if ticket.order_class is OrderClass.OCO and ticket.type is not OrderType.LIMIT:
        raise unprocessable("oco orders must be limit orders")


def _check_fraction(ticket: OrderTicket, asset: Asset) -> None:
    whole = ticket.qty is not None and ticket.qty == ticket.qty.to_integral_value()
    if whole:
        return
    if not asset.fractionable:
        raise refused(f'asset "{asset.symbol}" is not fractionable')
    if ticket.order_class is not OrderClass.SIMPLE:
        raise unprocessable("fractional orders must be simple orders")
    if ticket.time_in_force is not TimeInForce.DAY:
        raise unprocessable("fractional orders must be DAY orders")
    if ticket.type is OrderType.TRAILING_STOP:
        raise unprocessable("fractional orders must be market, limit, stop or stop_limit orders")


def _check_extended_hours(ticket: OrderTicket) -> None:
    fits = (
        ticket.type is OrderType.LIMIT
        and ticket.time_in_force in RESTING_TIMES
        and ticket.order_class is OrderClass.SIMPLE
    )
    if ticket.extended_hours and not fits:
        raise unprocessable("extended hours order must be DAY or GTC limit orders")


def _no_time_in_force(ticket: OrderTicket) -> ApiError:
    kind, time = ticket.type.value, ticket.time_in_force.value
    return unprocessable(f"invalid time_in_force {time} for {kind} orders")
