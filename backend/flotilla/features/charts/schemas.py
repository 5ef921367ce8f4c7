"""A chart on the wire: columns, as charts are drawn. Prices here are market data: JSON numbers."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from flotilla.domain.market import Timeframe
from flotilla.research.charting import View
from flotilla.wire.base import Model, Text
from flotilla.wire.bots import MAX_INDICATORS, IndicatorUseModel, to_use

MOST = 5_000


class ChartRequest(Model):
    """A symbol's bars with indicators over them; the same days and sources as a backtest's."""

    symbol: Text = Field(max_length=32)
    timeframe: Timeframe = Timeframe.MINUTE_1
    indicators: list[IndicatorUseModel] = Field(default_factory=list, max_length=MAX_INDICATORS)
    source: str = Field("practice", max_length=100)
    first: date | None = Field(None, description="Default: a year before the last.")
    last: date | None = Field(None, description="Included. Default: the newest day that is over.")
    around: AwareDatetime | None = Field(
        None, description="A moment to have in the middle; default: the newest bars."
    )
    bars: Annotated[int, Field(ge=10, le=MOST, description="At most so many.")] = 1_000


class ChartBars(Model):
    """`start`: when each opened, in seconds since 1970 UTC."""

    start: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]


class ChartLine(Model):
    """One output of an indicator, a value a bar; null where it is not known (yet)."""

    indicator: str = Field(description="The use's id.")
    output: str
    values: list[float | None]


class ChartOut(Model):
    """`earlier` and `later` say whether there are more bars on either side."""

    symbol: str
    timeframe: Timeframe
    source: str
    earlier: bool
    later: bool
    bars: ChartBars
    lines: list[ChartLine]


def to_view(body: ChartRequest) -> View:
    return View(
        symbol=body.symbol,
        timeframe=body.timeframe,
        indicators=[to_use(use) for use in body.indicators],
        source=body.source.strip().lower(),
        first=body.first,
        last=body.last,
        around=body.around,
        most=body.bars,
    )
