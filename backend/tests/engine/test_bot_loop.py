"""One bot, minute by minute: what it orders, what it waits for, and what it leaves alone."""

from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.orders import OrderType
from tests.engine.exchange import Exchange
from tests.engine.fakes import answer_lost, refused, request_lost, unavailable
from tests.engine.harness import BOUGHT, NO_LEGS, RISK, Engine, LoopClock, hold, turns, until

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
        clock.advance(1.0)
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
        assert stop in exchange.called("get")
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


async def test_a_bot_that_waits_for_an_outcome_can_be_stopped(engine: Engine, exchange: Exchange) -> None:
    """Though nobody answers what became of the leg: keeping what it holds needs no answer."""
    async with engine.running():
        bot_id = await hold(engine)
        exchange.touches = False
        exchange.reachable = False
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
