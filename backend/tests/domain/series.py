"""Bars to try the domain on: random walks, coarse ones with many ties, and whole sessions."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from hypothesis import strategies as st

from flotilla.domain.market import NEW_YORK, Series

MINUTE = 60


def series_of(
    closes: Sequence[float] | np.ndarray,
    *,
    opens: Sequence[float] | np.ndarray | None = None,
    volume: float = 1000.0,
    start: int = 1_773_149_400,
) -> Series:
    """Return consecutive minutes that close at `closes`; each opens at the close before it."""
    close = np.asarray(closes, dtype=np.float64)
    opened = np.r_[close[:1], close[:-1]] if opens is None else np.asarray(opens, dtype=np.float64)
    return Series(
        start=start + MINUTE * np.arange(len(close), dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        volume=np.full(len(close), volume),
    )


def walk(seed: int, length: int, *, price: float = 100.0, volatility: float = 0.002) -> Series:
    """Return a random walk of `length` minutes."""
    steps = np.random.default_rng(seed).normal(0.0, volatility, length)
    return series_of(price * np.exp(np.cumsum(steps)))


def coarse(seed: int, length: int) -> Series:
    """Return minutes whose prices are small whole numbers, so that equal values are frequent."""
    random = np.random.default_rng(seed)
    opens, closes = random.integers(1, 8, (2, length)).astype(np.float64)
    return Series(
        start=MINUTE * np.arange(length, dtype=np.int64),
        open=opens,
        high=np.maximum(opens, closes) + random.integers(0, 3, length),
        low=np.minimum(opens, closes) - random.integers(0, 2, length) * 0.5,
        close=closes,
        volume=random.integers(0, 4, length).astype(np.float64),
    )


def first(series: Series, count: int) -> Series:
    """Return the oldest `count` bars."""
    return Series(
        series.start[:count],
        series.open[:count],
        series.high[:count],
        series.low[:count],
        series.close[:count],
        series.volume[:count],
    )


def sessions(days: Sequence[date], *, seed: int, close: time = time(16), missing: float = 0.1) -> Series:
    """Return the regular session's minutes of `days`, of which a share of `missing` had no trade."""
    random = np.random.default_rng(seed)
    starts = []
    for day in days:
        opened = int(datetime.combine(day, time(9, 30), NEW_YORK).timestamp())
        closed = int(datetime.combine(day, close, NEW_YORK).timestamp())
        minutes = np.arange(opened, closed, MINUTE, dtype=np.int64)
        starts.append(minutes[random.random(len(minutes)) >= missing])
    start = np.concatenate(starts)
    opens = 100.0 + random.normal(0.0, 1.0, len(start)).cumsum() * 0.05
    closes = opens + random.normal(0.0, 0.05, len(start))
    return Series(
        start=start,
        open=opens,
        high=np.maximum(opens, closes) + random.random(len(start)) * 0.05,
        low=np.minimum(opens, closes) - random.random(len(start)) * 0.05,
        close=closes,
        volume=random.integers(1, 5000, len(start)).astype(np.float64),
    )


def weekdays(first_day: date, count: int) -> list[date]:
    days = (first_day + timedelta(days=n) for n in range(count * 7 // 5 + 7))
    return [day for day in days if day.weekday() < 5][:count]


def utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


seeds = st.integers(0, 2**32 - 1)
