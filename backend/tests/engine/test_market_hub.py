"""When a minute is closed, what is in it, and what the bots know of the past by then."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from flotilla.domain.errors import Unavailable
from flotilla.domain.market import MINUTE, Bar, Session
from flotilla.engine.market_hub import MarketHub, Minute, SymbolLimitReached
from flotilla.engine.sessions import CoinDays, SessionCalendar
from flotilla.ports.market_data import Bars
from tests.engine.exchange import OPEN, START, Exchange, bar_of
from tests.engine.fakes import Gate, unavailable
from tests.engine.harness import LoopClock, turns, until


class Listener:
    """A hub over the exchange's streams, and the minutes that it has closed."""

    def __init__(self, exchange: Exchange, *, whole_frames: bool, **options: Any) -> None:
        self.exchange, self.stream, self.history = exchange, exchange.bar_stream, exchange.history
        self.calendar = SessionCalendar(exchange)
        self.minutes: list[Minute] = []
        self.hub = MarketHub(
            self.stream,
            self.history,
            self.calendar,
            whole_frames=whole_frames,
            on_minute=self.minutes.append,
            **options,
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
    async def open_hub(*symbols: str, whole_frames: bool = False, **options: Any) -> AsyncIterator[Listener]:
        listener = Listener(exchange, whole_frames=whole_frames, **options)
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


async def test_what_several_wait_for_is_fetched_together(listening: Open) -> None:
    """A symbol among them that cannot be had keeps nobody else from going on."""
    async with listening("SPY", whole_frames=True) as hub:
        hub.history.calls.clear()
        hub.history.once("bars", gate := Gate(), unavailable)
        symbols = ("AAPL", "MSFT", "SPY")
        loads = [asyncio.create_task(hub.hub.acquire([one], bars=600)) for one in symbols]
        await until(lambda: gate.reached)
        await turns()
        gate.open.set()
        await asyncio.gather(*loads)
        assert hub.history.called("bars") == [("AAPL",), ("MSFT", "SPY"), ("MSFT",), ("SPY",)]


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


async def test_a_plan_with_few_symbols_refuses_who_asks_for_more_and_nobody_else(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True, symbol_limit=2) as hub:
        with pytest.raises(SymbolLimitReached, match=r"streams 2 symbols at once.* no room for SPY"):
            await hub.hub.acquire(["AAPL", "MSFT", "SPY"], bars=10)
        assert hub.stream.subscribed == {"AAPL"}
        await hub.hub.acquire(["AAPL", "MSFT"], bars=10)
        assert hub.hub.room(["SPY", "MSFT"]) == ["MSFT"]
        await hub.frame(at(0), at(0, "MSFT"))
        assert set(hub.minutes[0].bars) == {"AAPL", "MSFT"}
        await hub.hub.release(["AAPL"])
        await hub.hub.release(["AAPL"])
        await hub.hub.acquire(["SPY"], bars=10)
        assert hub.stream.subscribed == {"MSFT", "SPY"}


# --- corrected bars ---------------------------------------------------------------------------------


async def test_a_corrected_bar_changes_what_is_to_come_and_nothing_that_was_decided(listening: Open) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.frame(at(0, price=100.0))
        hub.stream.send(corrected=[at(0, price=107.0)])
        await hub.frame(at(1, price=101.0))
        before, after = hub.minutes
        assert before.bars["AAPL"].close == before.series["AAPL"].close[-1] == 100.0
        assert list(after.series["AAPL"].close[-2:]) == [107.0, 101.0]
        assert hub.hub.freshness.counts.corrected_bars == 1


async def test_a_correction_within_its_minute_is_in_time(listening: Open) -> None:
    async with listening("AAPL", "MSFT") as hub:
        await hub.frame(at(0, price=100.0))
        hub.stream.send(corrected=[at(0, price=107.0)])
        await hub.frame(at(0, "MSFT"))
        (minute,) = hub.minutes
        assert minute.bars["AAPL"].close == minute.series["AAPL"].close[-1] == 107.0


async def test_a_correction_of_a_bar_that_never_came_brings_it(listening: Open) -> None:
    async with listening("AAPL", "MSFT", whole_frames=True) as hub:
        await hub.frame(at(0, "MSFT"))
        hub.stream.send(corrected=[at(0, price=107.0)])
        await hub.frame(at(1, price=101.0))
        assert list(hub.minutes[1].series["AAPL"].close[-2:]) == [107.0, 101.0]


# --- a stream that has gone mute --------------------------------------------------------------------


async def test_a_mute_stream_is_connected_anew_and_what_it_kept_back_is_fetched(
    listening: Open, clock: LoopClock
) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.hub.watch(START, 1.0)
        await hub.frame(at(0))
        hub.stream.away = True  # connected, and silent
        hub.exchange.now = START + MINUTE
        for _ in range(6):
            hub.exchange.minute(AAPL=101.0)
        clock.advance(300.0)
        await hub.hub.watch(START + 4 * MINUTE, 1.0)
        assert hub.stream.called("renew") == [], "three minutes may be chance"
        await hub.hub.watch(START + 7 * MINUTE, 1.0)
        assert len(hub.stream.called("renew")) == hub.hub.freshness.counts.reconnections == 1
        await hub.read()
        hub.exchange.minute(AAPL=102.0)
        await hub.read()
        assert list(hub.minutes[1].series["AAPL"].close[-3:]) == [101.0, 101.0, 102.0]
        await hub.hub.watch(START + 8 * MINUTE, 1.0)
        assert len(hub.stream.called("renew")) == 1


async def test_silence_of_a_fast_market_is_measured_in_its_own_time(
    listening: Open, clock: LoopClock
) -> None:
    """At sixty minutes a minute a frame that takes three seconds on its way is three minutes old."""
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.hub.watch(START, 60.0)
        await hub.frame(at(0))
        clock.advance(4.0)
        await hub.hub.watch(START + 5 * MINUTE, 60.0)
        assert hub.stream.called("renew") == []
        clock.advance(8.0)
        await hub.hub.watch(START + 13 * MINUTE, 60.0)
        assert len(hub.stream.called("renew")) == 1


async def test_nothing_is_expected_while_the_market_is_closed_stands_or_has_only_opened(
    listening: Open, clock: LoopClock
) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        await hub.hub.watch(START, 1.0)
        await hub.frame(at(0))
        clock.advance(1000.0)
        await hub.hub.watch(OPEN + timedelta(hours=6.5), 1.0)
        await hub.hub.watch(OPEN + timedelta(days=1, minutes=2), 1.0)
        await hub.hub.watch(OPEN + timedelta(days=1, minutes=9), 0.0)
        assert hub.stream.called("renew") == []
        await hub.hub.watch(OPEN + timedelta(days=1, minutes=9), 1.0)
        assert len(hub.stream.called("renew")) == 1


async def test_one_silent_symbol_among_others_is_asked_for_anew_once(
    listening: Open, clock: LoopClock
) -> None:
    """It may be halted: a second reconnection would bring nothing."""
    async with listening("AAPL", "MSFT", whole_frames=True) as hub:
        await hub.hub.watch(START, 1.0)
        await hub.frame(at(0), at(0, "MSFT"))
        for minute in range(1, 12):
            await hub.frame(at(minute))
            await hub.hub.watch(START + (minute + 1) * MINUTE, 1.0)
        assert len(hub.stream.called("renew")) == 1
        await hub.frame(at(12), at(12, "MSFT"))
        for minute in range(13, 30):  # longer: it is known to pause now
            await hub.frame(at(minute))
            await hub.hub.watch(START + (minute + 1) * MINUTE, 1.0)
        assert len(hub.stream.called("renew")) == 2


async def test_a_thin_symbol_may_be_silent_for_longer(listening: Open, clock: LoopClock) -> None:
    async with listening("AAPL", whole_frames=True) as hub:
        thin = [bar_of("SPY", OPEN + 5 * n * MINUTE, 90.0) for n in range(6)]
        hub.history.minutes["SPY"][:] = thin
        await hub.hub.acquire(["SPY"], bars=10)
        await hub.hub.release(["AAPL"])
        await hub.hub.watch(START, 1.0)
        clock.advance(1000.0)
        await hub.hub.watch(START + 20 * MINUTE, 1.0)
        assert hub.stream.called("renew") == []
        await hub.hub.watch(START + 90 * MINUTE, 1.0)
        assert len(hub.stream.called("renew")) == 1


async def test_how_fresh_each_symbol_is_can_be_read(listening: Open) -> None:
    async with listening("AAPL", "MSFT", whole_frames=True) as hub:
        await hub.frame(at(0))
        report = hub.hub.report()["symbols"]
        assert report == {
            "AAPL": {"until": (START + MINUTE).isoformat(), "source": "stream"},
            "MSFT": {"until": START.isoformat(), "source": "history"},
        }
        fresh = hub.hub.freshness.of("MSFT")
        assert fresh is not None
        assert not fresh.is_stale(START + 4.9 * MINUTE)
        assert fresh.is_stale(START + 5 * MINUTE)


# --- coins ------------------------------------------------------------------------------------------


async def test_the_minutes_of_coins_are_of_a_day_of_utc_around_the_clock(exchange: Exchange) -> None:
    midnight = datetime(2026, 3, 14, tzinfo=UTC)  # a Saturday
    minutes: list[Minute] = []
    hub = MarketHub(
        exchange.bar_stream,
        exchange.history,
        CoinDays(),
        whole_frames=True,
        on_minute=minutes.append,
        clock=UTC,
    )
    task = asyncio.create_task(hub.run())
    await hub.acquire(["BTC/USD"], bars=10)
    for minute in (-1, 0):
        exchange.bar_stream.send(bar_of("BTC/USD", midnight + minute * MINUTE, 50_000.0))
    await until(lambda: len(minutes) == 2)
    task.cancel()
    await asyncio.wait({task})
    last, first = minutes
    assert (last.tau, last.session.close) == (midnight, midnight)
    assert first.session == Session(midnight, midnight + timedelta(days=1))
    assert first.of_coins
    assert first.series["BTC/USD"].clock is UTC
    assert len(first.closes) == 0


async def test_what_bots_share_of_a_minute_is_kept_until_the_second_after_it(listening: Open) -> None:
    """However far a bot falls behind, and keeps its minutes."""
    async with listening("SPY", whole_frames=True) as hub:
        await hub.frame(at(0, "SPY"))
        first = hub.minutes[0].charts.of("SPY")
        await hub.frame(at(1, "SPY"))
        assert hub.minutes[0].charts.of("SPY") is first
        await hub.frame(at(2, "SPY"))
        assert hub.minutes[0].charts.of("SPY") is not first
        assert len(hub.minutes[0].series["SPY"]) > 0
