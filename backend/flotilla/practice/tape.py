"""The trades and quotes of the market, made from its minute bars by one walk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from flotilla.practice.history import History, Stamped
from flotilla.practice.matching.walk import Tick, walk
from flotilla.practice.session import MINUTE, Minute
from flotilla.practice.timeframes import ONE_MINUTE


class Print(NamedTuple):
    """One step of the walk at its own time; `number` is unique in its symbol, and rises."""

    at: datetime
    number: int
    tick: Tick
    rising: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """How much of the market is seen: bars up to `reached`, and of the minute in progress what lies
    before `now`."""

    reached: datetime
    now: datetime
    minute: Minute | None


class Tape:
    """Prints of any time, never beyond what is seen."""

    def __init__(self, history: History, walked: Callable[[Stamped, str], tuple[Tick, ...]]) -> None:
        self._history = history
        self._walked = walked

    def prints(
        self, symbol: str, start: datetime, end: datetime, seen: Seen, descending: bool = False
    ) -> Iterator[Print]:
        """Yield the prints from `start` to `end`, both included."""
        last = min(end, seen.now)
        bars = self._bars(symbol, start, last, seen, descending)
        for bar in bars:
            found = self.of_bar(symbol, bar)
            for one in reversed(found) if descending else found:
                if start <= one.at <= last:
                    yield one

    def latest(self, symbol: str, seen: Seen, trades: bool) -> Print | None:
        """Return the newest print seen; `trades`: the newest at which something was traded."""
        newest = self._history.last_minute(symbol, seen.reached)
        in_progress = seen.minute.bars.get(symbol) if seen.minute else None
        bars = [] if in_progress is None or seen.minute is None else [(seen.minute.start, in_progress)]
        for bar in [*bars, *([newest] if newest else [])]:
            for one in reversed(self.of_bar(symbol, bar)):
                if one.at <= seen.now and (one.tick.trade_size or not trades):
                    return one
        return None

    def of_bar(self, symbol: str, bar: Stamped) -> list[Print]:
        """Return the prints of one minute bar, in order."""
        start, _ = bar
        minute = int(start.timestamp()) // 60
        prints: list[Print] = []
        before = None
        for index, tick in enumerate(self._walked(bar, symbol)):
            rising = before is None or tick.trade_price >= before
            prints.append(Print(start + tick.offset, minute * 4 + index, tick, rising))
            before = tick.trade_price
        return prints

    def _bars(
        self, symbol: str, start: datetime, end: datetime, seen: Seen, descending: bool
    ) -> Iterator[Stamped]:
        minute = seen.minute
        current = minute.bars.get(symbol) if minute and minute.start <= end else None
        if descending and minute and current:
            yield minute.start, current
        past = self._history.bars(symbol, ONE_MINUTE, start - MINUTE, end, seen.reached, descending)
        yield from past
        if not descending and minute and current:
            yield minute.start, current


def seeded_walk(seed: int, spread_bps: float) -> Callable[[Stamped, str], tuple[Tick, ...]]:
    """Return the walk of a market: the one that its fills come from too."""

    def walked(bar: Stamped, symbol: str) -> tuple[Tick, ...]:
        return walk(bar[1], symbol, bar[0], seed, spread_bps)

    return walked
