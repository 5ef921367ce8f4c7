"""Orders that take each other's place at the broker, and what of a position's protection is on record."""

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import OrderRow, PositionRow, new_id
from flotilla.domain.orders import TERMINAL, OrderStatus, Purpose
from flotilla.ports.broker import BrokerOrder


async def adopted(session: AsyncSession, report: BrokerOrder) -> OrderRow | None:
    """A row for an order that took the place of one of ours, by another hand than the engine's."""
    if report.replaces is None:
        return None
    before = await session.scalar(
        select(OrderRow).where(OrderRow.broker_order_id == report.replaces).with_for_update()
    )
    if before is None:
        return None
    row = OrderRow(
        id=new_id(),
        bot_id=before.bot_id,
        account_id=before.account_id,
        client_order_id=report.client_order_id,
        broker_order_id=report.broker_order_id,
        parent_id=before.parent_id,
        replaces_id=before.id,
        lot=before.lot,
        bot_version=before.bot_version,
        symbol=before.symbol,
        side=before.side,
        type=before.type,
        purpose=before.purpose,
        quantity=before.quantity - before.filled_quantity,
        limit_price=report.limit_price,
        stop_price=report.stop_price,
        take_profit_price=before.take_profit_price,
        stop_loss_price=before.stop_loss_price,
        status=OrderStatus.PENDING_NEW,
        expected_price=report.limit_price or report.stop_price,
        indicators_snapshot=before.indicators_snapshot,
        tau=before.tau,
        decided_reason=before.decided_reason,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


async def unknown_successor(session: AsyncSession, row: OrderRow, report: BrokerOrder) -> str | None:
    """The broker's id of the order that took this one's place, unless we know it or have sent it."""
    if report.replaced_by is None:
        return None
    sent = (OrderRow.replaces_id == row.id) & OrderRow.broker_order_id.is_(None)
    under_way = sent & OrderRow.status.not_in(TERMINAL)
    known = await session.scalar(
        select(exists().where((OrderRow.broker_order_id == report.replaced_by) | under_way))
    )
    return None if known else report.replaced_by


async def pass_on(session: AsyncSession, row: OrderRow, quantity: Decimal) -> None:
    """What an order fills while another takes its place, that one will not fill any more."""
    following = await session.scalars(
        select(OrderRow)
        .where(OrderRow.replaces_id == row.id, OrderRow.status.not_in(TERMINAL))
        .with_for_update()
    )
    for later in following:
        if later.quantity > quantity:
            later.quantity -= quantity
    await session.flush()


def own_filled(row: OrderRow, report: BrokerOrder) -> Decimal:
    """What the report counts as filled, without what was filled of the order whose place it took."""
    if row.replaces_id is None:
        return report.filled_quantity
    carried = max(report.quantity - row.quantity, Decimal(0))
    return max(report.filled_quantity - carried, Decimal(0))


async def nearest_protection(
    session: AsyncSession, position: PositionRow, entry: OrderRow | None = None
) -> tuple[Decimal | None, Decimal | None]:
    """The stop and the target (USD) that the price reaches first, of all open legs of a position.

    `entry` has just been filled: its legs may not have been told of yet.
    """
    legs = await session.execute(
        select(OrderRow.purpose, OrderRow.stop_price, OrderRow.limit_price).where(
            OrderRow.bot_id == position.bot_id,
            OrderRow.symbol == position.symbol,
            OrderRow.purpose.in_((Purpose.STOP_LOSS, Purpose.TAKE_PROFIT)),
            OrderRow.broker_order_id.is_not(None),
            OrderRow.status.not_in(TERMINAL),
        )
    )
    rows = legs.all()
    stops = [stop for purpose, stop, _ in rows if purpose == Purpose.STOP_LOSS]
    targets = [limit for purpose, _, limit in rows if purpose == Purpose.TAKE_PROFIT]
    if entry is not None:
        stops.append(entry.stop_loss_price)
        targets.append(entry.take_profit_price)
    (low_stop, high_stop), (low_target, high_target) = _ends(stops), _ends(targets)
    return (high_stop, low_target) if position.quantity > 0 else (low_stop, high_target)


def _ends(prices: Iterable[Decimal | None]) -> tuple[Decimal | None, Decimal | None]:
    """The lowest and the highest of the prices that there are."""
    known = [price for price in prices if price is not None]
    return min(known, default=None), max(known, default=None)
