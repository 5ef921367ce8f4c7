"""What may be done about a difference with the broker."""

from flotilla.domain.errors import Conflict, Invalid, NotFound, Problem
from flotilla.domain.reconciliation import CASH
from flotilla.features.reconciliation.repository import ReconciliationRepository, StoredFinding, finding
from flotilla.features.reconciliation.schemas import FindingOut, ReconciliationOut, RemedyRequest


class ReconciliationService:
    def __init__(self, repository: ReconciliationRepository) -> None:
        self._repository = repository

    async def read(self) -> ReconciliationOut:
        return await self._repository.read()

    async def findings(self, limit: int) -> list[FindingOut]:
        return await self._repository.findings(open_only=False, limit=limit)

    async def remedy(self, finding_id: str, request: RemedyRequest) -> FindingOut:
        """Ask for a remedy; the engine carries it out. Raises NotFound, Conflict or Invalid."""
        row = await self._repository.get(finding_id)
        if row is None:
            raise NotFound("There is no such difference.", code="FINDING_NOT_FOUND")
        if row.resolved_at is not None:
            raise Conflict("This difference is resolved already.", code="FINDING_RESOLVED")
        await self._check(row, request)
        await self._repository.wish(row, request.remedy, request.bot_id)
        return finding(row)

    async def _check(self, row: StoredFinding, request: RemedyRequest) -> None:
        assigns = request.remedy == "assign"
        if not assigns and request.bot_id is not None:
            raise Invalid([Problem("bot_id", "Only what is assigned becomes a bot's: leave it out.")])
        if request.remedy != "adopt" and (row.symbol == CASH or not row.quantity):
            sentence = "Only dollars differ: there is nothing to assign or to close. Adopt them."
            raise Invalid([Problem("remedy", sentence)])
        if not assigns:
            return
        if request.bot_id is None:
            raise Invalid([Problem("bot_id", "Say which bot it is to become.")])
        symbols = await self._repository.bot_symbols(request.bot_id)
        if symbols is None:
            raise Invalid([Problem("bot_id", "There is no such bot in this account.")])
        if row.symbol not in symbols:
            raise Invalid([Problem("bot_id", f"This bot does not trade {row.symbol}.")])
