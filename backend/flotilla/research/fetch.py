"""The fetch of one series: what is missing of it, written as its pages come.

Whoever cancels or kills it loses the month that was under way, and no more.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from flotilla.domain.bar_quality import BarFault, Faults, screen
from flotilla.domain.market import Series, Timeframe
from flotilla.domain.time_ranges import Range, TimeRanges
from flotilla.ports.bar_history import BarSource
from flotilla.ports.bar_store import BarStore, SeriesKey


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far one symbol's fetch has come: bars so far, and seconds of history of those to fetch."""

    symbol: str
    timeframe: Timeframe
    bars: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch did for one series. `actions_changed`: a split or dividend was new, or corrected."""

    key: SeriesKey
    fetched: TimeRanges
    bars: int
    faults: dict[BarFault, int]
    actions_changed: bool


class Fetch:
    """The fetch of one series; `progress` hears of every page."""

    def __init__(
        self,
        store: BarStore,
        source: BarSource,
        key: SeriesKey,
        progress: Callable[[FetchProgress], None],
    ) -> None:
        self.key = key
        self._store = store
        self._source = source
        self._progress = progress
        self._bars = 0
        self._faults: dict[BarFault, int] = {}

    async def run(self, start: datetime, end: datetime, refresh_actions: bool) -> Fetched:
        known = (await asyncio.to_thread(self._store.coverage, self.key)).known
        asked = TimeRanges.of([(int(start.timestamp()), int(end.timestamp()))])
        missing = asked - known
        before = 0
        for one in missing:
            await self._range(one, before, missing.seconds)
            before += one[1] - one[0]
        changed = False
        if missing or refresh_actions:
            changed = await self._actions(known | asked)
        return Fetched(self.key, missing, self._bars, self._faults, changed)

    async def _range(self, missing: Range, before: int, total: int) -> None:
        """Fetch one range, a month into the store as soon as it is whole."""
        written, end = missing
        waiting = _none(self.key)
        asked = self._source.pages(self.key.symbol, self.key.timeframe, _moment(written), _moment(end))
        async with aclosing(asked) as pages:
            async for page in pages:
                waiting = _joined(waiting, page.cut((page.start >= written) & (page.start < end)))
                reached = int(waiting.start.max()) if len(waiting) else written
                whole = max(written, _month_start(reached))
                if whole > written:
                    waiting = await self._keep(waiting, written, whole)
                    written = whole
                self._tell(len(waiting), before + reached - missing[0], total)
        await self._keep(waiting, written, end)
        self._tell(0, before + end - missing[0], total)

    async def _keep(self, waiting: Series, start: int, end: int) -> Series:
        """Store what lies in [start, end); return the rest."""
        inside = waiting.start < end
        screened = screen(waiting.cut(inside))
        for fault, starts in screened.faults.items():
            self._faults[fault] = self._faults.get(fault, 0) + len(starts)
        await asyncio.to_thread(self._write, screened.bars, screened.faults, start, end)
        self._bars += len(screened.bars)
        return waiting.cut(~inside)

    def _write(self, bars: Series, faults: Faults, start: int, end: int) -> None:
        self._store.write(self.key, bars, _moment(start), _moment(end), faults=faults)

    def _tell(self, waiting: int, done: int, total: int) -> None:
        symbol, timeframe = self.key.symbol, self.key.timeframe
        self._progress(FetchProgress(symbol, timeframe, self._bars + waiting, done, total))

    async def _actions(self, known: TimeRanges) -> bool:
        """Ask for the splits and dividends of all that is stored: new ones restate old bars too."""
        if not known:
            return False
        first = _day(_moment(known.ranges[0][0]), self.key)
        last = _day(await self._source.horizon(), self.key)
        actions = await self._source.actions(self.key.symbol, first, last)
        return await asyncio.to_thread(self._store.write_actions, self.key.source, self.key.symbol, actions)


def _joined(first: Series, second: Series) -> Series:
    columns = ("start", "open", "high", "low", "close", "volume")
    parts = (np.concatenate([getattr(first, name), getattr(second, name)]) for name in columns)
    return Series(*parts, timeframe=first.timeframe, clock=first.clock)


def _none(key: SeriesKey) -> Series:
    return Series.from_bars([], key.timeframe, key.clock)


def _month_start(seconds: int) -> int:
    return int(_moment(seconds).replace(day=1, hour=0, minute=0, second=0).timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _day(moment: datetime, key: SeriesKey) -> date:
    return moment.astimezone(key.clock).date()
