"""What is outside the engine, in memory: requests that go as a test tells them, streams, history, nudges."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from flotilla.domain.errors import Unavailable
from flotilla.domain.market import Bar, Timeframe
from flotilla.ports.broker import OrderRejected, OutcomeUnknown
from flotilla.ports.bus import BOTS
from flotilla.ports.market_data import Bars, Connected, TradeUpdate

Behaviour = Callable[..., Awaitable[Any]]


# --- how a request may go wrong ---------------------------------------------------------------------


async def answer_lost(carry_out: Behaviour, *args: Any) -> Any:
    """The request arrives, its answer does not."""
    await carry_out(*args)
    raise OutcomeUnknown("ReadTimeout")


async def request_lost(carry_out: Behaviour, *args: Any) -> Any:
    raise OutcomeUnknown("ConnectTimeout")


async def unavailable(carry_out: Behaviour, *args: Any) -> Any:
    raise Unavailable("The broker cannot be reached.")


def refused(reason: str) -> Behaviour:
    async def refuse(carry_out: Behaviour, *args: Any) -> Any:
        raise OrderRejected(reason, code=40310000)

    return refuse


def nothing(answer: Any) -> Behaviour:
    """Say `answer` and do nothing."""

    async def say(carry_out: Behaviour, *args: Any) -> Any:
        return answer

    return say


def paused(until: asyncio.Event) -> Behaviour:
    """Carry the request out at once, and answer when told to."""

    async def wait(carry_out: Behaviour, *args: Any) -> Any:
        answer = await carry_out(*args)
        await until.wait()
        return answer

    return wait


class Gate:
    """Holds a request up before it is carried out."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.reached = False

    async def __call__(self, carry_out: Behaviour, *args: Any) -> Any:
        self.reached = True
        await self.open.wait()
        return await carry_out(*args)


class Scripted:
    """Remembers what it was asked, and does what a test has told it to do once or always."""

    def __init__(self) -> None:
        self.reachable = True
        self.calls: list[tuple[str, Any]] = []
        self._once: dict[str, deque[Behaviour]] = defaultdict(deque)

    def once(self, method: str, *behaviours: Behaviour) -> None:
        self._once[method].extend(behaviours)

    def forget(self, method: str) -> None:
        """From now on do as usual."""
        self._once[method].clear()

    def called(self, method: str) -> list[Any]:
        """What the calls of one method were about, in their order."""
        return [about for name, about in self.calls if name == method]

    async def _run(self, method: str, carry_out: Behaviour, *args: Any) -> Any:
        self.calls.append((method, args[0] if args else None))
        if not self.reachable:
            raise (
                OutcomeUnknown("ConnectionError")
                if method in ("submit", "replace", "cancel")
                else Unavailable("away")
            )
        if self._once[method]:
            return await self._once[method].popleft()(carry_out, *args)
        return await carry_out(*args)


# --- streams and history ----------------------------------------------------------------------------


class Values:
    """An iterator over a queue: a reader that stops waiting does not end it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def __aiter__(self) -> "Values":
        return self

    async def __anext__(self) -> Any:
        value = await self.queue.get()
        if isinstance(value, Exception):
            raise value
        return value


class FakeTradeUpdates:
    """`ports.market_data.TradeUpdateStream`. What is sent while it is away is lost."""

    def __init__(self) -> None:
        self.values: Values | None = None
        self.away = False
        self.sent = 0
        self.last_id: str | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | TradeUpdate]]:
        self.values = Values()
        self.last_id = None
        self.values.queue.put_nowait(Connected())
        try:
            yield self.values
        finally:
            self.values = None

    def send(self, update: TradeUpdate) -> None:
        if self.values is not None and not self.away:
            self.values.queue.put_nowait(update)
            self.sent, self.last_id = self.sent + 1, update.event_id

    def reconnect(self) -> None:
        self.away = False
        assert self.values is not None
        self.values.queue.put_nowait(Connected())


class FakeBarStream(Scripted):
    """`ports.market_data.BarStream`: connected by the first subscription, as alpaca-py's."""

    def __init__(self) -> None:
        super().__init__()
        self.values: Values | None = None
        self.subscribed: set[str] = set()
        self.away = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | Bars]]:
        self.values = Values()
        self.subscribed.clear()
        try:
            yield self.values
        finally:
            self.values = None

    async def subscribe(self, symbols: Sequence[str]) -> None:
        await self._run("subscribe", self._add, tuple(symbols))

    async def unsubscribe(self, symbols: Sequence[str]) -> None:
        await self._run("unsubscribe", self._drop, tuple(symbols))

    async def _add(self, symbols: Sequence[str]) -> None:
        assert self.values is not None, "subscribe only while the stream is open"
        if not self.subscribed and not self.away:
            self.values.queue.put_nowait(Connected())
        self.subscribed.update(symbols)

    async def renew(self) -> None:
        await self._run("renew", self._renew)

    async def _renew(self) -> None:
        self.reconnect()

    async def _drop(self, symbols: Sequence[str]) -> None:
        assert self.values is not None, "unsubscribe only while the stream is open"
        self.subscribed.difference_update(symbols)

    def send(self, *bars: Bar, corrected: Sequence[Bar] = ()) -> None:
        """One frame, with the bars that are subscribed."""
        wanted, changed = (
            tuple(bar for bar in some if bar.symbol in self.subscribed) for some in (bars, corrected)
        )
        if (wanted or changed) and self.values is not None and not self.away:
            self.values.queue.put_nowait(Bars(wanted, changed))

    def reconnect(self) -> None:
        self.away = False
        assert self.values is not None
        self.values.queue.put_nowait(Connected())

    def fail(self, error: Exception) -> None:
        assert self.values is not None
        self.values.queue.put_nowait(error)


class FakeHistory(Scripted):
    """`ports.bar_history.BarHistory` over what has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.minutes: dict[str, list[Bar]] = defaultdict(list)

    def add(self, *bars: Bar) -> None:
        for bar in bars:
            self.minutes[bar.symbol].append(bar)

    async def bars(
        self,
        symbols: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> Mapping[str, Sequence[Bar]]:
        return await self._run("bars", self._read, tuple(symbols), start, limit)

    async def _read(
        self, symbols: Sequence[str], start: datetime | None, limit: int
    ) -> Mapping[str, Sequence[Bar]]:
        return {
            symbol: [bar for bar in self.minutes[symbol] if start is None or bar.start >= start][-limit:]
            for symbol in symbols
        }

    async def latest(self, symbol: str, timeframe: Timeframe, limit: int) -> Sequence[Bar]:
        raise NotImplementedError("the engine builds its own timeframes")


class FakeNudges:
    """`ports.bus.Nudges`."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.findings: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    @asynccontextmanager
    async def listen(self, *channels: str) -> AsyncIterator[asyncio.Queue[tuple[str, str]]]:
        yield self.queue if channels == (BOTS,) else self.findings

    def nudge(self) -> None:
        self.queue.put_nowait((BOTS, ""))


class FakePrices:
    """`ports.store.PriceFeed`."""

    def __init__(self) -> None:
        self.published: list[Sequence[Mapping[str, Any]]] = []

    async def publish(self, bars: Sequence[Mapping[str, Any]]) -> None:
        self.published.append(bars)
