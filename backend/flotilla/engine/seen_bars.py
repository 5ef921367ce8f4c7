"""The bars as first seen: each minute is kept as it was when it closed, before a decision on it is.

What a decision saw of the past is the series of the hub. It is held against that of the minute before,
and whatever is new in it, beyond the bars that came in time, was learnt since: history that was loaded,
bars that came late, bars that were corrected.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from flotilla.domain.market import Bar, Series
from flotilla.engine.market_hub import Minute
from flotilla.ports.decision_log import Learnt, LearntBars, SeenMinute
from flotilla.ports.store import EngineStore


class SeenBars:
    """The recorder of one account. `run` is its task."""

    def __init__(self, store: EngineStore, *, account_id: str) -> None:
        self._store = store
        self._account_id = account_id
        self._known: dict[str, Series] = {}
        self._waiting: asyncio.Queue[SeenMinute] = asyncio.Queue()
        self._pending: dict[datetime, asyncio.Event] = {}

    def note(self, minute: Minute) -> None:
        """Take a closed minute down, to be kept soon."""
        learnt = list(self._learnt(minute))
        self._pending[minute.tau] = asyncio.Event()
        self._waiting.put_nowait(SeenMinute(minute.tau, minute.session, minute.bars, learnt))

    async def run(self) -> None:
        """Keep what was noted, for ever. Raises StoreUnavailable."""
        while True:
            minute = await self._waiting.get()
            await self._store.record_seen(self._account_id, minute)
            self._pending.pop(minute.tau).set()

    async def kept(self, tau: datetime) -> None:
        """Return when the minute that ended at `tau` is kept: no decision on it may be before."""
        pending = self._pending.get(tau)
        if pending is not None:
            await pending.wait()

    def _learnt(self, minute: Minute) -> Iterator[LearntBars]:
        known, self._known = self._known, dict(minute.series)
        for symbol, series in minute.series.items():
            past = _without(series, minute.bars.get(symbol))
            before = known.get(symbol)
            if before is None:
                if len(past):
                    yield LearntBars(symbol, Learnt.HISTORY, past)
            elif not _continues(before, past):
                yield from _differences(symbol, before, past)


def _without(series: Series, bar: Bar | None) -> Series:
    """All but the minute's own bar."""
    if bar is None or not len(series) or int(series.start[-1]) != int(bar.start.timestamp()):
        return series
    return series.cut(slice(None, -1))


def _continues(before: Series, past: Series) -> bool:
    """Whether nothing was learnt: the same columns are read on (a buffer never changes what was read)."""
    return len(before) == len(past) and _columns_of(before) is _columns_of(past)


def _columns_of(series: Series) -> object:
    column = series.start
    return column if column.base is None else column.base


def _differences(symbol: str, before: Series, past: Series) -> Iterator[LearntBars]:
    """What `past` has that `before` had not, or had otherwise; what a buffer has dropped is no news."""
    if not len(past):
        return
    first = before.start[0] if len(before) else past.start[-1] + 1
    place = np.searchsorted(before.start, past.start)
    held = np.zeros(len(past), np.bool_)
    inside = place < len(before)
    held[inside] = before.start[place[inside]] == past.start[inside]
    older = past.start < first
    changed = held.copy()
    changed[held] = _other(before.cut(place[held]), past.cut(held))
    kinds = (
        (Learnt.HISTORY, older),
        (Learnt.LATE, ~held & ~older),
        (Learnt.CORRECTED, changed),
    )
    for kind, rows in kinds:
        if rows.any():
            yield LearntBars(symbol, kind, past.cut(rows))


def _other(one: Series, two: Series) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    names = ("open", "high", "low", "close", "volume")
    found = np.zeros(len(one), np.bool_)
    for name in names:
        found |= getattr(one, name) != getattr(two, name)
    return found
