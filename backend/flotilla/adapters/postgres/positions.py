"""What a fill does to a position's row, and the stop and target that are on record with it."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import replacements, rows
from flotilla.db import outbox
from flotilla.db.tables import BotRow, OrderRow, PositionRow, new_id
from flotilla.domain.fills import Fill
from flotilla.domain.orders import Purpose
from flotilla.domain.positions import opened, profit
from flotilla.ports.store import FillOutOfOrder
from flotilla.wire import rows as wire


async def open_position(session: AsyncSession, order: OrderRow) -> PositionRow | None:
    """The open position of an order's bot and symbol, locked."""
    found: PositionRow | None = await session.scalar(
        select(PositionRow)
        .where(PositionRow.bot_id == order.bot_id, PositionRow.symbol == order.symbol, PositionRow.is_open)
        .with_for_update()
    )
    return found


async def book_fill(
    session: AsyncSession, bot: BotRow, order: OrderRow, row: PositionRow | None, fill: Fill
) -> Decimal:
    """Open, change or close the position; returns what the fill realised (USD, net of its fee)."""
    _check_order(row, fill)
    if row is None:
        value = opened(new_id(), fill)
        row = PositionRow(id=value.id, bot_id=bot.id, symbol=fill.symbol, lots=1)
        session.add(row)
        earned = -fill.cost
    else:
        before = rows.position(row)
        value = before.apply(fill)
        earned = profit(before.entry_price, fill) if before.is_reduced_by(fill) else -fill.cost
    rows.write_position(value, row)
    if row.is_open:
        await _protect(session, row, order if fill.purpose is Purpose.ENTRY else None)
    await _tell_position(session, row, bot)
    return earned


def _check_order(row: PositionRow | None, fill: Fill) -> None:
    """An entry opens or adds, everything else closes: a position never flips through zero."""
    held = Decimal(0) if row is None else row.quantity
    if fill.purpose is Purpose.ENTRY:
        if held * fill.signed_quantity < 0:
            raise FillOutOfOrder(f"{fill.symbol} was opened anew before its closing was booked")
    elif held * fill.signed_quantity >= 0 or fill.quantity > abs(held):
        raise FillOutOfOrder(f"{fill.symbol} was closed before its opening was booked")


async def _protect(session: AsyncSession, row: PositionRow, entry: OrderRow | None) -> None:
    """Keep the nearest stop and target with the position; what was promised is never forgotten."""
    await session.flush()
    stop, target = await replacements.nearest_protection(session, row, entry)
    row.stop_loss_price = row.stop_loss_price if stop is None else stop
    row.take_profit_price = row.take_profit_price if target is None else target


async def show_protection(session: AsyncSession, order: OrderRow) -> None:
    """A stop has moved, and its position's on record with it."""
    row = await open_position(session, order)
    if row is None:
        return
    known = row.stop_loss_price, row.take_profit_price
    await _protect(session, row, None)
    if known != (row.stop_loss_price, row.take_profit_price):
        await _tell_position(session, row, await session.get_one(BotRow, order.bot_id))


async def _tell_position(session: AsyncSession, row: PositionRow, bot: BotRow) -> None:
    await session.flush()
    payload = wire.position(row, bot.name).model_dump(mode="json")
    await outbox.add_event(session, type="position_updated", bot_id=bot.id, payload={"position": payload})
