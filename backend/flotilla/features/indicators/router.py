"""`/api/indicators`: the catalogue."""

from fastapi import APIRouter

from flotilla.domain.indicators import CATALOGUE
from flotilla.features.indicators.schemas import IndicatorOut

router = APIRouter(prefix="/indicators", tags=["indicators"])


@router.get("")
async def list_indicators() -> list[IndicatorOut]:
    """List every indicator with its parameters and outputs."""
    return [IndicatorOut.model_validate(entry, from_attributes=True) for entry in CATALOGUE.values()]
