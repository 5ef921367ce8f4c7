"""One market-data connection of a feed for all bots: what is subscribed, the bars so far, closed minutes."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
import structlog

from flotilla.domain.errors import Conflict, Unavailable
from flotilla.domain.market import MINUTE, NEW_YORK, Bar, Series, Session, TimeArray
from flotilla.engine.bar_buffer import BarBuffer
from flotilla.engine.freshness import Freshness, Source
from flotilla.engine.mute import MuteWatch
from flotilla.engine.sessions import Sessions
from flotilla.engine.shared_charts import SharedCharts
from flotilla.ports.bar_history import BarHistory
from flotilla.ports.market_data import Bars, BarStream, Connected

log = structlog.get_logger(__name__)

_CLOSE_AFTER = 3.0  # wall seconds after a minute's first bar (semantics 1)
_RETRY = 1.0  # wall seconds
_MIN_CAPACITY = 512
_FETCH_AT_ONCE = 16  # symbols: what is fetched is held as objects until it is merged


class SymbolLimitReached(Conflict):
    """The account's data plan streams no more symbols than it does already."""

    code = "SYMBOL_LIMIT"


@dataclass(frozen=True, slots=True)
class Minute:
    """A closed minute: its end `tau`, its session, the bars that came in time, and by symbol all bars
    up to it, as they were known when it closed. `closes`: when the sessions around it close, ascending,
    in seconds since 1970 UTC. `clock`: what its days and longer bars go by, UTC for coins. `charts`: what
    bots share of what they make of the bars.
    """

    tau: datetime
    session: Session
    bars: Mapping[str, Bar]
    series: Mapping[str, Series]
    closes: TimeArray = field(default_factory=lambda: np.empty(0, np.int64))
    clock: tzinfo = NEW_YORK
    clock_is_right: bool = True  # ours: else the age of bars says nothing
    charts: SharedCharts = field(default_factory=SharedCharts, compare=False)

    @property
    def of_coins(self) -> bool:
        return self.clock is UTC


