"""A running bot is edited: when the new version takes over, and what stays as it was."""

from typing import Any

import pytest

from flotilla.domain.bots import BotStatus
from tests.builders import condition, constant, every, price
from tests.engine.exchange import Exchange
from tests.engine.fakes import Gate, unavailable
from tests.engine.harness import BOUGHT, NO_LEGS, RISK, Engine, LoopClock, hold, turns, until
from tests.engine.test_bot_life import guarded

__all__ = ["guarded"]

EXITS_ABOVE_110 = {
    "entry": every(condition(price(), "above", constant(100)), condition(price(), "below", constant(105))),
    "exit": every(condition(price(), "above", constant(110))),
}


async def test_the_new_version_decides_from_the_next_minute(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=NO_LEGS)
        await engine.edit(bot_id, rules=EXITS_ABOVE_110, risk_management=NO_LEGS)
        await engine.until_version(bot_id, 2)
        await engine.minute(AAPL=112.0)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "filled")]
        assert [row.bot_version for row in await engine.orders(bot_id)] == [1, 2]
        versions = [(row.bot_version, row.outcome) for row in await engine.decisions(bot_id)]
        assert versions[-1] == (2, "exit")
        assert versions[0] == (1, "enter")
        assert (await engine.bot(bot_id)).status == "running"
        await engine.assert_books_agree(bot_id)


async def test_until_its_history_is_there_the_old_version_goes_on(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS)
        exchange.history.once("bars", unavailable, slow := Gate())
        await engine.edit(bot_id, symbols=["MSFT"], risk_management=NO_LEGS)
        await until(lambda: len(exchange.history.called("bars")) == 2)
        clock.advance(1.0)
        await until(lambda: slow.reached)
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert [row.symbol for row in await engine.orders(bot_id)] == ["AAPL"]
        slow.open.set()
        await engine.until_version(bot_id, 2)
        await engine.minute(AAPL=102.0, MSFT=101.0)
        assert [row.symbol for row in await engine.orders(bot_id)] == ["AAPL", "MSFT"]
        # A removed symbol is only left.
        await engine.minute(AAPL=121.0, MSFT=102.0)
        await engine.minute(AAPL=101.0, MSFT=102.0)
        told = [(row.symbol, row.purpose) for row in await engine.orders(bot_id)]
        assert told == [("AAPL", "entry"), ("MSFT", "entry"), ("AAPL", "exit")]
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await until(lambda: exchange.bar_stream.subscribed == {"MSFT"})  # it is held, and marked
        await engine.assert_books_agree(bot_id)


async def test_an_open_position_keeps_its_stop_its_target_and_its_time_stop(
    engine: Engine, exchange: Exchange
) -> None:
    timed = RISK | {"time_stop_minutes": 3}
    async with engine.running():
        bot_id = await hold(engine, risk_management=timed)
        before = {row.purpose: (row.stop_price, row.limit_price) for row in await engine.orders(bot_id)}
        changed = RISK | {"time_stop_minutes": 1, "stop_loss_percent": 5.0, "take_profit_percent": 1.0}
        await engine.edit(bot_id, risk_management=changed)
        await engine.until_version(bot_id, 2)
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=101.0)
        assert await engine.outline(bot_id) == BOUGHT
        after = {row.purpose: (row.stop_price, row.limit_price) for row in await engine.orders(bot_id)}
        assert after == before
        await engine.minute(AAPL=101.0)  # the third of its own version
        assert (await engine.outline(bot_id))[-1] == ("exit", "filled")
        await engine.assert_books_agree(bot_id)


