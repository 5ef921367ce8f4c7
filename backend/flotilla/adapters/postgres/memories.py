"""What bots' states are folded from, read for many bots at once: after a restart all of them start."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import decisions, rows
from flotilla.db.tables import BotRow, FillRow, OrderRow, PositionRow
from flotilla.domain.fills import Fill
from flotilla.domain.orders import TERMINAL, TOUCHED, Order, Purpose
from flotilla.ports.store import BotMemory


async def read(session: AsyncSession, bot_ids: Sequence[str]) -> list[BotMemory]:
    """The memory of each bot, in the order of `bot_ids`. Raises LookupError for an unknown one."""
    known = {row.id: row for row in await _bots(session, bot_ids)}
    fills = await _fills(session, bot_ids)
    orders = await _open_orders(session, bot_ids)
    protected = await _protected(session, bot_ids)
    leaving = await _leaving(session, bot_ids)
    runs = await decisions.open_runs(session, bot_ids)
    return [
        BotMemory(
            capital=known[bot_id].capital,
            checkpoint=known[bot_id].checkpoint,
            fills=fills[bot_id],
            open_orders=orders[bot_id],
            protected=frozenset(protected[bot_id]),
            leaving=frozenset(leaving[bot_id]),
            decision_runs=runs[bot_id],
        )
        for bot_id in bot_ids
    ]


async def _bots(session: AsyncSession, bot_ids: Sequence[str]) -> Sequence[BotRow]:
    return (await session.scalars(select(BotRow).where(BotRow.id.in_(bot_ids)))).all()


async def _fills(session: AsyncSession, bot_ids: Sequence[str]) -> dict[str, list[Fill]]:
    """In the order in which they were booked."""
    found = await session.execute(
        select(FillRow, OrderRow)
        .join(OrderRow, OrderRow.id == FillRow.order_id)
        .where(FillRow.bot_id.in_(bot_ids))
        .order_by(FillRow.id)
    )
    fills: dict[str, list[Fill]] = defaultdict(list)
    for row, order in found:
        fills[row.bot_id].append(rows.fill(row, order))
    return fills


async def _open_orders(session: AsyncSession, bot_ids: Sequence[str]) -> dict[str, list[Order]]:
    found = await session.scalars(
        select(OrderRow)
        .where(OrderRow.bot_id.in_(bot_ids), OrderRow.status.not_in(TERMINAL))
        .order_by(OrderRow.id)
    )
    orders: dict[str, list[Order]] = defaultdict(list)
    for row in found:
        orders[row.bot_id].append(rows.order(row))
    return orders


async def _protected(session: AsyncSession, bot_ids: Sequence[str]) -> dict[str, list[str]]:
    """What is held with a stop or a target."""
    found = await session.execute(
        select(PositionRow.bot_id, PositionRow.symbol).where(
            PositionRow.bot_id.in_(bot_ids),
            PositionRow.is_open,
            PositionRow.stop_loss_price.is_not(None) | PositionRow.take_profit_price.is_not(None),
        )
    )
    return _symbols((bot_id, symbol) for bot_id, symbol in found)


async def _leaving(session: AsyncSession, bot_ids: Sequence[str]) -> dict[str, list[str]]:
    """What is held although the newest order decided for it was an exit: it did not happen.

    Not an exit of the engine's own protection: it may have been of one lot of several, and the
    checkpoint knows what was touched.
    """
    newest = (
        select(OrderRow.bot_id, OrderRow.symbol, OrderRow.purpose, OrderRow.decided_reason)
        .ext(distinct_on(OrderRow.bot_id, OrderRow.symbol))
        .where(OrderRow.bot_id.in_(bot_ids), OrderRow.parent_id.is_(None))
        .order_by(OrderRow.bot_id, OrderRow.symbol, OrderRow.id.desc())
        .subquery()
    )
    found = await session.execute(
        select(PositionRow.bot_id, PositionRow.symbol)
        .join(newest, (newest.c.bot_id == PositionRow.bot_id) & (newest.c.symbol == PositionRow.symbol))
        .where(
            PositionRow.is_open,
            newest.c.purpose == Purpose.EXIT,
            func.coalesce(newest.c.decided_reason, "").not_in(TOUCHED),
        )
    )
    return _symbols((bot_id, symbol) for bot_id, symbol in found)


def _symbols(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for bot_id, symbol in pairs:
        found[bot_id].append(symbol)
    return found
