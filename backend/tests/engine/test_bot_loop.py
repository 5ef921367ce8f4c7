"""One bot, minute by minute: what it orders, what it waits for, and what it leaves alone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from flotilla.db.tables import BotRow
from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.orders import OrderType
from flotilla.engine.supervisor import Supervisor
from tests.engine.fakes import (
    OPEN,
    Exchange,
    Gate,
    answer_lost,
    refused,
    request_lost,
    unavailable,
)
from tests.engine.harness import BOT, NO_LEGS, RISK, Engine, LoopClock, turns, until

BOUGHT = [("entry", "filled"), ("take_profit", "new"), ("stop_loss", "new")]


async def hold(engine: Engine, **changes: Any) -> str:
    """Start a bot and let it buy at 101: stop at 98.98, target at 111.1."""
    bot_id = await engine.start_bot(**changes)
    await engine.minute(AAPL=101.0)
    await engine.minute(AAPL=101.0)
    assert await engine.position(bot_id) is not None
    return bot_id


# --- entries ----------------------------------------------------------------------------------------


async def test_an_entry_goes_out_with_its_legs(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        tau = await engine.minute(AAPL=101.0)
        (sent,) = exchange.called("submit")
        assert (sent.quantity, sent.stop_loss_price, sent.take_profit_price) == (
            49,
            Decimal("98.98"),
            Decimal("111.1"),
        )
        assert sent.client_order_id == f"{bot_id}-1-AAPL-{tau:%Y%m%dT%H%M%S}-entry-1"
        await engine.minute(AAPL=101.0)
        assert await engine.outline(bot_id) == BOUGHT
        position = await engine.position(bot_id)
        assert position is not None
        assert (position.quantity, position.stop_loss_price) == (49, Decimal("98.98"))
        await engine.assert_books_agree(bot_id)


async def test_a_rejected_entry_leaves_the_bot_free(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        exchange.once("submit", refused("insufficient buying power"))
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=101.0)
        assert [status for _, status in await engine.outline(bot_id)] == ["rejected", "filled", "new", "new"]
        await engine.assert_books_agree(bot_id)


async def test_an_entry_under_way_is_not_repeated(engine: Engine, exchange: Exchange) -> None:
    exchange.fills_at_once = False
    async with engine.running():
        bot_id = await engine.start_bot(symbols=["AAPL", "SPY"])
        await engine.minute(AAPL=101.0)
        # A bar of the other symbol: the order may be unfilled yet, and the bot goes on.
        await engine.minute(SPY=90.0)
        exchange.fill(next(iter(exchange.orders)))
        await engine.minute(AAPL=101.0)
        assert len(exchange.called("submit")) == 1
        assert await engine.outline(bot_id) == BOUGHT


async def test_a_late_word_of_a_done_order_does_not_free_the_next_one(
    engine: Engine, exchange: Exchange
) -> None:
    """The exit's fill was learnt by asking; the stream tells it again while the next entry is open."""
    async with engine.running():
        bot_id = await hold(engine, risk_management=NO_LEGS, symbols=["AAPL", "SPY"])
        await engine.minute(AAPL=121.0)
        exit_id = next(o.broker_order_id for o in await engine.orders(bot_id) if o.purpose == "exit")
        exchange.fills_at_once = False
        await engine.minute(AAPL=102.0)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "filled"), ("entry", "new")]
        exchange.trade_updates.send(exchange.update(exit_id))
        await engine.minute(SPY=90.0)
        assert engine.supervisor._loops[bot_id]._book.state.pending.keys() == {"AAPL"}
        # And when that entry has filled, an exit of the past does not sell it.
        exchange.fill(list(exchange.orders)[-1])
        exchange.trade_updates.send(exchange.update(exit_id))
        await engine.booked()
        await engine.minute(SPY=90.0, AAPL=102.0)
        await engine.minute(SPY=90.0, AAPL=102.0)
        assert (await engine.outline(bot_id))[-1] == ("entry", "filled")


# --- waiting for what a bar has decided -------------------------------------------------------------


