"""Bars, timeframes, instruments, sessions and trading windows.

A bar is stamped with its *open* time, UTC. Longer timeframes are built from one-minute base bars,
aligned to the New York clock (coins: UTC) and cut at the session's edges (semantics 1).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
# A symbol whose newest bar ended this long ago (market time) is not entered on, live or in a backtest.
STALE_AFTER = timedelta(minutes=5)
_HOUR, _DAY = 3_600, 86_400  # seconds

FloatArray = npt.NDArray[np.float64]
TimeArray = npt.NDArray[np.int64]


class Timeframe(StrEnum):
    """The length of a bar; the value is Alpaca's own word for it."""

    MINUTE_1 = "1Min"
    MINUTE_2 = "2Min"
    MINUTE_3 = "3Min"
    MINUTE_5 = "5Min"
    MINUTE_10 = "10Min"
    MINUTE_15 = "15Min"
    MINUTE_30 = "30Min"
    HOUR_1 = "1Hour"
    HOUR_2 = "2Hour"
    HOUR_4 = "4Hour"
    DAY_1 = "1Day"

    @property
    def minutes(self) -> int:
        return _minutes(self.value)

    @property
    def is_daily(self) -> bool:
        return self is Timeframe.DAY_1

    @property
    def seconds(self) -> int:
        return self.minutes * 60


@cache
def _minutes(word: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\D+)", word).groups()  # type: ignore[union-attr]
    return int(number) * {"Min": 1, "Hour": 60, "Day": 1440}[unit]


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
    """What can be traded, and in which steps of price (USD) and quantity (shares).

    `shortable` says that it can be borrowed without asking first; `fractionable` that the broker takes
    parts of shares.
    """

    symbol: str
    name: str
    tradable: bool = True
    price_step: Decimal = Decimal("0.01")
    quantity_step: Decimal = Decimal(1)
    min_quantity: Decimal = Decimal(0)
    is_coin: bool = False
    fractionable: bool = False
    shortable: bool = True


def is_pair(symbol: str) -> bool:
    """Whether it is a pair of coins (BTC/USD), which trades around the clock."""
    return "/" in symbol


def clock_of(symbol: str) -> tzinfo:
    """The clock that its days and longer bars go by: UTC for coins, else New York's."""
    return UTC if is_pair(symbol) else NEW_YORK


