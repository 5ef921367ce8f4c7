from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import OrderRow
from flotilla.http import pagination
from flotilla.wire import rows
from flotilla.wire.trading import OrderOut


class OrderRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, *, bot_id: str | None, limit: int, cursor: str | None) -> pagination.Page[OrderOut]:
        """Orders, newest first."""
        query = select(OrderRow)
        if bot_id is not None:
            query = query.where(OrderRow.bot_id == bot_id)
        if cursor is not None:
            query = query.where(tuple_(OrderRow.created_at, OrderRow.id) < pagination.decode(cursor))
        found = await self._session.scalars(
            query.order_by(OrderRow.created_at.desc(), OrderRow.id.desc()).limit(limit + 1)
        )
        page, last = pagination.cut(found.all(), limit)
        return pagination.Page[OrderOut](
            items=[rows.order(row) for row in page],
            next_cursor=None if last is None else pagination.encode(last.created_at, last.id),
        )
