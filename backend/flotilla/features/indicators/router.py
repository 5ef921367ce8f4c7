"""`/api/indicators`: the catalogue."""

from functools import cache

from fastapi import APIRouter

from flotilla.domain.indicators import CATALOGUE
from flotilla.features.indicators.schemas import IndicatorOut, indicator_out

router = APIRouter(prefix="/indicators", tags=["indicators"])


@router.get("")
async def list_indicators() -> list[IndicatorOut]:
    """List every indicator with its inputs, parameters, outputs and explanation."""
    return list(_catalogue())


@cache
def _catalogue() -> tuple[IndicatorOut, ...]:
    return tuple(indicator_out(entry) for entry in CATALOGUE.values())
