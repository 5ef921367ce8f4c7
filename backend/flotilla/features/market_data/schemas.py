"""Bars for charts. Prices here are market data, not money: JSON numbers."""

from datetime import datetime

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


class SymbolOut(Model):
    symbol: str
    name: str
