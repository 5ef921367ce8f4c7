"""The engine's store in PostgreSQL: each method is one transaction."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import (
    booking,
    limits,
    memories,
    rows,
    seen,
    statuses,
    steps,
    waiting_orders,
)
from flotilla.adapters.postgres.account_books import PostgresAccountBooks
from flotilla.adapters.postgres.bot_catalogue import BotCatalogue
from flotilla.adapters.postgres.group_commit import GroupCommit
from flotilla.adapters.postgres.statuses import StatusChange
from flotilla.db import outbox
from flotilla.db.session import Database
from flotilla.db.tables import (
    AccountRow,
    BotRow,
    EngineStateRow,
    EquitySnapshotRow,
    KillSwitchRow,
    OrderRow,
    PositionRow,
)
from flotilla.domain.bots import BotStatus
from flotilla.domain.fills import Execution
from flotilla.domain.orders import TERMINAL, Order, OrderStatus
from flotilla.domain.risk import AccountLimits
from flotilla.ports.broker import AccountFigures, BrokerOrder
from flotilla.ports.decision_log import SeenMinute
from flotilla.ports.store import (
    Account,
    Booked,
    BotLedger,
    BotMemory,
    KillSwitchState,
    MarketSnapshot,
    StepRecord,
    StepStored,
    StoredBot,
    StoreUnavailable,
)
from flotilla.wire import rows as wire

_AT_ONCE = 250  # bots; more make the first of them wait longer than they save


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[AsyncSession]:
    """A transaction of the engine's. Raises StoreUnavailable."""
    try:
        async with database.transaction() as session:
            yield session
    except (OSError, DBAPIError) as error:
        if isinstance(error, DBAPIError) and not _is_away(error):
            raise
        raise StoreUnavailable(str(error)) from error


