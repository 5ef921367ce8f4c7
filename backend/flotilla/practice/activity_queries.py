"""Reads of an account's activities: fills, and what happened beside them, in one order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, select

from flotilla.db.session import Database
from flotilla.practice import tables
from flotilla.practice.matching.activities import NonTradeActivity
from flotilla.practice.matching.orders import Execution
from flotilla.practice.store import activity_from, execution_from

Activity = Execution | NonTradeActivity

_executions, _others = tables.executions.c, tables.activities.c


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """What GET /v2/account/activities asks for; `after` and `until` are exclusive.

    `types`: None for all. `last_id`: the last activity of the page before.
    """

    types: tuple[str, ...] | None = None
    after: datetime | None = None
    until: datetime | None = None
    descending: bool = True
    page_size: int | None = 100
    last_id: str | None = None
    order_id: str | None = None

    @property
    def fills(self) -> bool:
        return self.types is None or "FILL" in self.types

    @property
    def others(self) -> bool:
        """Say whether activities are wanted that belong to no order."""
        return self.order_id is None and self.types != ("FILL",)


class ActivityQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def activities(self, account_id: str, asked: ActivityFilter) -> list[Activity]:
        """Return one page, ordered as things happened (or the other way round)."""
        found: list[Activity] = []
        if asked.fills:
            rows = await self._rows(_fills(account_id, asked))
            found += [execution_from(row) for row in rows]
        if asked.others:
            rows = await self._rows(_beside_fills(account_id, asked))
            found += [activity_from(row) for row in rows]
        found.sort(key=lambda activity: activity.seq, reverse=asked.descending)
        return found[: asked.page_size]

    async def _rows(self, statement: Select[Any]) -> Sequence[Any]:
        async with self._database.transaction() as session:
            rows = await session.execute(statement)
            found: Sequence[Any] = rows.mappings().all()
            return found


def _fills(account_id: str, asked: ActivityFilter) -> Select[Any]:
    conditions = [_executions.account_id == account_id]
    if asked.order_id is not None:
        conditions.append(_executions.order_id == asked.order_id)
    return _page(tables.executions, _executions.seq, _executions.at, conditions, asked)


def _beside_fills(account_id: str, asked: ActivityFilter) -> Select[Any]:
    conditions = [_others.account_id == account_id]
    if asked.types is not None:
        conditions.append(_others.activity_type.in_(asked.types))
    return _page(tables.activities, _others.seq, _others.created_at, conditions, asked)


def _page(
    table: FromClause, seq: Any, at: Any, conditions: list[ColumnElement[bool]], asked: ActivityFilter
) -> Select[Any]:
    if asked.after is not None:
        conditions.append(at > asked.after)
    if asked.until is not None:
        conditions.append(at < asked.until)
    if asked.last_id is not None:
        last = _sequence_of(asked.last_id)
        conditions.append(seq < last if asked.descending else seq > last)
    statement = select(table).where(*conditions)
    return statement.order_by(seq.desc() if asked.descending else seq.asc()).limit(asked.page_size)


def _sequence_of(activity_id: str) -> Any:
    of_fill = select(_executions.seq).where(_executions.id == activity_id)
    of_other = select(_others.seq).where(_others.id == activity_id)
    return of_fill.union_all(of_other).scalar_subquery()
