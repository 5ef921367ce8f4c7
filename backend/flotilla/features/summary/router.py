"""`/api/summary`: the dashboard's numbers and the equity curve."""

from typing import Annotated

from fastapi import APIRouter, Query

from flotilla.features.summary.repository import SummaryRepository
from flotilla.http.dependencies import OtherAccount, Session, State
from flotilla.http.errors import responses
from flotilla.wire.summary import EquityPoint, SummaryOut

router = APIRouter(prefix="/summary", tags=["summary"])


@router.get("", responses=responses(404))
async def read_summary(session: Session, state: State, account_id: OtherAccount = None) -> SummaryOut:
    """Read an account, its market, and the figures of each of its bots."""
    return await SummaryRepository(session).read(account_id or state.account_id, now=state.clock.now())


@router.get("/equity")
async def read_equity(
    session: Session,
    state: State,
    points: Annotated[int, Query(ge=2, le=2000)] = 500,
    account_id: OtherAccount = None,
) -> list[EquityPoint]:
    """Read the account's equity over market time, oldest first."""
    return await SummaryRepository(session).equity(account_id or state.account_id, points=points)
