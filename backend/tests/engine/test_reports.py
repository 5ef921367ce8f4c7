"""A report is booked once, whoever brings it and whatever it lacks; reconciliation finds the others."""

from dataclasses import replace
from typing import Any

import pytest

from flotilla.domain.orders import OrderStatus, OrderType, Purpose
from tests.engine.desk import BRACKET, Desk
from tests.engine.fakes import answer_lost, request_lost, unavailable
from tests.engine.harness import until

S = OrderStatus


# --- reports ----------------------------------------------------------------------------------------


async def test_a_late_report_opens_an_order_again_that_was_given_up(desk: Desk) -> None:
    order = await desk.order(**BRACKET)
    desk.exchange.once("submit", request_lost)
    await desk.gateway.submit(order)
    assert await desk.outline() == [("entry", "not_sent")]
    async with desk.listening():
        await desk.exchange.accept(order)
        await until(lambda: ("stop_loss", S.NEW) in desk.bot.heard)
    # The stream does not tell of legs: they were asked for, or they would trade unheard of.
    assert await desk.outline() == [("entry", "filled"), ("take_profit", "new"), ("stop_loss", "new")]
    (row, *_) = await desk.engine.orders(desk.bot_id)
    assert row.reason is None
    assert desk.bot.bought == 10
    await desk.agree()


async def test_an_order_given_up_is_found_among_the_brokers_open_ones(desk: Desk) -> None:
    """No stream told of it: it arrived while the connection was away."""
    order = await desk.order(**BRACKET)
    desk.exchange.fills_at_once = False
    desk.exchange.once("submit", request_lost)
    await desk.gateway.submit(order)
    await desk.exchange.accept(order)
    await desk.reconciled()
    assert await desk.outline() == [("entry", "new"), ("take_profit", "held"), ("stop_loss", "held")]
    await desk.agree()


async def test_missing_executions_are_asked_for(desk: Desk) -> None:
    desk.exchange.fills_at_once = False
    async with desk.listening():
        await desk.gateway.submit(await desk.order())
        (key,) = desk.exchange.orders
        desk.exchange.fill(key, 4, 90, told=False)
        desk.exchange.fill(key, 6, 91)
        await until(lambda: desk.bot.bought == 10)
    fills = await desk.engine.fills(desk.bot_id)
    assert [(fill.cumulative_quantity, fill.quantity, fill.price) for fill in fills] == [
        (10, 6, 91),
        (4, 4, 90),
    ]
    await desk.agree()


async def test_executions_that_cannot_be_had_now_keep_the_order_open(desk: Desk) -> None:
    desk.exchange.once("executions", unavailable)
    desk.exchange.once("submit", answer_lost)
    await desk.gateway.submit(await desk.order())
    assert desk.bot.bought == 0
    assert not OrderStatus((await desk.engine.orders(desk.bot_id))[0].status).is_terminal
    await desk.reconciled()
    assert desk.bot.bought == 10
    await desk.agree()


async def test_a_sale_heard_of_before_its_purchase_has_the_purchase_asked_for(desk: Desk) -> None:
    exchange = desk.exchange
    exchange.fills_at_once = False
    await desk.gateway.submit(await desk.order(**BRACKET))
    entry = exchange.by_client_id(f"{desk.bot_id}-1")
    exchange.fill(entry.broker_order_id, told=False)
    async with desk.listening():
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=80)
        await until(lambda: ("stop_loss", S.FILLED) in desk.bot.heard)
    assert exchange.called("get")[0] == entry.broker_order_id
    assert [fill.side for fill in await desk.engine.fills(desk.bot_id)] == ["buy", "sell"]
    await desk.reconciled()
    await desk.agree()


async def test_a_sale_whose_purchase_cannot_be_learnt_of_now_ends_nothing(desk: Desk) -> None:
    """It stays open in our books until the broker answers: it neither counts nor is it forgotten."""
    exchange = desk.exchange
    exchange.fills_at_once = False
    await desk.gateway.submit(await desk.order(**BRACKET))
    entry = exchange.by_client_id(f"{desk.bot_id}-1")
    exchange.fill(entry.broker_order_id, told=False)
    async with desk.listening():
        exchange.reachable = False
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=80)
        await until(lambda: ("take_profit", S.CANCELED) in desk.bot.heard)
        exchange.reachable = True
        assert await desk.engine.fills(desk.bot_id) == []
        await desk.reconciled()
        assert desk.bot.bought == 0
    assert [f.side for f in await desk.engine.fills(desk.bot_id)] == ["buy", "sell"]
    await desk.agree()


