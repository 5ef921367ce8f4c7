"""Decisions in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import BotRow, DecisionRow, OrderRow
from flotilla.domain.kernel.decisions import Outcome
from flotilla.domain.risk import RefusalCode
from flotilla.http import pagination
from flotilla.wire import rows
from flotilla.wire.trading import OrderOut

# What the service handles; only this module knows that it is a row.
StoredDecision = DecisionRow


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Of one bot; what is None does not narrow. A run counts when it reaches into the range of time."""

    bot_id: str
    symbol: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    code: RefusalCode | None = None
    outcome: Outcome | None = None


class DecisionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def bot_exists(self, bot_id: str) -> bool:
        """Whether there is such a bot, not archived."""
        known = exists().where(BotRow.id == bot_id, BotRow.archived_at.is_(None))
        return bool(await self._session.scalar(select(known)))

    async def page(
        self, wanted: DecisionFilter, *, limit: int, cursor: str | None
    ) -> tuple[Sequence[tuple[DecisionRow, str | None]], str | None]:
        """Runs with the id of the order that each became, newest first; and the next cursor."""
        query = (
            select(DecisionRow, OrderRow.id)
            .outerjoin(OrderRow, OrderRow.client_order_id == DecisionRow.client_order_id)
            .where(*_narrowed(wanted))
        )
        if cursor is not None:
            query = query.where(tuple_(DecisionRow.last_tau, DecisionRow.id) < pagination.decode(cursor))
        found = await self._session.execute(
            query.order_by(DecisionRow.last_tau.desc(), DecisionRow.id.desc()).limit(limit + 1)
        )
        page, last = pagination.cut([(row, order) for row, order in found], limit)
        return page, None if last is None else pagination.encode(last[0].last_tau, last[0].id)

    async def refusals(self, wanted: DecisionFilter) -> Sequence[tuple[str, str, int, datetime]]:
        """(code, outcome, how often, newest) of everything that a gate refused or made smaller."""
        found = await self._session.execute(
            select(
                DecisionRow.refusal,
                DecisionRow.outcome,
                func.sum(DecisionRow.count),
                func.max(DecisionRow.last_tau),
            )
            .where(DecisionRow.refusal.is_not(None), *_narrowed(wanted))
            .group_by(DecisionRow.refusal, DecisionRow.outcome)
        )
        return [(str(code), outcome, int(count), newest) for code, outcome, count, newest in found]

    async def order_of(self, bot_id: str, symbol: str, tau: datetime) -> OrderOut | None:
        """The order that the decision at `tau` became."""
        row = await self._session.scalar(
            select(OrderRow)
            .where(
                OrderRow.bot_id == bot_id,
                OrderRow.symbol == symbol,
                OrderRow.tau == tau,
                OrderRow.parent_id.is_(None),
            )
            .order_by(OrderRow.id)
            .limit(1)
        )
        return None if row is None else rows.order(row)


def _narrowed(wanted: DecisionFilter) -> list[ColumnElement[bool]]:
    found = [DecisionRow.bot_id == wanted.bot_id]
    if wanted.symbol is not None:
        found.append(DecisionRow.symbol == wanted.symbol)
    if wanted.since is not None:
        found.append(DecisionRow.last_tau >= wanted.since)
    if wanted.until is not None:
        found.append(DecisionRow.first_tau <= wanted.until)
    if wanted.code is not None:
        found.append(DecisionRow.refusal == wanted.code)
    if wanted.outcome is not None:
        found.append(DecisionRow.outcome == wanted.outcome)
    return found
