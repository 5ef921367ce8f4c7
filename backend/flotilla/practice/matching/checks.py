"""Checks between a well-formed ticket and an order: quantity held, shorting, prices, buying power.

Each raises ApiError with Alpaca's status, code and words, because clients match on them.
"""

from decimal import Decimal

from flotilla.practice.errors import refused, unprocessable
from flotilla.practice.matching.account import COIN_STEP, Account
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.orders import (
    COIN_TIMES,
    RESTING_TIMES,
    STOPS,
    Order,
    OrderClass,
    OrderStatus,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.numbers import plain

_SHORT_SALE_RESERVE = Decimal("1.03")
_DOLLAR, _CENT, _SUBCENT = Decimal(1), Decimal("0.01"), Decimal("0.0001")
_STOP_DISTANCE = Decimal("0.01")
_LEAST_STOCK_ORDER, _LEAST_COIN_ORDER = Decimal(1), Decimal(10)
_LARGEST_COIN_ORDER = Decimal(200_000)
_NOT_YET = (OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW)
_LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT)


def check_increment(name: str, price: Decimal | None, coins: bool) -> None:
    """Refuse a price between two steps."""
    if price is None:
        return
    step = COIN_STEP if coins else _CENT if price >= _DOLLAR or name == "trail_price" else _SUBCENT
    if price % step:
        raise unprocessable(
            f"invalid {name} {plain(price)}. sub-penny increment does not fulfill minimum pricing criteria"
        )


def check_cancelable(order: Order) -> None:
    """Refuse to cancel what is closed."""
    if not order.is_open:
        raise unprocessable(f'order is already in "{order.status.value}" state')


def check_replaceable(order: Order) -> None:
    """Refuse to replace what is closed, or not at the venue yet."""
    if order.status is OrderStatus.REPLACED:
        raise unprocessable("order already replaced")
    if not order.is_open or order.status in _NOT_YET or order.cancel_requested_at is not None:
        raise unprocessable(f"cannot replace order in {order.status.value} status")


def check_time_in_force(order: Order) -> None:
    """Refuse to give an order a time in force that a new order of its kind could not have."""
    asked = order.time_in_force
    if order.is_crypto:
        if asked not in COIN_TIMES:
            raise unprocessable("invalid crypto time_in_force")
        return
    rests = order.order_class is not OrderClass.SIMPLE or order.type in STOPS or order.extended_hours
    if asked not in RESTING_TIMES and rests:
        raise unprocessable(f"invalid time_in_force {asked.value} for {order.type.value} orders")
    if asked is not TimeInForce.DAY and order.qty != order.qty.to_integral_value():
        raise unprocessable("fractional orders must be DAY orders")


def check_legs(account: Account, ticket: OrderTicket, base_price: Decimal) -> None:
    """Refuse legs on the wrong kind of order, or a stop beyond the target or the base price."""
    order_class = ticket.order_class
    if order_class is OrderClass.SIMPLE:
        return
    closes = closes_position(account, ticket.symbol, ticket.side)
    if closes is not (order_class is OrderClass.OCO):
        wanted = "entry" if closes else "exit"
        raise unprocessable(f"{order_class.value} orders must be {wanted} orders")
    # The sign of the position that the legs protect.
    sign = -ticket.side.sign if order_class is OrderClass.OCO else ticket.side.sign
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


def check_intent(ticket: OrderTicket, inferred: str) -> None:
    """Refuse an order whose stated intent is not what it would do."""
    if ticket.position_intent not in (None, inferred):
        raise unprocessable(
            f"position intent mismatch, inferred: {inferred}, specified: {ticket.position_intent}"
        )


def closes_position(account: Account, symbol: str, side: Side) -> bool:
    """Say whether trading on `side` reduces what the account holds of `symbol`."""
    return account.quantity(symbol) * side.sign < 0


