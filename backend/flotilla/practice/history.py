"""What has been seen of the market so far: bars up to a moment, never beyond it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

import numpy as np

from flotilla.practice.calendar import new_york_day
from flotilla.practice.session import MINUTE, Bar, Session
from flotilla.practice.sources.cache import RecentlyUsed
from flotilla.practice.sources.source import PriceSource
from flotilla.practice.timeframes import Timeframe, intraday, merge, midnight

_CACHED_DAYS = 20_000

Stamped = tuple[datetime, Bar]


class History:
    """Bars of any timeframe. `until`: the moment that market time has reached; a minute bar is seen
    from its end on, a longer bar from its first minute on, with what is known of it."""

    def __init__(self, source: PriceSource) -> None:
        self._source = source
        self._days: RecentlyUsed[tuple[str, date], Bar | None] = RecentlyUsed(_CACHED_DAYS)

    def bars(
        self,
        symbol: str,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        until: datetime,
        descending: bool = False,
    ) -> Iterator[Stamped]:
        """Yield the bars stamped `start` to `end`, both included, that are seen at `until`."""
        if timeframe.minutes is None:
            stamped = self._daily(symbol, timeframe, start, min(end, until), until, descending)
        else:
            stamped = self._intraday(symbol, timeframe, start, min(end, until), until, descending)
        return (item for item in stamped if start <= item[0] <= end)

    def last_minute(self, symbol: str, until: datetime) -> Stamped | None:
        """Return the newest minute bar seen at `until`."""
        for session in self._sessions_back(until):
            bars = self._source.bars(symbol, session)
            count = int(np.searchsorted(bars.minutes, _minutes_seen(session, until)))
            if count:
                return bars.start_of(count - 1), bars.rows[count - 1]
        return None

    def last_days(self, symbol: str, until: datetime, count: int) -> list[Stamped]:
        """Return the newest `count` day bars, newest first; today's is first while it forms."""
        found: list[Stamped] = []
        for session in self._sessions_back(until):
            day = self._day(symbol, session, until)
            if day is not None:
                found.append((midnight(session.day), day))
            if len(found) == count:
                break
        return found

    def _sessions_back(self, until: datetime) -> Iterator[Session]:
        day = new_york_day(until) + timedelta(days=1)
        while session := self._source.session_before(day):
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
    ) -> Iterator[Stamped]:
        minutes = timeframe.minutes
        assert minutes is not None
        for session in self._sessions(start, end, descending):
            bars = self._source.bars(symbol, session)
            count = int(np.searchsorted(bars.minutes, _minutes_seen(session, until)))
            stamped = intraday(bars, count, minutes)
            yield from reversed(stamped) if descending else stamped

    def _daily(
        self,
        symbol: str,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        until: datetime,
        descending: bool,
    ) -> Iterator[Stamped]:
        if end < start:
            return
        begin = midnight(timeframe.first_day(new_york_day(start)))
        sessions = self._sessions(begin, end, descending)
        for first_day, group in groupby(sessions, key=lambda s: timeframe.first_day(s.day)):
            days = [self._day(symbol, session, until) for session in group]
            seen = [day for day in (reversed(days) if descending else days) if day is not None]
            if seen:
                yield midnight(first_day), merge(seen) if len(seen) > 1 else seen[0]

    def _sessions(self, start: datetime, end: datetime, descending: bool) -> Iterator[Session]:
        if end < start:
            return iter(())
        sessions = self._source.sessions_between(new_york_day(start), new_york_day(end))
        return reversed(sessions) if descending else iter(sessions)

    def _day(self, symbol: str, session: Session, until: datetime) -> Bar | None:
        if session.close <= until:
            key = (symbol, session.day)
            return self._days.get(key, lambda: self._merged(symbol, session, session.minutes))
        return self._merged(symbol, session, _minutes_seen(session, until))

    def _merged(self, symbol: str, session: Session, minutes: int) -> Bar | None:
        bars = self._source.bars(symbol, session)
        count = int(np.searchsorted(bars.minutes, minutes))
        return merge(bars.rows[:count]) if count else None


def _minutes_seen(session: Session, until: datetime) -> int:
    return max(0, min(session.minutes, int((until - session.open) / MINUTE)))
