from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import BotRow, TradeRow
from flotilla.http import pagination
from flotilla.wire import rows
from flotilla.wire.trading import TradeOut


class TradeRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, *, bot_id: str | None, symbol: str | None, limit: int, cursor: str | None
    ) -> pagination.Page[TradeOut]:
        """Trades, newest first."""
        query = select(TradeRow, BotRow.name).join(BotRow, BotRow.id == TradeRow.bot_id)
        if bot_id is not None:
            query = query.where(TradeRow.bot_id == bot_id)
        if symbol is not None:
            query = query.where(TradeRow.symbol == symbol)
        if cursor is not None:
            query = query.where(tuple_(TradeRow.timestamp, TradeRow.id) < pagination.decode(cursor))
        found = await self._session.execute(
            query.order_by(TradeRow.timestamp.desc(), TradeRow.id.desc()).limit(limit + 1)
        )
        page, last = pagination.cut(found.all(), limit)
        return pagination.Page[TradeOut](
            items=[rows.trade(row, name) for row, name in page],
            next_cursor=None if last is None else pagination.encode(last[0].timestamp, last[0].id),
        )
