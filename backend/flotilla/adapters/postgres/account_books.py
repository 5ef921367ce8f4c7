"""What is no bot's, and what differs from the broker, in PostgreSQL: each method is one transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import account_orders, assignment, rows
from flotilla.db import outbox
from flotilla.db.tables import (
    AccountOrderRow,
    BotRow,
    BrokerHoldingsRow,
    FillRow,
    FindingRow,
    OrderRow,
    PositionRow,
    UnmanagedOrderRow,
    UnmanagedRow,
)
from flotilla.domain.orders import Order
from flotilla.domain.reconciliation import CASH, Books, Cause, Difference, Finding, Remedy
from flotilla.ports.account_books import Known, Look
from flotilla.ports.broker import BrokerOrder
from flotilla.ports.store import Booked
from flotilla.wire.alerts import AlertOut

# Activities without a time of day are asked for anew for as long.
_EXPLAINED_FOR = timedelta(days=2)
_CENT = Decimal("0.01")
Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]


class PostgresAccountBooks:
    """`ports.account_books.AccountBooks`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def read(self, account_id: str) -> Books:
        async with self._transaction() as session:
            held = await session.execute(
                select(PositionRow.symbol, func.sum(PositionRow.quantity))
                .join(BotRow, BotRow.id == PositionRow.bot_id)
                .where(BotRow.account_id == account_id, PositionRow.is_open)
                .group_by(PositionRow.symbol)
            )
            # A change of capital is a transfer between the account and the bot, and no dollar moves.
            traded = await session.scalar(
                select(func.coalesce(func.sum(BotRow.cash - BotRow.capital), 0)).where(
                    BotRow.account_id == account_id
                )
            )
            unmanaged = await session.execute(
                select(UnmanagedRow.symbol, UnmanagedRow.quantity).where(
                    UnmanagedRow.account_id == account_id
                )
            )
            findings = await session.scalars(
                select(FindingRow)
                .where(FindingRow.account_id == account_id, FindingRow.resolved_at.is_(None))
                .order_by(FindingRow.id)
            )
            return Books(
                held=dict(iter(held.all())),
                traded_cash=Decimal(traded or 0),
                unmanaged=dict(iter(unmanaged.all())),
                findings=[_finding(row) for row in findings],
            )

    async def meet(
        self, account_id: str, unmanaged: Mapping[str, Decimal], orders: Collection[BrokerOrder]
    ) -> None:
        async with self._transaction() as session:
            await _add(session, account_id, {CASH: Decimal(0)} | dict(unmanaged))
            for order in orders:
                session.add(
                    UnmanagedOrderRow(
                        broker_order_id=order.broker_order_id, account_id=account_id, symbol=order.symbol
                    )
                )

    async def looked(self, account_id: str, look: Look) -> None:
        async with self._transaction() as session:
            row = await _holdings(session, account_id)
            row.held = {symbol: f"{quantity:f}" for symbol, quantity in look.held.items()}
            row.looked_at = func.now()
            if look.as_of is not None:
                row.as_of = look.as_of
            await _explain(session, account_id, look.explained)

    async def last_look(self, account_id: str) -> Look | None:
        async with self._transaction() as session:
            row = await session.get(BrokerHoldingsRow, account_id)
            if row is None:
                return None
            held = {symbol: Decimal(quantity) for symbol, quantity in row.held.items()}
            explained = {key: datetime.fromisoformat(at) for key, at in row.explained.items()}
            return Look(held, row.as_of, explained)

    async def known(self, account_id: str, broker_order_ids: Collection[str]) -> Known:
        async with self._transaction() as session:
            ours = await session.scalars(
                select(OrderRow).where(OrderRow.broker_order_id.in_(broker_order_ids))
            )
            own = await session.scalars(
                select(AccountOrderRow.broker_order_id).where(
                    AccountOrderRow.broker_order_id.in_(broker_order_ids)
                )
            )
            before = await session.scalars(
                select(UnmanagedOrderRow.broker_order_id).where(UnmanagedOrderRow.account_id == account_id)
            )
            booked = await session.execute(
                select(FillRow.broker_order_id, FillRow.cumulative_quantity).where(
                    FillRow.broker_order_id.in_(broker_order_ids)
                )
            )
            return Known(
                ours={row.broker_order_id or "": rows.order(row) for row in ours},
                accounts_own=frozenset(key for key in own if key is not None),
                unmanaged=frozenset(before),
                booked=frozenset((key, cumulative) for key, cumulative in booked),
            )

    async def adopt(
        self, account_id: str, moved: Mapping[str, Decimal], explained: Mapping[str, datetime]
    ) -> None:
        async with self._transaction() as session:
            await _add(session, account_id, moved)
            if explained:
                await _explain(session, account_id, explained)

    async def record(self, account_id: str, difference: Difference, remedy: Remedy | None = None) -> None:
        async with self._transaction() as session:
            row = await session.scalar(
                select(FindingRow)
                .where(
                    FindingRow.account_id == account_id,
                    FindingRow.symbol == difference.symbol,
                    FindingRow.resolved_at.is_(None),
                )
                .with_for_update()
            )
            if row is None or remedy is not None:
                row = FindingRow(account_id=account_id, symbol=difference.symbol, **_columns(difference))
                session.add(row)
            else:
                row.quantity += difference.quantity
                row.cash += difference.cash
                row.cause = difference.cause if row.cause == difference.cause else Cause.UNKNOWN
                row.detail = f"{row.detail} {difference.detail}"[:2000]
                row.remedy = row.problem = None
                if not row.quantity and abs(row.cash) < _CENT:
                    remedy = Remedy.GONE
            await session.flush()
            if remedy is not None:
                await _close(session, row, remedy)
            await _tell(session, row)

    async def resolve(self, finding: Finding, remedy: Remedy) -> None:
        async with self._transaction() as session:
            row = await session.get_one(FindingRow, finding.id, with_for_update=True)
            if row.resolved_at is None:
                await _close(session, row, remedy)
                await _tell(session, row)

    async def refuse(self, finding: Finding, problem: str) -> None:
        async with self._transaction() as session:
            row = await session.get_one(FindingRow, finding.id, with_for_update=True)
            row.remedy, row.problem = None, problem
            await _tell(session, row)

    async def assign(self, account_id: str, finding: Finding) -> Booked:
        async with self._transaction() as session:
            row = await session.get_one(FindingRow, finding.id, with_for_update=True)
            booked = await assignment.assign(session, row)
            await _close(session, row, Remedy.ASSIGN)
            await _tell(session, row)
            return booked

    async def flatten(self, account_id: str, finding: Finding) -> None:
        async with self._transaction() as session:
            row = await session.get_one(FindingRow, finding.id, with_for_update=True)
            if row.resolved_at is not None:
                return
            account_orders.write(session, row)
            await _close(session, row, Remedy.FLATTEN)
            await _tell(session, row)

    async def close_unmanaged(self, account_id: str, symbols: Collection[str]) -> bool:
        async with self._transaction() as session:
            return await account_orders.write_closing(session, account_id, symbols)

    async def account_orders(self, account_id: str) -> Sequence[Order]:
        async with self._transaction() as session:
            return await account_orders.open_ones(session, account_id)

    async def account_order_is(
        self, order: Order, report: BrokerOrder | None, *, reason: str | None = None
    ) -> None:
        async with self._transaction() as session:
            moved = await account_orders.book(session, order, report, reason)
            await _add(session, order.account_id, moved)


