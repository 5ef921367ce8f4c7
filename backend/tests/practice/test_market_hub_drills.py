"""The market hub against the practice market's drills: whatever a stream does, the bars are the market's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from practice_server import ThreadServer

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.alpaca.history import AlpacaBarHistory
from flotilla.adapters.alpaca.streams import AlpacaBarStream
from flotilla.domain.market import MINUTE
from flotilla.engine.market_feeds import MarketFeeds
from flotilla.engine.market_hub import Minute
from flotilla.engine.sessions import SessionCalendar
from tests.engine.harness import LoopClock, until

STOCKS = ("AAPL", "SPY")


class Trader:
    """The feeds of an account of a stepped market."""

    def __init__(self, server: ThreadServer, clock: LoopClock) -> None:
        config = AlpacaConfig.for_practice(server.url, key_id="K0", secret_key="secret")
        self.server, self.clock = server, clock
        self.client = AlpacaClient(config)
        self.broker = AlpacaBroker(self.client)
        self.history = AlpacaBarHistory(self.client, self.broker)
        self.calendar = SessionCalendar(self.broker)
        self.minutes: list[Minute] = []
        self.feeds = MarketFeeds(
            (AlpacaBarStream(config), AlpacaBarStream(config, coins=True)),
            self.history,
            self.calendar,
            whole_frames=True,
            on_minute=self.minutes.append,
        )

    async def step(self) -> datetime:
        """Let a minute pass; returns its end."""
        answer = await asyncio.to_thread(self.server.step)
        return datetime.fromisoformat(answer["time"])

    async def closed(self) -> Minute:
        """Let a minute pass that closes here, too."""
        tau = await self.step()
        await self.until(lambda: bool(self.minutes) and self.minutes[-1].tau == tau)
        return self.minutes[-1]

    async def until(self, ready: Callable[[], bool]) -> None:
        """What waits for seconds to pass (alpaca-py, before it connects anew) goes on at once."""
        await until(lambda: ready() or bool(self.clock.advance(0.05)))

    async def drill(self, kind: str, **more: Any) -> None:
        body = {"kind": kind, "target": "market_data", **more}
        answer = await asyncio.to_thread(self.server.request, "POST", "/practice/faults", json=body)
        assert answer.status_code in (200, 201), answer.text

    async def over(self) -> None:
        await asyncio.to_thread(self.server.request, "DELETE", "/practice/faults")

    async def agree(self, minute: Minute, *symbols: str) -> None:
        """The newest bars that bots see are those that the market's own history has."""
        for symbol in symbols:
            told = (await self.history.bars([symbol], end=minute.tau, limit=30))[symbol]
            seen = minute.series[symbol].tail(30)
            assert [int(bar.start.timestamp()) for bar in told] == seen.start.tolist()
            assert [bar.close for bar in told] == seen.close.tolist()
            assert [bar.volume for bar in told] == seen.volume.tolist()


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str]) -> Iterator[ThreadServer]:
    practice = ThreadServer(new_database())
    practice.step(40)
    yield practice
    practice.stop()


@pytest.fixture
async def trader(server: ThreadServer) -> AsyncIterator[Trader]:
    clock = LoopClock(asyncio.get_running_loop())
    found = Trader(server, clock)
    await found.calendar.ensure((await found.broker.market_state()).now)
    task = asyncio.create_task(found.feeds.run())
    await found.feeds.acquire(STOCKS, bars=30)
    await found.until(lambda: server.state()["listeners"]["bars"] == 1)
    yield found
    await found.over()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    clock.restore()
    found.client.close()
    for one in (found.client.trading, found.client.data, found.client.coins):
        one._session.close()
    await until(lambda: server.state()["listeners"]["bars"] == 0)


async def test_what_a_broken_line_cost_is_fetched(trader: Trader) -> None:
    await trader.closed()
    await trader.drill("dropped_connection", count=1)
    await trader.step()
    await trader.until(lambda: trader.server.state()["listeners"]["bars"] == 1)
    minute = await trader.closed()
    assert len(trader.minutes) == 2, "the minute that was missed is history, no decision"
    await trader.agree(minute, *STOCKS)


async def test_a_mute_stream_is_noticed_in_the_markets_time(trader: Trader) -> None:
    first = await trader.closed()
    await trader.feeds.watch(first.tau, 1.0)
    await trader.drill("mute_stream")
    for _ in range(8):
        tau = await trader.step()
    trader.clock.advance(10.0)
    await trader.over()
    await trader.feeds.watch(tau, 1.0)
    assert trader.feeds.report()["stocks"]["counts"]["reconnections"] == 1
    await trader.until(lambda: trader.server.state()["listeners"]["bars"] == 1)
    minute = await trader.closed()
    assert len(trader.minutes) == 2
    await trader.agree(minute, *STOCKS)
    await trader.feeds.watch(minute.tau, 1.0)
    assert trader.feeds.report()["stocks"]["counts"]["reconnections"] == 1


async def test_late_and_corrected_bars_change_what_follows(trader: Trader) -> None:
    await trader.closed()
    await trader.drill("late_bar", count=1)
    lacking = await trader.closed()
    assert len(lacking.bars) == 1
    (late,) = set(STOCKS) - lacking.bars.keys()
    assert int(lacking.series[late].start[-1]) < int((lacking.tau - MINUTE).timestamp())
    await trader.closed()  # the late bar comes with it
    await trader.agree(await trader.closed(), *STOCKS)
    assert trader.feeds.report()["stocks"]["counts"]["late_bars"] == 1

    await trader.drill("corrected_bar", count=1)
    wrong = await trader.closed()
    decided = {symbol: bar.volume for symbol, bar in wrong.bars.items()}
    await trader.closed()  # the correction comes with it
    minute = await trader.closed()
    await trader.agree(minute, *STOCKS)
    assert trader.feeds.report()["stocks"]["counts"]["corrected_bars"] == 1
    assert {symbol: series.volume[-1] for symbol, series in wrong.series.items()} == decided
    corrected = {symbol: minute.series[symbol].volume[-3] for symbol in STOCKS}
    assert corrected != decided


async def test_coins_and_stocks_close_the_same_minute_each_on_their_own_line(trader: Trader) -> None:
    await trader.feeds.acquire(["BTC/USD"], bars=30)
    await trader.until(lambda: trader.server.state()["listeners"]["bars"] == 2)
    tau = await trader.step()
    await trader.until(lambda: [minute.tau for minute in trader.minutes] == [tau, tau])
    coins, stocks = sorted(trader.minutes, key=lambda minute: len(minute.bars))
    assert (set(coins.bars), set(stocks.bars)) == ({"BTC/USD"}, set(STOCKS))
    assert (coins.of_coins, stocks.of_coins) == (True, False)
    assert not trader.feeds.owe(tau)
    await trader.agree(coins, "BTC/USD")
    await trader.feeds.release(["BTC/USD"])
