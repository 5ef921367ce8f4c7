"""`/api/accounts`: the broker accounts that bots trade on, and what limits all bots of one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from flotilla.features.accounts.desk import AccountDesk
from flotilla.features.accounts.limits import LimitsBody, LimitsOut
from flotilla.features.accounts.repository import AccountRepository
from flotilla.features.accounts.schemas import (
    AccountChange,
    AccountOut,
    KeyCheckOut,
    KeysBody,
    LiveConfirmation,
    NewAccount,
    NewKeys,
)
from flotilla.features.accounts.service import AccountService
from flotilla.http.dependencies import Session
from flotilla.http.errors import responses
from flotilla.wire.base import Text

router = APIRouter(prefix="/accounts", tags=["accounts"])


def account_desk(request: Request) -> AccountDesk:
    desk: AccountDesk = request.app.state.accounts
    return desk


def account_service(session: Session, desk: Annotated[AccountDesk, Depends(account_desk)]) -> AccountService:
    return AccountService(AccountRepository(session), desk)


Service = Annotated[AccountService, Depends(account_service, scope="function")]


@router.get("")
async def list_accounts(service: Service) -> list[AccountOut]:
    """List the accounts, oldest first; the practice account is always among them."""
    return await service.all()


@router.post("", status_code=201, responses=responses(422, 503))
async def create_account(account: NewAccount, service: Service) -> AccountOut:
    """Add an account at Alpaca. Keys that Alpaca refuses are not stored."""
    return await service.create(account)


@router.post("/check-keys", responses=responses(422))
async def check_new_keys(keys: NewKeys, service: Service) -> KeyCheckOut:
    """Ask Alpaca about keys without storing them."""
    return await service.check_new(keys)


@router.get("/{account_id}", responses=responses(404))
async def read_account(account_id: Text, service: Service) -> AccountOut:
    """Read one account."""
    return await service.read(account_id)


@router.patch("/{account_id}", responses=responses(404, 422))
async def update_account(account_id: Text, change: AccountChange, service: Service) -> AccountOut:
    """Rename an account, or choose another feed; the engine connects anew where it must."""
    return await service.change(account_id, change)


@router.delete("/{account_id}", status_code=204, responses=responses(404, 409))
async def archive_account(account_id: Text, service: Service) -> Response:
    """Archive an account whose bots are stopped and flat. Its trades stay, its keys are forgotten."""
    await service.archive(account_id)
    return Response(status_code=204)


@router.put("/{account_id}/keys", responses=responses(404, 409, 422, 503))
async def replace_account_keys(account_id: Text, keys: KeysBody, service: Service) -> AccountOut:
    """Replace the keys by others of the same account; the engine connects anew with them."""
    return await service.replace_keys(account_id, keys)


@router.post("/{account_id}/check-keys", responses=responses(404, 409, 503))
async def check_account_keys(account_id: Text, service: Service) -> KeyCheckOut:
    """Ask Alpaca about the stored keys."""
    return await service.check(account_id)


@router.post("/{account_id}/enable-live", status_code=204, responses=responses(404, 409, 422))
async def enable_live_trading(account_id: Text, confirmation: LiveConfirmation, service: Service) -> None:
    """Ask for real money to be traded: FLOTILLA_ALLOW_LIVE=true, the account's name, and a login.

    This version has no login: the answer is a refusal that says what is missing.
    """
    await service.enable_live(account_id, confirmation.name)


@router.get("/{account_id}/limits", responses=responses(404))
async def read_account_limits(account_id: Text, service: Service) -> LimitsOut:
    """Read what all bots of the account together may do, and where they stand."""
    return await service.limits(account_id)


@router.put("/{account_id}/limits", responses=responses(404, 422))
async def update_account_limits(account_id: Text, limits: LimitsBody, service: Service) -> LimitsOut:
    """Replace the limits over all bots; running bots follow them from the next minute on."""
    return await service.limit(account_id, limits)
