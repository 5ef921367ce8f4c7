"""What of a history is missing, said beside it instead of filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np

from flotilla.domain.bar_quality import BarFault, Faults
from flotilla.domain.market import Series, Session, TimeArray, Timeframe, local_days
from flotilla.domain.time_ranges import NO_TIME, TimeRanges


@dataclass(frozen=True, slots=True)
class Gaps:
    """`missing_bars` of the `expected_bars` that full sessions have (coins: every minute); a thinly
    traded stock has many. `longest_gap`: the most bars missing in a row within one session, sessions
    without any bar apart, which are `missing_sessions`.
    """

    expected_bars: int = 0
    missing_bars: int = 0
    longest_gap: int = 0
    missing_sessions: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryMarks:
    """What to say beside a result. `coarse`: no minutes are known, so fills are those of longer bars.

    `unknown`: the ranges of the request that were never fetched or imported. `faults`: how many bars came
    and could not be used. `provider_adjusted`: raw prices are not known.
    """

    timeframe: Timeframe
    bars: int
    coarse: bool = False
    gaps: Gaps = field(default_factory=Gaps)
    unknown: TimeRanges = NO_TIME
    faults: Mapping[BarFault, int] = field(default_factory=dict)
    provider_adjusted: bool = False


def stock_gaps(bars: Series, sessions: Sequence[Session], start: datetime, end: datetime) -> Gaps:
    """Hold the bars against the exchange's sessions within [start, end)."""
    if bars.timeframe.is_daily:
        return _daily_gaps(bars, sessions, start, end)
    step = bars.timeframe.seconds
    edges = [
        (
            max(_floor(s.open, step), int(start.timestamp())),
            min(int(s.close.timestamp()), int(end.timestamp())),
        )
        for s in sessions
    ]
    return _gaps_within([edge for edge in edges if edge[0] < edge[1]], bars, step)


def coin_gaps(bars: Series, start: datetime, end: datetime) -> Gaps:
    """Hold the bars against every period of [start, end), by UTC days."""
    step = bars.timeframe.seconds
    first, last = int(start.timestamp()), int(end.timestamp())
    edges = []
    while first < last:
        midnight = first - first % 86_400 + 86_400
        edges.append((first, min(midnight, last)))
        first = midnight
    return _gaps_within(edges, bars, step)


def counted(faults: Faults | None, start: datetime, end: datetime) -> dict[BarFault, int]:
    """How many bars with each fault begin within [start, end)."""
    first, last = int(start.timestamp()), int(end.timestamp())
    counts = {fault: sum(first <= at < last for at in starts) for fault, starts in (faults or {}).items()}
    return {fault: count for fault, count in counts.items() if count}


def within_sessions(bars: Series, sessions: Sequence[Session]) -> Series:
    """Only the bars of regular hours; the same object where there are no others."""
    step = bars.timeframe.seconds
    opens = np.array([_floor(s.open, step) for s in sessions], np.int64)
    closes = np.array([int(s.close.timestamp()) for s in sessions], np.int64)
    first, last = np.searchsorted(bars.start, opens), np.searchsorted(bars.start, closes)
    if int((last - first).sum()) == len(bars):
        return bars
    inside = np.zeros(len(bars) + 1, np.int64)
    np.add.at(inside, first, 1)
    np.add.at(inside, last, -1)
    return bars.cut(np.cumsum(inside[:-1]) > 0)


def _gaps_within(edges: Sequence[tuple[int, int]], bars: Series, step: int) -> Gaps:
    expected = missing = longest = 0
    empty: list[int] = []
    bounds: TimeArray = np.array(edges, np.int64).reshape(-1, 2)
    first, last = np.searchsorted(bars.start, bounds[:, 0]), np.searchsorted(bars.start, bounds[:, 1])
    for (open_, close), begin, stop in zip(edges, first.tolist(), last.tolist(), strict=True):
        count = -(-(close - open_) // step)
        expected += count
        if begin == stop:
            empty.append(open_)
            continue
        if stop - begin < count:
            missing += count - (stop - begin)
            around = np.r_[open_ - step, bars.start[begin:stop], open_ + count * step]
            longest = max(longest, int(np.diff(around).max()) // step - 1)
    days = local_days(np.array(empty, np.int64), bars.clock)
    return Gaps(expected, missing, longest, tuple(days.astype("datetime64[D]").tolist()))


def _daily_gaps(bars: Series, sessions: Sequence[Session], start: datetime, end: datetime) -> Gaps:
    closed = [s for s in sessions if start <= s.open and s.close <= end]
    expected = local_days(np.array([int(s.open.timestamp()) for s in closed], np.int64), bars.clock)
    missing = np.setdiff1d(expected, local_days(bars.start, bars.clock))
    runs = np.diff(np.flatnonzero(np.r_[True, ~np.isin(expected, missing), True])) - 1
    longest = int(runs.max()) if len(runs) else 0
    return Gaps(len(expected), len(missing), longest, tuple(missing.astype("datetime64[D]").tolist()))


def _floor(moment: datetime, step: int) -> int:
    """Where the bar that holds the session's open begins: the 09:00 bar holds 09:30."""
    seconds = int(moment.timestamp())
    return seconds - seconds % min(step, 3600)
