"""Write a fact into the outbox, in the transaction that makes it true."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import EventRow
from flotilla.ports.bus import EVENTS


async def add_event(session: AsyncSession, *, type: str, bot_id: str | None, payload: dict[str, Any]) -> None:
    """Add one fact; the relay is nudged when the transaction commits."""
    session.add(EventRow(type=type, bot_id=bot_id, payload=payload))
    await nudge(session, EVENTS)


async def nudge(session: AsyncSession, channel: str, payload: str = "") -> None:
    """Send a notification when the transaction commits (equal ones are folded by PostgreSQL)."""
    await session.execute(
        text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload}
    )
