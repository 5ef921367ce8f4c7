"""Alpaca's two sockets, each in a thread of its own as alpaca-py wants it, read as async iterators.

alpaca-py's loops reconnect by themselves and say nothing of it; the acknowledgement of a subscription
passes through `_dispatch`, which is where a (re)connection shows.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from alpaca.data.live import StockDataStream
from alpaca.trading.stream import TradingStream

from flotilla.adapters.alpaca import mapping
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.domain.market import Bar
from flotilla.ports.market_data import Bars, Connected, TradeUpdate

log = structlog.get_logger(__name__)
T = TypeVar("T")

_JOIN_SECONDS = 6.0


class _Inbox:
    """Carries values from a stream's thread into the event loop that reads them.

    An iterator, not a generator: a reader that stops waiting (a timeout) must not end it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._values: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, value: object) -> None:
        """Safe from any thread; a value that comes after the loop has ended is dropped."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._values.put_nowait, value)

    def __aiter__(self) -> "_Inbox":
        return self

    async def __anext__(self) -> Any:
        return await self._values.get()


class _BarSocket(StockDataStream):  # type: ignore[misc]
    """Collects the bars of one frame, and tells of the first acknowledgement on each connection."""

    def __init__(self, config: AlpacaConfig, put: Callable[[object], None]) -> None:
        super().__init__(config.key_id, config.secret_key, raw_data=True, url_override=config.bar_stream_url)
        self._put = put
        self._frame: list[Bar] = []
        self._acknowledged = False

    async def _start_ws(self) -> None:
        self._acknowledged = False
        await super()._start_ws()

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        if msg.get("T") == "subscription" and not self._acknowledged:
            self._acknowledged = True
            self._put(Connected())
        await super()._dispatch(msg)

    async def on_bar(self, payload: dict[str, Any]) -> None:
        # All messages of a frame are dispatched without giving way to the loop, so what is called
        # soon runs after the frame's last one.
        if not self._frame:
            asyncio.get_running_loop().call_soon(self._flush)
        self._frame.append(mapping.bar(payload["S"], payload))

    def _flush(self) -> None:
        self._put(Bars(tuple(self._frame)))
        self._frame = []


class AlpacaBarStream:
    """`ports.market_data.BarStream`. The socket is opened by the first subscription."""

    def __init__(self, config: AlpacaConfig) -> None:
        self._config = config
        self._socket: _BarSocket | None = None
        self._thread: threading.Thread | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | Bars]]:
        inbox = _Inbox()
        self._socket = _BarSocket(self._config, inbox.put)
        try:
            yield inbox
        finally:
            await _stop(self._socket, self._thread)
            self._socket = self._thread = None

    async def subscribe(self, symbols: Sequence[str]) -> None:
        socket = self._opened()
        await _tell(lambda: socket.subscribe_bars(socket.on_bar, *symbols))
        if self._thread is None:
            self._thread = _start(socket, "bars")

    async def unsubscribe(self, symbols: Sequence[str]) -> None:
        await _tell(lambda: self._opened().unsubscribe_bars(*symbols))

    def _opened(self) -> _BarSocket:
        assert self._socket is not None, "subscribe only while the stream is open"
        return self._socket


class _TradeSocket(TradingStream):  # type: ignore[misc]
    """Tells of every acknowledged listen, that is of every (re)connection."""

    def __init__(self, config: AlpacaConfig, put: Callable[[object], None]) -> None:
        super().__init__(
            config.key_id,
            config.secret_key,
            paper=config.paper,
            raw_data=True,
            url_override=config.trade_stream_url,
        )
        self._put = put

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        if msg.get("stream") == "listening":
            self._put(Connected())
        await super()._dispatch(msg)

    async def on_update(self, message: dict[str, Any]) -> None:
        self._put(mapping.trade_update(message["data"]))


class AlpacaTradeUpdateStream:
    """`ports.market_data.TradeUpdateStream`."""

    def __init__(self, config: AlpacaConfig) -> None:
        self._config = config

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | TradeUpdate]]:
        inbox = _Inbox()
        socket = _TradeSocket(self._config, inbox.put)
        socket.subscribe_trade_updates(socket.on_update)
        thread = _start(socket, "trade-updates")
        try:
            yield inbox
        finally:
            await _stop(socket, thread)


def _start(socket: StockDataStream | TradingStream, name: str) -> threading.Thread:
    thread = threading.Thread(target=socket.run, name=f"alpaca-{name}", daemon=True)
    thread.start()
    return thread


async def _tell(change: Callable[[], None]) -> None:
    """Change a subscription. What a closing socket does not take is subscribed on reconnection."""
    try:
        await asyncio.to_thread(change)
    except Exception as error:  # noqa: BLE001 - whatever the vendor's socket raises while it reconnects
        log.warning("subscription_deferred", error=repr(error))


async def _stop(socket: StockDataStream | TradingStream, thread: threading.Thread | None) -> None:
    if thread is None:
        return

    def stop() -> None:
        if socket._loop is not None:
            socket.stop()
            # Its loop looks for the stop only every five seconds; a closed socket ends the wait.
            asyncio.run_coroutine_threadsafe(socket.close(), socket._loop).result(_JOIN_SECONDS)
        thread.join(_JOIN_SECONDS)

    try:
        await asyncio.to_thread(stop)
    except Exception as error:  # noqa: BLE001 - the thread is a daemon; ending must not fail on it
        log.warning("stream_did_not_stop", thread=thread.name, error=repr(error))
