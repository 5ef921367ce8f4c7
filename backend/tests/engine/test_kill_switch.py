"""The kill switch: from the moment it is known nothing enters, what is protected stays so, what is to be
closed is closed once; over restarts, in the middle of a step, and while everything waits."""

import asyncio
import time
from typing import Any

import pytest

from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.orders import OrderType
from tests.engine.exchange import Exchange
from tests.engine.fakes import Gate, answer_lost, paused, request_lost, unavailable
from tests.engine.harness import BOUGHT, NO_LEGS, Engine, LoopClock, hold, turns, until


async def test_no_bot_enters_until_it_is_released(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        first = await engine.start_bot()
        second = await engine.start_bot(symbols=["MSFT"])
        await engine.kill()
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert exchange.called("submit") == []
        assert {d.refusal for bot in (first, second) for d in await engine.decisions(bot)} == {"NOT_RUNNING"}
        assert (await engine.bot(first)).status == "running"
        await engine.release()
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert await engine.outline(first) == await engine.outline(second) == BOUGHT
        await engine.assert_books_agree(first, second)


async def test_open_entries_are_taken_back_and_protection_stays(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        holds = await hold(engine, symbols=["AAPL"])
        exchange.fills_at_once = False
        enters = await engine.start_bot(symbols=["MSFT"])
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert (await engine.outline(enters))[0] == ("entry", "new")
        await engine.kill()
        await until_done(engine, enters)
        assert [status for _, status in await engine.outline(enters)] == 3 * ["canceled"]
        assert await engine.outline(holds) == BOUGHT, "what protects a position stays"
        exchange.minute(AAPL=(101.0, 101.0, 98.0, 98.5), MSFT=101.0)
        await until_flat(engine, holds)
        await engine.assert_books_agree(holds, enters)


async def test_in_the_middle_of_a_step_an_entry_that_was_decided_is_not_sent(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        exchange.fills_at_once = False
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"])
        exchange.once("submit", first := Gate())
        tau = exchange.minute(AAPL=101.0, MSFT=101.0)
        await until(lambda: first.reached)
        await engine.kill()
        first.open.set()
        await engine.done(tau)
        await until_done(engine, bot_id)
        assert len(exchange.called("submit")) == 1
        orders = {row.symbol: row for row in await engine.orders(bot_id) if row.purpose == "entry"}
        refused = orders["MSFT"]
        assert (refused.status, refused.reason) == ("not_sent", "The account's kill switch is on.")
        await engine.assert_books_agree(bot_id)


@pytest.mark.parametrize("fault", [answer_lost, request_lost])
async def test_an_entry_without_an_answer_is_taken_back_when_it_is_known(
    engine: Engine, exchange: Exchange, clock: LoopClock, fault: Any
) -> None:
    exchange.fills_at_once = False
    async with engine.running():
        bot_id = await engine.start_bot()
        exchange.once("submit", fault)
        exchange.minute(AAPL=101.0)
        await until(lambda: len(exchange.called("submit")) == 1)
        await engine.kill()
        for _ in range(100):
            entry, *_ = await engine.outline(bot_id)
            if entry[1] in ("canceled", "not_sent"):
                break
            clock.advance(0.5)
            await turns()
        await engine.booked()
        await engine.assert_books_agree(bot_id)


async def test_flattening_closes_what_the_bots_hold_without_waiting_for_a_minute(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        runs = await hold(engine)
        stopped = await hold(engine)
        await engine.want(stopped, "stopped", OnStop.KEEP)
        await engine.until_status(stopped, BotStatus.STOPPED)
        await engine.minute(AAPL=101.0)
        await engine.kill(flatten=True)
        await until_flat(engine, runs)
        # The one that was stopped has no minute behind it: it sells at the next.
        await engine.until_status(stopped, BotStatus.STOPPING)
        await engine.minute(AAPL=101.0)
        await until_flat(engine, stopped)
        await engine.until_status(stopped, BotStatus.STOPPED)
        for bot_id in (runs, stopped):
            assert (await engine.outline(bot_id))[-1] == ("flatten", "filled")
            assert {status for _, status in (await engine.outline(bot_id))[1:3]} == {"canceled"}
        await engine.minute(AAPL=101.0)
        assert len(exchange.called("submit")) == 4, "each is sold once, and nobody buys again"
        assert (await engine.bot(runs)).status == "running"
        await engine.assert_books_agree(runs, stopped)


async def test_it_is_acted_on_after_a_restart(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        holds = await hold(engine, risk_management=NO_LEGS)
        exchange.fills_at_once = False
        enters = await engine.start_bot(symbols=["MSFT"])
        await engine.minute(AAPL=101.0, MSFT=101.0)
        await engine.want(holds, "stopped", OnStop.KEEP)
        await engine.until_status(holds, BotStatus.STOPPED)
        exchange.once("cancel", unanswered := Gate())
        await engine.kill(flatten=True)
        await until(lambda: unanswered.reached)
    exchange.fills_at_once = True
    async with engine.running():
        await until_done(engine, enters)
        await engine.until_status(holds, BotStatus.STOPPING)
        await engine.minute(AAPL=101.0, MSFT=101.0)
        await until_flat(engine, holds)
        assert (await engine.outline(enters))[0] == ("entry", "canceled")
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert len(exchange.called("submit")) == 3
        await engine.assert_books_agree(holds, enters)


async def test_it_is_acted_on_while_a_bot_waits_for_an_outcome_and_another_for_its_history(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        waits = await hold(engine)
        stop = exchange.leg(OrderType.STOP).broker_order_id
        exchange.fills_at_once = False
        enters = await engine.start_bot(symbols=["MSFT"])
        await engine.minute(AAPL=101.0, MSFT=101.0)
        exchange.touches = False
        exchange.once("get", *[unavailable] * 50)
        exchange.minute(AAPL=(101.0, 101.0, 98.0, 101.0), MSFT=90.0)  # its stop must have been filled
        exchange.history.once("bars", hangs := Gate())
        third = await engine.add_bot(symbols=["SPY"])
        await engine.want(third, "running")
        await until(lambda: hangs.reached)
        await engine.kill()
        await until(lambda: exchange.by_client_id(entry_of(exchange)).status == "canceled")
        exchange.forget("get")
        hangs.open.set()
        exchange.fill(stop, price=98.98)
        await until_done(engine, enters)
        await until_flat(engine, waits)
        clock.advance(2.0)
        await engine.assert_books_agree(waits, enters)


async def test_a_bot_in_error_is_flattened_and_keeps_its_reason(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.store.set_status(bot_id, BotStatus.ERROR, "it broke")
    async with engine.running():
        await turns()
        await engine.kill(flatten=True)
        loops = engine.supervisor._loops
        await until(lambda: bot_id in loops and loops[bot_id]._following)
        await engine.minute(AAPL=101.0)
        await until_flat(engine, bot_id)
        await until(lambda: bot_id not in loops)
        bot = await engine.bot(bot_id)
        assert (bot.status, bot.status_reason) == ("error", "it broke")
        await engine.assert_books_agree(bot_id)


async def test_a_switch_turned_on_while_the_broker_is_slow_holds_up_no_protection(
    engine: Engine, exchange: Exchange
) -> None:
    answer = asyncio.Event()
    async with engine.running():
        holds = await hold(engine)
        exchange.fills_at_once = False
        enters = await engine.start_bot(symbols=["MSFT"])
        await engine.minute(AAPL=101.0, MSFT=101.0)
        exchange.once("cancel", paused(answer))
        await engine.kill()
        await engine.minute(AAPL=(101.0, 101.0, 98.0, 98.5), MSFT=90.0)
        await until_flat(engine, holds)
        answer.set()
        await until_done(engine, enters)
        await engine.assert_books_agree(holds, enters)


def entry_of(exchange: Exchange) -> str:
    """The client order id of the newest entry that was sent."""
    sent: str = exchange.called("submit")[-1].client_order_id
    return sent


async def until_done(engine: Engine, bot_id: str) -> None:
    """Return when the bot has no open order."""
    deadline = time.monotonic() + 8
    while [row for row in await engine.orders(bot_id) if row.status in ("new", "pending_submit", "held")]:
        assert time.monotonic() < deadline, await engine.outline(bot_id)
        await turns()
    await engine.booked()


async def until_flat(engine: Engine, bot_id: str) -> None:
    deadline = time.monotonic() + 8
    while await engine.position(bot_id) is not None:
        assert time.monotonic() < deadline, await engine.outline(bot_id)
        await turns()
    await until_done(engine, bot_id)
