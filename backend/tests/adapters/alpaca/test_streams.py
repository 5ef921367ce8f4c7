"""Alpaca's two sockets against a server that does what it is told: reconnection, subscriptions, the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgpack
import pytest
from alpaca.data.live.websocket import DataStream
from websockets.asyncio.server import ServerConnection, serve

from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.alpaca.streams import AlpacaBarStream, AlpacaTradeUpdateStream
from flotilla.domain.orders import OrderStatus
from flotilla.ports.market_data import Bars, Connected, TradeUpdate
from tests.adapters.alpaca.test_mapping import message
from tests.engine.harness import LoopClock, until

START = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)


class Venue:
    """Speaks both protocols as far as alpaca-py needs it. `asked` has what a client told it to do."""

    def __init__(self) -> None:
        self.connections: list[ServerConnection] = []
        self.asked: list[dict[str, Any]] = []
        self.subscribed: set[str] = set()
        self.refusal: str | None = None
        self.paths: list[str] = []
        self.port = 0

    @property
    def config(self) -> AlpacaConfig:
        return AlpacaConfig.for_practice(f"http://127.0.0.1:{self.port}", key_id="K", secret_key="S")

    async def talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        bars = connection.request.path != "/stream"
        self.paths.append(connection.request.path)
        if bars:
            await connection.send(msgpack.packb([{"T": "success", "msg": "connected"}]))
        try:
            async for frame in connection:
                assert isinstance(frame, bytes | str)
                asked = msgpack.unpackb(frame) if bars else json.loads(frame)
                self.asked.append(asked)
                await connection.send(self._answer_bars(asked) if bars else self._answer_trades(asked))
                if asked["action"] in ("subscribe", "listen"):
                    self.connections.append(connection)
        finally:
            if bars:
                self.subscribed.clear()

    def _answer_bars(self, asked: dict[str, Any]) -> bytes:
        if asked["action"] == "auth":
            if self.refusal is not None:
                return bytes(msgpack.packb([{"T": "error", "code": 409, "msg": self.refusal}]))
            return bytes(msgpack.packb([{"T": "success", "msg": "authenticated"}]))
        changed = set(asked.get("bars", ()))
        self.subscribed = (
            self.subscribed | changed if asked["action"] == "subscribe" else self.subscribed - changed
        )
        return bytes(msgpack.packb([{"T": "subscription", "bars": sorted(self.subscribed)}]))

    def _answer_trades(self, asked: dict[str, Any]) -> bytes:
        if asked["action"] == "authenticate":
            answer: dict[str, Any] = {"stream": "authorization", "data": {"status": "authorized"}}
        else:
            answer = {"stream": "listening", "data": asked["data"]}
        return json.dumps(answer).encode()

    async def send_bars(self, *bars: tuple[str, int], corrected: int = 0) -> None:
        """One frame with a bar for each (symbol, minute); the last few of them are corrections."""
        kinds = ["b"] * (len(bars) - corrected) + ["u"] * corrected
        frame = [
            {
                "T": kind,
                "S": symbol,
                "t": msgpack.Timestamp.from_datetime(START + minute * timedelta(minutes=1)),
            }
            | {"o": 1.0, "h": 2.0, "l": 0.5, "c": 1.5, "v": 10, "n": 1, "vw": 1.0}
            for kind, (symbol, minute) in zip(kinds, bars, strict=True)
        ]
        await self.connections[-1].send(msgpack.packb(frame))

    async def send_update(self, payload: dict[str, Any]) -> None:
        await self.connections[-1].send(json.dumps({"stream": "trade_updates", "data": payload}).encode())

    async def drop(self) -> None:
        """Lose every connection, as a network does."""
        lost, self.connections = self.connections, []
        for connection in lost:
            connection.transport.abort()


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    venue = Venue()
    async with serve(venue.talk, "127.0.0.1", 0) as server:
        venue.port = next(iter(server.sockets)).getsockname()[1]
        yield venue


@pytest.fixture
async def clock() -> AsyncIterator[LoopClock]:
    moved = LoopClock(asyncio.get_running_loop())
    yield moved
    moved.restore()


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """What is opened inside leaves no task behind, and waits for no time-out to end."""
    before, loop = asyncio.all_tasks(), asyncio.get_running_loop()
    yield
    started = loop.time()
    while left := [task for task in asyncio.all_tasks() - before if "Connection" not in repr(task)]:
        assert loop.time() - started < 1.0, left
        await asyncio.sleep(0)


def config_at(server: asyncio.Server) -> AlpacaConfig:
    port = server.sockets[0].getsockname()[1]
    return AlpacaConfig.for_practice(f"http://127.0.0.1:{port}", key_id="K", secret_key="S")


async def next_of(values: AsyncIterator[Any]) -> Any:
    return await asyncio.wait_for(anext(values), 10)


async def passing(clock: LoopClock, values: AsyncIterator[Any]) -> Any:
    """The next value, while alpaca-py's pauses before a reconnection pass at once."""
    waiting = asyncio.create_task(next_of(values))
    await until(lambda: waiting.done() or bool(clock.advance(0.2)))
    return waiting.result()


