"""Orders out of tickets: the entry, its legs, and the order that replaces another."""

import copy
import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flotilla.practice.errors import unprocessable
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.changes import Sequence
from flotilla.practice.matching.checks import check_increment, check_time_in_force
from flotilla.practice.matching.fill_model import move_trail
from flotilla.practice.matching.orders import (
    Order,
    OrderClass,
    OrderStatus,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a PATCH changes; None leaves the value as it is."""

    qty: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None
    trail: Decimal | None = None


def order_of(
    ticket: OrderTicket,
    qty: Decimal,
    account: Account,
    sequence: Sequence,
    now: datetime,
    expires_at: datetime,
) -> Order:
    """Make the order (the entry, or the target of an OCO, when it has legs) that `ticket` asks for."""
    is_oco = ticket.order_class is OrderClass.OCO
    order_id = sequence.next_id()
    return Order(
        id=order_id,
        account_id=account.id,
        seq=sequence.value,
        client_order_id=ticket.client_order_id or _client_order_id(order_id),
        root_id=order_id,
        is_leg=False,
        symbol=ticket.symbol,
        side=ticket.side,
        type=ticket.type,
        time_in_force=ticket.time_in_force,
        order_class=ticket.order_class,
        position_intent=inferred_intent(account, ticket),
        qty=qty,
        limit_price=ticket.take_profit if is_oco else ticket.limit_price,
        stop_price=ticket.stop_price,
        extended_hours=ticket.extended_hours,
        status=OrderStatus.PENDING_NEW,
        created_at=now,
        submitted_at=now,
        updated_at=now,
        expires_at=expires_at,
        notional=ticket.notional,
        trail_price=ticket.trail_price,
        trail_percent=ticket.trail_percent,
    )


def legs_of(order: Order, ticket: OrderTicket, sequence: Sequence) -> list[Order]:
    """Make the legs of `order`: the held target and stop of an entry, the stop of an OCO."""
    is_oco = ticket.order_class is OrderClass.OCO
    legs = []
    if ticket.take_profit is not None and not is_oco:
        legs.append(_leg(order, sequence, OrderType.LIMIT, limit_price=ticket.take_profit))
    if ticket.stop_loss is not None:
        limit = ticket.stop_loss_limit
        kind = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
        legs.append(_leg(order, sequence, kind, limit_price=limit, stop_price=ticket.stop_loss))
    return legs


def _leg(
    order: Order,
    sequence: Sequence,
    order_type: OrderType,
    limit_price: Decimal | None = None,
    stop_price: Decimal | None = None,
) -> Order:
    leg = copy.copy(order)
    leg.id = sequence.next_id()
    leg.seq = sequence.value
    leg.client_order_id = _client_order_id(leg.id)
    leg.is_leg = True
    leg.type = order_type
    leg.limit_price, leg.stop_price = limit_price, stop_price
    leg.reserve_price = Decimal(0)
    if order.order_class is not OrderClass.OCO:
        leg.side = order.side.opposite
        leg.position_intent = f"{leg.side.value}_to_close"
        leg.status = OrderStatus.HELD
    return leg


def inferred_intent(account: Account, ticket: OrderTicket) -> str:
    """Return what the order would do to the position: buy_to_open, sell_to_close and so on."""
    closes = account.quantity(ticket.symbol) * ticket.side.sign < 0
    return f"{ticket.side.value}_to_{'close' if closes else 'open'}"


def _client_order_id(order_id: str) -> str:
    return str(uuid.uuid5(uuid.UUID(order_id), "client_order_id"))


def replacement_of(old: Order, replacement: Replacement, sequence: Sequence, now: datetime) -> Order:
    """Make the order that takes the place of `old`; raises ApiError when it may not."""
    new = copy.copy(old)
    new.qty = replacement.qty if replacement.qty is not None else old.qty
    new.limit_price = _changed_price("limit_price", old.limit_price, replacement.limit_price)
    if old.type is not OrderType.TRAILING_STOP:
        new.stop_price = _changed_price("stop_price", old.stop_price, replacement.stop_price)
    new.time_in_force = replacement.time_in_force or old.time_in_force
    check_time_in_force(new)
    _change_trail(new, replacement.trail)
    for name in ("limit_price", "stop_price"):
        check_increment(name, getattr(replacement, name), old.is_crypto)
    _check_changes(old, new)
    new.id = sequence.next_id()
    new.seq = sequence.value
    if old.order_class is OrderClass.SIMPLE:
        new.root_id = new.id
    new.client_order_id = replacement.client_order_id or _client_order_id(new.id)
    new.replaces = old.id
    new.created_at = new.submitted_at = new.updated_at = now
    if new.opens_position and new.side is Side.BUY:
        new.reserve_price = new.limit_price or new.stop_price or old.reserve_price
    return new


def _changed_price(name: str, old: Decimal | None, new: Decimal | None) -> Decimal | None:
    if new is not None and old is None:
        raise unprocessable(f"order has no {name} to replace")
    return old if new is None else new


def _change_trail(new: Order, trail: Decimal | None) -> None:
    """Change the distance of a trailing stop, in the unit that it was given in."""
    if trail is None:
        return
    if new.type is not OrderType.TRAILING_STOP:
        raise unprocessable("order has no trail to replace")
    if new.trail_price is not None:
        check_increment("trail_price", trail, new.is_crypto)
        new.trail_price = trail
    else:
        new.trail_percent = trail
    if new.hwm is not None:
        move_trail(new, new.hwm)


_CHANGEABLE = ("qty", "limit_price", "stop_price", "time_in_force", "trail_price", "trail_percent")


def _check_changes(old: Order, new: Order) -> None:
    if old.notional is not None:
        raise unprocessable("notional orders cannot be replaced")
    if old.order_class is OrderClass.OTO and not old.is_leg:
        raise unprocessable("oto orders cannot be replaced")
    if all(getattr(new, name) == getattr(old, name) for name in _CHANGEABLE):
        raise unprocessable("order parameters are not changed")
    if new.qty != old.qty and old.order_class is not OrderClass.SIMPLE:
        raise unprocessable("qty cannot be changed for advanced orders")
    if new.qty != old.qty and any(q != q.to_integral_value() for q in (new.qty, old.qty)):
        raise unprocessable("fractional orders cannot change their qty")
    if new.qty <= old.filled_qty:
        raise unprocessable("qty must be > filled_qty")
