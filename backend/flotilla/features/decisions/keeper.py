"""Keeps the decision log: a parity report after each session, and nothing for longer than it is wanted."""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from flotilla.db.session import Database
from flotilla.features.decisions.recordings import Recordings
from flotilla.features.decisions.reports import Due, ReportStore
from flotilla.features.decisions.service import ParityService
from flotilla.ports.clock import WallClock

log = structlog.get_logger(__name__)

_LOOK = 20.0  # wall seconds
_PRUNE_EVERY = 90  # looks
_AT_ONCE = 50  # reports before the next look


class DecisionKeeper:
    """`run` is a task of the API process; of several, one holds the lock and does it."""

    def __init__(self, database: Database, clock: WallClock, *, keep: timedelta) -> None:
        """`keep`: how much market time is kept."""
        self._reports = ReportStore(database)
        self._service = ParityService(Recordings(database), self._reports, clock)
        self._keep = keep
        self._failed: set[Due] = set()

    async def run(self) -> None:
        """Look now and then, for ever."""
        looks = 0
        while True:
            try:
                await self.report_ended()
                if looks % _PRUNE_EVERY == 0:
                    await self.prune()
            except (OSError, DBAPIError) as error:  # the database is away: the next look finds what is due
                log.warning("decision_log_not_kept", error=str(error))
            looks += 1
            await asyncio.sleep(_LOOK)

    async def report_ended(self) -> int:
        """Make the reports of sessions that have ended; returns how many."""
        made = 0
        for due in await self._reports.due(_AT_ONCE):
            if due in self._failed:
                continue
            try:
                report = await self._service.make(due.bot_id, due.session)
            except (OSError, DBAPIError):
                raise  # the database is away: no fault of the report's
            except Exception:
                # One session's report must not end the API that makes it; it is not tried again.
                self._failed.add(due)
                log.exception("parity_report_failed", bot_id=due.bot_id, session=str(due.session))
                continue
            made += 1
            level = log.error if report.decisions.mismatches else log.info
            level(
                "parity_report",
                bot_id=due.bot_id,
                session=str(due.session),
                decisions=report.decisions.percent,
                fills=report.fills.percent,
            )
        return made

    async def prune(self) -> int:
        """Forget what is older than it is to be kept; returns how many rows that was."""
        count = await self._reports.prune(self._keep)
        if count:
            log.info("decision_log_pruned", rows=count)
        return count
