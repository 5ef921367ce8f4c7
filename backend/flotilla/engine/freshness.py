"""How fresh each symbol's bars are: what the stream brought last, and what was fetched."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flotilla.domain.market import STALE_AFTER


class Source(StrEnum):
    """Where a symbol's newest bar came from."""

    STREAM = "stream"
    HISTORY = "history"  # fetched: at the start, or after the stream was away


@dataclass(frozen=True, slots=True)
class Newest:
    """The end of a symbol's newest bar (market time), and where it came from."""

    until: datetime
    source: Source

    def age(self, now: datetime) -> timedelta:
        """How old the bar is at the market time `now`; what is young is never younger than nothing."""
        return max(now - self.until, timedelta(0))

    def is_stale(self, now: datetime) -> bool:
        """Whether no bot enters on it (`STALE_DATA`)."""
        return self.age(now) >= STALE_AFTER


@dataclass(slots=True)
class Counts:
    """What went wrong with a stream since the engine started."""

    reconnections: int = 0  # that we asked for, because it was mute
    late_bars: int = 0
    corrected_bars: int = 0


@dataclass(slots=True)
class Freshness:
    """The newest bar of each symbol of one feed. A symbol without any bar is not in it."""

    counts: Counts = field(default_factory=Counts)
    _newest: dict[str, Newest] = field(default_factory=dict)

    def saw(self, symbol: str, until: datetime, source: Source) -> None:
        """Note a bar that ended at `until`; an older one, or one fetched again, changes nothing."""
        known = self._newest.get(symbol)
        if known is None or (until, source is Source.STREAM) > (known.until, known.source is Source.STREAM):
            self._newest[symbol] = Newest(until, source)

    def forget(self, symbol: str) -> None:
        self._newest.pop(symbol, None)

    def of(self, symbol: str) -> Newest | None:
        return self._newest.get(symbol)

    def heard_since(self, symbol: str, moment: datetime) -> bool:
        """Whether the stream has brought a bar of the symbol that ended after `moment`."""
        newest = self._newest.get(symbol)
        return newest is not None and newest.source is Source.STREAM and newest.until > moment

    def report(self, symbols: Iterable[str]) -> dict[str, Any]:
        """As it is stored for the API: by symbol, and what was counted."""
        found = ((symbol, self._newest.get(symbol)) for symbol in sorted(symbols))
        return {
            "symbols": {
                symbol: None
                if newest is None
                else {"until": newest.until.isoformat(), "source": newest.source.value}
                for symbol, newest in found
            },
            "counts": asdict(self.counts),
        }
