"""`/api/backtests`: what bots would have done, before they are saved or as a record."""

import asyncio
import threading
from typing import Annotated

import orjson
from fastapi import APIRouter, BackgroundTasks, Depends, Request, Response

from flotilla.domain.errors import DomainError
from flotilla.features.backtests.desk import Desk
from flotilla.features.backtests.repository import BacktestRepository
from flotilla.features.backtests.requests import BacktestRequest, PreviewRequest, to_plan
from flotilla.features.backtests.schemas import BacktestDetail, BacktestTrade, Curve, Preview
from flotilla.features.backtests.service import BacktestService
from flotilla.http.dependencies import Session, State
from flotilla.http.errors import responses
from flotilla.http.pagination import Cursor, Limit, Page
from flotilla.research.plan import check
from flotilla.wire.backtests import BacktestOut
from flotilla.wire.base import Text

router = APIRouter(prefix="/backtests", tags=["backtests"])


def backtest_service(session: Session, state: State, desk: Desk) -> BacktestService:
    return BacktestService(BacktestRepository(session), desk, state.account_id)


Service = Annotated[BacktestService, Depends(backtest_service, scope="function")]


@router.post("/preview", response_model=Preview, responses=responses(409, 422, 503))
async def preview_backtest(body: PreviewRequest, request: Request, desk: Desk, state: State) -> Response:
    """Test one unsaved bot. Whoever hangs up ends it; the answer's rows are the newest ones."""
    if body.account_equity is None:
        async with state.database.transaction() as session:  # closed before the run: it may take long
            equity = await BacktestRepository(session).account_equity(state.account_id)
        body = body.model_copy(update={"account_equity": equity})
    plan = to_plan([body.bot], body, field=lambda _: "bot.")
    check(plan)
    instruments = await desk.instruments(plan)
    unwanted = threading.Event()
    failed: DomainError | None = None
    content = b""
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(_hang_up(request, unwanted))
        try:
            content = await desk.previews.answer(plan, body, instruments, unwanted)
        except DomainError as error:  # out of the group it would come inside an ExceptionGroup
            failed = error
        listening.cancel()
    if failed is not None:
        raise failed
    return _json(content)


@router.post("", status_code=201, responses=responses(422))
async def create_backtest(
    body: BacktestRequest, service: Service, desk: Desk, after: BackgroundTasks
) -> BacktestOut:
    """Queue a backtest of one or several bots that share one account."""
    created = await service.create(body)
    after.add_task(_queued, desk, created)
    return created


@router.get("")
async def list_backtests(service: Service, limit: Limit = 100, cursor: Cursor = None) -> Page[BacktestOut]:
    """List the backtests, newest first."""
    return await service.page(limit=limit, cursor=cursor)


@router.get("/{backtest_id}", responses=responses(404))
async def read_backtest(backtest_id: Text, service: Service) -> BacktestDetail:
    """Read one backtest, and what it found."""
    return await service.read(backtest_id)


@router.get("/{backtest_id}/curve", response_model=Curve, responses=responses(404, 409))
async def read_backtest_curve(backtest_id: Text, service: Service) -> Response:
    """Read the curve of a backtest that is done: at most 2,000 points, the extremes among them."""
    return _json(orjson.dumps(await service.curve(backtest_id)))


@router.get("/{backtest_id}/trades", response_model=Page[BacktestTrade], responses=responses(404))
async def list_backtest_trades(
    backtest_id: Text, service: Service, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """List a backtest's trades in the order in which they closed."""
    items, following = await service.trades(backtest_id, limit=limit, cursor=cursor)
    return _json(orjson.dumps({"items": items, "next_cursor": following}))


@router.post("/{backtest_id}/cancel", responses=responses(404, 409))
async def cancel_backtest(
    backtest_id: Text, service: Service, desk: Desk, after: BackgroundTasks
) -> BacktestOut:
    """End a backtest that waits or runs."""
    cancelled = await service.cancel(backtest_id)
    after.add_task(desk.emit, cancelled)
    return cancelled


@router.delete("/{backtest_id}", status_code=204, responses=responses(404))
async def delete_backtest(backtest_id: Text, service: Service) -> Response:
    """Delete a backtest and its result; one that runs is ended."""
    await service.delete(backtest_id)
    return Response(status_code=204)


async def _hang_up(request: Request, unwanted: threading.Event) -> None:
    """The body has been read: what comes next is the end of the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
    unwanted.set()


async def _queued(desk: Desk, created: BacktestOut) -> None:
    """After the commit: other pages hear of it, and the runner looks."""
    await desk.emit(created)
    desk.wake()


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
