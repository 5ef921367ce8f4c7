"""What is written of an order between its row and its request: that it waits, and that it is cut in two."""

from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import rows
from flotilla.db.tables import BotRow, OrderEventRow, OrderRow, PositionRow, UnmanagedRow, new_id
from flotilla.domain.orders import Order, OrderStatus, second_part

_COPIED = (
    "bot_id",
    "account_id",
    "bot_version",
    "symbol",
    "side",
    "type",
    "purpose",
    "limit_price",
    "stop_price",
    "take_profit_price",
    "stop_loss_price",
    "expected_price",
    "indicators_snapshot",
    "tau",
    "decided_reason",
)


async def split(session: AsyncSession, order_id: str, quantity: Decimal) -> tuple[Order, Order] | None:
    """See `ports.store.EngineStore.split_order`."""
    row = await session.get_one(OrderRow, order_id, with_for_update=True)
    if row.status != OrderStatus.PENDING_SUBMIT or row.broker_order_id is not None:
        return None
    rest = OrderRow(
        id=new_id(),
        client_order_id=second_part(row.client_order_id),
        quantity=row.quantity - quantity,
        filled_quantity=Decimal(0),
        status=OrderStatus.PENDING_SUBMIT,
        **{name: getattr(row, name) for name in _COPIED},
    )
    row.quantity = quantity
    session.add(rest)
    await session.flush()
    why = "OPPOSED: it crosses zero at the account; the broker takes no order through it."
    await note(session, row.id, why)
    await note(session, rest.id, why)
    await session.refresh(rest)
    return rows.order(row), rows.order(rest)


async def note(session: AsyncSession, order_id: str, detail: str) -> None:
    """See `ports.store.EngineStore.note_order`."""
    status = await session.scalar(select(OrderRow.status).where(OrderRow.id == order_id))
    session.add(
        OrderEventRow(order_id=order_id, from_status=status, to_status=status, source="engine", detail=detail)
    )


async def net_quantity(session: AsyncSession, account_id: str, symbol: str) -> Decimal:
    """See `ports.store.EngineStore.net_quantity`."""
    held = await session.scalar(
        select(func.coalesce(func.sum(PositionRow.quantity), 0))
        .join(BotRow, BotRow.id == PositionRow.bot_id)
        .where(BotRow.account_id == account_id, PositionRow.symbol == symbol, PositionRow.is_open)
    )
    unmanaged = await session.scalar(
        select(UnmanagedRow.quantity).where(
            UnmanagedRow.account_id == account_id, UnmanagedRow.symbol == symbol
        )
    )
    return Decimal(held or 0) + (unmanaged or Decimal(0))
