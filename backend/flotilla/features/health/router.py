"""`/api/health`: whether the parts that the page needs are up."""

from fastapi import APIRouter
from pydantic import Field

from flotilla import __version__
from flotilla.features.health.repository import HealthRepository
from flotilla.http.dependencies import Session, State
from flotilla.wire.base import Model

router = APIRouter(prefix="/health", tags=["health"])


class HealthOut(Model):
    status: str
    version: str
    clock_offset_seconds: float | None = Field(
        None,
        description="The broker's clock less the engine's; null on a practice account. More than a second is "
        "worth a look at the machine's time service, beyond five no bot enters.",
    )


@router.get("")
async def read_health(state: State, session: Session) -> HealthOut:
    """Answer when the API and its database work."""
    await state.database.ping()
    offset = await HealthRepository(session).clock_offset(state.account_id)
    return HealthOut(status="ok", version=__version__, clock_offset_seconds=offset)