class MarketHub:
    """Subscriptions are counted: a symbol is subscribed while anyone wants it.

    `whole_frames`: the market sends all bars of a minute in one frame, so its end closes the minute.
    `symbol_limit`: how many symbols the account's plan streams at once; None: any number.
    """

    def __init__(
        self,
        stream: BarStream,
        history: BarHistory,
        calendar: Sessions,
        *,
        whole_frames: bool,
        on_minute: Callable[[Minute], None],
        clock: tzinfo = NEW_YORK,
        symbol_limit: int | None = None,
    ) -> None:
        self._stream = stream
        self._history = history
        self._calendar = calendar
        self._whole_frames = whole_frames
        self._on_minute = on_minute
        self._clock = clock
        self._symbol_limit = symbol_limit
        self.freshness = Freshness()
        self._mute = MuteWatch(self.freshness)
        self._shared: deque[SharedCharts] = deque(maxlen=2)
        self._wanted: Counter[str] = Counter()
        self._subscribed: set[str] = set()
        self._buffers: dict[str, BarBuffer] = {}
        self._loaded: dict[str, int] = {}  # of how many bars the past was fetched
        self._unloaded: dict[int, set[str]] = {}  # whose past is waited for, by how many bars
        self._missed: dict[str, datetime] = {}  # since when the stream was away
        self._open: dict[str, Bar] = {}
        self._open_start: datetime | None = None
        self._deadline: float | None = None
        self._closed_until: datetime | None = None
        self._ready = asyncio.Event()
        self._subscribing = asyncio.Lock()
        self._loading = asyncio.Lock()

    async def run(self) -> None:
        """Read the stream for ever."""
        async with self._stream.open() as values:
            self._ready.set()
            try:
                await self._read(aiter(values))
            finally:
                self._ready.clear()

    async def acquire(self, symbols: Iterable[str], bars: int) -> None:
        """Subscribe `symbols` for one more user who needs `bars` minutes of the past (0: none).

        Returns when the past is there. Raises Unavailable or SymbolLimitReached, and then nothing was
        acquired.
        """
        await self._ready.wait()
        wanted = list(dict.fromkeys(symbols))
        self._require_room(wanted)
        self._wanted.update(wanted)
        try:
            await self._follow_wanted()
            if bars:
                await self._load(wanted, max(bars, _MIN_CAPACITY))
        except BaseException:
            await self.release(wanted)
            raise

    async def release(self, symbols: Iterable[str]) -> None:
        """Give up one use of `symbols`; what nobody wants any more is unsubscribed."""
        for symbol in dict.fromkeys(symbols):
            self._wanted[symbol] -= 1
            if self._wanted[symbol] <= 0:
                for kept in (self._wanted, self._buffers, self._loaded, self._missed):
                    kept.pop(symbol, None)
                self.freshness.forget(symbol)
        await self._follow_wanted()

    def room(self, symbols: Iterable[str]) -> list[str]:
        """Those of `symbols` that can be acquired together without reaching the plan's limit."""
        found: list[str] = []
        left = None if self._symbol_limit is None else self._symbol_limit - len(self._wanted)
        for symbol in dict.fromkeys(symbols):
            if symbol not in self._wanted and left is not None:
                if left <= 0:
                    continue
                left -= 1
            found.append(symbol)
        return found

    def _require_room(self, symbols: list[str]) -> None:
        fitting = self.room(symbols)
        if len(fitting) < len(symbols):
            lacking = ", ".join(symbol for symbol in symbols if symbol not in fitting)
            raise SymbolLimitReached(
                f"The account's market-data plan streams {self._symbol_limit} symbols at once, and there is "
                f"no room for {lacking}: stop a bot that trades others, or choose symbols that are streamed."
            )

    async def _follow_wanted(self) -> None:
        """Make the subscriptions what is wanted now; one change after the other."""
        async with self._subscribing:
            if not self._ready.is_set():
                return  # the stream is closed, and with it every subscription
            new = sorted(self._wanted.keys() - self._subscribed)
            if new:
                await self._stream.subscribe(new)
                self._subscribed.update(new)
            gone = sorted(self._subscribed - self._wanted.keys())
            if gone:
                await self._stream.unsubscribe(gone)
                self._subscribed.difference_update(gone)

    async def _load(self, symbols: list[str], capacity: int) -> None:
        """Fetch the past of the symbols that lack it. One load at a time: two users of a symbol ask
        for it once, and neither goes on before it is there. What others wait for is fetched with it.
        """
        self._unloaded.setdefault(capacity, set()).update(symbols)
        async with self._loading:
            waited_for = self._unloaded.pop(capacity, set()) & self._wanted.keys()
            others = sorted(waited_for.difference(symbols))
            try:
                await self._fetch([*symbols, *others], capacity)
            except Unavailable:
                if not others:
                    raise
                # It may be another's symbol that cannot be had: that is no reason to go without one's own.
                await self._fetch(symbols, capacity)

    async def _fetch(self, symbols: Sequence[str], capacity: int) -> None:
        asked = dict.fromkeys(symbols)
        short = [symbol for symbol in asked if self._loaded.get(symbol, 0) < capacity]
        for symbol in short:
            known = self._buffers.get(symbol)
            self._buffers[symbol] = (
                BarBuffer(capacity, self._clock) if known is None else known.grown(capacity)
            )
        if not short:
            return
        for at in range(0, len(short), _FETCH_AT_ONCE):
            some = short[at : at + _FETCH_AT_ONCE]
            past = await self._history.bars(some, limit=capacity)
            for symbol in some:
                if symbol in self._buffers:  # else its last user has left meanwhile
                    self._merge(symbol, past[symbol])
                    self._loaded[symbol] = capacity

    def _merge(self, symbol: str, past: Sequence[Bar]) -> None:
        """Take in what was fetched."""
        self._buffers[symbol].merge(past)
        if past:
            self.freshness.saw(symbol, past[-1].start + MINUTE, Source.HISTORY)

    # --- the stream -----------------------------------------------------------------------------

    async def _read(self, values: AsyncIterator[Connected | Bars]) -> None:
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    value = await anext(values)
            except TimeoutError:
                self._close_minute()
                continue
            if isinstance(value, Connected):
                self._on_connected()
            await self._catch_up()
            if isinstance(value, Bars):
                await self._on_bars(value)

    def _on_connected(self) -> None:
        """Note from where on the stream may have been away, or was not there yet."""
        log.info("market_data_connected", symbols=len(self._wanted))
        self._mute.connected()
        for symbol, buffer in self._buffers.items():
            if buffer.newest is not None:
                self._missed.setdefault(symbol, datetime.fromtimestamp(buffer.newest, UTC) + MINUTE)

    async def _catch_up(self) -> None:
        """Fetch what the stream did not bring (history only, never decisions). What cannot be had
        now is asked for again before the next bars are looked at.
        """
        while self._missed:
            symbol, since = next(iter(self._missed.items()))
            buffer = self._buffers[symbol]
            try:
                missed = await self._history.bars([symbol], start=since, limit=buffer.capacity)
            except Unavailable as error:
                log.warning("backfill_failed", symbol=symbol, error=error.detail)
                return
            if self._missed.pop(symbol, None) is not None:
                self._merge(symbol, missed[symbol])

    async def _on_bars(self, frame: Bars) -> None:
        self._mute.heard()
        for bar in frame.corrected:
            self._correct(bar)
        for bar in sorted(frame.bars, key=lambda b: b.start):
            await self._sessions_around(bar.start)
            if self._calendar.at(bar.start) is None:
                continue  # pre-market and after-hours are not this version's
            self._add(bar)
        if self._open and (self._whole_frames or self._open.keys() >= self._wanted.keys()):
            self._close_minute()

    async def _sessions_around(self, moment: datetime) -> None:
        """Have the calendar at hand; without it no bar can be placed, so they wait."""
        while True:
            try:
                return await self._calendar.ensure(moment)
            except Unavailable as error:
                log.warning("calendar_unavailable", error=error.detail)
                await asyncio.sleep(_RETRY)

    def _add(self, bar: Bar) -> None:
        if self._open_start is not None and bar.start > self._open_start:
            self._close_minute()
        self.freshness.saw(bar.symbol, bar.start + MINUTE, Source.STREAM)
        edge = self._open_start or self._closed_until
        buffer = self._buffers.get(bar.symbol)
        if buffer is not None and not buffer.append(bar):
            buffer.merge([bar])
        if edge is not None and bar.start < edge:
            self.freshness.counts.late_bars += 1
            log.warning("bar_late", symbol=bar.symbol, start=bar.start.isoformat(), code="DATA_LATE")
            return
        if self._open_start is None:
            self._open_start = bar.start
            self._deadline = asyncio.get_running_loop().time() + _CLOSE_AFTER
        self._open[bar.symbol] = bar

    def _correct(self, bar: Bar) -> None:
        """Take in what late trades have made of a bar: for minutes to come, never for what was decided."""
        self.freshness.counts.corrected_bars += 1
        log.info("bar_corrected", symbol=bar.symbol, start=bar.start.isoformat())
        buffer = self._buffers.get(bar.symbol)
        if buffer is not None:
            buffer.correct(bar)
        if bar.start == self._open_start and bar.symbol in self._open:
            self._open[bar.symbol] = bar

    def _close_minute(self) -> None:
        start, bars = self._open_start, self._open
        self._open_start, self._open, self._deadline = None, {}, None
        if start is None:
            return
        session = self._calendar.at(start)
        assert session is not None, "only bars of a session are collected"
        tau = self._closed_until = start + MINUTE
        series = {symbol: buffer.series(before=tau) for symbol, buffer in self._buffers.items()}
        minute = Minute(tau, session, bars, series, self._calendar.closes, self._clock)
        if len(self._shared) == self._shared.maxlen:
            self._shared[0].forget()  # a bot far behind keeps its minutes, not what all made of them
        self._shared.append(minute.charts)
        self._on_minute(minute)

    # --- what is expected and does not come -------------------------------------------------------

    async def watch(self, now: datetime, rate: float) -> None:
        """Reconnect a stream that has gone mute: what was missed is fetched, as after every reconnection.

        `now` is the market's time, `rate` its seconds per wall second; to be asked every few seconds.
        """
        if rate == 0.0 or not (self._ready.is_set() and self._subscribed):
            return  # a market that stands still, or is stepped, owes nothing
        session = self._calendar.at(now)
        if session is None:
            return
        silent = self._mute.silent(self._subscribed, self._starts, session=session, now=now, rate=rate)
        if not silent:
            return
        self.freshness.counts.reconnections += 1
        log.warning("market_data_mute", symbols=sorted(silent)[:20], count=len(silent), now=now.isoformat())
        await self._stream.renew()

    def _starts(self, symbol: str) -> TimeArray:
        buffer = self._buffers.get(symbol)
        return np.empty(0, np.int64) if buffer is None else buffer.starts

    def owes(self, tau: datetime) -> bool:
        """Whether a minute that ended at `tau` may still be closed here."""
        if not self._wanted or self._calendar.at(tau - MINUTE) is None:
            return False
        return self._closed_until is None or self._closed_until < tau

    def report(self) -> dict[str, Any]:
        """How fresh what is streamed is, as it is stored for the API."""
        return self.freshness.report(self._wanted)
