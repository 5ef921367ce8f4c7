"""`/api/trades`: every filled order, as the user sees it."""

from typing import Annotated

from fastapi import APIRouter, Query

from flotilla.features.trades.repository import TradeRepository
from flotilla.http.dependencies import Session
from flotilla.http.errors import responses
from flotilla.http.pagination import Cursor, Limit, Page
from flotilla.wire.base import Text
from flotilla.wire.trading import TradeOut

router = APIRouter(prefix="/trades", tags=["trades"])


@router.get("", responses=responses(422))
async def list_trades(
    session: Session,
    bot_id: Annotated[Text | None, Query()] = None,
    symbol: Annotated[Text | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[TradeOut]:
    """List trades, newest first."""
    return await TradeRepository(session).page(bot_id=bot_id, symbol=symbol, limit=limit, cursor=cursor)
