"""The bars of one minute: of stocks in their session (and around it), of coins when they are wanted."""

from collections.abc import Callable
from datetime import UTC, datetime

from flotilla.practice.calendar import extended_hours, new_york_day
from flotilla.practice.session import MINUTE, Bar, Minute, Session
from flotilla.practice.sources.source import PriceSource, SessionBars


class MinuteFeed:
    def __init__(self, stocks: PriceSource, coins: PriceSource | None) -> None:
        self._stocks = stocks
        self._coins = coins

    def minute(self, session: Session, start: datetime, *, coins: bool, extended: bool) -> Minute:
        """Return the minute that begins at `start`; `session` is the one in progress or the next.

        `extended`: stocks trade before and after the regular hours.
        """
        bars: dict[str, Bar] = {}
        around = self.extended_session(start) if extended else None
        if session.open <= start < session.close:
            bars = _bars_at(self._stocks, self._stocks.bars, session, start)
        elif around is not None:
            bars = _bars_at(self._stocks, self._stocks.extended, around, start)
        if coins:
            bars |= self.coins(start)
        return Minute(start, bars, extended=around is not None)

    def extended_session(self, start: datetime) -> Session | None:
        """Return the session before or after which stocks trade in the minute that begins at `start`."""
        day = new_york_day(start)
        session = self._stocks.session_from(day)
        if session is None or session.day != day or session.open <= start < session.close:
            return None
        first, last = extended_hours(day)
        return session if first <= start < last else None

    def coins(self, start: datetime) -> dict[str, Bar]:
        """Return the bars of all pairs in the minute that begins at `start`."""
        if self._coins is None:
            return {}
        day = self._coins.session_from(start.astimezone(UTC).date())
        return _bars_at(self._coins, self._coins.bars, day, start) if day and day.open <= start else {}


def _bars_at(
    source: PriceSource, bars_of: Callable[[str, Session], SessionBars], session: Session, start: datetime
) -> dict[str, Bar]:
    offset = int((start - session.open) / MINUTE)
    bars = {symbol: bars_of(symbol, session).by_minute.get(offset) for symbol in source.symbols}
    return {symbol: bar for symbol, bar in bars.items() if bar is not None}