async def test_a_touched_leg_holds_the_bot_until_its_fill_is_told(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        exchange.touches = False
        exchange.calls.clear()
        tau = exchange.minute(AAPL=(101.0, 101.0, 98.0, 101.5))
        clock.advance(1.9)
        await turns()
        assert tau not in engine.store.taus
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=98.98)
        await engine.done(tau)
        # The stream told it: nothing was asked, and the bot, flat again, could buy at once.
        assert exchange.called("get") == []
        assert await engine.outline(bot_id) == [
            ("entry", "filled"),
            ("take_profit", "canceled"),
            ("stop_loss", "filled"),
            ("entry", "filled"),
            ("take_profit", "new"),
            ("stop_loss", "new"),
        ]


async def test_a_touched_leg_is_asked_for_after_two_seconds(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        exchange.touches = False
        stop = exchange.leg(OrderType.STOP).broker_order_id
        exchange.fill(stop, price=98.98, told=False)
        exchange.calls.clear()
        tau = exchange.minute(AAPL=(101.0, 101.0, 98.0, 98.5))
        await turns()
        assert exchange.called("get") == []
        clock.advance(2.0)
        await engine.done(tau)
        assert exchange.called("get") == [stop]
        assert await engine.position(bot_id) is None


async def test_a_touched_leg_that_did_not_fill_holds_the_bot_no_longer(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    """The bar shows the price, the order book did not reach the order: the broker says so."""
    async with engine.running():
        bot_id = await hold(engine)
        exchange.touches = False
        tau = exchange.minute(AAPL=(101.0, 111.1, 101.0, 121.0))
        await turns()
        clock.advance(2.0)
        # The exit rule holds too: the target is taken back, and the shares are sold.
        await engine.done(tau)
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_while_the_outcome_of_a_touched_leg_is_unknown_nothing_is_decided(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        exchange.touches = False
        exchange.once("get", unavailable, unavailable)
        exchange.calls.clear()
        tau = exchange.minute(AAPL=(101.0, 121.0, 101.0, 121.0))
        for asked in (1, 2):
            await turns()
            clock.advance(2.0)
            await engine.until(lambda n=asked: len(exchange.called("get")) == n)  # type: ignore[misc]
            assert tau not in engine.store.taus
            assert exchange.called("submit") == []
        await turns()
        clock.advance(2.0)
        await engine.done(tau)
        assert (await engine.outline(bot_id))[-1] == ("exit", "filled")


async def test_a_bot_that_waits_for_an_outcome_can_be_stopped(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        exchange.touches = False
        tau = exchange.minute(AAPL=(101.0, 101.0, 98.0, 121.0))
        await turns()
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await engine.done(tau)
        assert await engine.outline(bot_id) == BOUGHT


# --- exits ------------------------------------------------------------------------------------------


async def test_an_exit_takes_the_legs_back_and_sells_what_is_left(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=RISK | {"take_profit_percent": 90.0})
        exchange.calls.clear()
        await engine.minute(AAPL=121.0)
        order_of_calls = [name for name, _ in exchange.calls if name in ("cancel", "submit")]
        assert order_of_calls == ["cancel", "cancel", "submit"]
        assert await engine.outline(bot_id) == [
            ("entry", "filled"),
            ("take_profit", "canceled"),
            ("stop_loss", "canceled"),
            ("exit", "filled"),
        ]
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_a_leg_that_fills_during_its_cancel_makes_the_exit_superfluous(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=RISK | {"take_profit_percent": 90.0})

        async def too_late(carry_out: Any, key: str) -> None:
            exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=98.98)

        exchange.once("cancel", too_late)
        await engine.minute(AAPL=121.0)
        (*_, exit_) = await engine.orders(bot_id)
        assert (exit_.purpose, exit_.status) == ("exit", "not_sent")
        assert exit_.reason == "Its stop or target had filled first."
        assert len(exchange.called("submit")) == 1
        await engine.minute(AAPL=121.0)
        assert len(exchange.called("submit")) == 1
        await engine.assert_books_agree(bot_id)


async def test_a_leg_that_fills_in_part_during_its_cancel_makes_the_exit_smaller(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=RISK | {"take_profit_percent": 90.0})

        async def partly_too_late(carry_out: Any, key: str) -> None:
            exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, 9, 98.98)
            await carry_out(key)

        exchange.once("cancel", partly_too_late)
        await engine.minute(AAPL=121.0)
        (*_, exit_) = await engine.orders(bot_id)
        assert (exit_.purpose, exit_.status, exit_.quantity) == ("exit", "filled", 40)
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_shares_that_a_leg_still_holds_are_not_sold(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    """The cancel is not carried out: the stop stays in place, and the exit is decided anew."""
    async with engine.running():
        bot_id = await hold(engine, risk_management=RISK | {"take_profit_percent": 90.0})
        exchange.once("cancel", request_lost, request_lost)
        tau = exchange.minute(AAPL=121.0)
        await until(lambda: len(exchange.called("cancel")) == 2)
        await turns()
        clock.advance(2.0)
        await engine.done(tau)
        assert len(exchange.called("submit")) == 1
        assert (await engine.outline(bot_id))[-1] == ("exit", "not_sent")
        # Its rule says nothing any more, but the exit was decided.
        await engine.minute(AAPL=115.0)
        assert (await engine.outline(bot_id))[-2:] == [("exit", "not_sent"), ("exit", "filled")]
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


@pytest.mark.parametrize("trouble", [refused("insufficient qty available for order"), request_lost])
async def test_an_exit_that_did_not_happen_is_decided_anew(
    engine: Engine, exchange: Exchange, clock: LoopClock, trouble: Any
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=NO_LEGS)
        exchange.once("submit", trouble)
        tau = exchange.minute(AAPL=121.0)
        for _ in range(6):
            clock.advance(4.0)
            await turns()
        await engine.until(lambda: tau in engine.store.taus or bool(clock.advance(4.0)))
        assert await engine.position(bot_id) is not None
        await engine.minute(AAPL=115.0)
        assert await engine.position(bot_id) is None
        first, second = [o for o in await engine.orders(bot_id) if o.purpose == "exit"]
        assert first.status in ("rejected", "not_sent")
        assert (second.status, first.client_order_id != second.client_order_id) == ("filled", True)


async def test_an_exit_whose_answer_is_lost_is_not_repeated(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=NO_LEGS)
        exchange.once("submit", answer_lost)
        exchange.trade_updates.away = True
        tau = exchange.minute(AAPL=121.0)
        await engine.until(lambda: tau in engine.store.taus or bool(clock.advance(0.2)))
        await engine.minute(AAPL=121.0)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "filled")]
        await engine.assert_books_agree(bot_id)


async def test_a_position_whose_legs_the_broker_dropped_is_sold(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await exchange.cancel_group(exchange.leg(OrderType.STOP).broker_order_id)
        await engine.booked()
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_id))[-1] == ("exit", "filled")
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


