"""The bars of one minute: of every stock while its session lasts, of coins when they are wanted."""

from datetime import UTC, datetime

from flotilla.practice.session import MINUTE, Bar, Minute, Session
from flotilla.practice.sources.source import PriceSource


class MinuteFeed:
    def __init__(self, stocks: PriceSource, coins: PriceSource | None) -> None:
        self._stocks = stocks
        self._coins = coins

    def minute(self, session: Session, start: datetime, with_coins: bool) -> Minute:
        """Return the minute that begins at `start`; `session` is the one in progress or the next."""
        bars: dict[str, Bar] = {}
        if session.open <= start < session.close:
            bars = _bars_at(self._stocks, session, start)
        if with_coins:
            bars |= self.coins(start)
        return Minute(start, bars)

    def coins(self, start: datetime) -> dict[str, Bar]:
        """Return the bars of all pairs in the minute that begins at `start`."""
        if self._coins is None:
            return {}
        day = self._coins.session_from(start.astimezone(UTC).date())
        return _bars_at(self._coins, day, start) if day and day.open <= start else {}


def _bars_at(source: PriceSource, session: Session, start: datetime) -> dict[str, Bar]:
    offset = int((start - session.open) / MINUTE)
    bars = {symbol: source.bars(symbol, session).by_minute.get(offset) for symbol in source.symbols}
    return {symbol: bar for symbol, bar in bars.items() if bar is not None}