# --- bars -------------------------------------------------------------------------------------------


async def test_the_first_subscription_opens_the_socket_and_a_frame_comes_whole(venue: Venue) -> None:
    stream = AlpacaBarStream(venue.config)
    async with nothing_left(), stream.open() as values:
        assert venue.asked == []
        await stream.subscribe(["AAPL", "MSFT"])
        assert isinstance(await next_of(values), Connected)
        await venue.send_bars(("AAPL", 0), ("MSFT", 0))
        await venue.send_bars(("AAPL", 1))
        first, second = await next_of(values), await next_of(values)
        assert isinstance(first, Bars)
        assert [(bar.symbol, bar.start) for bar in first.bars] == [("AAPL", START), ("MSFT", START)]
        assert [bar.symbol for bar in second.bars] == ["AAPL"]


async def test_subscriptions_change_while_it_is_open(venue: Venue) -> None:
    stream = AlpacaBarStream(venue.config)
    async with stream.open() as values:
        await stream.subscribe(["AAPL"])
        await next_of(values)
        await stream.subscribe(["MSFT"])
        await until(lambda: venue.subscribed == {"AAPL", "MSFT"})
        await stream.unsubscribe(["AAPL"])
        await until(lambda: venue.subscribed == {"MSFT"})
        await stream.unsubscribe(["GONE"])  # what was never there


async def test_a_reconnection_is_told_and_everything_wanted_is_subscribed(
    venue: Venue, clock: LoopClock
) -> None:
    stream = AlpacaBarStream(venue.config)
    async with stream.open() as values:
        await stream.subscribe(["AAPL", "MSFT"])
        await next_of(values)
        await venue.drop()
        await until(lambda: venue.subscribed == set())
        # While it is away: what it does not take is told when it is back.
        await stream.subscribe(["SPY"])
        await stream.unsubscribe(["AAPL"])
        assert isinstance(await passing(clock, values), Connected)
        assert venue.subscribed == {"MSFT", "SPY"}
        await venue.send_bars(("SPY", 0))
        assert isinstance(await next_of(values), Bars)


