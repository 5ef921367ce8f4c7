"""The account's own orders: each closes what a finding found; what they trade is no bot's."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import AccountOrderRow, FindingRow, UnmanagedRow, new_id
from flotilla.domain.orders import TERMINAL, Order, OrderStatus, OrderType, Purpose, Side
from flotilla.domain.reconciliation import CASH
from flotilla.ports.broker import BrokerOrder

_NOT_AGAIN_FOR = timedelta(minutes=1)  # wall time


def write(session: AsyncSession, finding: FindingRow) -> None:
    """Write the order that closes a finding, before its request; one finding has one."""
    session.add(
        AccountOrderRow(
            id=new_id(),
            account_id=finding.account_id,
            finding_id=finding.id,
            client_order_id=f"flatten-{finding.id}",
            symbol=finding.symbol,
            side=Side.SELL if finding.quantity > 0 else Side.BUY,
            quantity=abs(finding.quantity),
            status=OrderStatus.PENDING_SUBMIT,
        )
    )


async def write_closing(session: AsyncSession, account_id: str, symbols: Collection[str]) -> bool:
    """Write the orders that close what is no bot's of these symbols; whether any was written."""
    pending = (
        select(AccountOrderRow.symbol)
        .where(AccountOrderRow.account_id == account_id)
        .where(
            AccountOrderRow.status.not_in(TERMINAL)
            | (AccountOrderRow.created_at > func.now() - _NOT_AGAIN_FOR)
        )
    )
    found = await session.scalars(
        select(UnmanagedRow)
        .where(
            UnmanagedRow.account_id == account_id,
            UnmanagedRow.symbol.in_(symbols),
            UnmanagedRow.symbol.not_in(pending),
            UnmanagedRow.quantity != 0,
        )
        .order_by(UnmanagedRow.symbol)
        .with_for_update()
    )
    holdings = found.all()
    for held in holdings:
        key = new_id()
        session.add(
            AccountOrderRow(
                id=key,
                account_id=account_id,
                client_order_id=f"close-{key}",
                symbol=held.symbol,
                side=Side.SELL if held.quantity > 0 else Side.BUY,
                quantity=abs(held.quantity),
                status=OrderStatus.PENDING_SUBMIT,
            )
        )
    return bool(holdings)


async def open_ones(session: AsyncSession, account_id: str) -> Sequence[Order]:
    """Those not known to be done, oldest first."""
    found = await session.scalars(
        select(AccountOrderRow)
        .where(AccountOrderRow.account_id == account_id, AccountOrderRow.status.not_in(TERMINAL))
        .order_by(AccountOrderRow.id)
    )
    return [_order(row) for row in found]


async def book(
    session: AsyncSession, order: Order, report: BrokerOrder | None, reason: str | None
) -> Mapping[str, Decimal]:
    """Take note of where an order stands; what its newest fills moved, by symbol and `CASH`.

    Idempotent: the report's filled quantity and average price are totals.
    """
    row = await session.get_one(AccountOrderRow, order.id, with_for_update=True)
    if report is None:
        row.status, row.reason = OrderStatus.NOT_SENT, reason or "The broker never received it."
        return {}
    row.broker_order_id, row.status = report.broker_order_id, report.status
    row.reason = reason or report.reason
    if report.filled_quantity <= row.filled_quantity:
        return {}
    sign = 1 if row.side == Side.BUY else -1
    cash = -sign * report.filled_quantity * (report.filled_average_price or Decimal(0))
    moved = {
        row.symbol: sign * (report.filled_quantity - row.filled_quantity),
        CASH: cash - row.filled_cash,
    }
    row.filled_quantity, row.filled_cash = report.filled_quantity, cash
    return moved


def _order(row: AccountOrderRow) -> Order:
    return Order(
        id=row.id,
        bot_id="",
        account_id=row.account_id,
        client_order_id=row.client_order_id,
        broker_order_id=row.broker_order_id,
        parent_id=None,
        symbol=row.symbol,
        side=Side(row.side),
        type=OrderType.MARKET,
        purpose=Purpose.FLATTEN,
        quantity=row.quantity,
        limit_price=None,
        stop_price=None,
        take_profit_price=None,
        stop_loss_price=None,
        status=OrderStatus(row.status),
        filled_quantity=row.filled_quantity,
        filled_average_price=None,
        expected_price=None,
        tau=row.created_at,
        created_at=row.created_at,
        reason=row.reason,
    )