def _finding(row: FindingRow) -> Finding:
    return Finding(
        id=row.id,
        symbol=row.symbol,
        cause=Cause(row.cause),
        quantity=row.quantity,
        cash=row.cash,
        detail=row.detail,
        remedy=None if row.remedy is None else Remedy(row.remedy),
        bot_id=row.bot_id,
        problem=row.problem,
    )


def _columns(difference: Difference) -> dict[str, object]:
    return {
        "cause": difference.cause,
        "quantity": difference.quantity,
        "cash": difference.cash,
        "detail": difference.detail,
    }


async def _holdings(session: AsyncSession, account_id: str) -> BrokerHoldingsRow:
    row = await session.get(BrokerHoldingsRow, account_id, with_for_update=True)
    if row is None:
        row = BrokerHoldingsRow(account_id=account_id, held={}, explained={})
        session.add(row)
    return row


async def _explain(session: AsyncSession, account_id: str, explained: Mapping[str, datetime]) -> None:
    row = await _holdings(session, account_id)
    known = {**row.explained, **{key: at.isoformat() for key, at in explained.items()}}
    if row.as_of is not None:
        oldest = row.as_of - _EXPLAINED_FOR
        known = {key: at for key, at in known.items() if datetime.fromisoformat(at) > oldest}
    row.explained = known
    await session.flush()


async def _close(session: AsyncSession, row: FindingRow, remedy: Remedy) -> None:
    row.remedy, row.problem, row.resolved_at = remedy, None, func.now()
    await session.flush()
    await session.refresh(row)
    if remedy in (Remedy.ADOPT, Remedy.FLATTEN):
        quantity = {} if row.symbol == CASH else {row.symbol: row.quantity}
        await _add(session, row.account_id, {**quantity, CASH: row.cash})


async def _add(session: AsyncSession, account_id: str, moved: Mapping[str, Decimal]) -> None:
    for symbol, quantity in sorted(moved.items()):
        given = insert(UnmanagedRow).values(account_id=account_id, symbol=symbol, quantity=quantity)
        await session.execute(
            given.on_conflict_do_update(
                index_elements=["account_id", "symbol"],
                set_={"quantity": UnmanagedRow.quantity + quantity, "updated_at": func.now()},
            )
        )


async def _tell(session: AsyncSession, row: FindingRow) -> None:
    """Tell the browsers of a finding: what differs, and what became of it."""
    await session.flush()
    await session.refresh(row)
    resolved = row.resolved_at is not None
    alert = AlertOut(
        code=f"RECONCILIATION_{'RESOLVED' if resolved else 'FINDING'}",
        severity="info" if resolved else "warning",
        account_id=row.account_id,
        text=row.problem or row.detail,
        at=row.resolved_at or row.opened_at,
        symbol=None if row.symbol == CASH else row.symbol,
        finding_id=row.id,
    )
    await outbox.add_event(
        session, type="alert", bot_id=row.bot_id, payload={"alert": alert.model_dump(mode="json")}
    )