async def test_what_is_wanted_while_the_subscription_leaves_is_not_lost(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """alpaca-py sends what it knows on connecting, and only then takes itself for running."""
    sending, go_on = asyncio.Event(), asyncio.Event()
    send = DataStream._send_subscribe_msg

    async def slowly(socket: Any) -> None:
        await send(socket)
        sending.set()
        await go_on.wait()

    monkeypatch.setattr(DataStream, "_send_subscribe_msg", slowly)
    stream = AlpacaBarStream(venue.config)
    async with stream.open():
        await stream.subscribe(["AAPL"])
        await sending.wait()
        await stream.subscribe(["MSFT"])
        go_on.set()
        await until(lambda: venue.subscribed == {"AAPL", "MSFT"})


async def test_a_frame_tells_bars_from_corrections_of_earlier_ones(venue: Venue) -> None:
    stream = AlpacaBarStream(venue.config)
    async with stream.open() as values:
        await stream.subscribe(["AAPL", "MSFT"])
        await next_of(values)
        assert venue.asked[-1]["updatedBars"] == venue.asked[-1]["bars"]
        await venue.send_bars(("AAPL", 1), ("MSFT", 0), corrected=1)
        await venue.send_bars(("MSFT", 0), corrected=1)
        both, alone = await next_of(values), await next_of(values)
        assert [bar.symbol for bar in both.bars] == ["AAPL"]
        assert [bar.symbol for bar in both.corrected] == ["MSFT"]
        assert alone.bars == ()
        assert alone.corrected == both.corrected


async def test_coins_have_an_address_of_their_own(venue: Venue) -> None:
    stream = AlpacaBarStream(venue.config, coins=True)
    async with stream.open() as values:
        await stream.subscribe(["BTC/USD"])
        assert isinstance(await next_of(values), Connected)
        await venue.send_bars(("BTC/USD", 0))
        assert [bar.symbol for bar in (await next_of(values)).bars] == ["BTC/USD"]
    assert venue.paths == ["/v1beta3/crypto/us"]


async def test_a_connection_that_is_given_up_is_made_anew(venue: Venue, clock: LoopClock) -> None:
    stream = AlpacaBarStream(venue.config)
    async with stream.open() as values:
        await stream.subscribe(["AAPL"])
        await next_of(values)
        await stream.renew()
        assert isinstance(await passing(clock, values), Connected)
        assert len(venue.paths) == 2
        await venue.send_bars(("AAPL", 0))
        assert isinstance(await next_of(values), Bars)


async def test_a_server_that_is_deaf_to_a_farewell_is_left_without_one(
    venue: Venue, clock: LoopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = AlpacaBarStream(venue.config)
    async with stream.open() as values:
        await stream.subscribe(["AAPL"])
        await next_of(values)
        deaf = venue.connections[-1]
        deaf.transport.pause_reading()
        leaving = asyncio.create_task(stream.renew())
        await until(lambda: leaving.done() or bool(clock.advance(0.2)))
        await leaving
        assert isinstance(await passing(clock, values), Connected)
        assert len(venue.paths) == 2
        deaf.transport.abort()


async def test_a_bar_that_cannot_be_read_costs_the_others_nothing(venue: Venue) -> None:
    stream = AlpacaBarStream(venue.config)
    async with stream.open() as values:
        await stream.subscribe(["AAPL"])
        await next_of(values)
        await venue.connections[-1].send(msgpack.packb([{"T": "b", "S": "AAPL", "o": "?"}]))
        await venue.send_bars(("AAPL", 0))
        assert [bar.symbol for bar in (await next_of(values)).bars] == ["AAPL"]


async def test_a_stream_that_is_given_up_says_so(venue: Venue) -> None:
    """alpaca-py ends its loop, without a word, when the account may not read the feed."""
    venue.refusal = "insufficient subscription"
    stream = AlpacaBarStream(venue.config)

    async def read() -> None:
        async with stream.open() as values:
            await stream.subscribe(["AAPL"])
            await next_of(values)

    with pytest.raises(BaseExceptionGroup) as ended:
        await read()
    assert ended.group_contains(ConnectionError, match="given the stream up")


async def test_it_ends_at_once_wherever_it_is(venue: Venue) -> None:
    async with nothing_left(), AlpacaBarStream(venue.config).open():
        pass  # nothing was ever subscribed

    stream = AlpacaBarStream(venue.config)
    async with nothing_left(), stream.open():
        await stream.subscribe(["AAPL"])  # its loop has not even begun

    stream = AlpacaBarStream(venue.config)
    async with nothing_left(), stream.open():
        await stream.subscribe(["AAPL"])
        await until(lambda: venue.asked != [])  # in the middle of the greetings


async def test_it_ends_at_once_while_it_waits_before_trying_again() -> None:
    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tried.set()
        writer.close()

    tried = asyncio.Event()
    async with await asyncio.start_server(slam, "127.0.0.1", 0) as server:
        stream = AlpacaBarStream(config_at(server))
        async with stream.open():
            await stream.subscribe(["AAPL"])
            await tried.wait()
            await until(lambda: stream._socket is not None and stream._socket._ws is None)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 1.0


async def test_it_ends_at_once_when_the_server_does_not_answer() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()

    accepted = asyncio.Event()
    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        stream = AlpacaBarStream(config_at(server))
        async with stream.open():
            await stream.subscribe(["AAPL"])
            await accepted.wait()
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 1.0


async def test_a_cancelled_reader_leaves_nothing(venue: Venue) -> None:
    stream = AlpacaBarStream(venue.config)

    async def read() -> None:
        async with stream.open() as values:
            await stream.subscribe(["AAPL"])
            async for _ in values:
                connected.set()

    connected = asyncio.Event()
    async with nothing_left():
        reading = asyncio.create_task(read())
        await connected.wait()
        reading.cancel()
        await asyncio.wait({reading}, timeout=5)
        assert reading.cancelled()


# --- trade updates ----------------------------------------------------------------------------------


async def test_updates_come_in_order_after_the_connection_is_told(venue: Venue) -> None:
    async with nothing_left(), AlpacaTradeUpdateStream(venue.config).open() as values:
        assert isinstance(await next_of(values), Connected)
        for event in ("new", "partial_fill", "fill"):
            await venue.send_update(message(event))
        updates = [await next_of(values) for _ in range(3)]
        assert [update.event for update in updates] == ["new", "partial_fill", "fill"]
        # A trade update never tells of legs: that it names none does not say that there are none.
        assert [update.order.legs_told for update in updates] == [False] * 3


async def test_every_reconnection_of_the_updates_is_told(venue: Venue, clock: LoopClock) -> None:
    async with AlpacaTradeUpdateStream(venue.config).open() as values:
        for _ in range(3):
            assert isinstance(await passing(clock, values), Connected)
            await venue.drop()


async def test_an_update_that_cannot_be_read_has_everything_asked_for(venue: Venue) -> None:
    async with AlpacaTradeUpdateStream(venue.config).open() as values:
        await next_of(values)
        await venue.send_update({"event": "fill", "order": {"id": "?"}})
        assert isinstance(await next_of(values), Connected)
        await venue.send_update(message("new"))
        assert isinstance(await next_of(values), TradeUpdate)


async def test_a_status_that_is_new_to_us_is_not_an_end(venue: Venue) -> None:
    async with AlpacaTradeUpdateStream(venue.config).open() as values:
        await next_of(values)
        payload = message("new")
        await venue.send_update({**payload, "order": {**payload["order"], "status": "pondering"}})
        status = (await next_of(values)).order.status
        assert status is OrderStatus.PENDING_REVIEW
        assert not status.is_terminal


async def test_the_updates_end_at_once(venue: Venue) -> None:
    async with nothing_left(), AlpacaTradeUpdateStream(venue.config).open() as values:
        await next_of(values)
    async with nothing_left(), AlpacaTradeUpdateStream(venue.config).open():
        pass
