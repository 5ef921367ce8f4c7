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
        self._regular = _Minutes(stocks.symbols, stocks.bars)
        self._extended = _Minutes(stocks.symbols, stocks.extended)
        self._of_coins = _Minutes(coins.symbols, coins.bars) if coins else None

    def minute(self, session: Session, start: datetime, *, coins: bool, extended: bool) -> Minute:
        """Return the minute that begins at `start`; `session` is the one in progress or the next.

        `extended`: stocks trade before and after the regular hours.
        """
        bars: dict[str, Bar] = {}
        around = self.extended_session(start) if extended else None
        if session.open <= start < session.close:
            bars = self._regular.at(session, start)
        elif around is not None:
            bars = self._extended.at(around, start)
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
        if self._coins is None or self._of_coins is None:
            return {}
        day = self._coins.session_from(start.astimezone(UTC).date())
        return self._of_coins.at(day, start) if day and day.open <= start else {}


class _Minutes:
    """The bars of several symbols, minute by minute; those of the session in use are at hand."""

    def __init__(self, symbols: tuple[str, ...], bars_of: Callable[[str, Session], SessionBars]) -> None:
        self._symbols = symbols
        self._bars_of = bars_of
        self._session: Session | None = None
        self._bars: list[tuple[str, dict[int, Bar]]] = []

    def at(self, session: Session, start: datetime) -> dict[str, Bar]:
        if session != self._session:
            self._bars = [(symbol, self._bars_of(symbol, session).by_minute) for symbol in self._symbols]
            self._session = session
        offset = int((start - session.open) / MINUTE)
        return {symbol: bars[offset] for symbol, bars in self._bars if offset in bars}
