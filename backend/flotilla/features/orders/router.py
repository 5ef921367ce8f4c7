"""`/api/orders`: every order, with what it was decided at and what it got."""

from typing import Annotated

from fastapi import APIRouter, Query

from flotilla.features.orders.repository import OrderRepository
from flotilla.http.dependencies import Session
from flotilla.http.errors import responses
from flotilla.http.pagination import Cursor, Limit, Page
from flotilla.wire.base import Text
from flotilla.wire.trading import OrderOut

router = APIRouter(prefix="/orders", tags=["orders"])


@router.get("", responses=responses(422))
async def list_orders(
    session: Session,
    bot_id: Annotated[Text | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[OrderOut]:
    """List orders, newest first."""
    return await OrderRepository(session).page(bot_id=bot_id, limit=limit, cursor=cursor)
