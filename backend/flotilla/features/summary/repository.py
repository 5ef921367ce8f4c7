"""The dashboard's numbers, read in one go."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import (
    AccountRow,
    BotRow,
    EngineStateRow,
    EquitySnapshotRow,
    PositionRow,
    TradeRow,
)
from flotilla.domain.errors import NotFound
from flotilla.domain.market import NEW_YORK
from flotilla.wire.summary import (
    AccountSummary,
    BotFigures,
    EquityPoint,
    MarketSummary,
    SummaryOut,
)

# The engine writes its heartbeat every second or two; past this it is taken for dead.
_ENGINE_SILENCE = timedelta(seconds=10)


class SummaryRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def read(self, account_id: str, *, now: datetime) -> SummaryOut:
        """The summary at the wall time `now`. Raises NotFound."""
        account = await self._session.get(AccountRow, account_id)
        if account is None:
            raise NotFound("There is no such account.", code="ACCOUNT_NOT_FOUND")
        engine = await self._session.get(EngineStateRow, account_id)
        alive = (
            engine is not None
            and engine.heartbeat_at is not None
            and now - engine.heartbeat_at < _ENGINE_SILENCE
        )
        bots = await self._bots(account_id, engine)
        open_positions = await self._session.scalar(
            select(func.count())
            .select_from(PositionRow)
            .join(BotRow, BotRow.id == PositionRow.bot_id)
            .where(PositionRow.is_open, BotRow.account_id == account_id)
        )
        return SummaryOut(
            account=_account(account),
            market=_market(engine, alive),
            engine_alive=alive,
            bots_total=len(bots),
            bots_running=sum(status == "running" for status, _ in bots),
            bots_in_error=sum(status == "error" for status, _ in bots),
            open_positions=open_positions or 0,
            trades_today=await self._trades_since(
                account_id, None if engine is None else engine.session_open
            ),
            bots=[figures for _, figures in bots],
        )

    async def equity(self, account_id: str, *, points: int) -> list[EquityPoint]:
        """The account's equity, oldest first, thinned to at most `points` evenly spaced snapshots."""
        numbered = (
            select(
                EquitySnapshotRow.at,
                EquitySnapshotRow.equity,
                func.row_number().over(order_by=EquitySnapshotRow.at.desc()).label("age"),
                func.count().over().label("total"),
            )
            .where(EquitySnapshotRow.account_id == account_id)
            .subquery()
        )
        every = func.greatest(1, (numbered.c.total + points - 1) // points)
        found = await self._session.execute(
            select(numbered.c.at, numbered.c.equity)
            .where((numbered.c.age - 1) % every == 0)
            .order_by(numbered.c.at)
        )
        return [EquityPoint(at=at, equity=equity) for at, equity in found]

    async def _bots(self, account_id: str, engine: EngineStateRow | None) -> list[tuple[str, BotFigures]]:
        held = (
            select(
                PositionRow.bot_id,
                func.count().label("open"),
                func.sum(PositionRow.quantity * PositionRow.current_price).label("value"),
                func.sum(PositionRow.unrealized_pnl).label("unrealized"),
            )
            .where(PositionRow.is_open)
            .group_by(PositionRow.bot_id)
            .subquery()
        )
        traded = select(TradeRow.bot_id, func.count().label("trades")).group_by(TradeRow.bot_id).subquery()
        found = await self._session.execute(
            select(BotRow, held.c.open, held.c.value, held.c.unrealized, traded.c.trades)
            .outerjoin(held, held.c.bot_id == BotRow.id)
            .outerjoin(traded, traded.c.bot_id == BotRow.id)
            .where(BotRow.account_id == account_id, BotRow.archived_at.is_(None))
            .order_by(BotRow.created_at)
        )
        return [
            (
                bot.status,
                BotFigures(
                    bot_id=bot.id,
                    equity=bot.cash + (value or Decimal(0)),
                    cash=bot.cash,
                    realized_pnl=bot.realized_pnl,
                    unrealized_pnl=unrealized or Decimal(0),
                    day_pnl=bot.day_pnl if bot.day == _today(bot, engine) else Decimal(0),
                    open_positions=count or 0,
                    trades=trades or 0,
                ),
            )
            for bot, count, value, unrealized, trades in found
        ]

    async def _trades_since(self, account_id: str, session_open: datetime | None) -> int:
        if session_open is None:
            return 0
        count = await self._session.scalar(
            select(func.count())
            .select_from(TradeRow)
            .join(BotRow, BotRow.id == TradeRow.bot_id)
            .where(TradeRow.timestamp >= session_open, BotRow.account_id == account_id)
        )
        return count or 0


def _today(bot: BotRow, engine: EngineStateRow | None) -> date | None:
    """The trading day that it is for a bot; a P&L of another day is not today's."""
    if engine is None:
        return bot.day
    if any("/" in symbol for symbol in bot.symbols):
        return None if engine.market_now is None else engine.market_now.astimezone(UTC).date()
    opened = engine.session_open
    return bot.day if opened is None else opened.astimezone(NEW_YORK).date()


def _account(row: AccountRow) -> AccountSummary:
    day_pnl = None if row.equity is None or row.last_equity is None else row.equity - row.last_equity
    return AccountSummary.model_validate(
        {
            "id": row.id,
            "name": row.name,
            "kind": row.kind,
            "equity": row.equity,
            "cash": row.cash,
            "day_pnl": day_pnl,
            "as_of": row.as_of,
        }
    )


def _market(row: EngineStateRow | None, alive: bool) -> MarketSummary:
    if row is None or row.market_now is None:
        return MarketSummary(
            now=None,
            is_open=False,
            session_close=None,
            next_open=None,
            rate=1.0,
            source=None,
            connected=False,
        )
    is_open = (
        row.session_open is not None
        and row.session_close is not None
        and row.session_open <= row.market_now < row.session_close
    )
    return MarketSummary(
        now=row.market_now,
        is_open=is_open,
        session_close=row.session_close if is_open else None,
        next_open=row.next_open,
        rate=row.market_rate,
        source=row.market_source,
        connected=alive and row.connected,
    )
