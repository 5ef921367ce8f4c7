"""The practice market in PostgreSQL: what an acknowledged request or a sent event rests on."""

import dataclasses
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.session import Database
from flotilla.practice import tables
from flotilla.practice.matching.account import Account, Configurations, Position
from flotilla.practice.matching.activities import EquityPoint, NonTradeActivity
from flotilla.practice.matching.changes import Changes
from flotilla.practice.matching.changes import Sequence as Counters
from flotilla.practice.matching.orders import (
    OPEN,
    Execution,
    Order,
    OrderClass,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.settings import AccountSettings

_MINUTES_KEPT = timedelta(days=40)  # of equity; longer timeframes show sessions' closes only
_MULTIPLIER = Decimal(4)  # what Alpaca's new paper accounts have


@dataclasses.dataclass(frozen=True, slots=True)
class StoredClock:
    """Market time of one source. `closed`: the session that ends at `now` has been closed."""

    now: datetime
    closed: bool


@dataclasses.dataclass(frozen=True, slots=True)
class StoredMarket:
    accounts: list[Account]
    open_groups: list[Order]
    counters: Counters
    clock: StoredClock | None


class Store:
    """Reads and writes of the market's own process; only that process writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, source: str) -> StoredMarket:
        """Read what is needed to go on: accounts, groups with an open order, counters, time."""
        async with self._database.transaction() as session:
            clock = await session.execute(select(tables.clocks).where(tables.clocks.c.source == source))
            row = clock.one_or_none()
            return StoredMarket(
                accounts=await _load_accounts(session),
                open_groups=await _load_open_groups(session),
                counters=await _load_counters(session),
                clock=StoredClock(row.now, row.closed) if row else None,
            )

    async def ensure_accounts(self, settings: Iterable[AccountSettings], now: datetime) -> None:
        """Create the accounts that do not exist yet; an existing one keeps its money."""
        async with self._database.transaction() as session:
            for account in settings:
                row = {
                    "id": str(uuid.uuid4()),
                    "key": account.key,
                    "secret": account.secret,
                    "created_at": now,
                    "initial_cash": account.cash,
                    "cash": account.cash,
                    "realized": Decimal(0),
                    "last_equity": account.cash,
                    "multiplier": _MULTIPLIER,
                }
                statement = upsert(tables.accounts).values(row)
                secret = {"secret": statement.excluded.secret}
                await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=secret))

    async def reset_account(self, account_id: str, cash: Decimal, now: datetime) -> None:
        """Forget what the account did: it holds `cash` and nothing else, from `now` on."""
        async with self._database.transaction() as session:
            for table in (
                tables.executions,
                tables.activities,
                tables.equity_points,
                tables.positions,
                tables.orders,
            ):
                await session.execute(delete(table).where(table.c.account_id == account_id))
            row = dict.fromkeys(("initial_cash", "cash", "last_equity"), cash)
            zeros = {name: Decimal(0) for name in ("realized", "fees")}
            statement = tables.accounts.update().where(tables.accounts.c.id == account_id)
            await session.execute(statement.values({**row, **zeros, "created_at": now}))

    async def commit(self, changes: Changes, counters: Counters, source: str, clock: StoredClock) -> None:
        """Write what happened, and how far market time has come, in one transaction."""
        async with self._database.transaction() as session:
            if changes:
                await _write_accounts(session, changes.accounts.values())
                orders = [dataclasses.asdict(order) for order in changes.orders.values()]
                await _upsert(session, tables.orders, orders)
                executions = [dataclasses.asdict(execution) for execution in changes.executions]
                if executions:
                    await session.execute(insert(tables.executions), executions)
                activities = [dataclasses.asdict(activity) for activity in changes.activities]
                if activities:
                    await session.execute(insert(tables.activities), activities)
                await _write_equity(session, changes.equity)
                await session.execute(
                    tables.market.update().values(
                        sequence=counters.value,
                        last_event_id=counters.last_event_id,
                        last_event_ms=counters.last_event_ms,
                    )
                )
            time = {"source": source, "now": clock.now, "closed": clock.closed}
            await _upsert(session, tables.clocks, [time])

    async def forget_time(self, source: str) -> None:
        """Forget how far a source's time has come: its market begins at its start again."""
        async with self._database.transaction() as session:
            await session.execute(delete(tables.clocks).where(tables.clocks.c.source == source))

    async def unbooked_fees(self, before: datetime) -> list[Execution]:
        """Return the executions before that moment whose fees no activity states yet, in order."""
        executions, activities = tables.executions.c, tables.activities.c
        booked = (
            select(func.coalesce(func.max(activities.seq), 0))
            .where(activities.account_id == executions.account_id, activities.activity_type == "CFEE")
            .scalar_subquery()
        )
        statement = select(tables.executions).where(
            or_(executions.fee_qty != 0, executions.fee_cash != 0),
            executions.at < before,
            executions.seq > booked,
        )
        async with self._database.transaction() as session:
            rows = await session.execute(statement.order_by(executions.seq))
            return [execution_from(row) for row in rows.mappings()]


async def _load_counters(session: AsyncSession) -> Counters:
    row = (await session.execute(select(tables.market))).one_or_none()
    if row is not None:
        return Counters(uuid.UUID(row.market_id), row.sequence, row.last_event_id, row.last_event_ms)
    counters = Counters(uuid.uuid4())
    await session.execute(
        insert(tables.market).values(
            market_id=str(counters.market_id), sequence=0, last_event_id="", last_event_ms=0
        )
    )
    return counters


async def _load_accounts(session: AsyncSession) -> list[Account]:
    rows = await session.execute(select(tables.accounts))
    accounts = {row["id"]: _account_from(row) for row in rows.mappings()}
    for row in (await session.execute(select(tables.positions))).mappings():
        position = Position(row["symbol"], row["qty"], row["cost"], row["opened_at"])
        accounts[row["account_id"]].positions[position.symbol] = position
    return list(accounts.values())


def _account_from(row: Any) -> Account:
    return Account(**{**row, "configurations": Configurations(**row["configurations"])})


async def _load_open_groups(session: AsyncSession) -> list[Order]:
    statuses = [status.value for status in OPEN]
    open_roots = select(tables.orders.c.root_id).where(tables.orders.c.status.in_(statuses))
    rows = await session.execute(
        select(tables.orders).where(tables.orders.c.root_id.in_(open_roots)).order_by(tables.orders.c.seq)
    )
    return [order_from(row) for row in rows.mappings()]


def order_from(row: Any) -> Order:
    """Make an order of a row of `orders`."""
    values = dict(row)
    values["side"] = Side(values["side"])
    values["type"] = OrderType(values["type"])
    values["time_in_force"] = TimeInForce(values["time_in_force"])
    values["order_class"] = OrderClass(values["order_class"])
    values["status"] = OrderStatus(values["status"])
    return Order(**values)


def execution_from(row: Any) -> Execution:
    """Make an execution of a row of `executions`."""
    values = dict(row)
    values["side"] = Side(values["side"])
    values["order_status"] = OrderStatus(values["order_status"])
    return Execution(**values)


def activity_from(row: Any) -> NonTradeActivity:
    """Make an activity of a row of `activities`."""
    return NonTradeActivity(**row)


async def _write_accounts(session: AsyncSession, accounts: Iterable[Account]) -> None:
    for account in accounts:
        row = dataclasses.asdict(account)
        held = row.pop("positions")
        await _upsert(session, tables.accounts, [row])
        await session.execute(
            delete(tables.positions).where(
                tables.positions.c.account_id == account.id,
                tables.positions.c.symbol.not_in(list(held)),
            )
        )
        rows = [{"account_id": account.id, **position} for position in held.values()]
        await _upsert(session, tables.positions, rows)


async def _write_equity(session: AsyncSession, points: Sequence[EquityPoint]) -> None:
    """Keep the points; at a session's close forget old ones that are not a session's last."""
    await _upsert(session, tables.equity_points, [point._asdict() for point in points])
    closing = next((point for point in points if point.closing), None)
    if closing is not None:
        columns = tables.equity_points.c
        old = columns.at < closing.at - _MINUTES_KEPT
        await session.execute(delete(tables.equity_points).where(~columns.closing, old))


async def _upsert(session: AsyncSession, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = upsert(table)
    keys = {column.name for column in table.primary_key}
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await session.execute(
        statement.on_conflict_do_update(index_elements=sorted(keys), set_=changed), list(rows)
    )
