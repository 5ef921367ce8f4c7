"""What the engine has said of its clock."""

from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import EngineStateRow


class HealthRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def clock_offset(self, account_id: str) -> float | None:
        """The broker's clock less the engine's, in seconds; None where it was not measured."""
        row = await self._session.get(EngineStateRow, account_id)
        return None if row is None else row.clock_offset