async def test_two_sales_whose_purchase_is_unknown_do_not_ask_for_each_other(desk: Desk) -> None:
    """Alpaca's account activities lag behind its orders: the entry's execution is not there yet."""
    exchange = desk.exchange
    exchange.fills_at_once = False
    await desk.gateway.submit(await desk.order(**BRACKET))
    entry = exchange.by_client_id(f"{desk.bot_id}-1").broker_order_id
    exchange.fill(entry, told=False)
    target, stop = exchange.leg(OrderType.LIMIT), exchange.leg(OrderType.STOP)
    exchange.fill(target.broker_order_id, 4, 110, told=False)
    await exchange.cancel_group(target.broker_order_id)
    exchange.orders[stop.broker_order_id] = stop
    exchange.fill(stop.broker_order_id, 6, 80, told=False)

    async def lags(carry_out: Any, key: str) -> Any:
        return [] if key == entry else await carry_out(key)

    exchange.once("executions", *[lags] * 100)
    for leg in (stop, target):
        for execution in await exchange.executions(leg.broker_order_id):
            await desk.gateway.on_update(exchange.update(leg.broker_order_id, execution))
    assert await desk.engine.fills(desk.bot_id) == []
    exchange.forget("executions")
    await desk.reconciled()
    assert desk.bot.bought == 0
    assert [f.quantity for f in await desk.engine.fills(desk.bot_id)] == [10, 4, 6]


async def test_a_strangers_order_is_left_alone(desk: Desk) -> None:
    order = await desk.order()
    stranger = replace(order, client_order_id="by hand")
    async with desk.listening():
        await desk.exchange.accept(stranger)
        await desk.heard_all()
    desk.exchange.fills_at_once = False
    await desk.exchange.accept(replace(stranger, client_order_id="by hand too"))
    await desk.reconciled()
    assert desk.bot.heard == [("entry", S.NOT_SENT)]  # ours, which nobody has sent
    assert await desk.engine.fills(desk.bot_id) == []


# --- reconciliation ---------------------------------------------------------------------------------


async def test_an_order_about_to_be_sent_is_not_taken_for_one_that_never_left(desk: Desk) -> None:
    order = await desk.order(Purpose.ENTRY)
    with desk.gateway.claim([order.client_order_id]):
        await desk.reconciled()
        assert await desk.outline() == [("entry", "pending_submit")]
        await desk.gateway.submit(order)
    assert ("entry", S.NOT_SENT) not in desk.bot.heard
    await desk.reconciled()
    await desk.agree()


async def test_after_a_crash_an_order_that_never_left_is_closed(desk: Desk) -> None:
    await desk.order()
    desk.reopened()
    assert await desk.reconciled() == 1
    assert await desk.outline() == [("entry", "not_sent")]
    assert await desk.reconciled() == 0


async def test_what_happened_while_we_were_away_is_booked_legs_included(desk: Desk) -> None:
    """The entry was sent, its answer never read; meanwhile it was bought and stopped out."""
    order = await desk.order(**BRACKET)
    await desk.exchange.accept(order)
    desk.exchange.fill(desk.exchange.leg(OrderType.STOP).broker_order_id, price=80)
    desk.reopened()
    await desk.reconciled()
    assert await desk.outline() == [("entry", "filled"), ("take_profit", "canceled"), ("stop_loss", "filled")]
    assert desk.bot.bought == 0
    await desk.agree()


async def test_reconciliation_says_so_when_an_order_was_not_answered_for(desk: Desk) -> None:
    await desk.order()
    desk.exchange.once("find", unavailable)
    with pytest.raises(Exception, match="did not answer for 1 orders"):
        await desk.reconciled()
    assert await desk.outline() == [("entry", "pending_submit")]


async def test_nothing_is_asked_when_both_sides_agree(desk: Desk) -> None:
    async with desk.listening():
        await desk.gateway.submit(await desk.order(**BRACKET))
        await until(lambda: ("stop_loss", S.NEW) in desk.bot.heard)
    desk.exchange.calls.clear()
    assert await desk.reconciled() == 0
    assert [name for name, _ in desk.exchange.calls] == ["open_orders"]
