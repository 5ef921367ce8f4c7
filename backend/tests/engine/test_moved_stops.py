"""Stops that move at the broker, lots, shorts, and protection that the engine holds, in a running engine."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.bots import BotStatus
from flotilla.domain.orders import Order, OrderType
from tests.engine.exchange import Exchange
from tests.engine.fakes import answer_lost, paused, refused, request_lost
from tests.engine.harness import BOUGHT, NO_LEGS, RISK, SHORT, Engine, LoopClock, hold, turns, until

# Buys at 101; its stop follows the best price at 2 %, its target is out of reach.
TRAILING = RISK | {"take_profit_percent": 40.0, "trailing_stop_percent": 2.0}
LOTS = TRAILING | {"position_percent": 30, "scale_in_steps": 1, "scale_in_distance_percent": 2.0}


async def stops(engine: Engine, bot_id: str) -> list[tuple[str, Decimal | None]]:
    """The status and price of every stop that the bot had, oldest first."""
    return [(o.status, o.stop_price) for o in await engine.orders(bot_id) if o.purpose == "stop_loss"]


# --- moving -----------------------------------------------------------------------------------------


async def test_a_trailing_stop_takes_the_place_of_the_one_before(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)
        await engine.minute(AAPL=105.0)
        assert await stops(engine, bot_id) == [("replaced", Decimal("98.98")), ("new", Decimal("102.9"))]
        position = await engine.position(bot_id)
        assert position is not None
        assert position.stop_loss_price == Decimal("102.9")
        await engine.minute(AAPL=104.0)
        assert len(exchange.called("replace")) == 1, "it moves one way"
        await engine.minute(AAPL=(104.0, 104.0, 98.0, 98.5))
        assert (await engine.fills(bot_id))[-1].price == Decimal("102.9")
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_a_stop_that_the_broker_does_not_move_is_tried_again_at_the_next_price(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)
        exchange.once("replace", refused("cannot replace order in accepted status"))
        await engine.minute(AAPL=105.0)
        await engine.minute(AAPL=105.0)
        assert len(exchange.called("replace")) == 1, "the same price is not asked for again"
        position = await engine.position(bot_id)
        assert position is not None
        assert position.stop_loss_price == Decimal("98.98")
        (row,) = [o for o in await engine.orders(bot_id) if o.status == "rejected"]
        assert row.reason == "cannot replace order in accepted status"
        await engine.minute(AAPL=110.0)
        assert (await stops(engine, bot_id))[-1] == ("new", Decimal("107.8"))
        await engine.minute(AAPL=121.0)
        await engine.assert_books_agree(bot_id)


async def test_a_replacement_whose_answer_is_lost_is_not_repeated(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)
        exchange.once("replace", answer_lost)
        await engine.minute(AAPL=105.0)
        assert (await stops(engine, bot_id))[-1] == ("new", Decimal("102.9"))
        assert len(exchange.called("replace")) == 1
        await engine.assert_books_agree(bot_id)


async def test_a_replacement_that_never_arrived_is_made_at_the_next_step(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)
        exchange.once("replace", request_lost)
        tau = exchange.minute(AAPL=105.0)
        await engine.until(lambda: tau in engine.store.taus or bool(clock.advance(0.5)))
        assert [status for status, _ in await stops(engine, bot_id)] == ["new", "not_sent"]
        await engine.minute(AAPL=105.0)
        assert (await stops(engine, bot_id))[-1] == ("new", Decimal("102.9"))
        await engine.assert_books_agree(bot_id)


async def test_a_stop_may_fill_while_it_is_being_moved(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)

        async def fills_first(carry_out: Callable[..., Any], key: str, order: Order) -> Any:
            exchange.fill(key, price=98.98, told=False)
            return await carry_out(key, order)

        exchange.once("replace", fills_first)
        await engine.minute(AAPL=105.0)
        assert [status for status, _ in await stops(engine, bot_id)] == ["filled", "rejected"]
        assert await engine.position(bot_id) is None
        exchange.trade_updates.reconnect()  # its target's end was not told either
        await engine.minute(AAPL=90.0)
        await engine.assert_books_agree(bot_id)


async def test_what_the_stream_tells_before_the_answer_is_the_same(
    engine: Engine, exchange: Exchange
) -> None:
    answer = asyncio.Event()
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)
        exchange.once("replace", paused(answer))
        tau = exchange.minute(AAPL=105.0)
        await until(lambda: len(exchange.called("replace")) == 1)
        await engine.booked()
        assert await stops(engine, bot_id) == [("replaced", Decimal("98.98")), ("new", Decimal("102.9"))]
        answer.set()
        await engine.done(tau)
        await engine.minute(AAPL=105.0)
        assert await engine.position(bot_id) is not None
        await engine.assert_books_agree(bot_id)


async def test_a_stop_moved_by_hand_at_the_broker_is_the_positions_stop(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)
        key = exchange.leg(OrderType.STOP).broker_order_id
        exchange.successor(key, "by-hand", stop=Decimal("100.5"))
        await engine.booked()
        await engine.minute(AAPL=101.5)
        assert await stops(engine, bot_id) == [("replaced", Decimal("98.98")), ("new", Decimal("100.5"))]
        position = await engine.position(bot_id)
        assert position is not None
        assert position.stop_loss_price == Decimal("100.5")
        await engine.minute(AAPL=110.0)
        assert (await stops(engine, bot_id))[-1] == ("new", Decimal("107.8"))
        await engine.assert_books_agree(bot_id)


async def test_break_even_moves_the_stop_to_the_entry(engine: Engine) -> None:
    risk = RISK | {"break_even_percent": 1.0, "break_even_offset_percent": 0.5}
    async with engine.running():
        bot_id = await hold(engine, risk_management=risk)
        await engine.minute(AAPL=103.0)
        assert (await stops(engine, bot_id))[-1] == ("new", Decimal("101.51"))


async def test_an_exit_takes_a_moved_stop_back_too(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=TRAILING)
        await engine.minute(AAPL=105.0)
        await engine.minute(AAPL=121.0)
        assert [status for status, _ in await stops(engine, bot_id)] == ["replaced", "canceled"]
        assert (await engine.outline(bot_id))[-1] == ("exit", "filled")
        await engine.assert_books_agree(bot_id)


# --- lots -------------------------------------------------------------------------------------------


async def test_each_lot_has_its_own_stop_and_an_exit_takes_all_of_them_back(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=LOTS)
        await engine.minute(AAPL=104.0)
        await engine.minute(AAPL=106.0)
        assert [(o.lot, o.status) for o in await engine.orders(bot_id) if o.purpose == "stop_loss"] == [
            *[(0, "replaced"), (0, "replaced"), (1, "replaced"), (0, "new"), (1, "new")],
        ]
        await engine.minute(AAPL=121.0)
        held = [o for o in await engine.orders(bot_id) if o.purpose in ("stop_loss", "take_profit")]
        assert {o.status for o in held} == {"replaced", "canceled"}
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_a_lot_whose_legs_the_broker_dropped_is_not_left_bare(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=LOTS | {"trailing_stop_percent": None})
        await engine.minute(AAPL=104.0)
        assert len(exchange.called("submit")) == 2
        await exchange.cancel_group(exchange.leg(OrderType.STOP).broker_order_id)
        await engine.booked()
        await engine.minute(AAPL=104.0)
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


@pytest.mark.parametrize("risk", [LOTS, LOTS | {"fractional": True}], ids=["broker", "engine"])
async def test_lots_and_their_stops_are_the_same_after_a_restart(
    engine: Engine, exchange: Exchange, risk: dict[str, Any]
) -> None:
    async with engine.running() as first:
        bot_id = await hold(engine, risk_management=risk)
        await engine.minute(AAPL=104.0)
        await engine.minute(AAPL=106.0)
        before = first._loops[bot_id]._book.state.checkpoint()
        lots = first._loops[bot_id]._book.state.lots("AAPL")
        assert len(lots) == 2
    async with engine.running() as second:
        await engine.until_status(bot_id, BotStatus.RUNNING)
        assert second._loops[bot_id]._book.state.checkpoint() == before
        asked = len(exchange.called("replace"))
        await engine.minute(AAPL=106.0)
        assert len(exchange.called("replace")) == asked
        await engine.minute(AAPL=(106.0, 106.0, 98.0, 98.5))
        await engine.minute(AAPL=98.5)
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


# --- shorts -----------------------------------------------------------------------------------------


async def test_a_short_is_protected_above_and_bought_back_by_its_rule(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(rules=SHORT, risk_management=TRAILING)
        await engine.minute(AAPL=97.0)
        position = await engine.position(bot_id)
        assert position is not None
        assert (position.quantity, position.stop_loss_price) == (-51, Decimal("98.94"))
        await engine.minute(AAPL=94.0)
        assert (await stops(engine, bot_id))[-1] == ("new", Decimal("95.88"))
        position = await engine.position(bot_id)
        assert position is not None
        assert (position.stop_loss_price, position.unrealized_pnl) == (Decimal("95.88"), 153)
        await engine.minute(AAPL=79.0)
        assert (await engine.outline(bot_id))[-1] == ("exit", "filled")
        assert (await engine.bot(bot_id)).realized_pnl == 51 * 18
        await engine.assert_books_agree(bot_id)


async def test_what_closes_a_short_is_booked_after_what_opened_it(engine: Engine, exchange: Exchange) -> None:
    """The stream lost the sale and told of the stop's fill first."""
    async with engine.running():
        bot_id = await engine.start_bot(rules=SHORT)
        exchange.fills_at_once = False
        await engine.minute(AAPL=97.0)
        entry = next(iter(exchange.orders))
        exchange.fill(entry, told=False)
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=99.0)
        await engine.booked()
        assert await engine.position(bot_id) is None
        assert (await engine.bot(bot_id)).realized_pnl == -2 * 51
        await engine.assert_books_agree(bot_id)


