"""Turning the kill switch on and off. The engine acts on it."""

from datetime import datetime

from flotilla.domain.errors import NotFound
from flotilla.features.kill_switch.repository import KillSwitchRepository
from flotilla.features.kill_switch.schemas import KillSwitchOut, KillSwitchRequest
from flotilla.ports.clock import WallClock
from flotilla.wire.alerts import AlertOut


class KillSwitchService:
    def __init__(self, repository: KillSwitchRepository, clock: WallClock) -> None:
        self._repository = repository
        self._clock = clock

    async def read(self, account_id: str) -> KillSwitchOut:
        """The switch, and what it would do. Raises NotFound."""
        if not await self._repository.has_account(account_id):
            raise NotFound("There is no such account.", code="ACCOUNT_NOT_FOUND")
        return await self._repository.read(account_id)

    async def engage(self, account_id: str, request: KillSwitchRequest) -> KillSwitchOut:
        """Turn it on; asking again for more (or less) changes what it does. Raises NotFound."""
        before = await self.read(account_id)
        at = self._clock.now()
        asked = (request.flatten, request.unmanaged)
        if not before.engaged or asked != (before.flatten, before.unmanaged):
            await self._repository.engage(
                account_id, flatten=request.flatten, unmanaged=request.unmanaged, at=at
            )
            await self._repository.tell(_engaged(before, request, at))
        return await self._repository.read(account_id)

    async def release(self, account_id: str) -> KillSwitchOut:
        """Turn it off: bots enter again. Raises NotFound."""
        before = await self.read(account_id)
        if before.engaged:
            at = self._clock.now()
            await self._repository.release(account_id, at=at)
            await self._repository.tell(
                AlertOut(
                    code="KILL_SWITCH_RELEASED",
                    severity="info",
                    account_id=account_id,
                    text="The kill switch is off: the account's bots enter again.",
                    at=at,
                )
            )
        return await self._repository.read(account_id)


def _engaged(before: KillSwitchOut, request: KillSwitchRequest, at: datetime) -> AlertOut:
    found = before.consequences
    text = f"The kill switch is on: {found.entries} entry orders are cancelled, and no bot enters."
    if request.flatten:
        text += f" {found.positions} positions worth {found.value:,.2f} USD are closed."
    if request.unmanaged:
        text += f" So are {found.unmanaged} holdings of no bot, and every order that is not Flotilla's."
    return AlertOut(
        code="KILL_SWITCH_ENGAGED", severity="error", account_id=before.account_id, text=text, at=at
    )
