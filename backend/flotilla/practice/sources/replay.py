"""Replay of real minute bars from a folder of Parquet files, one a symbol.

Columns: timestamp (UTC, the bar's open), open, high, low, close, volume, and where known
trade_count and vwap. Only the bars of 04:00 to 20:00 New York are replayed. Files may hold segments
years apart: a session in which no symbol has a bar is skipped.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flotilla.practice.calendar import TradingCalendar, extended_hours
from flotilla.practice.errors import PracticeStartError
from flotilla.practice.session import Session
from flotilla.practice.sources.cache import RecentlyUsed
from flotilla.practice.sources.source import Floats, Integers, SessionBars, joined, no_bars

_CRYPTO = re.compile(r"(BTC|ETH|LTC|BCH|DOGE|SOL|XRP|XBT|AVAX|LINK|UNI)(USD|USDT|USDC|EUR|GBP)")
_PRICES = ("open", "high", "low", "close")
_COLUMNS = (*_PRICES, "volume", "trade_count", "vwap")
_CACHED_SESSIONS = 1024
_MINUTE_SECONDS = 60


class Days(Protocol):
    """A calendar: the session of a day, None where there is none."""

    def on(self, day: date) -> Session | None: ...


class ReplayMarket:
    """A `PriceSource` over a folder of bars."""

    def __init__(self, folder: Path, calendar: TradingCalendar, symbols: tuple[str, ...] = ()) -> None:
        """Index the files; raises PracticeStartError when there is nothing to replay."""
        files = _files(folder, symbols)
        self.identity = f"replay:{folder.resolve()}"
        self.symbols = tuple(files)
        self._histories = {symbol: BarFile(path, calendar) for symbol, path in files.items()}
        self._sessions = union(history.sessions for history in self._histories.values())
        if not self._sessions:
            raise PracticeStartError(f"The bars in {folder} hold no regular session of a stock.")
        self._days = [session.day for session in self._sessions]
        self._cache: RecentlyUsed[tuple[str, date], SessionBars] = RecentlyUsed(_CACHED_SESSIONS)
        self._extended: RecentlyUsed[tuple[str, date], SessionBars] = RecentlyUsed(_CACHED_SESSIONS)
        self.first_session = self._sessions[0]

    def session_from(self, day: date) -> Session | None:
        index = bisect_left(self._days, day)
        return self._sessions[index] if index < len(self._sessions) else None

    def session_before(self, day: date) -> Session | None:
        index = bisect_left(self._days, day)
        return self._sessions[index - 1] if index else None

    def sessions_between(self, first: date, last: date) -> list[Session]:
        return self._sessions[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def bars(self, symbol: str, session: Session) -> SessionBars:
        history = self._histories.get(symbol)
        if history is None:
            return no_bars(session)
        return self._cache.get((symbol, session.day), lambda: history.bars(session))

    def extended(self, symbol: str, session: Session) -> SessionBars:
        history = self._histories.get(symbol)
        if history is None:
            return no_bars(session)
        return self._extended.get((symbol, session.day), lambda: history.extended(session))


class QuietExchange:
    """A `PriceSource` without stocks, for a folder of coins: the exchange's sessions, and nothing trades."""

    def __init__(
        self, identity: str, days: Iterable[date], since: datetime, calendar: TradingCalendar
    ) -> None:
        """Raises PracticeStartError when none of the `days` has a session that opens at `since` or later."""
        self.identity = identity
        self.symbols: tuple[str, ...] = ()
        sessions = (session for day in days if (session := calendar.on(day)) is not None)
        self._sessions = [session for session in sessions if session.open >= since]
        if not self._sessions:
            raise PracticeStartError("The bars hold no trading day of the exchange.")
        self._days = [session.day for session in self._sessions]
        self.first_session = self._sessions[0]

    def session_from(self, day: date) -> Session | None:
        index = bisect_left(self._days, day)
        return self._sessions[index] if index < len(self._sessions) else None

    def session_before(self, day: date) -> Session | None:
        index = bisect_left(self._days, day)
        return self._sessions[index - 1] if index else None

    def sessions_between(self, first: date, last: date) -> list[Session]:
        return self._sessions[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def bars(self, symbol: str, session: Session) -> SessionBars:
        return no_bars(session)

    def extended(self, symbol: str, session: Session) -> SessionBars:
        return no_bars(session)


class BarFile:
    """One file: its timestamps at once, its other columns when first asked for."""

    def __init__(self, path: Path, calendar: Days) -> None:
        self._path = path
        self._seconds = _timestamps(path)
        self._ranges: dict[date, tuple[int, int]] = {}
        self.first_bar = datetime.fromtimestamp(int(self._seconds[0]), UTC) if len(self._seconds) else None
        self.sessions: list[Session] = []
        self._columns: pa.Table | None = None
        for session in _sessions_touched(self._seconds, calendar):
            begin, end = np.searchsorted(
                self._seconds, [session.open.timestamp(), session.close.timestamp()]
            ).tolist()
            if begin < end:
                self._ranges[session.day] = (begin, end)
                self.sessions.append(session)

    def bars(self, session: Session, whole_shares: bool = True) -> SessionBars:
        """Return the bars of the session; volumes in whole shares, or as they are."""
        if session.day not in self._ranges:
            return no_bars(session)
        return self._rows(session, *self._ranges[session.day], whole_shares)

    def extended(self, session: Session) -> SessionBars:
        """Return the bars of the session's day outside its regular hours."""
        first, last = extended_hours(session.day)
        edges = [edge.timestamp() for edge in (first, session.open, session.close, last)]
        first_row, opened, closed, last_row = np.searchsorted(self._seconds, edges).tolist()
        parts = ((first_row, opened), (closed, last_row))
        return joined(session, [self._rows(session, begin, end, True) for begin, end in parts])

    def _rows(self, session: Session, begin: int, end: int, whole_shares: bool) -> SessionBars:
        if self._columns is None:
            known = set(pq.read_schema(self._path).names)
            wanted = [name for name in _COLUMNS if name in known]
            self._columns = pq.read_table(self._path, columns=wanted)
        rows = self._columns.slice(begin, end - begin)
        prices = {name: _floats(rows, name) for name in _PRICES}
        typical = (prices["high"] + prices["low"] + prices["close"]) / 3
        volume = _floats(rows, "volume")
        opened = int(session.open.timestamp())
        return SessionBars(
            session=session,
            minutes=(self._seconds[begin:end] - opened) // _MINUTE_SECONDS,
            volume=np.round(volume).astype(np.int64) if whole_shares else volume,
            trade_count=_or_else(rows, "trade_count", np.zeros(end - begin)).astype(np.int64),
            vwap=_or_else(rows, "vwap", np.round(typical, 6)),
            **prices,
        )


def bar_files(folder: Path) -> list[Path]:
    """Return FOLDER/1min/*.parquet, or FOLDER/*.parquet where there is no such folder."""
    inner = folder / "1min"
    return sorted((inner if inner.is_dir() else folder).glob("*.parquet"))


def has_stocks(folder: Path) -> bool:
    return any(not _CRYPTO.fullmatch(path.stem) for path in bar_files(folder))


def _files(folder: Path, symbols: tuple[str, ...]) -> dict[str, Path]:
    """Return symbol -> file, from FOLDER/1min/*.parquet or FOLDER/*.parquet."""
    if not folder.is_dir():
        raise PracticeStartError(f"The bars folder {folder} does not exist.")
    found = {path.stem: path for path in bar_files(folder) if not _CRYPTO.fullmatch(path.stem)}
    if not found:
        raise PracticeStartError(
            f"The bars folder {folder} has no stock's <SYMBOL>.parquet (nor in its folder 1min)."
        )
    missing = [symbol for symbol in symbols if symbol not in found]
    if missing:
        raise PracticeStartError(f"The bars folder {folder} has no bars of {', '.join(missing)}.")
    return {symbol: found[symbol] for symbol in (symbols or found)}


def _timestamps(path: Path) -> Integers:
    """Return the bars' starts in epoch seconds, ascending."""
    try:
        column = pq.read_table(path, columns=["timestamp"]).column("timestamp")
        missing = {*_PRICES, "volume"} - set(pq.read_schema(path).names)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise PracticeStartError(f"{path} cannot be read as bars: {error}") from error
    if missing:
        raise PracticeStartError(f"{path} has no column {', '.join(sorted(missing))}.")
    seconds = column.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64()).to_numpy()
    if np.any(np.diff(seconds) <= 0):
        raise PracticeStartError(f"{path}: the timestamps do not rise.")
    return np.asarray(seconds, dtype=np.int64)


def _sessions_touched(seconds: Integers, calendar: Days) -> Iterable[Session]:
    days = np.unique(seconds.astype("datetime64[s]").astype("datetime64[D]"))
    for day in days.tolist():
        session = calendar.on(day)
        if session is not None:
            yield session


def union(histories: Iterable[list[Session]]) -> list[Session]:
    """Return the sessions of all, each once, ascending."""
    by_day = {session.day: session for sessions in histories for session in sessions}
    return [by_day[day] for day in sorted(by_day)]


def _floats(rows: pa.Table, name: str) -> Floats:
    return np.asarray(rows.column(name).to_numpy(), dtype=np.float64)


def _or_else(rows: pa.Table, name: str, fallback: Floats) -> Floats:
    """Return the column where it is known, the fallback where it is null or absent."""
    if name not in rows.column_names:
        return fallback
    values = _floats(rows, name)
    return np.where(np.isnan(values), fallback, values)
