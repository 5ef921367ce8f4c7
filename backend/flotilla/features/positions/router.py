"""`/api/positions`: what the bots hold and held."""

from typing import Annotated

from fastapi import APIRouter, Query

from flotilla.features.positions.repository import PositionRepository
from flotilla.http.dependencies import Session
from flotilla.http.errors import responses
from flotilla.http.pagination import Cursor, Limit, Page
from flotilla.wire.base import Text
from flotilla.wire.trading import PositionOut

router = APIRouter(prefix="/positions", tags=["positions"])


@router.get("", responses=responses(422))
async def list_positions(
    session: Session,
    bot_id: Annotated[Text | None, Query()] = None,
    is_open: Annotated[bool | None, Query(description="Only open or only closed ones.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[PositionOut]:
    """List positions, the newest first."""
    return await PositionRepository(session).page(bot_id=bot_id, is_open=is_open, limit=limit, cursor=cursor)
