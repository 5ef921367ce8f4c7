"""What may be done with an account, and when."""

from flotilla.domain.errors import Invalid, NotFound
from flotilla.domain.risk import account_problems
from flotilla.features.accounts.limits import LimitsBody, LimitsOut, limits_out, to_limits
from flotilla.features.accounts.repository import AccountRepository, StoredAccount


class AccountService:
    def __init__(self, repository: AccountRepository) -> None:
        self._repository = repository

    async def limits(self, account_id: str) -> LimitsOut:
        row = await self._existing(account_id)
        return limits_out(row.limits, row.limits_state)

    async def limit(self, account_id: str, body: LimitsBody) -> LimitsOut:
        """Replace the limits. Raises Invalid."""
        row = await self._existing(account_id)
        limits = to_limits(body)
        found = list(account_problems(limits))
        if found:
            raise Invalid(found)
        await self._repository.limit(row, limits)
        return limits_out(row.limits, row.limits_state)

    async def _existing(self, account_id: str) -> StoredAccount:
        row = await self._repository.get(account_id)
        if row is None:
            raise NotFound("There is no such account; it may have been archived.", code="ACCOUNT_NOT_FOUND")
        return row
