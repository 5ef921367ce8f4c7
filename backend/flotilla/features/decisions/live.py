"""What live trading of a bot did, as parity reports compare it: decisions, fills, orders."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import DecisionRow, OrderRow, TradeRow
from flotilla.domain.orders import OrderStatus, Side
from flotilla.research.parity.decisions import RecordedRun
from flotilla.research.parity.evidence import LiveOrder
from flotilla.research.parity.fills import Timed, live_fill

_LONGEST = timedelta(days=60)  # that an order may have been open


async def runs(session: AsyncSession, bot_id: str, first: datetime, end: datetime) -> list[RecordedRun]:
    found = await session.scalars(
        select(DecisionRow)
        .where(DecisionRow.bot_id == bot_id, DecisionRow.last_tau >= first, DecisionRow.first_tau <= end)
        .order_by(DecisionRow.id)
    )
    return [
        RecordedRun(
            row.symbol,
            row.outcome,
            row.refusal,
            int(row.first_tau.timestamp()),
            int(row.last_tau.timestamp()),
            row.count,
            row.began.get("numbers", {}),
            row.numbers,
        )
        for row in found
    ]


async def fills(session: AsyncSession, bot_id: str, first: datetime, end: datetime) -> list[Timed]:
    found = await session.execute(
        select(TradeRow, OrderRow.tau, OrderRow.decided_reason)
        .join(OrderRow, OrderRow.id == TradeRow.order_id)
        .where(TradeRow.bot_id == bot_id, TradeRow.timestamp >= first, TradeRow.timestamp <= end)
        .order_by(TradeRow.timestamp, TradeRow.id)
    )
    return [
        live_fill(
            at=row.timestamp.astimezone(UTC),
            tau=tau.astimezone(UTC),
            symbol=row.symbol,
            side=row.type,
            purpose=row.purpose,
            quantity=row.quantity,
            price=row.price,
            reason=reason or "",
        )
        for row, tau, reason in found
    ]


async def orders(session: AsyncSession, bot_id: str, first: datetime, end: datetime) -> list[LiveOrder]:
    """Those decided in the session, and those that were open in it."""
    found = await session.scalars(
        select(OrderRow)
        .where(OrderRow.bot_id == bot_id, OrderRow.tau <= end)
        .where(OrderRow.tau > first - _LONGEST)
        .order_by(OrderRow.id)
    )
    return [
        LiveOrder(
            tau=row.tau,
            symbol=row.symbol,
            purpose=row.purpose,
            status=OrderStatus(row.status),
            quantity=row.quantity,
            filled=row.filled_quantity or Decimal(0),
            price=row.filled_average_price,
            expected=row.expected_price,
            sign=1 if row.side == Side.BUY else -1,
            moved=row.stop_price is not None and row.stop_price != row.expected_price,
        )
        for row in found
    ]