# --- stopping ---------------------------------------------------------------------------------------


async def test_stop_and_keep_leaves_the_position_and_its_protection(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await engine.minute(AAPL=105.0)
        assert await engine.outline(bot_id) == BOUGHT
        position = await engine.position(bot_id)
        assert position is not None
        assert position.current_price == 105, "what is held is marked, though its bot is stopped"
        # Nobody runs the bot, but the stop at the broker guards, and its fill is booked.
        exchange.minute(AAPL=(105.0, 105.0, 98.0, 98.5))
        await until(lambda: not exchange.held["AAPL"])
        while await engine.position(bot_id) is not None:
            await turns()
        await engine.assert_books_agree(bot_id)


async def test_stop_and_flatten_sells_and_then_stops(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        exchange.fills_at_once = False
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPING)
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_id))[-1] == ("flatten", "new")
        # The fill ends the bot, not the next minute: it may be the session's last.
        exchange.fill(list(exchange.orders)[-1])
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_a_flat_bot_stops_at_once_whatever_is_asked(engine: Engine) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPED)


async def test_a_killed_flatten_goes_on_after_the_restart(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPING)
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.STOPPING)
        await engine.minute(AAPL=101.0)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert (await engine.outline(bot_id))[-1] == ("flatten", "filled")


# --- restarts ---------------------------------------------------------------------------------------


