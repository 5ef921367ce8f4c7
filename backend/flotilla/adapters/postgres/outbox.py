"""The outbox: facts get their numbers from one relay, and are read in that order."""

from collections.abc import Sequence

from sqlalchemy import func, select, text

from flotilla.db import outbox
from flotilla.db.session import Database
from flotilla.db.tables import EventRow
from flotilla.ports import bus
from flotilla.ports.outbox import StoredFact

_RELAY_LOCK = 7_205_114_302
_KEEP = 50_000


class PostgresOutbox:
    """`ports.outbox.Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def number(self) -> int:
        """Number what has been committed since; 0 when there is nothing, or another relay is at it."""
        async with self._database.transaction() as session:
            mine = await session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _RELAY_LOCK})
            if not mine:
                return 0
            new = await session.scalars(
                select(EventRow).where(EventRow.number.is_(None)).order_by(EventRow.id).limit(500)
            )
            last = await session.scalar(select(func.coalesce(func.max(EventRow.number), 0)))
            count = 0
            for count, row in enumerate(new.all(), start=1):
                row.number = (last or 0) + count
            if count:
                await outbox.nudge(session, bus.NUMBERED)
            return count

    async def newest(self) -> int:
        async with self._database.transaction() as session:
            return await session.scalar(select(func.coalesce(func.max(EventRow.number), 0))) or 0

    async def after(self, number: int, limit: int) -> Sequence[StoredFact]:
        async with self._database.transaction() as session:
            found = await session.scalars(
                select(EventRow).where(EventRow.number > number).order_by(EventRow.number).limit(limit)
            )
            return [StoredFact(row.number or 0, row.type, row.payload) for row in found]

    async def prune(self) -> None:
        """Forget all but the newest facts; a client that was away longer fetches everything anew."""
        async with self._database.transaction() as session:
            await session.execute(
                text(
                    "DELETE FROM flotilla.events WHERE number <= "
                    "(SELECT max(number) FROM flotilla.events) - :keep"
                ),
                {"keep": _KEEP},
            )
