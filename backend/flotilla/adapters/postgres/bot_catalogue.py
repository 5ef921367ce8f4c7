"""The bots of an account as the engine looks at them every few seconds, however many there are."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from flotilla.adapters.postgres import rows
from flotilla.db.tables import BotRow, PositionRow
from flotilla.ports.store import StoredBot

# What only a new version changes, and what is read when a bot starts.
_HEAVY = (
    BotRow.symbols,
    BotRow.indicators,
    BotRow.rules,
    BotRow.risk_management,
    BotRow.checkpoint,
)


class BotCatalogue:
    """Reads a version of a bot's definition once."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, rows.Definition]] = {}

    async def bots(self, session: AsyncSession, account_id: str) -> Sequence[StoredBot]:
        """Every bot of the account that is not archived, in the order of their ids."""
        holds = exists().where(PositionRow.bot_id == BotRow.id, PositionRow.is_open)
        ours = (BotRow.account_id == account_id, BotRow.archived_at.is_(None))
        light = [defer(column, raiseload=True) for column in _HEAVY]
        found = await session.execute(select(BotRow, holds).where(*ours).order_by(BotRow.id).options(*light))
        listed = found.all()
        await self._read_new(session, [row for row, _ in listed])
        known = {row.id for row, _ in listed}
        self._read = {bot_id: read for bot_id, read in self._read.items() if bot_id in known}
        return [rows.bot(row, self._read[row.id][1], holds=held) for row, held in listed]

    async def _read_new(self, session: AsyncSession, listed: Sequence[BotRow]) -> None:
        """Read the definitions of versions that were not read yet."""
        new = [row.id for row in listed if self._read.get(row.id, (None,))[0] != row.version]
        if not new:
            return
        whole = await session.scalars(
            select(BotRow)
            .where(BotRow.id.in_(new))
            .options(defer(BotRow.checkpoint))
            .execution_options(populate_existing=True)
        )
        for row in whole:
            self._read[row.id] = (row.version, rows.definition(row))
