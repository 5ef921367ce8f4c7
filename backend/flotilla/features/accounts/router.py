"""`/api/accounts`: the broker accounts that bots trade on, and what limits all bots of one."""

from typing import Annotated

from fastapi import APIRouter, Depends

from flotilla.features.accounts.limits import LimitsBody, LimitsOut
from flotilla.features.accounts.repository import AccountRepository
from flotilla.features.accounts.service import AccountService
from flotilla.http.dependencies import Session
from flotilla.http.errors import responses
from flotilla.wire.base import Text

router = APIRouter(prefix="/accounts", tags=["accounts"])


def account_service(session: Session) -> AccountService:
    return AccountService(AccountRepository(session))


Service = Annotated[AccountService, Depends(account_service, scope="function")]


@router.get("/{account_id}/limits", responses=responses(404))
async def read_account_limits(account_id: Text, service: Service) -> LimitsOut:
    """Read what all bots of the account together may do, and where they stand."""
    return await service.limits(account_id)


@router.put("/{account_id}/limits", responses=responses(404, 422))
async def update_account_limits(account_id: Text, limits: LimitsBody, service: Service) -> LimitsOut:
    """Replace the limits over all bots; running bots follow them from the next minute on."""
    return await service.limit(account_id, limits)
