"""Every bot does what is wanted of it, one bot's failure is its own, and a restart is a start."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from flotilla.db.tables import BotRow, EquitySnapshotRow, PositionRow
from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.kernel.bot import KernelBot
from flotilla.engine.backoff import MAX_FAILURES, STEADY
from flotilla.ports.store import StoreUnavailable
from tests.builders import condition, constant, every, indicator
from tests.engine.exchange import Exchange
from tests.engine.fakes import paused, unavailable
from tests.engine.harness import NO_LEGS, Engine, LoopClock, hold, turns, until

# Its rule asks for an output that the indicator does not have.
BROKEN = {
    "indicators": [{"id": "sma", "name": "SMA", "params": {"timeperiod": 2}}],
    "rules": {"entry": every(condition(indicator("sma", "gone"), "above", constant(1))), "exit": None},
}


async def fail(engine: Engine, bot_id: str, times: int = 1) -> str:
    """Wait until a bot has failed so many times in this life of the engine; why it did."""
    await engine.until(lambda: [bot for bot, _ in engine.store.failures].count(bot_id) == times)
    reason = (await engine.bot(bot_id)).status_reason
    assert reason is not None
    return reason


async def give_up(engine: Engine, bot_id: str) -> str:
    """Wait until a bot is in error; why it is."""
    await engine.until(lambda: engine.store.status(bot_id) is BotStatus.ERROR)
    reason = (await engine.bot(bot_id)).status_reason
    assert reason is not None
    return reason


# --- one bot's failure is its own -------------------------------------------------------------------


async def test_a_bot_that_raises_is_tried_again_and_then_in_error_and_the_others_go_on(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        good = await engine.start_bot(symbols=["MSFT"])
        bad = await engine.start_bot(**BROKEN)
        for times in range(1, MAX_FAILURES):
            await engine.minute(AAPL=101.0, MSFT=90.0)
            assert await fail(engine, bad, times) == "KeyError: 'gone'"
            row = await engine.bot(bad)
            assert (row.status, row.failures) == ("starting", times)
            assert row.next_attempt_at is not None
            longest = 2.0 ** (times - 1)
            pause = (row.next_attempt_at - engine.clock.now()).total_seconds()
            assert longest / 2 <= pause <= longest
            clock.advance(longest)
            await engine.until_status(bad, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert await give_up(engine, bad) == "KeyError: 'gone'"
        assert (await engine.bot(bad)).next_attempt_at is None
        for _ in range(3):
            await engine.minute(AAPL=101.0, MSFT=101.0)
        assert (await engine.bot(good)).status == "running"
        assert (await engine.outline(good))[0] == ("entry", "filled")
        assert exchange.bar_stream.subscribed == {"MSFT"}
        # It stays so until a person starts it again, whatever is looked at meanwhile.
        clock.advance(600.0)
        engine.nudges.nudge()
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert engine.store.statuses.count((bad, BotStatus.ERROR)) == 1


async def test_a_bot_that_chokes_on_a_report_does_not_choke_the_stream(
    engine: Engine, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = KernelBot.apply_fill

    def poisoned(state: KernelBot, *, symbol: str, **fill: Any) -> None:
        if symbol == "AAPL":
            raise ZeroDivisionError("average of nothing")
        apply(state, symbol=symbol, **fill)

    async with engine.running():
        bad = await engine.start_bot()
        good = await engine.start_bot(symbols=["MSFT"])
        monkeypatch.setattr(KernelBot, "apply_fill", poisoned)
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert await fail(engine, bad) == "ZeroDivisionError: average of nothing"
        monkeypatch.undo()
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert (await engine.outline(good))[0] == ("entry", "filled")
        # What it bought is booked all the same, with its legs.
        assert (await engine.position(bad)) is not None
        await engine.assert_books_agree(bad, good)


async def test_a_bot_that_fails_at_its_start_holds_up_no_minute(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        good = await engine.start_bot()
        bad = await engine.add_bot(symbols=["MSFT"])
        async with engine.database.transaction() as session:
            changes = {"checkpoint": {"version": 1, "signals": 5}, "desired_status": "running"}
            await session.execute(update(BotRow).where(BotRow.id == bad).values(changes))
        engine.nudges.nudge()
        await engine.minute(AAPL=90.0, MSFT=90.0)
        await fail(engine, bad)
        await engine.minute(AAPL=90.0, MSFT=90.0)
        assert (await engine.bot(good)).status == "running"


async def test_a_bot_that_failed_once_trades_again(
    engine: Engine, exchange: Exchange, clock: LoopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds and what it has decided on is as it was; a good run later, it counts from one again."""
    step = KernelBot.step
    async with engine.running():
        bot_id = await hold(engine, risk_management=NO_LEGS)
        for times in (1, 2):
            monkeypatch.setattr(KernelBot, "step", lambda *_, **__: 1 / 0)
            await engine.minute(AAPL=102.0)
            assert await fail(engine, bot_id, times) == "ZeroDivisionError: division by zero"
            monkeypatch.setattr(KernelBot, "step", step)
            assert (await engine.bot(bot_id)).failures == 1
            clock.advance(1.0)
            await engine.until_status(bot_id, BotStatus.RUNNING)
            row = await engine.bot(bot_id)
            assert (row.status_reason, row.next_attempt_at) == (None, None)
            clock.advance(STEADY)
        await engine.minute(AAPL=121.0)
        assert (await engine.outline(bot_id))[-1] == ("exit", "filled")
        await engine.assert_books_agree(bot_id)


