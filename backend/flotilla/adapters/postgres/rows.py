"""Stored rows to domain values."""

from dataclasses import dataclass

from flotilla.db.tables import BotRow, FillRow, OrderRow, PositionRow
from flotilla.domain.bots import BotSpec, BotStatus, DesiredStatus, OnStop
from flotilla.domain.fills import Fill
from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose, Side
from flotilla.domain.positions import Position
from flotilla.domain.risk import ExitReason
from flotilla.ports.store import StoredBot
from flotilla.wire import rows as wire


@dataclass(frozen=True, slots=True)
class Definition:
    """A bot's definition, or why there is none."""

    spec: BotSpec | None
    problem: str | None


def order(row: OrderRow) -> Order:
    return Order(
        id=row.id,
        bot_id=row.bot_id,
        account_id=row.account_id,
        client_order_id=row.client_order_id,
        broker_order_id=row.broker_order_id,
        parent_id=row.parent_id,
        symbol=row.symbol,
        side=Side(row.side),
        type=OrderType(row.type),
        purpose=Purpose(row.purpose),
        quantity=row.quantity,
        limit_price=row.limit_price,
        stop_price=row.stop_price,
        take_profit_price=row.take_profit_price,
        stop_loss_price=row.stop_loss_price,
        status=OrderStatus(row.status),
        filled_quantity=row.filled_quantity,
        filled_average_price=row.filled_average_price,
        expected_price=row.expected_price,
        tau=row.tau,
        created_at=row.created_at,
        reason=row.reason,
        decided_reason=None if row.decided_reason is None else ExitReason(row.decided_reason),
        lot=row.lot,
        replaces_id=row.replaces_id,
    )


def fill(row: FillRow, order: OrderRow) -> Fill:
    """A fill of `order`."""
    return Fill(
        order_id=row.order_id,
        bot_id=row.bot_id,
        symbol=row.symbol,
        side=Side(row.side),
        purpose=Purpose(order.purpose),
        quantity=row.quantity,
        price=row.price,
        fee=row.fee,
        executed_at=row.executed_at,
        lot=order.lot,
        coin_fee=row.coin_fee,
    )


def position(row: PositionRow) -> Position:
    return Position(
        id=row.id,
        bot_id=row.bot_id,
        symbol=row.symbol,
        quantity=row.quantity,
        entry_price=row.entry_price,
        current_price=row.current_price,
        stop_loss_price=row.stop_loss_price,
        take_profit_price=row.take_profit_price,
        realized_pnl=row.realized_pnl,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


def write_position(value: Position, row: PositionRow) -> None:
    """Copy a domain position onto its row."""
    row.quantity = value.quantity
    row.entry_price = value.entry_price
    row.current_price = value.current_price
    row.stop_loss_price = value.stop_loss_price
    row.take_profit_price = value.take_profit_price
    row.unrealized_pnl = value.unrealized_pnl
    row.realized_pnl = value.realized_pnl
    row.opened_at = value.opened_at
    row.closed_at = value.closed_at
    row.is_open = value.is_open


def definition(row: BotRow) -> Definition:
    """What a stored bot is to do; a definition that can no longer be read is told, not raised."""
    try:
        return Definition(wire.spec(row), None)
    except ValueError as error:
        return Definition(None, f"The stored definition cannot be read: {error}")


def bot(row: BotRow, defined: Definition, *, holds: bool) -> StoredBot:
    """A stored bot without its checkpoint, which is its memory's."""
    return StoredBot(
        id=row.id,
        name=row.name,
        status=BotStatus(row.status),
        desired_status=DesiredStatus(row.desired_status),
        on_stop=OnStop(row.on_stop),
        version=row.version,
        spec=defined.spec,
        spec_error=defined.problem,
        checkpoint={},
        holds=holds,
        failures=row.failures,
        next_attempt_at=row.next_attempt_at,
        protection_version=row.protection_version,
    )
