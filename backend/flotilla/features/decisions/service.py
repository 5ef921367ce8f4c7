"""The decision log read, evaluations recomputed, and parity reports made."""

import asyncio
from datetime import date, datetime

from flotilla.domain.errors import NotFound
from flotilla.domain.kernel.decisions import Outcome
from flotilla.domain.risk import REFUSAL_SENTENCES, RefusalCode
from flotilla.features.decisions import answers
from flotilla.features.decisions.recordings import Recordings
from flotilla.features.decisions.reports import ReportStore
from flotilla.features.decisions.repository import DecisionFilter, DecisionRepository, StoredDecision
from flotilla.features.decisions.schemas import DecisionOut, EvaluationOut, ParityReportOut, RefusalCount
from flotilla.http.pagination import Page
from flotilla.ports.clock import WallClock
from flotilla.research.parity.gates import evaluation_at
from flotilla.research.parity.report import parity_report

_MINUTE = 60


class DecisionService:
    def __init__(self, repository: DecisionRepository, recordings: Recordings) -> None:
        self._repository = repository
        self._recordings = recordings

    async def page(self, wanted: DecisionFilter, *, limit: int, cursor: str | None) -> Page[DecisionOut]:
        """Runs of equal decisions, newest first. Raises NotFound."""
        await self._require(wanted.bot_id)
        found, following = await self._repository.page(wanted, limit=limit, cursor=cursor)
        items = [_decision(row, order_id) for row, order_id in found]
        return Page[DecisionOut](items=items, next_cursor=following)

    async def refusals(self, wanted: DecisionFilter) -> list[RefusalCount]:
        """How often each gate refused an entry or made one smaller, most often first."""
        await self._require(wanted.bot_id)
        counts: dict[RefusalCode, RefusalCount] = {}
        for name, outcome, count, newest in await self._repository.refusals(wanted):
            code = RefusalCode(name)
            one = counts.setdefault(
                code,
                RefusalCount(code=code, sentence=REFUSAL_SENTENCES[code], refused=0, shrunk=0, newest=newest),
            )
            if outcome == Outcome.REFUSED:
                one.refused += count
            else:
                one.shrunk += count
            one.newest = max(one.newest, newest)
        return sorted(counts.values(), key=lambda one: (-one.refused - one.shrunk, one.code))

    async def at(self, bot_id: str, symbol: str, moment: datetime) -> EvaluationOut:
        """The evaluation at the minute that ended at or last before `moment`. Raises NotFound."""
        await self._require(bot_id)
        tau = datetime.fromtimestamp(int(moment.timestamp()) // _MINUTE * _MINUTE, moment.tzinfo)
        kept = await self._recordings.at(bot_id, tau)
        if kept is None:
            raise NotFound("Nothing is kept of what the bot saw then.", code="NOT_KEPT")
        recording, version = kept
        found = await asyncio.to_thread(evaluation_at, recording, symbol, int(tau.timestamp()))
        if found is None:
            raise NotFound("The bot took no step at that minute.", code="NO_STEP")
        order = None
        if found.decision is not None and found.decision.outcome in (Outcome.ENTER, Outcome.EXIT):
            order = await self._repository.order_of(bot_id, symbol, tau)
        return answers.evaluation(found, version, order)

    async def _require(self, bot_id: str) -> None:
        if not await self._repository.bot_exists(bot_id):
            raise _no_bot()


class ParityService:
    """Makes and reads reports; opens transactions of its own."""

    def __init__(self, recordings: Recordings, reports: ReportStore, clock: WallClock) -> None:
        self._recordings = recordings
        self._reports = reports
        self._clock = clock

    async def read(self, bot_id: str, session: date | None) -> ParityReportOut:
        """The stored report of a session, or the newest. Raises NotFound."""
        found = await self._reports.read(bot_id, session)
        if found is None:
            if await self._recordings.name(bot_id) is None:
                raise _no_bot()
            raise NotFound("There is no parity report of that session yet.", code="NO_PARITY_REPORT")
        return found

    async def make(self, bot_id: str, session: date | None) -> ParityReportOut:
        """Make and store the report of a session (by default the newest), as far as it has come.

        Raises NotFound.
        """
        name = await self._recordings.name(bot_id)
        if name is None:
            raise _no_bot()
        day = session or await self._recordings.newest_session(bot_id)
        material = None if day is None else await self._recordings.of_session(bot_id, day)
        if day is None or material is None:
            raise NotFound("The bot took no step in that session.", code="NO_STEP")
        found = await asyncio.to_thread(parity_report, material)
        report = answers.report(found, bot_id=bot_id, bot_name=name, day=day, made=self._clock.now())
        is_final = await self._reports.is_over(bot_id, found.last)
        await self._reports.keep(report, is_final=is_final)
        return report


def _decision(row: StoredDecision, order_id: str | None) -> DecisionOut:
    outcome, refusal = Outcome(row.outcome), None if row.refusal is None else RefusalCode(row.refusal)
    own = {name: getattr(row, name) for name in DecisionOut.model_fields if hasattr(row, name)}
    return DecisionOut.model_validate(
        {
            **own,
            "sentence": answers.sentence(outcome, refusal),
            "order_id": order_id,
            "began_numbers": row.began.get("numbers", {}),
            "began_conditions": row.began.get("conditions", []),
        }
    )


def _no_bot() -> NotFound:
    return NotFound("There is no such bot; it may have been deleted.", code="BOT_NOT_FOUND")
