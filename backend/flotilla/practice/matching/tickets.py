"""Orders out of tickets: the entry, its legs, and the order that replaces another."""

import copy
import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flotilla.practice.errors import unprocessable
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.changes import Sequence
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


def order_of(
    ticket: OrderTicket, account: Account, sequence: Sequence, now: datetime, expires_at: datetime
) -> Order:
    """Make the order (the entry, when it has legs) that `ticket` asks for."""
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
        position_intent=_intent(account, ticket),
        qty=ticket.qty,
        limit_price=ticket.limit_price,
        stop_price=ticket.stop_price,
        extended_hours=ticket.extended_hours,
        status=OrderStatus.PENDING_NEW,
        created_at=now,
        submitted_at=now,
        updated_at=now,
        expires_at=expires_at,
    )


def legs_of(entry: Order, ticket: OrderTicket, sequence: Sequence) -> list[Order]:
    """Make the held legs of `entry`: the target, then the stop."""
    legs = []
    if ticket.take_profit is not None:
        legs.append(_leg(entry, sequence, OrderType.LIMIT, limit_price=ticket.take_profit))
    if ticket.stop_loss is not None:
        legs.append(_leg(entry, sequence, OrderType.STOP, stop_price=ticket.stop_loss))
    return legs


def _leg(
    entry: Order,
    sequence: Sequence,
    order_type: OrderType,
    limit_price: Decimal | None = None,
    stop_price: Decimal | None = None,
) -> Order:
    leg = copy.copy(entry)
    leg.id = sequence.next_id()
    leg.seq = sequence.value
    leg.client_order_id = _client_order_id(leg.id)
    leg.is_leg = True
    leg.side = entry.side.opposite
    leg.type = order_type
    leg.position_intent = f"{leg.side.value}_to_close"
    leg.limit_price, leg.stop_price = limit_price, stop_price
    leg.reserve_price = Decimal(0)
    leg.status = OrderStatus.HELD
    return leg


def _intent(account: Account, ticket: OrderTicket) -> str:
    closes = account.quantity(ticket.symbol) * ticket.side.sign < 0
    return f"{ticket.side.value}_to_{'close' if closes else 'open'}"


def _client_order_id(order_id: str) -> str:
    return str(uuid.uuid5(uuid.UUID(order_id), "client_order_id"))


def replacement_of(old: Order, replacement: Replacement, sequence: Sequence, now: datetime) -> Order:
    """Make the order that takes the place of `old`; raises ApiError when it may not."""
    new = copy.copy(old)
    new.qty = replacement.qty if replacement.qty is not None else old.qty
    new.limit_price = _changed_price("limit_price", old.limit_price, replacement.limit_price)
    new.stop_price = _changed_price("stop_price", old.stop_price, replacement.stop_price)
    new.time_in_force = replacement.time_in_force or old.time_in_force
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


def _check_changes(old: Order, new: Order) -> None:
    changed = (
        new.qty != old.qty
        or new.limit_price != old.limit_price
        or new.stop_price != old.stop_price
        or new.time_in_force is not old.time_in_force
    )
    if not changed:
        raise unprocessable("order parameters are not changed")
    if new.qty != old.qty and old.order_class is not OrderClass.SIMPLE:
        raise unprocessable("qty cannot be changed for advanced orders")
    if new.qty != old.qty and any(q != q.to_integral_value() for q in (new.qty, old.qty)):
        raise unprocessable("fractional orders cannot change their qty")
    if new.qty <= old.filled_qty:
        raise unprocessable("qty must be > filled_qty")
