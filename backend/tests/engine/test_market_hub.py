"""When a minute is closed, what is in it, and what the bots know of the past by then."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from flotilla.domain.errors import Unavailable
from flotilla.domain.market import MINUTE, Bar
from flotilla.engine.market_hub import MarketHub, Minute
from flotilla.engine.sessions import SessionCalendar
from flotilla.ports.market_data import Bars
from tests.engine.exchange import OPEN, START, Exchange, bar_of
from tests.engine.fakes import Gate, unavailable
from tests.engine.harness import LoopClock, turns, until


class Listener:
    """A hub over the exchange's streams, and the minutes that it has closed."""

    def __init__(self, exchange: Exchange, *, whole_frames: bool) -> None:
        self.exchange, self.stream, self.history = exchange, exchange.bar_stream, exchange.history
        self.calendar = SessionCalendar(exchange)
        self.minutes: list[Minute] = []
        self.hub = MarketHub(
            self.stream,
            self.history,
            self.calendar,
            whole_frames=whole_frames,
            on_minute=self.minutes.append,
        )
        self.task: asyncio.Task[None] | None = None

    async def frame(self, *bars: Bar) -> None:
        """One frame arrives, and is dealt with."""
        self.stream.send(*bars)
        await self.read()

    async def read(self) -> None:
        assert self.stream.values is not None
        await until(self.stream.values.queue.empty)
        await turns(5)

    @property
    def closed(self) -> list[tuple[datetime, set[str]]]:
        return [(minute.tau, set(minute.bars)) for minute in self.minutes]


Open = Callable[..., Any]


@pytest.fixture
def listening(exchange: Exchange) -> Open:
    """Give an opener of hubs that have acquired some symbols."""

    @asynccontextmanager
    async def open_hub(*symbols: str, whole_frames: bool = False) -> AsyncIterator[Listener]:
        listener = Listener(exchange, whole_frames=whole_frames)
        await listener.calendar.ensure(START)
        listener.task = asyncio.create_task(listener.hub.run())
        try:
            if symbols:
                await listener.hub.acquire(symbols, bars=10)
                await listener.read()
            yield listener
        finally:
            listener.task.cancel()
            with suppress(asyncio.CancelledError):
                await listener.task

    return open_hub


def at(minute: int, symbol: str = "AAPL", price: float = 100.0) -> Bar:
    return bar_of(symbol, START + minute * MINUTE, price)


# --- when a minute is closed ------------------------------------------------------------------------


async def test_a_whole_frame_closes_its_minute(listening: Open) -> None:
    async with listening("AAPL", "MSFT", whole_frames=True) as hub:
        await hub.frame(at(0))  # MSFT did not trade in this minute
        assert hub.closed == [(START + MINUTE, {"AAPL"})]


async def test_the_last_wanted_bar_closes_its_minute(listening: Open) -> None:
    async with listening("AAPL", "MSFT") as hub:
        await hub.frame(at(0))
        assert hub.closed == []
        await hub.frame(at(0, "MSFT"))
        assert hub.closed == [(START + MINUTE, {"AAPL", "MSFT"})]


async def test_a_bar_of_the_next_minute_closes_this_one(listening: Open) -> None:
    async with listening("AAPL", "MSFT") as hub:
        await hub.frame(at(0))
        await hub.frame(at(1))
        assert hub.closed == [(START + MINUTE, {"AAPL"})]
        # The bar that closed the minute is not known in it.
        newest = hub.minutes[0].series["AAPL"]
        assert int(newest.start[-1]) == int(START.timestamp())


async def test_three_seconds_close_a_minute(listening: Open, clock: LoopClock) -> None:
    async with listening("AAPL", "MSFT") as hub:
        await hub.frame(at(0))
        clock.advance(2.9)
        await turns()
        assert hub.closed == []
        clock.advance(0.2)
        await turns()
        assert hub.closed == [(START + MINUTE, {"AAPL"})]
        clock.advance(10.0)
        await turns()
        assert len(hub.closed) == 1
        # The deadline is of one minute: the next has its own.
        await hub.frame(at(1))
        assert len(hub.closed) == 1
        clock.advance(3.0)
        await turns()
        assert len(hub.closed) == 2


