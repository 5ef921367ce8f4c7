"""Alpaca's sockets (bars of stocks, bars of coins, trade updates), read as async iterators.

alpaca-py's loops run as tasks of ours. They reconnect by themselves and say nothing of it; the
acknowledgement of a subscription passes through `_dispatch`, which is where a (re)connection shows.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from alpaca.common.enums import BaseURL
from alpaca.data.live.websocket import DataStream
from alpaca.trading.stream import TradingStream
from websockets.exceptions import WebSocketException

from flotilla.adapters.alpaca import mapping
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.domain.market import Bar
from flotilla.ports.market_data import Bars, Connected, TradeUpdate

log = structlog.get_logger(__name__)

_STOP_SECONDS = 6.0  # alpaca-py looks for a stop every five seconds
_CLOSE_SECONDS = 1.0
_UNREADABLE = (LookupError, TypeError, ValueError, ArithmeticError)
_CHANNELS = ("bars", "updatedBars")
_COINS = "/v1beta3/crypto/us"


class _Inbox:
    """What a socket brought and was not read yet.

    An iterator, not a generator: a reader that stops waiting (a timeout) must not end it.
    """

    def __init__(self) -> None:
        self._values: asyncio.Queue[Any] = asyncio.Queue()
        self.put = self._values.put_nowait

    def __aiter__(self) -> "_Inbox":
        return self

    async def __anext__(self) -> Any:
        return await self._values.get()


class _BarSocket(DataStream):  # type: ignore[misc]
    """Collects the bars of one frame, and tells of the first acknowledgement on each connection.

    alpaca-py's StockDataStream and CryptoDataStream are its DataStream at another address.
    """

    def __init__(self, address: str, config: AlpacaConfig, put: Callable[[object], None]) -> None:
        super().__init__(address, config.key_id, config.secret_key, raw_data=True)
        self._put = put
        self._frame: list[Bar] = []
        self._corrected: list[Bar] = []
        self._acknowledged = False
        self._wanted = asyncio.Event()  # alpaca-py's loop spins until there is a subscription

    async def run_forever(self) -> None:
        await self._wanted.wait()
        await self._run_forever()

    async def add(self, symbols: Sequence[str]) -> None:
        # Its own `subscribe_bars` waits for a loop in another thread.
        for channel in _CHANNELS:
            self._handlers[channel].update(dict.fromkeys(symbols, self.on_bar))
        self._wanted.set()
        if self._running:
            await self._tell(self._send_subscribe_msg())

    async def drop(self, symbols: Sequence[str]) -> None:
        for channel in _CHANNELS:
            for symbol in symbols:
                self._handlers[channel].pop(symbol, None)
            if self._running:
                await self._tell(self._send_unsubscribe_msg(channel, list(symbols)))

    async def drop_connection(self) -> None:
        """End the connection; alpaca-py's loop makes the next one.

        A mute server may not answer the closing frame, that is why it is not waited for long.
        """
        socket = self._ws
        if not self._running or socket is None:
            return  # it is connecting already
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await socket.close()
        except TimeoutError:
            socket.transport.abort()
        except (WebSocketException, OSError) as error:
            log.info("connection_lost_already", error=repr(error))

    async def _tell(self, sending: Coroutine[Any, Any, None]) -> None:
        """Change the subscriptions. What a closing socket does not take is told on reconnection."""
        try:
            await sending
        except (WebSocketException, OSError, AttributeError) as error:
            log.warning("subscription_deferred", error=repr(error))

    async def _send_subscribe_msg(self) -> None:
        """Subscribe all that is wanted, what is added while the message leaves included."""
        told: set[str] | None = None
        while told is None or not told.issuperset(self._handlers["bars"]):
            told = set(self._handlers["bars"])
            await super()._send_subscribe_msg()

    async def _start_ws(self) -> None:
        self._acknowledged = False
        await super()._start_ws()

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        if msg.get("T") == "subscription" and not self._acknowledged:
            self._acknowledged = True
            self._put(Connected())
        await super()._dispatch(msg)

    async def on_bar(self, payload: dict[str, Any]) -> None:
        try:
            bar = mapping.bar(payload["S"], payload)
        except _UNREADABLE:
            log.exception("unreadable_bar", payload=payload)
            return
        # All messages of a frame are dispatched without giving way to the loop, so what is called
        # soon runs after the frame's last one.
        if not (self._frame or self._corrected):
            asyncio.get_running_loop().call_soon(self._flush)
        (self._corrected if payload.get("T") == "u" else self._frame).append(bar)

    def _flush(self) -> None:
        self._put(Bars(tuple(self._frame), tuple(self._corrected)))
        self._frame, self._corrected = [], []


class AlpacaBarStream:
    """`ports.market_data.BarStream`. The socket is opened by the first subscription.

    `coins`: of pairs of coins, else of stocks; Alpaca has an address for each.
    """

    def __init__(self, config: AlpacaConfig, *, coins: bool = False) -> None:
        self._config = config
        override = config.coin_stream_url if coins else config.bar_stream_url
        self._address = (
            override or f"{BaseURL.MARKET_DATA_STREAM.value}{_COINS if coins else f'/v2/{config.feed}'}"
        )
        self._socket: _BarSocket | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | Bars]]:
        inbox = _Inbox()
        self._socket = socket = _BarSocket(self._address, self._config, inbox.put)
        try:
            async with _running(socket, socket.run_forever):
                yield inbox
        finally:
            self._socket = None

    async def subscribe(self, symbols: Sequence[str]) -> None:
        await self._opened().add(symbols)

    async def unsubscribe(self, symbols: Sequence[str]) -> None:
        await self._opened().drop(symbols)

    async def renew(self) -> None:
        await self._opened().drop_connection()

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
        self.subscribe_trade_updates(self.on_update)

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        if msg.get("stream") == "listening":
            self._put(Connected())
        await super()._dispatch(msg)

    async def on_update(self, message: dict[str, Any]) -> None:
        try:
            self._put(mapping.trade_update(message["data"]))
        except _UNREADABLE:
            # It may have been a fill: as after a gap, everything is asked for.
            log.exception("unreadable_trade_update", message=message)
            self._put(Connected())


class AlpacaTradeUpdateStream:
    """`ports.market_data.TradeUpdateStream`."""

    def __init__(self, config: AlpacaConfig) -> None:
        self._config = config

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | TradeUpdate]]:
        inbox = _Inbox()
        socket = _TradeSocket(self._config, inbox.put)
        async with _running(socket, socket._run_forever):
            yield inbox


@asynccontextmanager
async def _running(
    socket: DataStream | TradingStream, run: Callable[[], Coroutine[Any, Any, None]]
) -> AsyncIterator[None]:
    """Run alpaca-py's loop while inside. Raises ConnectionError (in a group) when it gives up."""

    async def for_ever() -> None:
        await run()
        if socket._should_run:
            raise ConnectionError("alpaca-py has given the stream up; its last words are in the log")

    async with asyncio.TaskGroup() as tasks:
        loop = tasks.create_task(for_ever(), name=type(socket).__name__)
        try:
            yield
        finally:
            await _stop(socket, loop)


async def _stop(socket: DataStream | TradingStream, loop: asyncio.Task[None]) -> None:
    """End the loop, then the connection, however far it is."""
    loop.cancel()
    # `asyncio.wait_for` of Python 3.11 may swallow the cancellation of its loop: it is asked as well.
    await socket.stop_ws()
    await asyncio.wait({loop}, timeout=_STOP_SECONDS)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await socket.close()
    except (TimeoutError, WebSocketException, OSError) as error:
        log.warning("stream_did_not_close", error=repr(error))
