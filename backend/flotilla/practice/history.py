"""What has been seen of the market so far: bars up to a moment, never beyond it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import numpy as np

from flotilla.practice.calendar import new_york_day
from flotilla.practice.matching.orders import is_crypto
from flotilla.practice.session import MINUTE, Bar, Session
from flotilla.practice.sources.cache import RecentlyUsed
from flotilla.practice.sources.source import PriceSource, SessionBars, joined
from flotilla.practice.timeframes import Timeframe, intraday, merge, merge_first, midnight, utc_midnight

_CACHED_DAYS = 20_000
_CACHED_WHOLE_DAYS = 512

Stamped = tuple[datetime, Bar]
# Restates a symbol's bar that began at a moment, for a split that came after it.
Restate = Callable[[str, datetime, Bar], Bar]


class _Trading(NamedTuple):
    """Where bars come from, and by which clock their days begin."""

    source: PriceSource
    day_of: Callable[[datetime], date]
    midnight: Callable[[date], datetime]


class History:
    """Bars of any timeframe, of stocks (New York's days) and of coins (UTC days).

    `until`: the moment that market time has reached; a minute bar is seen from its end on, a longer
    bar from its first minute on, with what is known of it.
    """

    def __init__(self, source: PriceSource, coins: PriceSource | None = None, extended: bool = False) -> None:
        """`extended`: minutes, and what is built of them, include those around the regular hours; days do
        not."""
        self._stocks = _Trading(source, new_york_day, midnight)
        self._coins = _Trading(coins or source, _utc_day, utc_midnight)
        self._extended = extended
        self._whole_days: RecentlyUsed[tuple[str, date], SessionBars] = RecentlyUsed(_CACHED_WHOLE_DAYS)
        self._days: RecentlyUsed[tuple[str, date], Bar | None] = RecentlyUsed(_CACHED_DAYS)

    def bars(
        self,
        symbol: str,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        until: datetime,
        descending: bool = False,
        restate: Restate | None = None,
    ) -> Iterator[Stamped]:
        """Yield the bars stamped `start` to `end`, both included, that are seen at `until`."""
        if symbol not in self._source(symbol).symbols:
            return iter(())
        produce = self._daily if timeframe.minutes is None else self._intraday
        stamped = produce(symbol, timeframe, start, min(end, until), until, descending, restate or _as_it_is)
        return (item for item in stamped if start <= item[0] <= end)

    def day_before(self, symbol: str, until: datetime) -> Stamped | None:
        """Return the last day bar of a day before that of `until`."""
        trading = self._trading(symbol)
        for stamp, day in self.last_days(symbol, until, 2):
            if trading.day_of(stamp) < trading.day_of(until):
                return stamp, day
        return None

    def day_so_far(self, symbol: str, until: datetime) -> Stamped | None:
        """Return the bar of the day that ends or goes on at `until`, with what is seen of it."""
        moment = until - MINUTE
        newest = self.last_days(symbol, until, 1)
        day_of = self._trading(symbol).day_of
        return newest[0] if newest and day_of(newest[0][0]) == day_of(moment) else None

    def session(self, symbol: str, at: datetime) -> Session | None:
        """Return the session of the symbol's market in which `at` lies, or the next one."""
        trading = self._trading(symbol)
        return trading.source.session_from(trading.day_of(at))

    def last_minute(self, symbol: str, until: datetime) -> Stamped | None:
        """Return the newest minute bar seen at `until`."""
        for session in self._sessions_back(symbol, until):
            bars, count = self._minutes(symbol, session, until)
            if count:
                return bars.start_of(count - 1), bars.rows[count - 1]
        return None

    def last_days(self, symbol: str, until: datetime, count: int) -> list[Stamped]:
        """Return the newest `count` day bars, newest first; today's is first while it forms."""
        found: list[Stamped] = []
        for session in self._sessions_back(symbol, until):
            day = self._day(symbol, session, until)
            if day is not None:
                found.append((self._trading(symbol).midnight(session.day), day))
            if len(found) == count:
                break
        return found

    def _trading(self, symbol: str) -> _Trading:
        return self._coins if is_crypto(symbol) else self._stocks

    def _source(self, symbol: str) -> PriceSource:
        return self._trading(symbol).source

    def _sessions_back(self, symbol: str, until: datetime) -> Iterator[Session]:
        trading = self._trading(symbol)
        if symbol not in trading.source.symbols:
            return
        day = trading.day_of(until) + timedelta(days=1)
        while session := trading.source.session_before(day):
            yield session
            day = session.day

    def _intraday(
        self,
        symbol: str,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        until: datetime,
        descending: bool,
        restate: Restate,
    ) -> Iterator[Stamped]:
        minutes = timeframe.minutes
        assert minutes is not None
        trading = self._trading(symbol)
        for session in self._sessions(trading, start, end, descending):
            bars, count = self._minutes(symbol, session, until)
            stamped = intraday(bars, count, minutes, trading.midnight(session.day))
            for at, bar in reversed(stamped) if descending else stamped:
                yield at, restate(symbol, at, bar)

    def _minutes(self, symbol: str, session: Session, until: datetime) -> tuple[SessionBars, int]:
        """Return the minute bars of the session's day, and how many of them are seen at `until`."""
        source = self._source(symbol)
        if not self._extended or is_crypto(symbol):
            bars, seen = source.bars(symbol, session), _minutes_seen(session, until)
        else:
            bars = self._whole_days.get((symbol, session.day), lambda: _whole_day(source, symbol, session))
            seen = (until - session.open) // MINUTE
        return bars, int(np.searchsorted(bars.minutes, seen))

    def _daily(
        self,
        symbol: str,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        until: datetime,
        descending: bool,
        restate: Restate,
    ) -> Iterator[Stamped]:
        if end < start:
            return
        trading = self._trading(symbol)
        begin = trading.midnight(timeframe.first_day(trading.day_of(start)))
        sessions = self._sessions(trading, begin, end, descending)
        for first_day, group in groupby(sessions, key=lambda s: timeframe.first_day(s.day)):
            days = [(session.open, self._day(symbol, session, until)) for session in group]
            ordered = reversed(days) if descending else days
            seen = [restate(symbol, at, day) for at, day in ordered if day is not None]
            if seen:
                yield trading.midnight(first_day), merge(seen) if len(seen) > 1 else seen[0]

    def _sessions(
        self, trading: _Trading, start: datetime, end: datetime, descending: bool
    ) -> Iterator[Session]:
        if end < start:
            return iter(())
        sessions = trading.source.sessions_between(trading.day_of(start), trading.day_of(end))
        return reversed(sessions) if descending else iter(sessions)

    def _day(self, symbol: str, session: Session, until: datetime) -> Bar | None:
        if session.close <= until:
            key = (symbol, session.day)
            return self._days.get(key, lambda: self._merged(symbol, session, session.minutes))
        return self._merged(symbol, session, _minutes_seen(session, until))

    def _merged(self, symbol: str, session: Session, minutes: int) -> Bar | None:
        bars = self._source(symbol).bars(symbol, session)
        count = int(np.searchsorted(bars.minutes, minutes))
        return merge_first(bars, count) if count else None


def _as_it_is(_symbol: str, _at: datetime, bar: Bar) -> Bar:
    return bar


def _utc_day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _whole_day(source: PriceSource, symbol: str, session: Session) -> SessionBars:
    around, regular = source.extended(symbol, session), source.bars(symbol, session)
    before = around.minutes < 0
    return joined(session, [around.where(before), regular, around.where(~before)])


def _minutes_seen(session: Session, until: datetime) -> int:
    return max(0, min(session.minutes, int((until - session.open) / MINUTE)))