# --- protection that the engine holds ---------------------------------------------------------------


async def test_fractions_go_out_without_legs_and_are_sold_when_touched(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine, risk_management=RISK | {"fractional": True})
        assert await engine.outline(bot_id) == [("entry", "filled")]
        position = await engine.position(bot_id)
        assert position is not None
        assert Decimal("49.50495") < position.quantity < Decimal("49.50496")
        assert (position.stop_loss_price, position.take_profit_price) == (Decimal("98.98"), Decimal("111.1"))
        await engine.minute(AAPL=(101.0, 101.0, 98.9, 100.5))
        (exit_,) = [o for o in await engine.orders(bot_id) if o.purpose == "exit"]
        assert (exit_.status, exit_.quantity, exit_.decided_reason) == (
            "filled",
            position.quantity,
            "stop_touched",
        )
        await engine.assert_books_agree(bot_id)


async def test_an_exit_of_a_guarded_lot_that_was_refused_is_decided_anew_for_that_lot(
    engine: Engine, exchange: Exchange
) -> None:
    risk = LOTS | {"fractional": True, "trailing_stop_percent": None, "stop_loss_percent": 2.5}
    async with engine.running():
        bot_id = await hold(engine, risk_management=risk)
        await engine.minute(AAPL=104.0)  # its stop: 101.4, the first lot's: 98.48
        exchange.once("submit", refused("market is halted"))
        await engine.minute(AAPL=(104.0, 104.0, 101.2, 102.0))
        await engine.minute(AAPL=102.0)
        exits = [o for o in await engine.orders(bot_id) if o.purpose == "exit"]
        assert [o.status for o in exits] == ["rejected", "filled"]
        assert exits[0].quantity == exits[1].quantity
        await engine.minute(AAPL=102.0)
        position = await engine.position(bot_id)
        assert position is not None
        assert position.stop_loss_price == Decimal("98.48")
        await engine.assert_books_agree(bot_id)


