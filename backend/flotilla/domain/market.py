"""Bars, timeframes, instruments, sessions and trading windows.

A bar is stamped with its *open* time, UTC. Longer timeframes are built from one-minute base bars,
aligned to the New York clock and cut at the session's edges (semantics 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)

FloatArray = npt.NDArray[np.float64]
TimeArray = npt.NDArray[np.int64]


class Timeframe(StrEnum):
    """The length of a bar; the value is Alpaca's own word for it."""

    MINUTE_1 = "1Min"
    MINUTE_5 = "5Min"
    MINUTE_15 = "15Min"
    MINUTE_30 = "30Min"
    HOUR_1 = "1Hour"

    @property
    def minutes(self) -> int:
        return {"1Min": 1, "5Min": 5, "15Min": 15, "30Min": 30, "1Hour": 60}[self.value]

    @property
    def seconds(self) -> int:
        return self.minutes * 60


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a symbol. `start` is its open time (aware UTC); prices in USD, volume in shares."""

    symbol: str
    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Instrument:
    """What can be traded, and in which steps of price (USD) and quantity (shares)."""

    symbol: str
    name: str
    tradable: bool = True
    price_step: Decimal = Decimal("0.01")
    quantity_step: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day of the exchange: its regular hours, early closes included (aware UTC)."""

    open: datetime
    close: datetime

    def contains(self, moment: datetime) -> bool:
        """Whether `moment` lies in open <= moment < close."""
        return self.open <= moment < self.close


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which a bot may open positions, New York time; start == end means all day."""

    start: time
    end: time

    def contains(self, tau: datetime) -> bool:
        """Whether start <= tau < end on New York's clock."""
        if self.start == self.end:
            return True
        return self.start <= tau.astimezone(NEW_YORK).time() < self.end


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one symbol and timeframe as columns of equal length, oldest first.

    `start` holds the open times in seconds since 1970 UTC; prices are USD, volume shares.
    """

    start: TimeArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def from_bars(cls, bars: Sequence[Bar]) -> "Series":
        """Build the columns; `bars` must be oldest first."""
        columns = np.array(
            [(b.open, b.high, b.low, b.close, b.volume) for b in bars], dtype=np.float64
        ).reshape(-1, 5)
        start = np.array([int(b.start.timestamp()) for b in bars], dtype=np.int64)
        return cls(start, *(np.ascontiguousarray(columns[:, i]) for i in range(5)))

    def tail(self, count: int) -> "Series":
        """The newest `count` bars (all of them when there are fewer)."""
        cut = slice(max(0, len(self) - count), None)
        return Series(
            self.start[cut],
            self.open[cut],
            self.high[cut],
            self.low[cut],
            self.close[cut],
            self.volume[cut],
        )


def bucket_starts(starts: TimeArray, timeframe: Timeframe) -> TimeArray:
    """The open time of the `timeframe` bar that each base minute belongs to.

    The New York clock differs from UTC by whole hours, so for timeframes up to an hour flooring the
    UTC time aligns to it. The session's edges need no cut of their own: the bar of 09:00 holds
    09:30-10:00, as the base has no earlier minute of that session.
    """
    return starts - starts % timeframe.seconds


def aggregate(base: Series, timeframe: Timeframe, *, until: datetime) -> Series:
    """Build the closed `timeframe` bars from one-minute bars.

    A bar is closed, and so part of the result, when its period has ended at `until`. `start` keeps
    the aligned open time even where the first minutes are missing.
    """
    if timeframe is Timeframe.MINUTE_1:
        return base
    if not len(base):
        return base
    buckets = bucket_starts(base.start, timeframe)
    first = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    last = np.r_[first[1:], len(base)] - 1
    closed = buckets[first] + timeframe.seconds <= int(until.timestamp())
    return Series(
        buckets[first][closed],
        base.open[first][closed],
        np.maximum.reduceat(base.high, first)[closed],
        np.minimum.reduceat(base.low, first)[closed],
        base.close[last][closed],
        np.add.reduceat(base.volume, first)[closed],
    )
