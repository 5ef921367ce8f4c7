"""`/api/charts`: bars of any symbol with any indicators, from the bars that backtests read."""

import asyncio
from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Request, Response

from flotilla.features.charts.schemas import ChartOut, ChartRequest, to_view
from flotilla.http.errors import responses
from flotilla.research.charting import Picture, View, draw, gather
from flotilla.research.material import Material, Materials

router = APIRouter(prefix="/charts", tags=["charts"])


def chart_materials(request: Request) -> Materials:
    materials: Materials = request.app.state.materials
    return materials


@router.post("", response_model=ChartOut, responses=responses(422, 503))
async def draw_chart(
    body: ChartRequest, materials: Annotated[Materials, Depends(chart_materials)]
) -> Response:
    """Draw a symbol's bars with indicators over them; bars that are missing are fetched first."""
    view = to_view(body)
    material = await gather(view, materials)
    return Response(await asyncio.to_thread(_drawn, view, material), media_type="application/json")


def _drawn(view: View, material: Material) -> bytes:
    """By hand: validating thousands of numbers would cost more than computing them."""
    return orjson.dumps(_answer(draw(view, material)), option=orjson.OPT_SERIALIZE_NUMPY)


def _answer(picture: Picture) -> dict[str, Any]:
    """The body of `schemas.ChartOut`."""
    bars = picture.bars
    columns = ("start", "open", "high", "low", "close", "volume")
    return {
        "symbol": picture.symbol,
        "timeframe": bars.timeframe,
        "source": picture.source,
        "earlier": picture.earlier,
        "later": picture.later,
        "bars": {name: np.ascontiguousarray(getattr(bars, name)) for name in columns},
        "lines": [
            # orjson writes NaN as null.
            {"indicator": use, "output": output, "values": np.ascontiguousarray(column, np.float64)}
            for (use, output), column in picture.columns.items()
        ],
    }
