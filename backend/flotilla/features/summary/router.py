"""`/api/summary`: the dashboard's numbers and the equity curve."""

from typing import Annotated

from fastapi import APIRouter, Query

from flotilla.features.summary.repository import SummaryRepository
from flotilla.http.dependencies import Session, State
from flotilla.wire.summary import EquityPoint, SummaryOut

router = APIRouter(prefix="/summary", tags=["summary"])


@router.get("")
async def read_summary(session: Session, state: State) -> SummaryOut:
    """Read the account, the market, and every bot's figures."""
    return await SummaryRepository(session).read(state.account_id, now=state.clock.now())


@router.get("/equity")
async def read_equity(
    session: Session, state: State, points: Annotated[int, Query(ge=2, le=2000)] = 500
) -> list[EquityPoint]:
    """Read the account's equity over market time, oldest first."""
    return await SummaryRepository(session).equity(state.account_id, points=points)
