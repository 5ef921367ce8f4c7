"""`/api/health`: whether the parts that the page needs are up."""

from fastapi import APIRouter

from flotilla import __version__
from flotilla.http.dependencies import State
from flotilla.wire.base import Model

router = APIRouter(prefix="/health", tags=["health"])


class HealthOut(Model):
    status: str
    version: str


@router.get("")
async def read_health(state: State) -> HealthOut:
    """Answer when the API and its database work."""
    await state.database.ping()
    return HealthOut(status="ok", version=__version__)
