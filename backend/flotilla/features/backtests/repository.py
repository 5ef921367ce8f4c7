"""Backtests in the database: for the routes in their transaction, for the runner in its own."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.session import Database
from flotilla.db.tables import AccountRow, BacktestRow, BacktestTradeRow, BotRow, new_id
from flotilla.http import pagination
from flotilla.wire import rows
from flotilla.wire.backtests import BacktestStatus
from flotilla.wire.bots import BotDefinition

# What the service handles; only this module knows that it is a row.
StoredBacktest = BacktestRow

_UNFINISHED = (BacktestStatus.QUEUED, BacktestStatus.RUNNING)
_BATCH = 1_000


class BacktestRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: BacktestRow) -> BacktestRow:
        self._session.add(row)
        await self._session.flush()
        await self._session.refresh(row)
        return row

    async def account_equity(self, account_id: str) -> Decimal | None:
        """The account's equity (USD) as the broker last reported it."""
        return await self._session.scalar(select(AccountRow.equity).where(AccountRow.id == account_id))

    async def page(self, *, limit: int, cursor: str | None) -> tuple[Sequence[BacktestRow], str | None]:
        """Newest first, and the next page's cursor."""
        query = select(BacktestRow)
        if cursor is not None:
            query = query.where(tuple_(BacktestRow.created_at, BacktestRow.id) < pagination.decode(cursor))
        newest = query.order_by(BacktestRow.created_at.desc(), BacktestRow.id.desc())
        found = await self._session.scalars(newest.limit(limit + 1))
        page, last = pagination.cut(found.all(), limit)
        return page, None if last is None else pagination.encode(last.created_at, last.id)

    async def get(self, backtest_id: str) -> BacktestRow | None:
        return await self._session.get(BacktestRow, backtest_id)

    async def cancel(self, backtest_id: str) -> None:
        """End it where it has not ended; its runner notices."""
        await self._session.execute(
            update(BacktestRow)
            .where(BacktestRow.id == backtest_id, BacktestRow.status.in_(_UNFINISHED))
            .values(status=BacktestStatus.CANCELLED, finished_at=func.now())
        )

    async def refresh(self, row: BacktestRow) -> None:
        await self._session.refresh(row)

    async def delete(self, backtest_id: str) -> bool:
        """Whether there was one; its runner, if it runs, notices."""
        query = delete(BacktestRow).where(BacktestRow.id == backtest_id).returning(BacktestRow.id)
        return await self._session.scalar(query) is not None

    async def trades(
        self, backtest_id: str, *, limit: int, cursor: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Trades in the order in which they closed, and the next page's cursor."""
        query = select(BacktestTradeRow).where(BacktestTradeRow.backtest_id == backtest_id)
        place = tuple_(BacktestTradeRow.exit_time, BacktestTradeRow.id)
        if cursor is not None:
            query = query.where(place > pagination.decode(cursor))
        found = await self._session.scalars(
            query.order_by(BacktestTradeRow.exit_time, BacktestTradeRow.id).limit(limit + 1)
        )
        page, last = pagination.cut(found.all(), limit)
        return [row.trade for row in page], (
            None if last is None else pagination.encode(last.exit_time, last.id)
        )

    async def definition(self, bot_id: str) -> BotDefinition | None:
        """A stored bot's definition; None when it is unknown or archived."""
        row = await self._session.scalar(
            select(BotRow).where(BotRow.id == bot_id, BotRow.archived_at.is_(None))
        )
        return None if row is None else rows.definition(row)


class BacktestQueue:
    """The same table as its runner sees it: work to be taken, each change a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fail_orphans(self, reason: str) -> None:
        """What still runs according to the table was left by a process that ended."""
        async with self._database.transaction() as session:
            await session.execute(
                update(BacktestRow)
                .where(BacktestRow.status == BacktestStatus.RUNNING)
                .values(status=BacktestStatus.FAILED, reason=reason, finished_at=func.now())
            )

    async def take(self) -> BacktestRow | None:
        """The oldest that waits, which runs from now on."""
        async with self._database.transaction() as session:
            row = await session.scalar(
                select(BacktestRow)
                .where(BacktestRow.status == BacktestStatus.QUEUED)
                .order_by(BacktestRow.created_at, BacktestRow.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if row is not None:
                row.status, row.started_at = BacktestStatus.RUNNING, func.now()
                await session.flush()
                await session.refresh(row)
            return row

    async def advance(self, backtest_id: str, progress: float) -> bool:
        """Store how far it is; whether it is still wanted."""
        return await self._end(backtest_id, progress=progress)

    async def fail(self, backtest_id: str, reason: str) -> bool:
        """Whether it was still wanted."""
        values = {"status": BacktestStatus.FAILED, "reason": reason, "finished_at": func.now()}
        return await self._end(backtest_id, **values)

    async def finish(
        self,
        backtest_id: str,
        *,
        summary: dict[str, Any],
        curve: dict[str, Any],
        trades: Sequence[tuple[datetime, dict[str, Any]]],
    ) -> bool:
        """Store all that was found, or nothing where it is not wanted any more."""
        async with self._database.transaction() as session:
            done = await session.scalar(
                update(BacktestRow)
                .where(BacktestRow.id == backtest_id, BacktestRow.status == BacktestStatus.RUNNING)
                .values(
                    status=BacktestStatus.DONE,
                    progress=1.0,
                    summary=summary,
                    curve=curve,
                    source=summary["source"],
                    first=date.fromisoformat(summary["first"]),
                    last=date.fromisoformat(summary["last"]),
                    finished_at=func.now(),
                )
                .returning(BacktestRow.id)
            )
            if done is None:
                return False
            for first in range(0, len(trades), _BATCH):
                values = [
                    {"id": new_id(), "backtest_id": backtest_id, "exit_time": at, "trade": trade}
                    for at, trade in trades[first : first + _BATCH]
                ]
                await session.execute(insert(BacktestTradeRow), values)
            return True

    async def _end(self, backtest_id: str, **values: Any) -> bool:
        async with self._database.transaction() as session:
            found = await session.scalar(
                update(BacktestRow)
                .where(BacktestRow.id == backtest_id, BacktestRow.status == BacktestStatus.RUNNING)
                .values(**values)
                .returning(BacktestRow.id)
            )
            return found is not None
