"""The broker is away, or was: what goes on, what waits, and what is asked for before anyone decides."""

import asyncio

from flotilla.domain.bots import BotStatus
from flotilla.domain.market import MINUTE
from flotilla.domain.orders import OrderType
from tests.engine.exchange import Exchange
from tests.engine.fakes import Gate
from tests.engine.harness import NO_LEGS, Engine, LoopClock, turns, until

# Its rule asks for an indicator that the bot does not have.

# --- the broker is away -----------------------------------------------------------------------------


async def test_the_engine_waits_for_a_broker_that_is_slow_to_start(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    exchange.reachable = False
    bot_id = await engine.add_bot()
    await engine.want(bot_id, "running")
    async with engine.running():
        asked = exchange.called
        await engine.until(lambda: len(asked("market_state")) > 2 or bool(clock.advance(0.1)))
        # Meanwhile the page can tell that the engine lives, and that the market does not answer.
        state = await engine.state()
        assert state.heartbeat_at is not None
        assert not state.connected
        assert (await engine.bot(bot_id)).status == "stopped"
        exchange.reachable = True
        await engine.until(
            lambda: engine.store.status(bot_id) is BotStatus.RUNNING or bool(clock.advance(0.1))
        )
        await engine.minute(AAPL=101.0)
        state = await engine.state()
        assert state.connected
        assert (state.market_source, state.market_rate) == ("test", 1.0)


async def test_bots_go_on_while_the_broker_does_not_answer(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        holder = await engine.start_bot()
        await engine.minute(AAPL=101.0)
        buyer = await engine.start_bot(symbols=["MSFT"], risk_management=NO_LEGS)
        exchange.reachable = False
        clock.advance(2.0)
        await until(lambda: exchange.calls[-1][0] == "market_state")
        sent = len(exchange.called("submit"))
        tau = exchange.minute(AAPL=101.0, MSFT=101.0)
        await engine.until(lambda: tau in engine.store.taus or bool(clock.advance(0.1)))
        assert len(exchange.called("submit")) == sent + 1
        assert await engine.outline(buyer) == [("entry", "pending_submit")]
        tau = exchange.minute(AAPL=101.0, MSFT=101.0)
        await engine.until(lambda: tau in engine.store.taus or bool(clock.advance(0.1)))
        assert len(exchange.called("submit")) == sent + 1, "nobody knows what became of the first"
        state = await engine.state()
        assert not state.connected

        exchange.reachable = True
        clock.advance(60.0)  # the next reconciliation
        await engine.until(lambda: bool(engine.store.closed))
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert await engine.outline(buyer) == [("entry", "not_sent"), ("entry", "filled")]
        statuses = [(await engine.bot(bot_id)).status for bot_id in (holder, buyer)]
        assert statuses == ["running", "running"]


async def test_an_unknown_outcome_is_asked_for_again_soon(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    """Neither the request nor any of the questions after it was answered: the next is not a minute away."""
    async with engine.running():
        buyer = await engine.start_bot(risk_management=NO_LEGS)
        exchange.reachable = False
        tau = exchange.minute(AAPL=101.0)
        await engine.until(lambda: tau in engine.store.taus or bool(clock.advance(0.1)))
        assert await engine.outline(buyer) == [("entry", "pending_submit")]
        exchange.reachable = True
        clock.advance(5.0)
        await engine.until(lambda: bool(engine.store.closed))
        await engine.minute(AAPL=101.0)
        assert await engine.outline(buyer) == [("entry", "not_sent"), ("entry", "filled")]


# --- reconciliation comes first ---------------------------------------------------------------------


async def test_no_bot_decides_before_the_books_are_the_brokers(engine: Engine, exchange: Exchange) -> None:
    """While the engine was down, the stop filled: the bot must not believe that it holds."""
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.minute(AAPL=101.0)
    exchange.minute(AAPL=(101.0, 101.0, 98.0, 98.5))
    exchange.once("open_orders", gate := Gate())
    async with engine.running():
        await until(lambda: gate.reached)
        exchange.minute(AAPL=101.0)
        await turns()
        assert engine.store.statuses == []
        gate.open.set()
        await engine.until_status(bot_id, BotStatus.RUNNING)
        assert await engine.position(bot_id) is None
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=101.0)
        assert [purpose for purpose, _ in await engine.outline(bot_id)] == [
            "entry",
            "take_profit",
            "stop_loss",
        ] * 2
        await engine.assert_books_agree(bot_id)


async def test_after_a_reconnection_no_bot_decides_before_what_was_missed_is_booked(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.minute(AAPL=101.0)
        exchange.trade_updates.away = True
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=98.98)
        exchange.once("open_orders", gate := Gate())
        exchange.trade_updates.reconnect()
        await until(lambda: gate.reached)
        tau = exchange.minute(AAPL=101.0)
        await asyncio.sleep(0.2)  # time enough to decide too early
        gate.open.set()
        await engine.done(tau)
        # It knew that it was flat, and bought again.
        entries = [order for order in await engine.orders(bot_id) if order.purpose == "entry"]
        assert [order.tau for order in entries] == [tau - MINUTE, tau]
        await engine.assert_books_agree(bot_id)


async def test_a_bot_that_waits_for_the_books_can_be_stopped(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        exchange.once("open_orders", gate := Gate())
        exchange.trade_updates.reconnect()
        await until(lambda: gate.reached)
        exchange.minute(AAPL=101.0)
        await turns()
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert await engine.orders(bot_id) == []


async def test_the_timer_finds_what_no_stream_told(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.minute(AAPL=101.0)
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=98.98, told=False)
        clock.advance(60.0)
        while await engine.position(bot_id) is not None:
            await turns()
        await engine.assert_books_agree(bot_id)
