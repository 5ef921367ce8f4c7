"""The bars of a backtest: found, fetched where they are missing, and kept in memory for the next one."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from weakref import WeakValueDictionary

from flotilla.domain.errors import Invalid, NotFound, Problem
from flotilla.domain.market import Session
from flotilla.ports.bar_history import BarSource
from flotilla.ports.bar_store import BarStore
from flotilla.ports.calendar import SessionCalendar
from flotilla.research.days import Days, chosen_days
from flotilla.research.fetch import FetchProgress
from flotilla.research.history import BarLibrary, SymbolHistory
from flotilla.research.origin import Origin, Origins
from flotilla.research.plan import BacktestPlan, moments, seen_from

_ROOM = 256_000_000  # bytes of bars in memory: some fifty years of one symbol's minutes
_BAR = 48  # bytes
# A run needs some ten arrays as long as this: twenty years of ten symbols' minutes fit into 2 GB.
_MOST_BARS = 20_000_000


class NoBars(Invalid):
    """There is nothing to test on; the sentence says what brings it."""

    code = "NO_BARS"


@dataclass(frozen=True, slots=True)
class Material:
    """What a run reads: bars from some time before `start`, and the sessions of all of it.

    `source` is the name the bars are stored under; the range is [start, end).
    """

    source: str
    days: Days
    start: datetime
    end: datetime
    histories: Mapping[str, SymbolHistory]
    sessions: Sequence[Session]


@dataclass(frozen=True, slots=True)
class _Key:
    """`version` changes when anything is written to the symbol's bars."""

    source: str
    symbol: str
    seen_from: datetime
    start: datetime
    end: datetime
    version: str


class Materials:
    """Brings the bars of plans together. Belongs to one event loop; reading is done in threads."""

    def __init__(
        self,
        library: BarLibrary,
        store: BarStore,
        calendar: SessionCalendar,
        sources: Callable[[str], BarSource | None],
        *,
        room: int = _ROOM,
    ) -> None:
        """`sources` gives the provider of a name (Invalid without its keys), or None: stored bars only."""
        self._library = library
        self._store = store
        self._calendar = calendar
        self._origins = Origins(store, sources)
        self._kept = _Kept(room)
        self._fetching: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def gather(
        self, plan: BacktestPlan, *, progress: Callable[[FetchProgress], None] = lambda _: None
    ) -> Material:
        """Everything that a checked plan needs. Raises Invalid (so NoBars), Unavailable, BarsDamaged."""
        origin = await self._origins.find(plan)
        days = await asyncio.to_thread(chosen_days, plan, origin, self._store)
        start, end = moments(days.first, days.last, plan.clock)
        end = end if origin.horizon is None else min(end, origin.horizon)
        if start >= end:
            raise Invalid([Problem("first", "There are no finished bars of these days yet.")])
        begin = seen_from(plan, start, self._calendar)
        found: dict[str, SymbolHistory] = {}
        for symbol in plan.symbols:
            found[symbol] = await self._history(plan, origin, symbol, begin, start, end, progress)
            _require_room(found)
        _check(plan, found)
        sessions = await asyncio.to_thread(
            self._calendar.sessions, _day(begin, plan) - timedelta(days=7), _day(end, plan)
        )
        return Material(origin.name, days, start, end, found, sessions)

    async def _history(
        self,
        plan: BacktestPlan,
        origin: Origin,
        symbol: str,
        begin: datetime,
        start: datetime,
        end: datetime,
        progress: Callable[[FetchProgress], None],
    ) -> SymbolHistory:
        def key() -> _Key:
            return _Key(origin.name, symbol, begin, start, end, self._store.version(origin.name, symbol))

        kept = self._kept.get(await asyncio.to_thread(key))
        if kept is not None:
            return kept
        if origin.provider is not None:
            lock = self._fetching.setdefault((origin.name, symbol), asyncio.Lock())
            async with lock:  # two previews of one symbol fetch it once
                await self._library.ensure(origin.provider, [symbol], begin, end, progress=progress)

        def load() -> SymbolHistory:
            now = key()  # before the read: bars that are written meanwhile are looked at again
            try:
                loaded = self._library.load(origin.name, [symbol], begin, end, marks_from=start)[symbol]
            except NotFound:
                raise _no_bars(plan, origin, symbol, start, end) from None
            if not loaded.marks.bars:
                raise _no_bars(plan, origin, symbol, start, end)
            self._kept.put(now, loaded)
            return loaded

        return await asyncio.to_thread(load)


class _Kept:
    """The histories used last, as many as there is room for."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._found: OrderedDict[_Key, SymbolHistory] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key) -> SymbolHistory | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: _Key, history: SymbolHistory) -> None:
        with self._lock:
            self._found[key] = history
            while sum(map(_size, self._found.values())) > self._room and len(self._found) > 1:
                self._found.popitem(last=False)


def _require_room(found: Mapping[str, SymbolHistory]) -> None:
    """Raise Invalid before more is read than a backtest can hold."""
    if sum(len(history.bars) for history in found.values()) > _MOST_BARS:
        sentence = f"These are more than {_MOST_BARS:,} bars: choose fewer symbols or days."
        raise Invalid([Problem("first", sentence)], sentence)


def _size(history: SymbolHistory) -> int:
    return len(history.bars) * _BAR


def _check(plan: BacktestPlan, found: Mapping[str, SymbolHistory]) -> None:
    """Raise Invalid where bars do not serve: days beside minutes, or longer ones than a bot trades on."""
    lengths = {one.bars.timeframe for one in found.values()}
    if len(lengths) > 1:
        coarse = [symbol for symbol, one in found.items() if one.marks.coarse]
        message = "There are only longer bars of this symbol, and minutes of others: test them apart."
        raise Invalid([problem for symbol in coarse for problem in plan.of_symbol(symbol, message)])
    (length,) = lengths
    short = [b for b, bot in enumerate(plan.bots) if bot.timeframe.seconds < length.seconds]
    if short:
        message = (
            f"There are only {length.value} bars: trade on those or longer ones, or bring minutes "
            "with `flotilla bars fetch` or `flotilla bars import`."
        )
        raise Invalid([Problem(f"{plan.field(b)}timeframe", message) for b in short])


def _no_bars(plan: BacktestPlan, origin: Origin, symbol: str, start: datetime, end: datetime) -> NoBars:
    last = end.astimezone(plan.clock) - timedelta(seconds=1)
    sentence = (
        f"There are no bars of {symbol} from {_day(start, plan)} to {last:%Y-%m-%d} in {origin.name}: choose "
        "other days or another source, or bring them with `flotilla bars fetch` or `flotilla bars import`."
    )
    return NoBars(plan.of_symbol(symbol, sentence), sentence)


def _day(moment: datetime, plan: BacktestPlan) -> date:
    return moment.astimezone(UTC).astimezone(plan.clock).date()