async def test_a_frame_with_two_minutes_is_two_minutes(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.frame(at(1, price=101.0), at(0, price=100.0))
        assert [minute.bars["AAPL"].close for minute in hub.minutes] == [100.0, 101.0]
        assert [minute.series["AAPL"].close[-1] for minute in hub.minutes] == [100.0, 101.0]


async def test_only_the_regular_session_has_minutes(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.frame(bar_of("AAPL", OPEN - MINUTE, 100.0))
        await hub.frame(bar_of("AAPL", OPEN + timedelta(hours=6.5), 100.0))
        assert hub.closed == []
        last = bar_of("AAPL", OPEN + timedelta(hours=6.5) - MINUTE, 100.0)
        await hub.frame(last)
        (minute,) = hub.minutes
        assert minute.tau == minute.session.close


# --- what comes late --------------------------------------------------------------------------------


async def test_a_late_bar_enters_the_history_and_no_decision(listening: Open, clock: LoopClock) -> None:
    async with listening("AAPL", "MSFT") as hub:
        await hub.frame(at(0))
        clock.advance(3.0)
        await turns()
        await hub.frame(at(0, "MSFT", 77.0))
        assert hub.closed == [(START + MINUTE, {"AAPL"})]
        assert 77.0 not in hub.minutes[0].series["MSFT"].close
        await hub.frame(at(1), at(1, "MSFT"))
        assert hub.closed[-1] == (START + 2 * MINUTE, {"AAPL", "MSFT"})
        assert list(hub.minutes[1].series["MSFT"].close[-2:]) == [77.0, 100.0]


async def test_a_bar_older_than_the_minute_under_way_is_not_part_of_it(listening: Open) -> None:
    """After a gap in the market the closed minute lies far back: the open one is the measure."""
    async with listening("AAPL", "MSFT") as hub:
        await hub.frame(at(5))
        await hub.frame(at(3, "MSFT", 77.0))
        await hub.frame(at(5, "MSFT", 78.0))
        (minute,) = hub.minutes
        assert minute.bars["MSFT"].close == 78.0
        assert list(minute.series["MSFT"].close[-2:]) == [77.0, 78.0]


async def test_a_minute_that_history_brought_first_still_closes(listening: Open) -> None:
    """The market runs ahead of its frames: history knows of minutes that have not closed here."""
    async with listening("SPY", whole_frames=True) as hub:
        for minute in range(3):
            hub.history.add(at(minute, price=100.0 + minute))
        await hub.hub.acquire(["AAPL"], bars=10)
        for minute in range(3):
            await hub.frame(at(minute, price=100.0 + minute))
        assert [minute.series["AAPL"].close[-1] for minute in hub.minutes] == [100.0, 101.0, 102.0]
        assert all(a.tau < b.tau for a, b in pairwise(hub.minutes))


# --- the past ---------------------------------------------------------------------------------------


async def test_acquiring_brings_the_past_while_minutes_arrive(listening: Open) -> None:
    async with listening("SPY", whole_frames=True) as hub:
        hub.history.once("bars", gate := Gate())
        acquiring = asyncio.create_task(hub.hub.acquire(["AAPL"], bars=10))
        await until(lambda: gate.reached)
        await hub.frame(at(0), at(0, "SPY"))
        await hub.frame(at(1), at(1, "SPY"))
        assert len(hub.minutes[1].series["AAPL"]) == 2
        gate.open.set()
        await acquiring
        await hub.frame(at(2), at(2, "SPY"))
        series = hub.minutes[2].series["AAPL"]
        assert len(series) == 33  # thirty minutes before it, and three heard of
        assert list(series.start) == sorted(set(series.start))


async def test_nobody_goes_on_before_the_past_is_there(listening: Open) -> None:
    """Two bots want the same symbol: the second waits for the first one's load, and asks for none."""
    async with listening("SPY", whole_frames=True) as hub:
        hub.history.calls.clear()
        hub.history.once("bars", gate := Gate())
        first = asyncio.create_task(hub.hub.acquire(["AAPL"], bars=10))
        await until(lambda: gate.reached)
        second = asyncio.create_task(hub.hub.acquire(["AAPL"], bars=10))
        await turns()
        assert not second.done()
        gate.open.set()
        await asyncio.gather(first, second)
        assert hub.history.called("bars") == [("AAPL",)]


async def test_a_user_of_live_bars_alone_does_not_spoil_the_past_for_others(listening: Open) -> None:
    async with listening("SPY", whole_frames=True) as hub:
        await hub.hub.acquire(["AAPL"], bars=0)
        await hub.frame(at(0), at(0, "SPY"))
        assert set(hub.minutes[0].bars) == {"AAPL", "SPY"}
        await hub.hub.acquire(["AAPL"], bars=10)
        await hub.frame(at(1), at(1, "SPY"))
        assert len(hub.minutes[1].series["AAPL"]) >= 30


async def test_a_past_that_cannot_be_had_acquires_nothing(listening: Open) -> None:
    async with listening("SPY", whole_frames=True) as hub:
        hub.history.once("bars", unavailable)
        with pytest.raises(Unavailable):
            await hub.hub.acquire(["AAPL"], bars=10)
        assert hub.stream.subscribed == {"SPY"}
        await hub.hub.acquire(["AAPL"], bars=10)
        await hub.frame(at(0), at(0, "SPY"))
        assert len(hub.minutes[0].series["AAPL"]) == 31


async def test_a_longer_past_is_fetched_for_who_needs_it(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        older = [bar_of("AAPL", OPEN - timedelta(days=1) + n * MINUTE, 80.0) for n in range(390)] * 2
        hub.history.minutes["AAPL"][:0] = older
        await hub.hub.acquire(["AAPL"], bars=900)
        await hub.frame(at(0))
        assert len(hub.minutes[0].series["AAPL"]) == 421


async def test_what_the_stream_missed_is_fetched_after_a_reconnection(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.frame(at(0))
        hub.stream.away = True
        hub.exchange.now = START + MINUTE
        for _ in range(3):
            hub.exchange.minute(AAPL=101.0)
        hub.stream.reconnect()
        await hub.read()
        assert len(hub.minutes) == 1, "missed minutes are history, not decisions"
        hub.exchange.minute(AAPL=102.0)
        await hub.read()
        assert len(hub.minutes) == 2
        assert list(hub.minutes[1].series["AAPL"].close[-5:]) == [100.0, 101.0, 101.0, 101.0, 102.0]


async def test_a_minute_between_the_load_and_the_first_connection_is_not_lost(listening: Open) -> None:
    """The socket is opened by the first subscription: it may be up only after the past was read."""
    async with listening(whole_frames=True) as hub:
        hub.stream.away = True
        await hub.hub.acquire(["AAPL"], bars=10)
        hub.exchange.minute(AAPL=101.0)
        hub.stream.reconnect()
        hub.exchange.minute(AAPL=102.0)
        await hub.read()
        assert list(hub.minutes[0].series["AAPL"].close[-3:]) == [90.0, 101.0, 102.0]


async def test_a_gap_that_cannot_be_filled_now_is_filled_later(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.frame(at(0))
        hub.stream.away = True
        hub.exchange.now = START + MINUTE
        hub.exchange.minute(AAPL=101.0)
        hub.history.once("bars", unavailable)
        hub.stream.reconnect()
        await hub.read()
        hub.exchange.minute(AAPL=102.0)
        await hub.read()
        assert list(hub.minutes[1].series["AAPL"].close[-3:]) == [100.0, 101.0, 102.0]


async def test_bars_wait_for_a_calendar_that_does_not_answer(listening: Open, clock: LoopClock) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        far = OPEN + timedelta(days=35)
        hub.exchange.once("sessions", unavailable, unavailable)
        hub.stream.send(bar_of("AAPL", far, 100.0))
        await until(lambda: len(hub.exchange.called("sessions")) == 2)
        await turns()
        clock.advance(1.0)
        await until(lambda: len(hub.exchange.called("sessions")) == 3)
        await turns()
        clock.advance(1.0)
        await until(lambda: len(hub.minutes) == 1)
        assert hub.minutes[0].session.contains(far)


# --- subscriptions ----------------------------------------------------------------------------------


async def test_a_symbol_is_subscribed_while_anyone_wants_it(listening: Open) -> None:
    async with listening(whole_frames=True) as hub:
        await hub.hub.acquire(["AAPL", "MSFT"], bars=10)
        await hub.hub.acquire(["AAPL", "AAPL"], bars=10)
        assert hub.stream.called("subscribe") == [("AAPL", "MSFT")]
        await hub.hub.release(["AAPL", "MSFT"])
        assert hub.stream.subscribed == {"AAPL"}
        await hub.hub.release(["AAPL"])
        assert hub.stream.subscribed == set()
        assert hub.stream.called("unsubscribe") == [("MSFT",), ("AAPL",)]


async def test_who_comes_while_the_last_one_leaves_is_subscribed(listening: Open) -> None:
    """Unsubscribing takes its time; meanwhile another wants the symbol, and must not lose it."""
    async with listening("AAPL", "SPY", whole_frames=True) as hub:
        hub.stream.once("unsubscribe", gate := Gate())
        leaving = asyncio.create_task(hub.hub.release(["AAPL"]))
        await until(lambda: gate.reached)
        coming = asyncio.create_task(hub.hub.acquire(["AAPL"], bars=10))
        await turns()
        gate.open.set()
        await asyncio.gather(leaving, coming)
        assert hub.stream.subscribed == {"AAPL", "SPY"}
        await hub.frame(at(0), at(0, "SPY"))
        assert set(hub.minutes[0].bars) == {"AAPL", "SPY"}
        assert len(hub.minutes[0].series["AAPL"]) == 31


async def test_releasing_after_the_stream_has_ended_asks_nothing_of_it(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        assert hub.task is not None
        hub.task.cancel()
        await asyncio.wait({hub.task})
        await hub.hub.release(["AAPL"])
        assert hub.stream.called("unsubscribe") == []


async def test_a_stream_that_gives_up_ends_the_hub(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        hub.stream.fail(ConnectionError("given up"))
        assert hub.task is not None
        await asyncio.wait({hub.task})
        assert isinstance(hub.task.exception(), ConnectionError)
        hub.task = asyncio.create_task(asyncio.sleep(0))


async def test_an_empty_frame_is_no_minute(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        assert hub.stream.values is not None
        hub.stream.values.queue.put_nowait(Bars(()))
        await hub.read()
        assert hub.closed == []
