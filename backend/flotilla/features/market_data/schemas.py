"""Bars for charts. Prices here are market data, not money: JSON numbers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from flotilla.domain.market import Timeframe
from flotilla.wire.base import Model


class BarOut(Model):
    """One bar; `start` is its open time."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class BarsOut(Model):
    symbol: str
    timeframe: Timeframe
    items: list[BarOut]


class FreshnessOut(Model):
    """How fresh one symbol's bars are; nulls: there is no bar yet."""

    symbol: str
    feed: Literal["stocks", "coins"]
    until: datetime | None = Field(description="When the newest bar ended (market time).")
    age_seconds: float | None = Field(description="How long ago that was, in market time.")
    source: Literal["stream", "history"] | None
    stale: bool = Field(description="Whether bots refuse entries because of its age (`STALE_DATA`).")


class FeedOut(Model):
    """What went wrong with one feed since the engine started."""

    feed: Literal["stocks", "coins"]
    reconnections: int = Field(description="Made because the stream had gone mute.")
    late_bars: int
    corrected_bars: int


class MarketDataStateOut(Model):
    now: datetime | None = Field(description="The market's time; null until the engine has asked.")
    clock_offset_seconds: float | None = Field(
        description="The broker's clock less the engine's; null on a practice account. Beyond five seconds "
        "nothing is entered."
    )
    feeds: list[FeedOut]
    symbols: list[FreshnessOut]


class SymbolOut(Model):
    symbol: str
    name: str