def check_wash_trade(account: Account, ticket: OrderTicket, book: Book) -> None:
    """Refuse what could trade against the account's own order; groups and trailing stops are exempt."""
    if ticket.order_class is not OrderClass.SIMPLE or ticket.type is OrderType.TRAILING_STOP:
        return
    for other in book.opposite(account.id, ticket.symbol, ticket.side):
        if other.order_class is not OrderClass.SIMPLE or other.type is OrderType.TRAILING_STOP:
            continue
        reason = _wash_trade(ticket, other)
        if reason:
            raise refused(
                "potential wash trade detected. use complex orders",
                existing_order_id=other.id,
                reject_reason=reason,
            )


def _wash_trade(ticket: OrderTicket, other: Order) -> str | None:
    if other.type not in _LIMITED:
        return "opposite side market/stop order exists"
    if ticket.type not in _LIMITED:
        return "opposite side limit order exists"
    assert ticket.limit_price is not None
    assert other.limit_price is not None
    crosses = ticket.side.sign * (ticket.limit_price - other.limit_price) >= 0
    return "opposite side limit order exists" if crosses else None


def check_quantity(account: Account, ticket: OrderTicket, qty: Decimal, book: Book) -> None:
    """Refuse to trade away more than is free, to flip a position, or to open both ways at once."""
    if ticket.is_crypto and ticket.side is Side.SELL:
        _check_coins(account, ticket, qty, book)
    elif closes_position(account, ticket.symbol, ticket.side):
        _check_available(account, ticket, qty, book)
    elif ticket.side is Side.SELL:
        _check_short_sale(account, ticket, qty, book)
    elif book.opening(account.id, ticket.symbol, Side.SELL):
        raise refused("cannot open a long buy while a short sell order is open")


def _check_coins(account: Account, ticket: OrderTicket, qty: Decimal, book: Book) -> None:
    coin, _, _ = ticket.symbol.partition("/")
    balance = account.quantity(ticket.symbol)
    available = balance - book.held_quantity(account.id, ticket.symbol, ticket.side)
    if qty > available:
        raise _insufficient_balance(coin, qty, available, balance)


def _check_available(account: Account, ticket: OrderTicket, qty: Decimal, book: Book) -> None:
    existing = abs(account.quantity(ticket.symbol))
    held = book.held_quantity(account.id, ticket.symbol, ticket.side)
    related = [order.id for order in book.holding(account.id, ticket.symbol, ticket.side)]
    check_available(ticket.symbol, qty, existing, held, related)


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


def _check_short_sale(account: Account, ticket: OrderTicket, qty: Decimal, book: Book) -> None:
    if ticket.notional is not None or qty != qty.to_integral_value():
        raise unprocessable("fractional orders cannot be sold short")
    if not account.may_borrow:
        raise refused("account is not allowed to short")
    if book.opening(account.id, ticket.symbol, Side.BUY):
        raise refused("cannot open a short sell while a long buy order is open")


def check_size(account: Account, ticket: OrderTicket, cost: Decimal, qty: Decimal) -> None:
    """Refuse orders too small to bother with (unless they sell all that is held) or too large."""
    least = _LEAST_COIN_ORDER if ticket.is_crypto else _LEAST_STOCK_ORDER
    if cost < least and qty != abs(account.quantity(ticket.symbol)) and _is_partial(ticket, qty):
        raise refused(f"cost basis must be >= minimal amount of order {least}")
    if ticket.is_crypto and cost > _LARGEST_COIN_ORDER:
        raise refused(f"notional must not be more than {_LARGEST_COIN_ORDER}")


def _is_partial(ticket: OrderTicket, qty: Decimal) -> bool:
    """Say whether the order is for coins, or for less than whole shares."""
    return ticket.is_crypto or qty != qty.to_integral_value()


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


def check_cash(cost: Decimal, available: Decimal, balance: Decimal) -> None:
    """Refuse to buy coins for more dollars than are there: they are never bought on margin."""
    if cost > available:
        raise _insufficient_balance("USD", cost, available, balance)


def _insufficient_balance(name: str, requested: Decimal, available: Decimal, balance: Decimal) -> Exception:
    return refused(
        f"insufficient balance for {name} (requested: {plain(requested)}, available: {plain(available)})",
        available=plain(available),
        balance=plain(balance),
        symbol=name,
    )
