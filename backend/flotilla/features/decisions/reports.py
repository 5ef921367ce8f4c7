"""Parity reports in the database, which are due, and what is no longer to be kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Delete, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from flotilla.db.session import Database
from flotilla.db.tables import (
    BotRow,
    BotStepRow,
    DecisionRow,
    EngineStateRow,
    ParityReportRow,
    ReplayOriginRow,
    SeenLearntRow,
    SeenMinuteRow,
    new_id,
)
from flotilla.domain.market import NEW_YORK
from flotilla.features.decisions.schemas import ParityReportOut


@dataclass(frozen=True, slots=True)
class Due:
    """A session of a bot that has ended and has no report yet."""

    bot_id: str
    session: date


class ReportStore:
    """Each method is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, bot_id: str, session: date | None) -> ParityReportOut | None:
        """A session's report, or the newest one."""
        query = select(ParityReportRow.report).where(ParityReportRow.bot_id == bot_id)
        if session is not None:
            query = query.where(ParityReportRow.session == session)
        async with self._database.transaction() as opened:
            found = await opened.scalar(query.order_by(ParityReportRow.session.desc()).limit(1))
            return None if found is None else ParityReportOut.model_validate(found)

    async def keep(self, report: ParityReportOut, *, is_final: bool) -> None:
        """Store a report in place of what there was of its session; `is_final`: the session was over."""
        values = {
            "is_final": is_final,
            "first_tau": report.first_tau,
            "last_tau": report.last_tau,
            "report": report.model_dump(mode="json"),
            "created_at": report.created_at,
        }
        async with self._database.transaction() as opened:
            await opened.execute(
                insert(ParityReportRow)
                .values(id=new_id(), bot_id=report.bot_id, session=report.session, **values)
                .on_conflict_do_update(index_elements=["bot_id", "session"], set_=values)
            )

    async def due(self, limit: int) -> Sequence[Due]:
        """Origins of sessions that are over, without a report. Market time is the account's."""
        async with self._database.transaction() as opened:
            found = await opened.execute(
                select(ReplayOriginRow.bot_id, ReplayOriginRow.tau, BotRow.symbols)
                .join(BotRow, BotRow.id == ReplayOriginRow.bot_id)
                .join(EngineStateRow, EngineStateRow.account_id == ReplayOriginRow.account_id)
                .join(
                    SeenMinuteRow,
                    (SeenMinuteRow.account_id == ReplayOriginRow.account_id)
                    & (SeenMinuteRow.tau == ReplayOriginRow.tau),
                )
                .where(EngineStateRow.market_now >= SeenMinuteRow.session_close, ~_reported())
                .order_by(ReplayOriginRow.tau)
                .limit(limit)
            )
            due = [Due(bot_id, session_day(tau, symbols)) for bot_id, tau, symbols in found]
            return list(dict.fromkeys(due))

    async def is_over(self, bot_id: str, last_tau: datetime) -> bool:
        """Whether the session that a step was of has ended, by the account's market."""
        async with self._database.transaction() as opened:
            found = await opened.scalar(
                select(EngineStateRow.market_now >= SeenMinuteRow.session_close)
                .join(BotRow, BotRow.account_id == EngineStateRow.account_id)
                .join(SeenMinuteRow, SeenMinuteRow.account_id == EngineStateRow.account_id)
                .where(BotRow.id == bot_id, SeenMinuteRow.tau == last_tau)
            )
            return bool(found)

    async def prune(self, keep: timedelta) -> int:
        """Forget what ended so long ago, by each account's market; returns how many rows that was.

        The newest run of a symbol's decisions stays whatever its age: it may go on.
        """
        async with self._database.transaction() as opened:
            known = select(EngineStateRow.account_id, EngineStateRow.market_now)
            accounts = (await opened.execute(known.where(EngineStateRow.market_now.is_not(None)))).all()
        count = 0
        for account_id, now in accounts:
            assert now is not None
            for statement in _outdated(account_id, now - keep):
                async with self._database.transaction() as opened:
                    result = await opened.execute(statement)
                    count += int(getattr(result, "rowcount", 0))
        return count


def session_day(tau: datetime, symbols: Sequence[str]) -> date:
    """The day that a step counts to (its last minute is of it): New York's, of coins UTC's."""
    clock = UTC if any("/" in symbol for symbol in symbols) else NEW_YORK
    return (tau - timedelta(minutes=1)).astimezone(clock).date()


def _outdated(account_id: str, before: datetime) -> list[Delete]:
    bots = select(BotRow.id).where(BotRow.account_id == account_id)
    newest = select(func.max(DecisionRow.id)).group_by(DecisionRow.bot_id, DecisionRow.symbol)
    return [
        delete(DecisionRow).where(
            DecisionRow.bot_id.in_(bots), DecisionRow.last_tau < before, DecisionRow.id.not_in(newest)
        ),
        delete(BotStepRow).where(BotStepRow.bot_id.in_(bots), BotStepRow.tau < before),
        delete(ReplayOriginRow).where(ReplayOriginRow.account_id == account_id, ReplayOriginRow.tau < before),
        delete(SeenMinuteRow).where(SeenMinuteRow.account_id == account_id, SeenMinuteRow.tau < before),
        delete(SeenLearntRow).where(SeenLearntRow.account_id == account_id, SeenLearntRow.tau < before),
    ]


def _reported() -> ColumnElement[bool]:
    """Whether a report that was made after the session's end covers the origin."""
    return (
        exists()
        .where(ParityReportRow.bot_id == ReplayOriginRow.bot_id, ParityReportRow.is_final)
        .where(ParityReportRow.last_tau >= ReplayOriginRow.tau)
        .where(ParityReportRow.first_tau <= ReplayOriginRow.tau)
    )
