"""Prices of pairs of coins: days of 24 hours from midnight UTC, every day of the year.

A `PriceSource` like those of stocks; its "sessions" are whole UTC days. Volumes are in coins.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flotilla.practice.assets import ALWAYS_LISTED_PAIRS
from flotilla.practice.calendar import LAST_DAY
from flotilla.practice.session import Session
from flotilla.practice.sources.cache import RecentlyUsed
from flotilla.practice.sources.minutes import DayShape, minute_bars
from flotilla.practice.sources.replay import BarFile, bar_files, union
from flotilla.practice.sources.source import SessionBars, no_bars
from flotilla.practice.sources.synthetic import (
    HISTORY_FROM,
    Character,
    DailyPath,
    daily_path,
    generator_of,
)

_ONE_DAY = timedelta(days=1)
_CACHED_DAYS = 64
_LOTS_A_COIN = 10_000  # volumes are drawn in lots, so that small minutes are not all alike
_FILE_NAME = re.compile(r"([A-Z]{2,5})(USD)")

_KNOWN = {
    "BTC/USD": Character(price=30_000.0, volatility=0.028, volume=9_000.0 * _LOTS_A_COIN),
    "ETH/USD": Character(price=2_000.0, volatility=0.035, volume=90_000.0 * _LOTS_A_COIN),
}


class UtcDays:
    """The days of coins."""

    def on(self, day: date) -> Session:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return Session(day, start, start + _ONE_DAY)

    def between(self, first: date, last: date) -> list[Session]:
        """Return the days from `first` to `last`, both included, ascending."""
        return [self.on(first + n * _ONE_DAY) for n in range((last - first).days + 1)]


class SyntheticCoins:
    """Any day from the seed alone; the same seed gives the same prices for ever."""

    def __init__(self, seed: int = 0) -> None:
        self.identity = f"synthetic:{seed}"
        self.symbols = ALWAYS_LISTED_PAIRS
        self._seed = seed
        self._days = UtcDays()
        self.first_session = self._days.on(HISTORY_FROM)
        self._size = (LAST_DAY - HISTORY_FROM).days + 1
        self._paths: dict[str, DailyPath] = {}
        self._cache: RecentlyUsed[tuple[str, date], SessionBars] = RecentlyUsed(_CACHED_DAYS)

    def session_from(self, day: date) -> Session | None:
        return self._days.on(max(day, HISTORY_FROM)) if day <= LAST_DAY else None

    def session_before(self, day: date) -> Session | None:
        before = min(day, LAST_DAY + _ONE_DAY) - _ONE_DAY
        return self._days.on(before) if before >= HISTORY_FROM else None

    def sessions_between(self, first: date, last: date) -> list[Session]:
        return self._days.between(max(first, HISTORY_FROM), min(last, LAST_DAY))

    def bars(self, symbol: str, session: Session) -> SessionBars:
        if symbol not in self.symbols or not HISTORY_FROM <= session.day <= LAST_DAY:
            return no_bars(session)
        return self._cache.get((symbol, session.day), lambda: self._generate(symbol, session))

    def extended(self, symbol: str, session: Session) -> SessionBars:
        return no_bars(session)

    def _generate(self, symbol: str, session: Session) -> SessionBars:
        path, index = self._path(symbol), (session.day - HISTORY_FROM).days
        shape = DayShape(
            open=float(path.open[index]),
            close=float(path.close[index]),
            volatility=float(path.volatility[index]),
            volume=float(path.volume[index]),
        )
        bars = minute_bars(session, shape, generator_of(self._seed, symbol, session.day.isoformat()))
        return replace(bars, volume=bars.volume / _LOTS_A_COIN)

    def _path(self, symbol: str) -> DailyPath:
        if symbol not in self._paths:
            market = generator_of(self._seed, "", "coins").standard_normal((2, self._size))
            generator = generator_of(self._seed, symbol, "days")
            self._paths[symbol] = daily_path(_KNOWN[symbol], generator, market, gap_share=0.0)
        return self._paths[symbol]


class ReplayCoins:
    """The files of a folder that are named like pairs: BTCUSD.parquet is BTC/USD."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            f"{name[1]}/{name[2]}": BarFile(path, UtcDays())
            for path in bar_files(folder)
            if (name := _FILE_NAME.fullmatch(path.stem))
        }
        self.identity = f"replay:{folder.resolve()}"
        self.symbols = tuple(self._files)
        self._sessions = union(file.sessions for file in self._files.values())
        self.days = tuple(session.day for session in self._sessions)
        self._cache: RecentlyUsed[tuple[str, date], SessionBars] = RecentlyUsed(_CACHED_DAYS)

    @property
    def first_session(self) -> Session:
        return self._sessions[0]

    @property
    def first_bar(self) -> datetime:
        """When the first bar of any pair begins; raises ValueError when there is none."""
        return min(file.first_bar for file in self._files.values() if file.first_bar is not None)

    def session_from(self, day: date) -> Session | None:
        index = bisect_left(self.days, day)
        return self._sessions[index] if index < len(self._sessions) else None

    def session_before(self, day: date) -> Session | None:
        index = bisect_left(self.days, day)
        return self._sessions[index - 1] if index else None

    def sessions_between(self, first: date, last: date) -> list[Session]:
        return self._sessions[bisect_left(self.days, first) : bisect_right(self.days, last)]

    def bars(self, symbol: str, session: Session) -> SessionBars:
        file = self._files.get(symbol)
        if file is None:
            return no_bars(session)
        return self._cache.get((symbol, session.day), lambda: self._read(file, session))

    def extended(self, symbol: str, session: Session) -> SessionBars:
        return no_bars(session)

    def _read(self, file: BarFile, session: Session) -> SessionBars:
        return file.bars(session, whole_shares=False)