async def test_an_edit_may_apply_to_what_is_open(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.edit(bot_id, risk_management=RISK | {"time_stop_minutes": 1}, apply_to_open=True)
        await engine.until_version(bot_id, 2)
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_id))[-1] == ("exit", "filled")
        assert (await engine.orders(bot_id))[-1].decided_reason == "time_stop"


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("apply_to_open", [False, True])
async def test_protection_that_the_engine_holds_is_moved_only_when_told_to(
    engine: Engine, exchange: Exchange, apply_to_open: bool
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        looser = RISK | {"stop_loss_percent": 5.0}
        await engine.edit(bot_id, risk_management=looser, apply_to_open=apply_to_open)
        await engine.until_version(bot_id, 2)
        await engine.minute(AAPL=(101.0, 101.0, 98.0, 99.0))  # 3 % below: between the two stops
        assert (await engine.position(bot_id) is not None) is apply_to_open


@pytest.mark.parametrize("apply_to_open", [False, True])
@pytest.mark.parametrize("takes_over", [False, True])
async def test_a_crash_around_the_take_over_resends_nothing(
    engine: Engine, exchange: Exchange, apply_to_open: bool, takes_over: bool
) -> None:
    exchange.fills_at_once = False
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS | {"time_stop_minutes": 5})
        await engine.minute(AAPL=101.0)
        if not takes_over:
            exchange.history.once("bars", never := Gate())
        changed = NO_LEGS | {"time_stop_minutes": 2}
        change: dict[str, Any] = {"risk_management": changed, "rules": EXITS_ABOVE_110}
        symbols = ["AAPL", "MSFT"]
        await engine.edit(bot_id, symbols=symbols, capital="12000", apply_to_open=apply_to_open, **change)
        if takes_over:
            await engine.until_version(bot_id, 2)
        else:
            await until(lambda: never.reached)
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        exchange.fill(next(iter(exchange.orders)))
        await engine.booked()
        exchange.fills_at_once = True
        await engine.minute(AAPL=106.0)  # its time begins
        await engine.minute(AAPL=106.0)
        assert len(exchange.called("submit")) == 1
        await engine.minute(AAPL=106.0)
        assert (len(exchange.called("submit")) == 2) is apply_to_open
        await engine.minute(AAPL=111.0)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "filled")]
        state = engine.supervisor._loops[bot_id]._book.state
        bot = await engine.bot(bot_id)
        assert (float(bot.capital), float(bot.cash)) == (state.capital, pytest.approx(state.cash))
        assert len({row.client_order_id for row in await engine.orders(bot_id)}) == 2


async def test_a_change_of_capital_is_a_transfer_while_it_runs(engine: Engine, exchange: Exchange) -> None:
    risk = NO_LEGS | {"daily_loss_limit_percent": 3.0}
    async with engine.running():
        bot_id = await hold(engine, risk_management=risk)
        await engine.edit(bot_id, capital="20000", risk_management=risk)
        await engine.until_version(bot_id, 2)
        await engine.minute(AAPL=102.0)
        bot = await engine.bot(bot_id)
        state = engine.supervisor._loops[bot_id]._book.state
        assert bot.day_pnl == 49
        assert (state.equity, float(bot.cash)) == (20_049.0, 20_000.0 - 49 * 101)
        await engine.assert_books_agree(bot_id, capital=20_000)


async def test_of_two_edits_the_newer_is_taken_over(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        exchange.history.once("bars", slow := Gate())
        await engine.edit(bot_id, symbols=["MSFT"])
        await until(lambda: slow.reached)
        await engine.edit(bot_id, symbols=["SPY"])
        await until(lambda: engine.supervisor._loops[bot_id].version == 3)
        slow.open.set()
        await engine.until_version(bot_id, 3)
        await turns()
        await engine.minute(AAPL=90.0, MSFT=101.0, SPY=101.0)
        assert {row.symbol for row in await engine.orders(bot_id)} == {"SPY"}
        await until(lambda: exchange.bar_stream.subscribed == {"SPY"})


async def test_a_bot_that_is_paused_or_waits_takes_an_edit_over(engine: Engine, clock: LoopClock) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.want(bot_id, "paused")
        await engine.until_status(bot_id, BotStatus.PAUSED)
        await engine.edit(bot_id, rules=EXITS_ABOVE_110)
        await engine.until_version(bot_id, 2)
        await engine.minute(AAPL=101.0)
        assert await engine.orders(bot_id) == []
        await engine.want(bot_id, "running")
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_id))[0] == ("entry", "filled")