class PostgresStore:
    """`ports.store.EngineStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.account_books = PostgresAccountBooks(self._transaction)
        self._told_feeds: dict[str, Mapping[str, Any]] = {}  # by account
        self._catalogue = BotCatalogue()
        self._steps = GroupCommit(self._write_steps, most=_AT_ONCE, fatal=StoreUnavailable)
        self._statuses = GroupCommit(self._write_statuses, most=_AT_ONCE, fatal=StoreUnavailable)
        self._memories = GroupCommit(self._read_memories, most=_AT_ONCE, fatal=StoreUnavailable)

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._database)

    @asynccontextmanager
    async def _unhurried(self) -> AsyncIterator[AsyncSession]:
        """A transaction that need not reach the disk before it is answered.

        For what the next minute writes anew: a power cut may lose the last moments of it.
        """
        async with self._transaction() as session:
            await session.execute(text("SET LOCAL synchronous_commit = off"))
            yield session

    async def account(self, account_id: str) -> Account:
        async with self._transaction() as session:
            row = await session.get_one(AccountRow, account_id)
            return Account(row.id, row.name, row.kind, row.epoch, row.requests_per_minute)

    async def bots(self, account_id: str) -> Sequence[StoredBot]:
        async with self._transaction() as session:
            return await self._catalogue.bots(session, account_id)

    async def set_status(self, bot_id: str, status: BotStatus, reason: str | None = None) -> None:
        await self._statuses.write(StatusChange(bot_id, status, reason))

    async def _write_statuses(self, group: Sequence[StatusChange]) -> Sequence[None]:
        async with self._transaction() as session:
            return await statuses.record(session, group)

    async def record_failure(
        self, bot_id: str, reason: str, *, failures: int, next_attempt_at: datetime
    ) -> None:
        async with self._transaction() as session:
            row = await session.get_one(BotRow, bot_id, with_for_update=True)
            row.status, row.status_reason = BotStatus.STARTING, reason
            row.failures, row.next_attempt_at = failures, next_attempt_at
            await _tell_status(session, row)

    async def kill_switch(self, account_id: str) -> KillSwitchState:
        async with self._transaction() as session:
            row = await session.get(KillSwitchRow, account_id)
            if row is None or row.released_at is not None:
                return KillSwitchState()
            return KillSwitchState(row.engaged_at, row.flatten, row.unmanaged)

    async def memory(self, bot_id: str) -> BotMemory:
        return await self._memories.write(bot_id)

    async def _read_memories(self, group: Sequence[str]) -> Sequence[BotMemory]:
        async with self._transaction() as session:
            return await memories.read(session, group)

    async def record_step(self, step: StepRecord) -> StepStored:
        return await self._steps.write(step, urgent=bool(step.orders))

    async def _write_steps(self, group: Sequence[StepRecord]) -> Sequence[StepStored]:
        async with self._transaction() as session:
            return await steps.record(session, group)

    async def record_seen(self, account_id: str, minute: SeenMinute) -> None:
        # It need not wait for the disk: what reaches it with a step's commit comes after this one.
        async with self._unhurried() as session:
            await seen.record(session, account_id, minute)

    async def book(
        self,
        report: BrokerOrder,
        executions: Sequence[Execution],
        *,
        account_id: str,
        source: str,
        event_id: str | None = None,
    ) -> Booked | None:
        async with self._transaction() as session:
            booked = await booking.book(session, report, executions, source=source)
            if event_id is not None:
                await session.execute(
                    update(EngineStateRow)
                    .where(EngineStateRow.account_id == account_id)
                    .values(last_event_id=event_id)
                )
            return booked

    async def resize_order(self, order_id: str, quantity: Decimal) -> Order | None:
        async with self._transaction() as session:
            row = await session.get_one(OrderRow, order_id, with_for_update=True)
            if row.status != OrderStatus.PENDING_SUBMIT or row.broker_order_id is not None:
                return None
            row.quantity = quantity
            await session.flush()
            return rows.order(row)

    async def close_order(self, order_id: str, status: OrderStatus, reason: str) -> Order | None:
        async with self._transaction() as session:
            row = await session.get_one(OrderRow, order_id, with_for_update=True)
            if row.status != OrderStatus.PENDING_SUBMIT or row.broker_order_id is not None:
                return None
            row.reason = reason
            await booking.record_event(session, row, status, source="engine", detail=reason)
            return rows.order(row)

    async def split_order(self, order_id: str, quantity: Decimal) -> tuple[Order, Order] | None:
        async with self._transaction() as session:
            return await waiting_orders.split(session, order_id, quantity)

    async def note_order(self, order_id: str, detail: str) -> None:
        async with self._transaction() as session:
            await waiting_orders.note(session, order_id, detail)

    async def net_quantity(self, account_id: str, symbol: str) -> Decimal:
        async with self._transaction() as session:
            return await waiting_orders.net_quantity(session, account_id, symbol)

    async def open_orders(self, account_id: str) -> Sequence[Order]:
        async with self._transaction() as session:
            found = await session.scalars(
                select(OrderRow)
                .where(OrderRow.account_id == account_id, OrderRow.status.not_in(TERMINAL))
                .order_by(OrderRow.id)
            )
            return [rows.order(row) for row in found]

    async def held_symbols(self, account_id: str) -> Sequence[str]:
        async with self._transaction() as session:
            found = await session.scalars(
                select(PositionRow.symbol)
                .join(BotRow, BotRow.id == PositionRow.bot_id)
                .where(PositionRow.is_open, BotRow.account_id == account_id)
                .distinct()
            )
            return found.all()

    async def mark(self, account_id: str, closes: Mapping[str, float]) -> None:
        async with self._unhurried() as session:
            found = await session.execute(
                select(PositionRow, BotRow.name)
                .join(BotRow, BotRow.id == PositionRow.bot_id)
                .where(
                    PositionRow.is_open,
                    BotRow.account_id == account_id,
                    PositionRow.symbol.in_(closes),
                )
                .order_by(PositionRow.id)
                .with_for_update(of=PositionRow)
            )
            for row, bot_name in found:
                price = Decimal(repr(closes[row.symbol]))
                rows.write_position(rows.position(row).marked(price), row)
                payload = wire.position(row, bot_name).model_dump(mode="json")
                await outbox.add_event(
                    session,
                    type="position_updated",
                    bot_id=row.bot_id,
                    payload={"position": payload},
                )

    async def mark_idle(self, account_id: str, day: date) -> None:
        held = (
            select(func.coalesce(func.sum(PositionRow.quantity * PositionRow.current_price), 0))
            .where(PositionRow.bot_id == BotRow.id, PositionRow.is_open)
            .scalar_subquery()
        )
        equity = BotRow.cash + held
        began_at = case(
            (BotRow.day == day, BotRow.equity - BotRow.day_pnl), else_=func.coalesce(BotRow.equity, equity)
        )
        async with self._unhurried() as session:
            await session.execute(
                update(BotRow)
                .where(
                    BotRow.account_id == account_id,
                    BotRow.archived_at.is_(None),
                    BotRow.status.in_((BotStatus.STOPPED, BotStatus.ERROR)),
                    BotRow.day.is_distinct_from(day) | BotRow.equity.is_distinct_from(equity),
                )
                .values(day=day, equity=equity, day_pnl=equity - began_at)
                .execution_options(synchronize_session=False)
            )

    async def save_account(self, account_id: str, figures: AccountFigures, at: datetime) -> None:
        async with self._unhurried() as session:
            await session.execute(
                update(AccountRow)
                .where(AccountRow.id == account_id)
                .values(
                    equity=figures.equity,
                    cash=figures.cash,
                    last_equity=figures.last_equity,
                    as_of=at,
                )
            )
            point = insert(EquitySnapshotRow).values(account_id=account_id, at=at, equity=figures.equity)
            await session.execute(
                point.on_conflict_do_update(
                    index_elements=["account_id", "at"], set_={"equity": figures.equity}
                )
            )

    async def heartbeat(self, account_id: str, market: MarketSnapshot, at: datetime) -> None:
        values: dict[str, Any] = {
            "heartbeat_at": at,
            "connected": market.connected,
            "problem": market.problem,
            "market_now": market.now,
            "market_rate": market.rate,
            "market_source": market.source,
            "session_open": market.session_open,
            "session_close": market.session_close,
            "next_open": market.next_open,
            "in_flight": market.in_flight,
            "clock_offset": market.clock_offset,
        }
        if market.feeds != self._told_feeds.get(account_id):  # a line a symbol: it changes once a minute
            self._told_feeds[account_id] = values["feeds"] = dict(market.feeds)
        async with self._unhurried() as session:
            await session.execute(
                insert(EngineStateRow)
                .values(account_id=account_id, **values)
                .on_conflict_do_update(index_elements=["account_id"], set_=values)
            )

    async def watermark(self, account_id: str, tau: datetime) -> None:
        async with self._unhurried() as session:
            await session.execute(
                update(EngineStateRow).where(EngineStateRow.account_id == account_id).values(tau=tau)
            )

    async def account_limits(self, account_id: str) -> tuple[AccountLimits, Mapping[str, Any]]:
        async with self._transaction() as session:
            return await limits.read(session, account_id)

    async def save_limits_state(self, account_id: str, state: Mapping[str, Any]) -> None:
        async with self._transaction() as session:
            await limits.save_state(session, account_id, state)

    async def ledgers(self, account_id: str, *, besides: Collection[str]) -> Sequence[BotLedger]:
        async with self._transaction() as session:
            return await limits.ledgers(session, account_id, besides)


async def _tell_status(session: AsyncSession, row: BotRow) -> None:
    row.updated_at = func.now()
    await session.flush()
    await session.refresh(row)
    payload = wire.bot(row).model_dump(mode="json")
    await outbox.add_event(session, type="bot_status_changed", bot_id=row.id, payload={"bot": payload})


def _is_away(error: DBAPIError) -> bool:
    """Connection lost (08), no room (53), shutting down or starting up (57P)."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith(("08", "53", "57P"))
