"""An account's limits, what the engine remembers of them, and the ledgers that count towards them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Text, all_, cast, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import AccountRow, BotRow, PositionRow
from flotilla.domain.bots import BotStatus
from flotilla.domain.risk import AccountLimits
from flotilla.ports.store import BotLedger


async def read(session: AsyncSession, account_id: str) -> tuple[AccountLimits, Mapping[str, Any]]:
    """See `ports.store.EngineStore.account_limits`."""
    found = await session.execute(
        select(AccountRow.limits, AccountRow.limits_state).where(AccountRow.id == account_id)
    )
    kept, state = found.one()
    return AccountLimits(**kept), state


async def save_state(session: AsyncSession, account_id: str, state: Mapping[str, Any]) -> None:
    """See `ports.store.EngineStore.save_limits_state`."""
    await session.execute(
        update(AccountRow).where(AccountRow.id == account_id).values(limits_state=dict(state))
    )


async def ledgers(session: AsyncSession, account_id: str, besides: Collection[str]) -> Sequence[BotLedger]:
    """See `ports.store.EngineStore.ledgers`."""
    position = PositionRow.symbol, PositionRow.quantity, PositionRow.current_price
    found = await session.execute(
        select(BotRow.id, BotRow.capital, BotRow.cash, *position)
        .outerjoin(PositionRow, (PositionRow.bot_id == BotRow.id) & PositionRow.is_open)
        .where(BotRow.account_id == account_id, BotRow.archived_at.is_(None))
        .where(BotRow.id != all_(cast(list(besides), ARRAY(Text))))
        .where((BotRow.status != BotStatus.STOPPED) | PositionRow.id.is_not(None))
        .order_by(BotRow.id)
    )
    by_bot: dict[str, BotLedger] = {}
    held: dict[str, dict[str, tuple[float, float]]] = {}
    for bot_id, capital, cash, symbol, quantity, mark in found:
        mine = held.setdefault(bot_id, {})
        by_bot.setdefault(bot_id, BotLedger(bot_id, float(capital), float(cash), mine))
        if symbol is not None:
            mine[symbol] = float(quantity), float(mark)
    return list(by_bot.values())
