from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import BotRow, PositionRow
from flotilla.http import pagination
from flotilla.wire import rows
from flotilla.wire.trading import PositionOut


class PositionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, *, bot_id: str | None, is_open: bool | None, limit: int, cursor: str | None
    ) -> pagination.Page[PositionOut]:
        """Positions, newest first."""
        query = select(PositionRow, BotRow.name).join(BotRow, BotRow.id == PositionRow.bot_id)
        if bot_id is not None:
            query = query.where(PositionRow.bot_id == bot_id)
        if is_open is not None:
            query = query.where(PositionRow.is_open == is_open)
        if cursor is not None:
            query = query.where(tuple_(PositionRow.opened_at, PositionRow.id) < pagination.decode(cursor))
        found = await self._session.execute(
            query.order_by(PositionRow.opened_at.desc(), PositionRow.id.desc()).limit(limit + 1)
        )
        page, last = pagination.cut(found.all(), limit)
        return pagination.Page[PositionOut](
            items=[rows.position(row, name) for row, name in page],
            next_cursor=None if last is None else pagination.encode(last[0].opened_at, last[0].id),
        )
