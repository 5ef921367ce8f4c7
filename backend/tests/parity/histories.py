"""Bars for the parity tests: real ones where the folder of them is, else a seeded walk with gaps."""

import os
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from flotilla.domain.market import NEW_YORK, Series, Session, Timeframe
from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.session import Session as PracticeSession
from tests.domain.series import sessions as random_sessions
from tests.domain.series import weekdays

DATA = Path(os.environ.get("FLOTILLA_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
REAL = (DATA / "bars" / "1min").is_dir()
_FIELDS = ("open", "high", "low", "close", "volume")


@cache
def calendar() -> TradingCalendar:
    return TradingCalendar()


def sessions(first: date, last: date) -> list[PracticeSession]:
    """The exchange's sessions of `first` to `last`, both included."""
    return calendar().between(first, last)


def domain_sessions(found: list[PracticeSession]) -> list[Session]:
    return [Session(session.open, session.close) for session in found]


def minutes(symbol: str, first: date, last: date) -> Series:
    """A symbol's minutes: of stocks those of regular hours, of coins all."""
    coin = "/" in symbol
    if REAL:
        series = _read("1min", symbol, Timeframe.MINUTE_1)
        begin, end = (int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) for d in (first, last))
        series = series.cut((series.start >= begin) & (series.start < end + 86_400))
    elif coin:
        series = _walk(symbol, first, last)
    else:
        series = _rounded(random_sessions(weekdays(first, (last - first).days), seed=_seed(symbol)))
    return series if coin else _regular(series, first, last)


def days(symbol: str, first: date, last: date) -> Series:
    """A symbol's daily bars, of sessions that the exchange had."""
    known = {int(_midnight(session.day).timestamp()) for session in sessions(first, last)}
    if REAL:
        series = _read("1day", symbol, Timeframe.DAY_1)
    else:
        starts = np.array(sorted(known), np.int64)
        series = _rounded(_random(starts, _seed(symbol), Timeframe.DAY_1))
    return series.cut(np.isin(series.start, list(known)))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)


def _regular(series: Series, first: date, last: date) -> Series:
    inside = np.zeros(len(series), np.bool_)
    for session in sessions(first, last):
        opened, closed = int(session.open.timestamp()), int(session.close.timestamp())
        inside |= (series.start >= opened) & (series.start < closed)
    return series.cut(inside)


@cache
def _read(folder: str, symbol: str, timeframe: Timeframe) -> Series:
    table = pq.read_table(DATA / "bars" / folder / f"{symbol.replace('/', '')}.parquet")
    starts = table.column("timestamp").to_numpy().astype("datetime64[s]").astype(np.int64)
    columns = (np.ascontiguousarray(table.column(name).to_numpy(), np.float64) for name in _FIELDS)
    clock = UTC if "/" in symbol else NEW_YORK
    return Series(starts, *columns, timeframe=timeframe, clock=clock)


# --- without real bars ----------------------------------------------------------------------------


def _seed(symbol: str) -> int:
    return int.from_bytes(symbol.encode()[:4], "big")


def _walk(symbol: str, first: date, last: date) -> Series:
    begin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    starts = begin + 60 * np.arange(1440 * ((last - first).days + 1), dtype=np.int64)
    series = _random(starts, _seed(symbol), Timeframe.MINUTE_1)
    kept = np.random.default_rng(_seed(symbol)).random(len(starts)) < 0.95
    cut = _rounded(series).cut(kept)
    return Series(cut.start, cut.open, cut.high, cut.low, cut.close, cut.volume, clock=UTC)


def _random(starts: np.ndarray, seed: int, timeframe: Timeframe) -> Series:
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.002, len(starts))))
    opened = np.r_[close[:1], close[:-1]] * np.exp(random.normal(0.0, 0.0003, len(starts)))
    spread = np.abs(random.normal(0.0, 0.001, len(starts))) * close
    return Series(
        starts,
        opened,
        np.maximum(opened, close) + spread,
        np.minimum(opened, close) - spread,
        close,
        random.integers(100, 9_000, len(starts)).astype(np.float64),
        timeframe=timeframe,
    )


def _rounded(series: Series) -> Series:
    prices = (np.round(getattr(series, name), 2) for name in _FIELDS[:4])
    return Series(series.start, *prices, series.volume, timeframe=series.timeframe, clock=series.clock)
