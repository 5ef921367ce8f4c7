"""`/api/reconciliation`: our books against the broker's, and what to do about what differs."""

from typing import Annotated

from fastapi import APIRouter, Depends

from flotilla.features.reconciliation.repository import ReconciliationRepository
from flotilla.features.reconciliation.schemas import FindingOut, ReconciliationOut, RemedyRequest
from flotilla.features.reconciliation.service import ReconciliationService
from flotilla.http.dependencies import Session, State
from flotilla.http.errors import responses
from flotilla.http.pagination import Limit
from flotilla.wire.base import Text

router = APIRouter(prefix="/reconciliation", tags=["reconciliation"])


def reconciliation_service(session: Session, state: State) -> ReconciliationService:
    return ReconciliationService(ReconciliationRepository(session, state.account_id))


Service = Annotated[ReconciliationService, Depends(reconciliation_service, scope="function")]


@router.get("")
async def read_reconciliation(service: Service) -> ReconciliationOut:
    """Read, for each symbol and the dollars: the bots', what is no bot's, the broker's; and what differs."""
    return await service.read()


@router.get("/findings")
async def list_findings(service: Service, limit: Limit = 100) -> list[FindingOut]:
    """List differences, open and resolved, newest first."""
    return await service.findings(limit)


@router.post("/findings/{finding_id}/remedy", status_code=202, responses=responses(404, 409, 422))
async def remedy_finding(finding_id: Text, request: RemedyRequest, service: Service) -> FindingOut:
    """Ask for a difference to be assigned to a bot, adopted as no bot's, or closed at the broker."""
    return await service.remedy(finding_id, request)