def held_state(supervisor: Supervisor, bot_id: str) -> dict[str, Any]:
    state = supervisor._loops[bot_id]._book.state
    return {name: getattr(state, name) for name in state.__slots__}


async def test_the_state_after_a_restart_has_identical_doubles(engine: Engine, exchange: Exchange) -> None:
    async with engine.running() as first:
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"])
        closes = [101.13, 104.57, 121.31, 100.93, 103.29, 117.77, 101.01]
        for close in closes:
            await engine.minute(AAPL=close, MSFT=close * 1.0137)
        before = held_state(first, bot_id)
        assert before["holdings"]
        assert len(await engine.fills(bot_id)) > 4
    async with engine.running() as second:
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await until(lambda: bot_id in second._loops)
        assert held_state(second, bot_id) == before
        bot = await engine.bot(bot_id)
        assert abs(float(bot.cash) - before["cash"]) < 1e-6


async def test_a_stop_that_filled_after_the_last_step_counts_in_the_next_day(
    engine: Engine, exchange: Exchange
) -> None:
    """A day starts from the equity after the last step of the day before, restart or not."""
    async with engine.running() as first:
        bot_id = await hold(engine)
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=90)
        await engine.booked()
        closing = held_state(first, bot_id)["closing_equity"]
        assert closing == 10_000.0
    exchange.now = OPEN + timedelta(days=1)
    async with engine.running() as second:
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=90.0)
        assert held_state(second, bot_id)["day_baseline"] == closing
        assert (await engine.bot(bot_id)).day_pnl == -11 * 49


async def test_a_change_of_capital_is_no_loss_of_the_day(engine: Engine, exchange: Exchange) -> None:
    risk = NO_LEGS | {"daily_loss_limit_percent": 3.0}
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=risk)
        await engine.minute(AAPL=90.0)
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        async with engine.database.transaction() as session:
            changes = {"capital": 5000, "cash": 5000, "version": 2}
            await session.execute(update(BotRow).where(BotRow.id == bot_id).values(changes))
        await engine.want(bot_id, "running")
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_id)) == [("entry", "filled")]
        assert (await engine.bot(bot_id)).day_pnl == 0


async def test_a_step_repeated_after_a_crash_sends_nothing_twice(engine: Engine, exchange: Exchange) -> None:
    """The order was written and sent; the checkpoint that says so is lost, and the minute comes again."""
    async with engine.running():
        bot_id = await engine.start_bot()
        exchange.fills_at_once = False
        before = (await engine.bot(bot_id)).checkpoint
        tau = await engine.minute(AAPL=101.0)
    async with engine.database.transaction() as session:
        await session.execute(update(BotRow).where(BotRow.id == bot_id).values(checkpoint=before))
    await exchange.cancel_group(next(iter(exchange.orders)))
    exchange.now = tau - timedelta(minutes=1)
    exchange.history.minutes["AAPL"].pop()
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        engine.store.taus.clear()
        assert await engine.minute(AAPL=101.0) == tau
        assert len(exchange.called("submit")) == 1
        assert await engine.outline(bot_id) == [
            ("entry", "canceled"),
            ("take_profit", "canceled"),
            ("stop_loss", "canceled"),
        ]
        # Nothing is pending: the next bar is decided on as usual.
        exchange.fills_at_once = True
        await engine.minute(AAPL=101.0)
        assert len(exchange.called("submit")) == 2