async def test_protection_stays_where_it_is_until_the_position_is_closed(
    engine: Engine, exchange: Exchange
) -> None:
    """The settings change while a position is held whose stop rests at the broker."""
    async with engine.running() as first:
        bot_id = await hold(engine, risk_management=RISK)
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await until(lambda: not first._loops)
        async with engine.database.transaction() as session:
            row = await session.get_one(type(await engine.bot(bot_id)), bot_id)
            row.risk_management = RISK | {"fractional": True}
            row.version += 1
        await engine.want(bot_id, "running")
        await until(lambda: engine.store.status(bot_id) == BotStatus.RUNNING and bot_id in first._loops)
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=102.0)
        assert await engine.outline(bot_id) == BOUGHT
        await engine.minute(AAPL=(102.0, 102.0, 98.0, 98.5))
        assert (await engine.outline(bot_id))[-1] == ("stop_loss", "filled")
        await engine.assert_books_agree(bot_id)


async def test_the_placement_of_a_run_is_in_its_checkpoint(engine: Engine) -> None:
    async with engine.running():
        risk = NO_LEGS | {"fractional": True}
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"], risk_management=risk)
        await engine.minute(AAPL=101.0, MSFT=90.0)
        await turns()
        assert (await engine.bot(bot_id)).checkpoint["guarded"] == ["AAPL", "MSFT"]
