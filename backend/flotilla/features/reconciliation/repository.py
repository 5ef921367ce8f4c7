"""Reads what the engine keeps of the account as a whole; writes what a person wants done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db import outbox
from flotilla.db.tables import (
    BotRow,
    BrokerHoldingsRow,
    FindingRow,
    PositionRow,
    UnmanagedRow,
)
from flotilla.domain.reconciliation import CASH
from flotilla.features.reconciliation.schemas import FindingOut, LineOut, ReconciliationOut
from flotilla.ports import bus

# What the service handles; only this module knows that it is a row.
StoredFinding = FindingRow
_ZERO = Decimal(0)
_CENT = Decimal("0.01")


class ReconciliationRepository:
    def __init__(self, session: AsyncSession, account_id: str) -> None:
        self._session = session
        self._account_id = account_id

    async def read(self) -> ReconciliationOut:
        """Both sides by symbol, and what differs."""
        bots, unmanaged = await self._bots(), await self._unmanaged()
        looked_at, broker = await self._broker()
        findings = await self.findings(open_only=True)
        symbols = sorted({*bots, *unmanaged, *(broker or {})} - {CASH})
        lines = [_line(symbol, bots, unmanaged, broker) for symbol in symbols]
        cash = _line(CASH, bots, unmanaged, broker)
        lines = [line for line in lines if line.bots or line.unmanaged or line.broker]
        differs = findings or any(line.difference for line in lines) or _differs(cash.difference)
        return ReconciliationOut(
            looked_at=looked_at, agrees=not differs, symbols=lines, cash=cash, findings=findings
        )

    async def findings(self, *, open_only: bool, limit: int = 500) -> list[FindingOut]:
        """The open findings, oldest first; or the newest of all."""
        query = select(FindingRow).where(FindingRow.account_id == self._account_id)
        if open_only:
            query = query.where(FindingRow.resolved_at.is_(None)).order_by(FindingRow.id)
        else:
            query = query.order_by(FindingRow.id.desc())
        return [finding(row) for row in await self._session.scalars(query.limit(limit))]

    async def get(self, finding_id: str) -> FindingRow | None:
        """The finding, locked until the transaction ends."""
        return await self._session.scalar(
            select(FindingRow)
            .where(FindingRow.id == finding_id, FindingRow.account_id == self._account_id)
            .with_for_update()
        )

    async def bot_symbols(self, bot_id: str) -> Sequence[str] | None:
        """What a bot trades or holds; None when the account has no such bot."""
        row = await self._session.scalar(
            select(BotRow).where(
                BotRow.id == bot_id, BotRow.account_id == self._account_id, BotRow.archived_at.is_(None)
            )
        )
        if row is None:
            return None
        held = await self._session.scalars(
            select(PositionRow.symbol).where(PositionRow.bot_id == bot_id, PositionRow.is_open)
        )
        return [*row.symbols, *held]

    async def wish(self, row: FindingRow, remedy: str, bot_id: str | None) -> None:
        """Keep what is wanted, and wake the engine."""
        row.remedy, row.bot_id, row.problem = remedy, bot_id, None
        await self._session.flush()
        await outbox.nudge(self._session, bus.FINDINGS, row.id)

    async def _bots(self) -> dict[str, Decimal]:
        held = await self._session.execute(
            select(PositionRow.symbol, func.sum(PositionRow.quantity))
            .join(BotRow, BotRow.id == PositionRow.bot_id)
            .where(BotRow.account_id == self._account_id, PositionRow.is_open)
            .group_by(PositionRow.symbol)
        )
        traded = await self._session.scalar(
            select(func.coalesce(func.sum(BotRow.cash - BotRow.capital), 0)).where(
                BotRow.account_id == self._account_id
            )
        )
        return defaultdict(Decimal, {CASH: Decimal(traded or 0), **{row[0]: row[1] for row in held}})

    async def _unmanaged(self) -> dict[str, Decimal]:
        rows = await self._session.scalars(
            select(UnmanagedRow).where(UnmanagedRow.account_id == self._account_id)
        )
        return defaultdict(Decimal, {row.symbol: row.quantity for row in rows})

    async def _broker(self) -> tuple[datetime | None, Mapping[str, Decimal] | None]:
        row = await self._session.get(BrokerHoldingsRow, self._account_id)
        if row is None:
            return None, None
        return row.looked_at, {symbol: Decimal(quantity) for symbol, quantity in row.held.items()}


def finding(row: FindingRow) -> FindingOut:
    values = {name: getattr(row, name) for name in FindingOut.model_fields}
    return FindingOut.model_validate(values | {"symbol": None if row.symbol == CASH else row.symbol})


def _line(
    symbol: str,
    bots: Mapping[str, Decimal],
    unmanaged: Mapping[str, Decimal],
    broker: Mapping[str, Decimal] | None,
) -> LineOut:
    ours = bots[symbol] + unmanaged[symbol]
    there = None if broker is None else broker.get(symbol, _ZERO)
    return LineOut(
        symbol="USD" if symbol == CASH else symbol,
        bots=bots[symbol],
        unmanaged=unmanaged[symbol],
        broker=there,
        difference=None if there is None else there - ours,
    )


def _differs(cash: Decimal | None) -> bool:
    return cash is not None and abs(cash) >= _CENT