def usual_instrument(symbol: str) -> Instrument:
    """What can be assumed of a symbol where no broker says it: whole shares in cents, or coins."""
    if "/" not in symbol:
        return Instrument(symbol, symbol)
    smallest = Decimal("0.000000001")
    return Instrument(symbol, symbol, quantity_step=smallest, min_quantity=smallest, is_coin=True)


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

    `start` holds the open times in seconds since 1970 UTC; prices are USD, volume shares (or coins).
    `clock` is the one that days and longer bars go by: New York's, or UTC for coins.
    """

    start: TimeArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    timeframe: Timeframe = field(default=Timeframe.MINUTE_1, kw_only=True)
    clock: tzinfo = field(default=NEW_YORK, kw_only=True)

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def from_bars(
        cls,
        bars: Sequence[Bar],
        timeframe: Timeframe = Timeframe.MINUTE_1,
        clock: tzinfo = NEW_YORK,
    ) -> "Series":
        """Build the columns; `bars` must be oldest first."""
        columns = np.array(
            [(b.open, b.high, b.low, b.close, b.volume) for b in bars], dtype=np.float64
        ).reshape(-1, 5)
        start = np.array([int(b.start.timestamp()) for b in bars], dtype=np.int64)
        return cls(
            start, *(np.ascontiguousarray(columns[:, i]) for i in range(5)), timeframe=timeframe, clock=clock
        )

    def tail(self, count: int) -> "Series":
        """The newest `count` bars (all of them when there are fewer)."""
        return self.cut(slice(max(0, len(self) - count), None))

    def cut(self, rows: "slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]") -> "Series":
        """Some of the bars."""
        return Series(
            self.start[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            self.volume[rows],
            timeframe=self.timeframe,
            clock=self.clock,
        )

    @property
    def anchor(self) -> TimeArray:
        """A number that changes where sums over the session start anew.

        The local day; for daily bars, of which a session has but one, the calendar year.
        """
        days = local_days(self.start, self.clock)
        if self.timeframe.is_daily:
            return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
        return days


def local_days(moments: TimeArray, clock: tzinfo) -> TimeArray:
    """The local calendar day of each moment (seconds since 1970 UTC), in days since 1970."""
    return (moments + utc_offsets(moments, clock)) // _DAY


def utc_offsets(moments: TimeArray, clock: tzinfo) -> TimeArray:
    """What `clock` shows ahead of UTC at each moment, in seconds."""
    if clock is UTC:
        return np.zeros(len(moments), np.int64)
    changes, offsets = _clock_changes(clock)
    return offsets[np.searchsorted(changes, moments, side="right")]


@cache
def _clock_changes(clock: tzinfo) -> tuple[TimeArray, TimeArray]:
    """When a clock is set forward or back, and its offsets before, between and after; 1970 to 2100."""

    def offset(moment: int) -> int:
        shown = datetime.fromtimestamp(moment, UTC).astimezone(clock).utcoffset()
        return 0 if shown is None else int(shown.total_seconds())

    changes, offsets = [], [offset(0)]
    for later in range(0, 131 * 365 * _DAY, 30 * _DAY):
        if offset(later) == offsets[-1]:
            continue
        before, after = later - 30 * _DAY, later
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if offset(middle) == offsets[-1] else (before, middle)
        changes.append(after)
        offsets.append(offset(later))
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def bucket_starts(starts: TimeArray, timeframe: Timeframe, clock: tzinfo = NEW_YORK) -> TimeArray:
    """The open time of the `timeframe` bar that each base minute belongs to.

    The New York clock differs from UTC by whole hours, so for timeframes up to an hour flooring the
    UTC time aligns to it. The session's edges need no cut of their own: the bar of 09:00 holds
    09:30-10:00, as the base has no earlier minute of that session.
    """
    if timeframe.seconds <= _HOUR or clock is UTC:
        return starts - starts % timeframe.seconds
    offsets = utc_offsets(starts, clock)
    local = starts + offsets
    return local - local % timeframe.seconds - offsets


def bar_ends(starts: TimeArray, timeframe: Timeframe, closes: TimeArray) -> TimeArray:
    """When each bar is closed and may be seen: the end of its period, or the session's if that is earlier.

    `starts` and the sessions' `closes` are in seconds since 1970 UTC, ascending.
    """
    ends = starts + timeframe.seconds
    if not len(closes):
        return ends
    following = np.searchsorted(closes, starts, side="right")
    known = following < len(closes)
    return np.where(known, np.minimum(ends, closes[np.minimum(following, len(closes) - 1)]), ends)


_NO_CLOSES: TimeArray = np.empty(0, np.int64)


def ends_a_bar(
    tau: TimeArray, timeframe: Timeframe, closes: TimeArray = _NO_CLOSES, clock: tzinfo = NEW_YORK
) -> npt.NDArray[np.bool_]:
    """Whether a bar of the timeframe ends at each moment, had it minutes or not (`closes`: `bar_ends`)."""
    if timeframe is Timeframe.MINUTE_1:
        return np.ones(len(tau), np.bool_)
    ended: npt.NDArray[np.bool_] = (
        bar_ends(bucket_starts(tau - 60, timeframe, clock), timeframe, closes) == tau
    )
    return ended


def aggregate(
    base: Series, timeframe: Timeframe, *, until: datetime, closes: TimeArray = _NO_CLOSES
) -> Series:
    """Build the closed `timeframe` bars from one-minute bars.

    A bar is closed, and so part of the result, when its period (or its session: `closes`, see
    `bar_ends`) has ended at `until`. `start` keeps the aligned open time even where the first
    minutes are missing.
    """
    if timeframe is base.timeframe:
        return base
    if not len(base):
        return replace(base, timeframe=timeframe)
    buckets = bucket_starts(base.start, timeframe, base.clock)
    first = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    last = np.r_[first[1:], len(base)] - 1
    built = Series(
        buckets[first],
        base.open[first],
        np.maximum.reduceat(base.high, first),
        np.minimum.reduceat(base.low, first),
        base.close[last],
        np.add.reduceat(base.volume, first),
        timeframe=timeframe,
        clock=base.clock,
    )
    return built.cut(bar_ends(built.start, timeframe, closes) <= int(until.timestamp()))
