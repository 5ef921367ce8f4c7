"""alpaca-py's own streams, driven minute by minute."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from alpaca.data.live import StockDataStream
from alpaca.trading.enums import OrderClass, OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrdersRequest,
    MarketOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)
from alpaca.trading.stream import TradingStream
from practice_server import ThreadServer


class Received:
    """What the two streams of one account brought, in order."""

    def __init__(self) -> None:
        self.updates: asyncio.Queue[Any] = asyncio.Queue()
        self.bars: asyncio.Queue[Any] = asyncio.Queue()

    async def update(self, message: Any) -> None:
        self.updates.put_nowait(message)

    async def bar(self, message: Any) -> None:
        self.bars.put_nowait(message)


@asynccontextmanager
async def streaming(server: ThreadServer, key: str) -> AsyncIterator[Received]:
    """Run alpaca-py's stream loops, as they are, until the block ends."""
    received = Received()
    trades = TradingStream(key, "secret", url_override=f"{server.ws_url}/stream")
    bars = StockDataStream(key, "secret", url_override=f"{server.ws_url}/v2/iex")
    trades.subscribe_trade_updates(received.update)
    bars.subscribe_bars(received.bar, "SPY", "AAPL")
    async with asyncio.TaskGroup() as tasks:
        loops = [tasks.create_task(stream._run_forever()) for stream in (trades, bars)]
        await asyncio.to_thread(server.wait_for_listeners, trade_updates=1, bars=1)
        yield received
        for stream in (trades, bars):
            await stream.stop_ws()
            await stream.close()
        await asyncio.wait(loops)


async def test_each_step_brings_the_bars_of_one_minute(server: ThreadServer, key: str) -> None:
    async with asyncio.timeout(60), streaming(server, key) as received:
        previous: datetime | None = None
        for _ in range(5):
            step = await asyncio.to_thread(server.step)
            apple, spy = await received.bars.get(), await received.bars.get()
            assert [apple.symbol, spy.symbol] == ["AAPL", "SPY"]
            assert spy.timestamp == apple.timestamp < datetime.fromisoformat(step["time"])
            assert previous is None or spy.timestamp > previous
            previous = spy.timestamp
        assert received.bars.empty()


async def test_a_bracket_lives_and_dies_on_the_stream(server: ThreadServer, key: str) -> None:
    client = server.trading(key)
    price = server.request("GET", "/v2/stocks/SPY/trades/latest").json()["trade"]["p"]
    request = MarketOrderRequest(
        symbol="SPY",
        qty=1,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfitRequest(limit_price=round(price + 0.05, 2)),
        stop_loss=StopLossRequest(stop_price=round(price - 0.05, 2)),
    )
    async with asyncio.timeout(60), streaming(server, key) as received:
        await asyncio.to_thread(client.submit_order, request)
        born = [await received.updates.get() for _ in range(5)]
        assert [update.event for update in born] == ["pending_new", "new", "fill", "new", "held"]
        open_orders = GetOrdersRequest(status=QueryOrderStatus.OPEN)
        while await asyncio.to_thread(client.get_orders, open_orders):
            await asyncio.to_thread(server.step)
        died = [await received.updates.get() for _ in range(2)]
        assert [update.event for update in died] == ["fill", "canceled"]
        assert died[0].position_qty == 0
        assert {u.order.id for u in died} == {u.order.id for u in born[3:]}