async def test_what_is_left_of_a_pause_is_kept_over_a_restart(engine: Engine, clock: LoopClock) -> None:
    async with engine.running():
        bad = await engine.start_bot(**BROKEN)
        await engine.minute(AAPL=101.0)
        await fail(engine, bad)
    async with engine.running():
        await turns()
        assert engine.store.status(bad) is None, "its time has not come yet"
        clock.advance(1.0)
        await engine.until_status(bad, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0)
        await fail(engine, bad)
        assert (await engine.bot(bad)).failures == 2


async def test_a_bot_that_waits_for_its_next_attempt_can_be_stopped(engine: Engine, clock: LoopClock) -> None:
    async with engine.running():
        bad = await engine.start_bot(**BROKEN)
        await engine.minute(AAPL=101.0)
        await fail(engine, bad)
        await engine.want(bad, "stopped")
        await engine.until_status(bad, BotStatus.STOPPED)
        clock.advance(60.0)
        await turns()
        assert (await engine.bot(bad)).next_attempt_at is None
        assert engine.store.status(bad) is BotStatus.STOPPED


async def test_a_slow_bot_holds_up_no_other(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        slow = await engine.start_bot()
        quick = await engine.start_bot(symbols=["MSFT"])
        answer = asyncio.Event()
        exchange.once("submit", paused(answer))
        await_first = exchange.minute(AAPL=101.0, MSFT=90.0)
        await until(lambda: len(exchange.called("submit")) == 1)
        second = exchange.minute(AAPL=101.0, MSFT=101.0)
        await until(lambda: len(exchange.called("submit")) == 2)
        assert exchange.called("submit")[1].bot_id == quick
        assert await_first not in engine.store.taus, "the watermark waits for the answer"
        answer.set()
        await engine.done(second)
        await engine.assert_books_agree(slow, quick)


async def test_a_bot_that_cannot_run_says_why(engine: Engine) -> None:
    async with engine.running():
        unknown = await engine.add_bot(symbols=["AAPL", "GONE"])
        unreadable = await engine.add_bot()
        async with engine.database.transaction() as session:
            change = update(BotRow).where(BotRow.id == unreadable).values(rules={"entry": {"type": "?"}})
            await session.execute(change)
        for bot_id in (unknown, unreadable):
            await engine.want(bot_id, "running")
        assert await give_up(engine, unknown) == "The account cannot trade GONE: edit the bot's symbols."
        assert (await give_up(engine, unreadable)).startswith("The stored definition cannot be read")


async def test_what_all_bots_share_ends_the_engine_when_it_fails(engine: Engine, exchange: Exchange) -> None:
    """Crash-only: whoever started it starts it again, and nothing is left behind."""

    async def given_up() -> None:
        async with engine.running():
            await engine.start_bot()
            exchange.bar_stream.fail(ConnectionError("given up"))
            assert engine.task is not None
            await asyncio.wait({engine.task})

    with pytest.raises(BaseExceptionGroup) as ended:
        await given_up()
    assert ended.group_contains(ConnectionError, match="given up")


async def test_a_lost_connection_for_nudges_ends_the_engine(engine: Engine) -> None:
    async def disconnected() -> None:
        async with engine.running():
            await engine.start_bot()
            engine.nudges.queue.put_nowait(("", ""))
            assert engine.task is not None
            await asyncio.wait({engine.task})

    with pytest.raises(BaseExceptionGroup) as ended:
        await disconnected()
    assert ended.group_contains(ConnectionError, match="nudges")


async def test_a_database_that_is_away_is_no_bots_fault(
    engine: Engine, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine ends; when it has been started again, the bot goes on."""

    async def away(*_: object) -> None:
        raise StoreUnavailable("the server is shutting down")

    async def struck() -> None:
        async with engine.running():
            bot_ids.append(await engine.start_bot())
            monkeypatch.setattr(engine.store, "record_step", away)
            exchange.minute(AAPL=101.0)
            assert engine.task is not None
            await asyncio.wait({engine.task})

    bot_ids: list[str] = []
    with pytest.raises(BaseExceptionGroup) as ended:
        await struck()
    assert ended.group_contains(StoreUnavailable)
    async with engine.running():
        await engine.until_status(bot_ids[0], BotStatus.RUNNING)
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_ids[0]))[0] == ("entry", "filled")


# --- what is wanted ---------------------------------------------------------------------------------


async def test_the_desired_state_is_followed_after_a_restart(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        runs = await engine.start_bot()
        stopped = await engine.start_bot(symbols=["MSFT"])
        await engine.want(stopped, "stopped")
        await engine.until_status(stopped, BotStatus.STOPPED)
    assert (await engine.bot(runs)).status == "running"
    async with engine.running():
        await engine.until_status(runs, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert (await engine.outline(runs))[0] == ("entry", "filled")
        assert await engine.orders(stopped) == []
        assert (await engine.bot(stopped)).status == "stopped"


async def test_what_was_wanted_while_the_engine_was_down_is_done(engine: Engine) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
    await engine.want(bot_id, "stopped")
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.STOPPED)


async def test_a_nudge_that_is_lost_costs_five_seconds(engine: Engine, clock: LoopClock) -> None:
    async with engine.running():
        await engine.start_bot()
        second = await engine.add_bot(symbols=["MSFT"])
        await engine.want(second, "running")
        while not engine.nudges.queue.empty():
            engine.nudges.queue.get_nowait()
        await engine.until(
            lambda: engine.store.status(second) is BotStatus.RUNNING or bool(clock.advance(0.5))
        )


async def test_a_bot_that_is_stopped_and_started_at_once_runs(engine: Engine) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await engine.want(bot_id, "running")
        await engine.until_status(bot_id, BotStatus.RUNNING)


# --- what follows a minute --------------------------------------------------------------------------


async def test_positions_and_the_account_are_valued_each_minute(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.minute(AAPL=101.0)
        tau = await engine.minute(AAPL=103.0)
        position = await engine.position(bot_id)
        assert position is not None
        assert (position.current_price, position.unrealized_pnl) == (103, 2 * 49)
        state = await engine.state()
        assert (state.tau, state.in_flight) == (tau, 0)
        async with engine.database.transaction() as session:
            assert await session.get(EquitySnapshotRow, (engine.account_id, tau)) is not None
        assert [bar["close"] for bar in engine.prices.published[-1]] == [103.0]
        exchange.once("account", unavailable)
        await engine.minute(AAPL=104.0)
        (row,) = await engine.rows(PositionRow, bot_id=bot_id)
        assert row.current_price == 104
