"""Every channel of alpaca-py's own market-data streams, as it parses them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alpaca.data.live import CryptoDataStream, StockDataStream
from practice_server import ThreadServer

SCENARIO = """
events:
  - {kind: halt, at: "2016-01-04T14:31:00Z", minutes: 1, symbols: [AAPL]}
"""
OPEN = datetime(2016, 1, 4, 14, 30, tzinfo=UTC)


class Received:
    """What came, by the name of its channel."""

    def __init__(self) -> None:
        self._queues: dict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    def handler(self, channel: str) -> Callable[[Any], Any]:
        async def handle(message: Any) -> None:
            self._queues[channel].put_nowait(message)

        return handle

    async def next(self, channel: str) -> Any:
        return await self._queues[channel].get()

    def count(self, channel: str) -> int:
        return self._queues[channel].qsize()


@asynccontextmanager
async def running(server: ThreadServer, stream: Any) -> AsyncIterator[None]:
    """Run the stream's loop, as it is, until the block ends."""
    async with asyncio.TaskGroup() as tasks:
        loop = tasks.create_task(stream._run_forever())
        await asyncio.to_thread(server.wait_for_listeners, bars=1)
        yield
        await stream.stop_ws()
        await stream.close()
        await loop


@pytest.fixture
def market(new_database: Callable[[], str], tmp_path: Path) -> Any:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO)
    practice = ThreadServer(new_database(), scenario=path)
    yield practice
    practice.stop()


async def test_every_channel_of_stocks(market: ThreadServer) -> None:
    received = Received()
    stream = StockDataStream("K0", "secret", url_override=f"{market.ws_url}/v2/iex")
    stream.subscribe_trades(received.handler("trades"), "SPY")
    stream.subscribe_quotes(received.handler("quotes"), "SPY")
    stream.subscribe_bars(received.handler("bars"), "*")
    stream.subscribe_updated_bars(received.handler("updatedBars"), "SPY")
    stream.subscribe_daily_bars(received.handler("dailyBars"), "SPY")
    stream.subscribe_trading_statuses(received.handler("statuses"), "*")
    stream.register_trade_corrections(received.handler("corrections"))
    stream.register_trade_cancels(received.handler("cancelErrors"))
    async with asyncio.timeout(60), running(market, stream):
        symbols = market.state()["symbols"]
        for kind, count in (("corrected_trade", 1), ("canceled_trade", 1), ("corrected_bar", len(symbols))):
            market.request("POST", "/practice/faults", json={"kind": kind, "count": count})
        await asyncio.to_thread(market.step, 2)
        trade, quote = await received.next("trades"), await received.next("quotes")
        assert (trade.symbol, trade.timestamp, quote.timestamp) == ("SPY", OPEN, OPEN)
        correction = await received.next("corrections")
        assert (correction.original_id, correction.original_price) == (trade.id, trade.price)
        assert correction.corrected_price != correction.original_price
        cancel = await received.next("cancelErrors")
        assert (cancel.symbol, cancel.action) == ("SPY", "C")
        bars = [await received.next("bars") for _ in range(2 * len(symbols) - 1)]  # AAPL stood still once
        first = next(bar for bar in bars if bar.symbol == "SPY")
        updated, day = await received.next("updatedBars"), await received.next("dailyBars")
        assert (updated.timestamp, updated.close == first.close) == (first.timestamp, False)
        assert (day.timestamp, day.open) == (datetime(2016, 1, 4, 5, tzinfo=UTC), first.open)
        halted, resumed = await received.next("statuses"), await received.next("statuses")
        assert [(one.symbol, one.status_code) for one in (halted, resumed)] == [("AAPL", "H"), ("AAPL", "T")]
        assert received.count("bars") == 0


async def test_every_channel_of_coins(market: ThreadServer) -> None:
    received = Received()
    stream = CryptoDataStream("K0", "secret", url_override=f"{market.ws_url}/v1beta3/crypto/us")
    stream.subscribe_trades(received.handler("trades"), "BTC/USD")
    stream.subscribe_quotes(received.handler("quotes"), "BTC/USD")
    stream.subscribe_orderbooks(received.handler("orderbooks"), "BTC/USD")
    stream.subscribe_bars(received.handler("bars"), "*")
    stream.subscribe_daily_bars(received.handler("dailyBars"), "BTC/USD")
    async with asyncio.timeout(60), running(market, stream):
        await asyncio.to_thread(market.step)
        for channel in ("trades", "quotes", "orderbooks", "bars", "dailyBars"):
            assert (await received.next(channel)).symbol == "BTC/USD", channel
        assert (await received.next("bars")).symbol == "ETH/USD"


async def test_the_test_feed(market: ThreadServer) -> None:
    received = Received()
    stream = StockDataStream("K0", "secret", url_override=f"{market.ws_url}/v2/test")
    stream.subscribe_bars(received.handler("bars"), "FAKEPACA")
    stream.subscribe_trades(received.handler("trades"), "FAKEPACA")
    async with asyncio.timeout(60), running(market, stream):
        assert (await received.next("trades")).symbol == "FAKEPACA"
