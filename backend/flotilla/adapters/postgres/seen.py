"""Bars as first seen, in PostgreSQL: a row a minute, and one for what was learnt of a symbol's past."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.packed_bars import pack_minute, pack_series
from flotilla.db.tables import SeenLearntRow, SeenMinuteRow
from flotilla.ports.decision_log import LearntBars, SeenMinute


async def record(session: AsyncSession, account_id: str, minute: SeenMinute) -> None:
    """Keep a minute; one that is kept already stays as it is: it was seen by an earlier life."""
    await session.execute(
        insert(SeenMinuteRow)
        .values(
            account_id=account_id,
            tau=minute.tau,
            session_open=minute.session.open,
            session_close=minute.session.close,
            bars=pack_minute(minute.bars),
        )
        .on_conflict_do_nothing()
    )
    if minute.learnt:
        rows = [_learnt(account_id, minute.tau, one) for one in minute.learnt]
        await session.execute(insert(SeenLearntRow).on_conflict_do_nothing(), rows)


def _learnt(account_id: str, tau: datetime, learnt: LearntBars) -> dict[str, Any]:
    bars = learnt.bars
    return {
        "account_id": account_id,
        "symbol": learnt.symbol,
        "tau": tau,
        "kind": learnt.kind,
        "first_start": datetime.fromtimestamp(int(bars.start[0]), UTC),
        "last_start": datetime.fromtimestamp(int(bars.start[-1]), UTC),
        "bars": pack_series(bars),
    }
