"""The sessions around now: the exchange's, from the broker's own calendar, and the days of coins."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from flotilla.domain.market import Session, TimeArray
from flotilla.ports.broker import Broker

_BACK, _AHEAD, _REFRESH = timedelta(days=10), timedelta(days=30), timedelta(days=7)


class Sessions(Protocol):
    """What a feed's minutes are placed in."""

    async def ensure(self, now: datetime) -> None:
        """Load what is needed to answer for `now`. Raises Unavailable."""
        ...

    @property
    def closes(self) -> TimeArray:
        """When sessions close, ascending, in seconds since 1970 UTC; empty where they never do."""
        ...

    def at(self, moment: datetime) -> Session | None:
        """The session with open <= moment < close."""
        ...


class CoinDays:
    """Coins trade around the clock, in days of UTC."""

    async def ensure(self, now: datetime) -> None:
        """Nothing has to be asked for."""

    @property
    def closes(self) -> TimeArray:
        """None: longer bars are not cut."""
        return np.empty(0, np.int64)

    def at(self, moment: datetime) -> Session | None:
        """The day of UTC around `moment`."""
        start = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return Session(start, start + timedelta(days=1))


class SessionCalendar:
    """Holds sessions from ten days back to a month ahead; `ensure` moves that along with time."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._sessions: list[Session] = []
        self._closes: TimeArray = np.empty(0, np.int64)

    async def ensure(self, now: datetime) -> None:
        """Load what is needed to answer for `now`. Raises Unavailable."""
        if self._sessions and now + _REFRESH < self._sessions[-1].close:
            return
        found = await self._broker.sessions((now - _BACK).date(), (now + _AHEAD).date())
        self._sessions = sorted(found, key=lambda session: session.open)
        self._closes = np.array([int(s.close.timestamp()) for s in self._sessions], np.int64)

    @property
    def closes(self) -> TimeArray:
        """When the loaded sessions close, ascending, in seconds since 1970 UTC."""
        return self._closes

    def at(self, moment: datetime) -> Session | None:
        """The session with open <= moment < close."""
        session = self._last_opened(moment)
        return session if session is not None and session.contains(moment) else None

    def next_open(self, moment: datetime) -> datetime | None:
        """The first session's open after `moment`, None when it lies beyond what is loaded."""
        return next((s.open for s in self._sessions if s.open > moment), None)

    def _last_opened(self, moment: datetime) -> Session | None:
        index = bisect_right(self._sessions, moment, key=lambda session: session.open)
        return self._sessions[index - 1] if index else None
