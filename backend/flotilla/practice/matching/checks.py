"""Checks between a well-formed ticket and an order: quantity held, shorting, prices, buying power.

Each raises ApiError with Alpaca's status, code and words, because clients match on them.
"""

from decimal import Decimal

from flotilla.practice.errors import refused, unprocessable
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.orders import OrderClass, OrderTicket, Side
from flotilla.practice.numbers import plain

_MINIMUM_EQUITY_TO_SHORT = Decimal(2000)
_SHORT_SALE_RESERVE = Decimal("1.03")
_STOP_DISTANCE = Decimal("0.01")


def check_legs(account: Account, ticket: OrderTicket, base_price: Decimal) -> None:
    """Refuse legs on an exit, or a stop on the wrong side of the target or of the base price."""
    if ticket.order_class is OrderClass.SIMPLE:
        return
    if closes_position(account, ticket.symbol, ticket.side):
        raise unprocessable(f"{ticket.order_class.value} orders must be entry orders")
    sign = ticket.side.sign
    target, stop = ticket.take_profit, ticket.stop_loss
    above, below = (">", "<=") if sign > 0 else ("<", ">=")
    if target is not None and stop is not None and sign * (target - stop) <= 0:
        raise unprocessable(f"take_profit.limit_price must be {above} stop_loss.stop_price")
    if stop is not None and sign * (base_price - stop) < _STOP_DISTANCE:
        offset = "- 0.01" if sign > 0 else "+ 0.01"
        raise unprocessable(
            f"stop_loss.stop_price must be {below} base_price {offset}",
            base_price=plain(base_price),
        )


def closes_position(account: Account, symbol: str, side: Side) -> bool:
    """Say whether trading on `side` reduces what the account holds of `symbol`."""
    return account.quantity(symbol) * side.sign < 0


def check_quantity(account: Account, ticket: OrderTicket, book: Book) -> None:
    """Refuse to trade away more than is free, to flip a position, or to open both ways at once."""
    if closes_position(account, ticket.symbol, ticket.side):
        _check_available(account, ticket, book)
    elif ticket.side is Side.SELL:
        _check_short_sale(account, ticket, book)
    elif book.opening(account.id, ticket.symbol, Side.SELL):
        raise refused("cannot open a long buy while a short sell order is open")


def _check_available(account: Account, ticket: OrderTicket, book: Book) -> None:
    existing = abs(account.quantity(ticket.symbol))
    held = book.held_quantity(account.id, ticket.symbol, ticket.side)
    related = [order.id for order in book.holding(account.id, ticket.symbol, ticket.side)]
    check_available(ticket.symbol, ticket.qty, existing, held, related)


def check_available(
    symbol: str, requested: Decimal, existing: Decimal, held: Decimal, related: list[str]
) -> None:
    """Refuse to close more than `existing` less what the `related` orders hold of it."""
    available = existing - held
    if requested <= available:
        return
    raise refused(
        "insufficient qty available for order "
        f"(requested: {plain(requested)}, available: {plain(available)})",
        available=plain(available),
        existing_qty=plain(existing),
        held_for_orders=plain(held),
        symbol=symbol,
        **({"related_orders": related} if related else {}),
    )


def _check_short_sale(account: Account, ticket: OrderTicket, book: Book) -> None:
    if ticket.qty != ticket.qty.to_integral_value():
        raise unprocessable("fractional orders cannot be sold short")
    if account.last_equity < _MINIMUM_EQUITY_TO_SHORT:
        raise refused("account is not allowed to short")
    if book.opening(account.id, ticket.symbol, Side.BUY):
        raise refused("cannot open a short sell while a long buy order is open")


def reserve_price(ticket: OrderTicket, last_price: Decimal) -> Decimal:
    """Return what one share of an opening order holds of the buying power."""
    price = ticket.limit_price or ticket.stop_price or last_price
    if ticket.side is Side.SELL:
        return max(price, last_price * _SHORT_SALE_RESERVE)
    return price


def check_buying_power(cost: Decimal, buying_power: Decimal) -> None:
    if cost > buying_power:
        raise refused(
            "insufficient buying power",
            buying_power=plain(buying_power),
            cost_basis=plain(cost),
        )
