"""Bars for backtests: the sessions of the exchange, filled with a walk that a seed gives."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import numpy as np

from flotilla.adapters.calendar import ExchangeCalendar
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.adjustment import CorporateAction
from flotilla.domain.errors import Unavailable
from flotilla.domain.market import Series, Timeframe
from flotilla.ports.bar_store import SeriesKey

CALENDAR = ExchangeCalendar()


def walk(first: date, last: date, *, seed: int = 0, price: float = 100.0) -> Series:
    """Every minute of the sessions of these days, in cents."""
    starts = np.concatenate(
        [
            np.arange(int(session.open.timestamp()), int(session.close.timestamp()), 60)
            for session in CALENDAR.sessions(first, last)
        ]
    )
    return walked(starts, seed=seed, price=price)


def walked(starts: np.ndarray, *, seed: int = 0, price: float = 100.0) -> Series:
    """The same at any minutes."""
    steps = np.random.default_rng(seed).normal(0.0, 0.0005, len(starts))
    close = np.round(price * np.exp(np.cumsum(steps)), 2)
    opened = np.concatenate(([price], close[:-1]))
    high, low = np.maximum(opened, close) + 0.02, np.minimum(opened, close) - 0.02
    return Series(starts.astype(np.int64), opened, high, low, close, np.full(len(starts), 10_000.0))


def keep(store: ParquetBarStore, source: str, symbol: str, bars: Series) -> None:
    """Store bars, and their days as known."""
    key = SeriesKey(source, symbol, bars.timeframe)
    days = [
        datetime.fromtimestamp(int(at), key.clock).date() for at in (bars.start[0], bars.start[-1] + 86_400)
    ]
    first, last = (datetime.combine(day, time(), key.clock) for day in days)
    store.write(key, bars, first, last)


@dataclass
class Provider:
    """`ports.bar_history.BarSource` of what it is given; remembers what it was asked for."""

    bars: dict[str, Series] = field(default_factory=dict)
    horizon_at: datetime = datetime(2026, 3, 10, 15, tzinfo=UTC)
    reachable: bool = True
    page: int = 10_000
    asked: list[tuple[str, Timeframe]] = field(default_factory=list)

    async def name(self) -> str:
        self._answer()
        return "practice-test"

    async def horizon(self) -> datetime:
        self._answer()
        return self.horizon_at

    async def pages(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> AsyncGenerator[Series, None]:
        self._answer()
        self.asked.append((symbol, timeframe))
        bars = self.bars.get(symbol)
        if bars is None or bars.timeframe is not timeframe:
            return
        found = bars.cut((bars.start >= start.timestamp()) & (bars.start < end.timestamp()))
        for first in range(0, len(found), self.page):
            yield found.cut(slice(first, first + self.page))

    async def actions(self, symbol: str, first: date, last: date) -> Sequence[CorporateAction]:
        return []

    def _answer(self) -> None:
        if not self.reachable:
            raise Unavailable("The broker cannot be reached; it is asked again.", code="BROKER_UNREACHABLE")
