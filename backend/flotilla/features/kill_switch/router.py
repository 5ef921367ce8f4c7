"""`/api/accounts/{account_id}/kill-switch`: stop all entries of an account at once."""

from typing import Annotated

from fastapi import APIRouter, Depends

from flotilla.features.kill_switch.repository import KillSwitchRepository
from flotilla.features.kill_switch.schemas import KillSwitchOut, KillSwitchRequest
from flotilla.features.kill_switch.service import KillSwitchService
from flotilla.http.dependencies import Session, State
from flotilla.http.errors import responses
from flotilla.wire.base import Text

router = APIRouter(prefix="/accounts/{account_id}/kill-switch", tags=["accounts"])


def kill_switch_service(session: Session, state: State) -> KillSwitchService:
    return KillSwitchService(KillSwitchRepository(session), state.clock)


Service = Annotated[KillSwitchService, Depends(kill_switch_service, scope="function")]


@router.get("", responses=responses(404))
async def read_kill_switch(account_id: Text, service: Service) -> KillSwitchOut:
    """Read whether it is on, and what it would do, in numbers."""
    return await service.read(account_id)


@router.post("", responses=responses(404, 422))
async def engage_kill_switch(account_id: Text, request: KillSwitchRequest, service: Service) -> KillSwitchOut:
    """Cancel the entries of all bots and let none enter until it is released; protection stays."""
    return await service.engage(account_id, request)


@router.post("/release", responses=responses(404))
async def release_kill_switch(account_id: Text, service: Service) -> KillSwitchOut:
    """Let the account's bots enter again."""
    return await service.release(account_id)
