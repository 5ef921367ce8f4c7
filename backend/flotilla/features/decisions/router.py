"""`/api/bots/{bot_id}/decisions` and `/parity`: why a bot did what it did, and whether that was right."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from flotilla.domain.kernel.decisions import Outcome
from flotilla.domain.risk import RefusalCode
from flotilla.features.decisions.recordings import Recordings
from flotilla.features.decisions.reports import ReportStore
from flotilla.features.decisions.repository import DecisionFilter, DecisionRepository
from flotilla.features.decisions.schemas import DecisionOut, EvaluationOut, ParityReportOut, RefusalCount
from flotilla.features.decisions.service import DecisionService, ParityService
from flotilla.http.dependencies import Session, State
from flotilla.http.errors import responses
from flotilla.http.pagination import Cursor, Limit, Page
from flotilla.wire.base import Text

router = APIRouter(prefix="/bots/{bot_id}", tags=["decisions"])

SymbolQuery = Annotated[Text | None, Query()]
Since = Annotated[AwareDatetime | None, Query(description="Market time.")]
Day = Annotated[date | None, Query(description="The session's day; default: the newest.")]


def decision_service(session: Session, state: State) -> DecisionService:
    return DecisionService(DecisionRepository(session), Recordings(state.database))


def parity_service(state: State) -> ParityService:
    return ParityService(Recordings(state.database), ReportStore(state.database), state.clock)


Decisions = Annotated[DecisionService, Depends(decision_service, scope="function")]
Parity = Annotated[ParityService, Depends(parity_service, scope="function")]


@router.get("/decisions", responses=responses(404, 422))
async def list_decisions(
    bot_id: Text,
    service: Decisions,
    symbol: SymbolQuery = None,
    since: Since = None,
    until: Since = None,
    code: Annotated[RefusalCode | None, Query()] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DecisionOut]:
    """List what the bot decided and why, newest first; equal decisions in a row are one."""
    wanted = DecisionFilter(bot_id, symbol, since, until, code, outcome)
    return await service.page(wanted, limit=limit, cursor=cursor)


@router.get("/decisions/at", responses=responses(404, 422))
async def read_evaluation(
    bot_id: Text,
    service: Decisions,
    symbol: Annotated[Text, Query()],
    time: Annotated[AwareDatetime, Query(description="Market time; the minute that ended then.")],
) -> EvaluationOut:
    """Tell one evaluation in full, recomputed from the bars as the bot first saw them."""
    return await service.at(bot_id, symbol, time)


@router.get("/decisions/refusals", responses=responses(404, 422))
async def count_refusals(
    bot_id: Text,
    service: Decisions,
    symbol: SymbolQuery = None,
    since: Since = None,
    until: Since = None,
) -> list[RefusalCount]:
    """Count what each gate refused or made smaller; a run counts whole when it reaches into the range."""
    return await service.refusals(DecisionFilter(bot_id, symbol, since, until))


@router.get("/parity", responses=responses(404, 422))
async def read_parity_report(bot_id: Text, service: Parity, session: Day = None) -> ParityReportOut:
    """Read the stored report of a session; it is made when the session has ended."""
    return await service.read(bot_id, session)


@router.post("/parity", responses=responses(404, 422))
async def make_parity_report(bot_id: Text, service: Parity, session: Day = None) -> ParityReportOut:
    """Make the report of a session now, as far as it has come, and store it."""
    return await service.make(bot_id, session)
