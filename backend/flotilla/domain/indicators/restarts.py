"""Where functions with a long memory start anew, so that a value needs no more history than is loaded.

A bot at the live edge knows a window of bars, a backtest all of them; both must get the same value.
Sums over a session (VWAP, OBV) are computed session by session. Functions that never provably forget
where they started (parabolic SAR, SuperTrend, KAMA, the Hilbert transforms) are computed epoch by
epoch - a day, week, month, quarter or year, by the length of the bars - each time from the start of the
epoch before: a value then depends on at least one whole epoch, on at most two, and on nothing else.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from flotilla.domain.indicators.entry import Columns, Function, Values
from flotilla.domain.market import Series, TimeArray, Timeframe, local_days

_MONTH_OF = "datetime64[M]"
# By the length of a bar: the epoch, and its most days of trading (exchange, coins).
_EPOCHS: tuple[tuple[int, str, int, int], ...] = (
    (1, "day", 1, 1),
    (5, "week", 5, 7),
    (30, "month", 23, 31),
    (120, "quarter", 66, 92),
    (1440, "year", 254, 366),
)


def session_bars(timeframe: Timeframe, day_minutes: int) -> int:
    """The most bars between two restarts of a session's sums (for daily bars: in a year)."""
    if timeframe.is_daily:
        return _days("year", day_minutes)
    # One more, as a session may begin inside of an aligned bar.
    return -(-day_minutes // timeframe.minutes) + (1 if timeframe.minutes > 30 else 0)


def epoch_bars(timeframe: Timeframe, day_minutes: int) -> int:
    """The most bars of two epochs."""
    a_day = 1 if timeframe.is_daily else session_bars(timeframe, day_minutes)
    return 2 * _days(_epoch(timeframe), day_minutes) * a_day


def by_session(function: Function, columns: Columns, p: Values, series: Series) -> Columns:
    """Compute each session by itself."""
    return _stitched(function, columns, p, [(s, s, e) for s, e in pieces(series.anchor)])


def by_epoch(function: Function, columns: Columns, p: Values, series: Series) -> Columns:
    """Compute each epoch from the start of the one before it."""
    epochs = list(pieces(_epochs(series)))
    return _stitched(
        function, columns, p, [(epochs[max(0, i - 1)][0], s, e) for i, (s, e) in enumerate(epochs)]
    )


def _stitched(function: Function, columns: Columns, p: Values, runs: list[tuple[int, int, int]]) -> Columns:
    """Of each run over rows from:end keep start:end."""
    if len(runs) <= 1:
        return function(columns, p)
    parts = []
    for begin, start, end in runs:
        found = function(tuple(column[begin:end] for column in columns), p)
        parts.append([column[start - begin :] for column in found])
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def pieces(marks: TimeArray) -> Iterator[tuple[int, int]]:
    """The row ranges in which `marks` stays the same."""
    if not len(marks):
        return iter(())
    changes = np.flatnonzero(marks[1:] != marks[:-1]) + 1
    return pairwise([0, *changes.tolist(), len(marks)])


def _epoch(timeframe: Timeframe) -> str:
    return next(unit for minutes, unit, _, _ in _EPOCHS if timeframe.minutes <= minutes)


def _days(unit: str, day_minutes: int) -> int:
    stocks, coins = next((stocks, coins) for _, name, stocks, coins in _EPOCHS if name == unit)
    return coins if day_minutes >= 1440 else stocks


def _epochs(series: Series) -> TimeArray:
    """The number of each bar's epoch."""
    days = local_days(series.start, series.clock)
    unit = _epoch(series.timeframe)
    if unit == "day":
        return days
    if unit == "week":
        return (days + 3) // 7  # 1970-01-01 was a Thursday
    months = days.astype("datetime64[D]").astype(_MONTH_OF).astype(np.int64)
    return months // {"month": 1, "quarter": 3, "year": 12}[unit]
