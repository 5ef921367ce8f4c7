"""What bots do now, of many bots at once: after a restart all of them start."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db import outbox
from flotilla.db.tables import BotRow, EventRow
from flotilla.domain.bots import BotStatus
from flotilla.ports.bus import EVENTS
from flotilla.wire import rows as wire


@dataclass(frozen=True, slots=True)
class StatusChange:
    bot_id: str
    status: BotStatus
    reason: str | None


async def record(session: AsyncSession, changes: Sequence[StatusChange]) -> list[None]:
    """Write the changes in their order, and tell the browsers of those that are ones."""
    ids = {change.bot_id for change in changes}
    found = await session.scalars(
        select(BotRow)
        .where(BotRow.id.in_(ids))
        .order_by(BotRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    bots = {row.id: row for row in found}
    now = (await session.execute(select(func.now()))).scalar_one()
    events = []
    for change in changes:
        row = bots[change.bot_id]
        if (row.status, row.status_reason, row.next_attempt_at) == (change.status, change.reason, None):
            continue
        row.status, row.status_reason, row.updated_at = change.status, change.reason, now
        row.next_attempt_at = None
        payload = wire.bot(row).model_dump(mode="json")
        events.append(EventRow(type="bot_status_changed", bot_id=row.id, payload={"bot": payload}))
    if events:
        session.add_all(events)
        await outbox.nudge(session, EVENTS)
    return [None] * len(changes)
