"""Whether a market-data stream has gone mute: connected, and an expected bar does not come.

Alpaca's sockets are known to fall silent without closing. Silence is measured in market time: the stream's as
a whole, and of each symbol against the others. How long is too long depends on how often the symbols trade.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from flotilla.domain.market import MINUTE, Session, TimeArray
from flotilla.engine.freshness import Freshness, Source
from flotilla.engine.silence import SHORTEST, patience, share_of_minutes

_GRACE = 5.0  # wall seconds that a frame and its handling may take
_FASTEST = 60.0  # beyond this rate the market's time says nothing of a second's delay


class MuteWatch:
    """What a feed's stream is expected to say; `silent` is asked every few wall seconds."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._listening_since: datetime | None = None
        self._known_since: dict[str, datetime] = {}
        self._doubted: set[str] = set()  # asked for anew once already since they fell silent
        self._last_frame = -_GRACE

    def connected(self) -> None:
        """The stream begins anew: what it has not said so far, it owes to nobody."""
        self._listening_since = None

    def heard(self) -> None:
        self._last_frame = asyncio.get_running_loop().time()

    def silent(
        self,
        symbols: Collection[str],
        starts: Callable[[str], TimeArray],
        *,
        session: Session,
        now: datetime,
        rate: float,
    ) -> set[str]:
        """The subscribed symbols whose silence cannot be chance; empty while all is well.

        `starts` says when the bars of a symbol opened. A symbol that stays silent after a
        reconnection is told once: it may be halted. A stream that stays silent is told again.
        """
        if self._listening_since is None:
            self._listening_since = now
        self._known_since = {symbol: self._known_since.get(symbol, now) for symbol in symbols}
        begun = max(self._listening_since, session.open)
        heard = {symbol: self._heard(symbol, begun) for symbol in symbols}
        self._doubted = {
            symbol
            for symbol in self._doubted & heard.keys()
            if not self._freshness.heard_since(symbol, begun)
        }
        newest = max(heard.values())
        silence = self._unexplained(now - newest, rate)
        if silence > SHORTEST and silence > patience(share_of_minutes(starts(one)) for one in symbols):
            self._listening_since = now
            return set(symbols)
        overdue = {one for one, last in heard.items() if newest - last > SHORTEST} - self._doubted
        found = {one for one in overdue if newest - heard[one] > patience([share_of_minutes(starts(one))])}
        self._doubted |= found
        return found

    def _heard(self, symbol: str, begun: datetime) -> datetime:
        """From when on a bar of the symbol is waited for: the newest that was heard, or the beginning."""
        since = max(begun, self._known_since[symbol])
        newest = self._freshness.of(symbol)
        return max(since, newest.until) if newest is not None and newest.source is Source.STREAM else since

    def _unexplained(self, silence: timedelta, rate: float) -> timedelta:
        """A silence without what is none: a frame takes its time, in which a fast market goes far."""
        if asyncio.get_running_loop().time() - self._last_frame <= _GRACE:
            return timedelta(0)
        return silence - MINUTE - timedelta(seconds=_GRACE * min(rate, _FASTEST))
