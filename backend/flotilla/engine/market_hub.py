"""One market-data connection for all bots: what is subscribed, the bars so far, and closed minutes."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.domain.market import MINUTE, Bar, Series, Session
from flotilla.engine.bar_buffer import BarBuffer
from flotilla.engine.sessions import SessionCalendar
from flotilla.ports.bar_history import BarHistory
from flotilla.ports.market_data import Bars, BarStream, Connected

log = structlog.get_logger(__name__)

_CLOSE_AFTER = 3.0  # wall seconds after a minute's first bar (semantics 1)
_MIN_CAPACITY = 512


@dataclass(frozen=True, slots=True)
class Minute:
    """A closed minute: its end `tau`, its session, and the bars that came in time."""

    tau: datetime
    session: Session
    bars: Mapping[str, Bar]


class MarketHub:
    """Subscriptions are counted: a symbol is subscribed while anyone wants it.

    `whole_frames`: the market sends all bars of a minute in one frame, so its end closes the minute.
    """

    def __init__(
        self,
        stream: BarStream,
        history: BarHistory,
        calendar: SessionCalendar,
        *,
        whole_frames: bool,
        on_minute: Callable[[Minute], None],
    ) -> None:
        self._stream = stream
        self._history = history
        self._calendar = calendar
        self._whole_frames = whole_frames
        self._on_minute = on_minute
        self._wanted: Counter[str] = Counter()
        self._buffers: dict[str, BarBuffer] = {}
        self._open: dict[str, Bar] = {}
        self._open_start: datetime | None = None
        self._deadline: float | None = None
        self._closed_until: datetime | None = None
        self._ready = asyncio.Event()
        self.connected = False

    async def run(self) -> None:
        """Read the stream for ever."""
        async with self._stream.open() as values:
            self._ready.set()
            reader = aiter(values)
            while True:
                try:
                    async with asyncio.timeout_at(self._deadline):
                        value = await anext(reader)
                except TimeoutError:
                    self._close_minute()
                    continue
                if isinstance(value, Connected):
                    await self._on_connected()
                else:
                    await self._on_bars(value)

    async def acquire(self, symbols: Iterable[str], bars: int) -> None:
        """Subscribe `symbols` for one more user who needs `bars` minutes of the past.

        Returns when the past is there. Raises Unavailable.
        """
        await self._ready.wait()
        wanted = list(dict.fromkeys(symbols))
        new = [symbol for symbol in wanted if not self._wanted[symbol]]
        self._wanted.update(wanted)
        if new:
            await self._stream.subscribe(new)
        capacity = max(bars, _MIN_CAPACITY)
        short = [s for s in wanted if s not in self._buffers or self._buffers[s].capacity < capacity]
        for symbol in short:
            known = self._buffers.get(symbol)
            self._buffers[symbol] = BarBuffer(capacity) if known is None else known.grown(capacity)
        past = await self._history.bars(short, limit=capacity)
        for symbol in short:
            self._buffers[symbol].merge(past[symbol])

    async def release(self, symbols: Iterable[str]) -> None:
        """Give up one use of `symbols`; what nobody wants any more is unsubscribed."""
        gone = []
        for symbol in dict.fromkeys(symbols):
            self._wanted[symbol] -= 1
            if self._wanted[symbol] <= 0:
                del self._wanted[symbol]
                self._buffers.pop(symbol, None)
                gone.append(symbol)
        if gone:
            await self._stream.unsubscribe(gone)

    def series(self, symbol: str) -> Series | None:
        """The newest one-minute bars of a symbol, None when nobody acquired it."""
        buffer = self._buffers.get(symbol)
        return None if buffer is None else buffer.series()

    async def _on_connected(self) -> None:
        """Fetch what the stream did not bring while it was away (history only, never decisions)."""
        reconnected, self.connected = self.connected, True
        log.info("market_data_connected", symbols=len(self._wanted))
        if not reconnected:
            return
        for symbol, buffer in list(self._buffers.items()):
            if buffer.newest is None:
                continue
            since = datetime.fromtimestamp(buffer.newest, UTC) + MINUTE
            try:
                missed = await self._history.bars([symbol], start=since, limit=buffer.capacity)
            except Unavailable as error:
                log.warning("backfill_failed", symbol=symbol, error=error.detail)
            else:
                buffer.merge(missed[symbol])

    async def _on_bars(self, frame: Bars) -> None:
        for bar in sorted(frame.bars, key=lambda b: b.start):
            await self._calendar.ensure(bar.start)
            if self._calendar.at(bar.start) is None:
                continue  # pre-market and after-hours are not this version's
            self._add(bar)
        if self._open and (self._whole_frames or self._open.keys() >= self._wanted.keys()):
            self._close_minute()

    def _add(self, bar: Bar) -> None:
        if self._open_start is not None and bar.start > self._open_start:
            self._close_minute()
        late = self._closed_until is not None and bar.start < self._closed_until
        buffer = self._buffers.get(bar.symbol)
        if buffer is not None and not buffer.append(bar):
            buffer.merge([bar])
        if late:
            log.warning("bar_late", symbol=bar.symbol, start=bar.start.isoformat(), code="DATA_LATE")
            return
        if self._open_start is None:
            self._open_start = bar.start
            self._deadline = asyncio.get_running_loop().time() + _CLOSE_AFTER
        self._open[bar.symbol] = bar

    def _close_minute(self) -> None:
        start, bars = self._open_start, self._open
        self._open_start, self._open, self._deadline = None, {}, None
        if start is None:
            return
        session = self._calendar.at(start)
        assert session is not None, "only bars of a session are collected"
        self._closed_until = start + MINUTE
        self._on_minute(Minute(self._closed_until, session, bars))