async def test_after_an_exit_was_cut_short_the_position_is_sold_at_the_next_step(
    engine: Engine, exchange: Exchange
) -> None:
    """It dies after the legs are cancelled, before the sale is sent: nothing protects the shares."""
    async with engine.running():
        bot_id = await hold(engine, risk_management=RISK | {"take_profit_percent": 90.0})

        async def die(carry_out: Any, key: str) -> None:
            await carry_out(key)
            assert engine.task is not None
            engine.task.cancel()

        exchange.once("cancel", die)
        exchange.minute(AAPL=121.0)
        assert engine.task is not None
        await until(engine.task.done)
    assert exchange.held["AAPL"] == 49
    assert exchange.leg(OrderType.STOP).status == "canceled"
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        assert (await engine.outline(bot_id))[-1] == ("exit", "not_sent")
        await engine.minute(AAPL=105.0)
        exits = [order for order in await engine.orders(bot_id) if order.purpose == "exit"]
        assert [order.status for order in exits] == ["not_sent", "filled"]
        assert exits[0].client_order_id != exits[1].client_order_id
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_an_exit_that_was_decided_before_a_crash_still_happens(
    engine: Engine, exchange: Exchange
) -> None:
    """No stop and no target: only the decision that was cut short would ever have sold."""
    async with engine.running():
        bot_id = await hold(engine, risk_management=NO_LEGS)

        async def die(carry_out: Any, order: Any) -> None:
            assert engine.task is not None
            engine.task.cancel()
            await turns()

        exchange.once("submit", die)
        exchange.minute(AAPL=121.0)
        assert engine.task is not None
        await until(engine.task.done)
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=105.0)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "not_sent"), ("exit", "filled")]


# --- time -------------------------------------------------------------------------------------------


async def test_a_bot_decides_on_what_was_known_at_tau_however_late_it_is(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    """While it waits for an outcome, later bars arrive: they are not part of the earlier decision."""
    rules = {"entry": BOT["rules"]["entry"], "exit": BOT["rules"]["exit"]}
    async with engine.running():
        bot_id = await hold(engine, rules=rules)
        exchange.touches = False
        exchange.once("get", unavailable)
        first = exchange.minute(AAPL=(101.0, 101.0, 98.0, 102.0))
        second = exchange.minute(AAPL=121.0)
        await turns()
        clock.advance(2.0)
        await until(lambda: len(exchange.called("get")) > 0)
        clock.advance(2.0)
        await engine.until(lambda: first in engine.store.taus)
        exits = [o for o in await engine.orders(bot_id) if o.purpose == "exit"]
        assert exits == [], "at the first minute the close was 102, and no exit rule held"
        await engine.until(lambda: second in engine.store.taus or bool(clock.advance(2.0)))
        (exit_,) = [o for o in await engine.orders(bot_id) if o.purpose == "exit"]
        assert exit_.tau == second


async def test_a_bot_that_lags_far_behind_the_market_buys_nothing(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"])
        await engine.minute(AAPL=101.0, MSFT=90.0)
        await engine.minute(AAPL=101.0, MSFT=90.0)
        exchange.touches = False
        exchange.once("get", *[unavailable] * 3)
        exchange.minute(AAPL=(101.0, 101.0, 98.0, 101.0), MSFT=101.0)
        for _ in range(7):
            last = exchange.minute(AAPL=101.0, MSFT=90.0)
        await engine.until(lambda: last in engine.store.taus or bool(clock.advance(1.0)))
        refused_for = {d.refusal for d in await engine.decisions(bot_id) if d.symbol == "MSFT"}
        assert "STALE_DATA" in refused_for
        assert {order.symbol for order in await engine.orders(bot_id)} == {"AAPL"}


async def test_a_minute_that_closes_while_the_bot_starts_is_not_decided_on(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        first = await engine.start_bot(symbols=["SPY"])
        exchange.history.once("bars", nothing_yet := Gate())
        second = await engine.add_bot()
        await engine.want(second, "running")
        await until(lambda: nothing_yet.reached)
        await engine.minute(AAPL=101.0, SPY=90.0)
        nothing_yet.open.set()
        await engine.until_status(second, BotStatus.RUNNING)
        assert await engine.orders(second) == []
        await engine.minute(AAPL=101.0, SPY=90.0)
        assert (await engine.outline(second))[0] == ("entry", "filled")
        assert (await engine.bot(first)).status == "running"


async def test_a_bot_whose_history_cannot_be_had_keeps_asking(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    exchange.history.once("bars", unavailable, unavailable)
    async with engine.running():
        bot_id = await engine.add_bot()
        await engine.want(bot_id, "running")
        for asked in (1, 2):
            await until(lambda n=asked: len(exchange.history.called("bars")) == n)  # type: ignore[misc]
            await turns()
            assert (await engine.bot(bot_id)).status == "starting"
            clock.advance(1.0)
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert exchange.bar_stream.subscribed == set()
