"""What becomes of a request: its answer is booked, or asked for, and it is never sent again."""

import asyncio
from typing import Any

from flotilla.domain.orders import OrderStatus, OrderType
from flotilla.engine.order_gateway import ASK_AFTER, OrderGateway
from tests.engine.desk import BRACKET, Desk
from tests.engine.fakes import answer_lost, nothing, paused, refused, request_lost, unavailable
from tests.engine.harness import LoopClock, turns, until

S = OrderStatus


async def test_an_answer_is_booked_and_the_bot_told(desk: Desk) -> None:
    desk.exchange.fills_at_once = False
    await desk.gateway.submit(await desk.order())
    assert await desk.outline() == [("entry", "pending_new")]
    assert desk.bot.heard == [("entry", S.PENDING_NEW)]
    assert desk.gateway.in_flight == 0


async def test_a_lost_answer_is_asked_for_and_the_request_not_repeated(desk: Desk) -> None:
    desk.exchange.once("submit", answer_lost)
    order = await desk.order(**BRACKET)
    await desk.gateway.submit(order)
    assert len(desk.exchange.called("submit")) == 1
    assert desk.exchange.called("find") == [order.client_order_id]
    assert await desk.outline() == [("entry", "filled"), ("take_profit", "held"), ("stop_loss", "held")]
    assert desk.bot.bought == 10
    await desk.reconciled()
    await desk.agree()


async def test_an_order_that_arrives_late_is_found_by_a_later_ask(desk: Desk) -> None:
    order = await desk.order()
    late = desk.exchange.accept

    async def arrives_late(carry_out: Any, client_order_id: str) -> Any:
        answer = await carry_out(client_order_id)
        await late(order)
        return answer

    desk.exchange.once("submit", request_lost)
    desk.exchange.once("find", arrives_late)
    await desk.gateway.submit(order)
    assert len(desk.exchange.called("find")) == 2
    assert await desk.outline() == [("entry", "filled")]
    await desk.agree()


async def test_an_order_that_is_never_found_was_not_sent(desk: Desk) -> None:
    desk.exchange.once("submit", request_lost)
    order = await desk.order()
    await desk.gateway.submit(order)
    assert len(desk.exchange.called("submit")) == 1
    assert len(desk.exchange.called("find")) == len(ASK_AFTER)
    assert desk.bot.heard == [("entry", S.NOT_SENT)]
    (row,) = await desk.engine.orders(desk.bot_id)
    assert (row.status, row.reason) == ("not_sent", "The broker never received it.")
    assert desk.gateway.in_flight == 0


async def test_the_asks_are_spread_over_the_time_in_which_a_request_may_arrive(
    desk: Desk, clock: LoopClock
) -> None:
    gateway = OrderGateway(desk.exchange, desk.store, account_id=desk.engine.account_id)
    desk.exchange.once("submit", request_lost)
    sending = asyncio.create_task(gateway.submit(await desk.order()))
    for number, pause in enumerate(ASK_AFTER):
        await turns()
        assert len(desk.exchange.called("find")) == number
        clock.advance(pause)
        await until(lambda n=number: len(desk.exchange.called("find")) == n + 1)  # type: ignore[misc]
    await sending
    assert sum(ASK_AFTER) > 5.0
    assert await desk.outline() == [("entry", "not_sent")]


async def test_only_an_answer_says_that_an_order_was_not_sent(desk: Desk) -> None:
    """The first ask came too early, the later ones were not answered: the order may be there."""
    order = await desk.order()
    desk.exchange.once("submit", answer_lost)
    desk.exchange.once("find", nothing(None), *[unavailable] * (len(ASK_AFTER) - 1))
    await desk.gateway.submit(order)
    assert await desk.outline() == [("entry", "pending_submit")]
    assert desk.bot.heard == []
    await desk.reconciled()
    assert await desk.outline() == [("entry", "filled")]
    assert desk.bot.bought == 10
    await desk.agree()


async def test_a_refusal_closes_the_row_with_its_reason(desk: Desk) -> None:
    desk.exchange.once("submit", refused("insufficient buying power"))
    await desk.gateway.submit(await desk.order())
    (row,) = await desk.engine.orders(desk.bot_id)
    assert (row.status, row.reason) == ("rejected", "insufficient buying power")
    assert desk.bot.heard == [("entry", S.REJECTED)]
    assert desk.exchange.called("find") == []


async def test_an_id_that_exists_already_is_asked_for_not_rejected(desk: Desk) -> None:
    """A 422 "must be unique" reaches the gateway as an unknown outcome (tests/adapters/alpaca)."""
    order = await desk.order()
    await desk.exchange.accept(order)
    await desk.gateway.submit(order)
    assert desk.exchange.called("find") == [order.client_order_id]
    assert await desk.outline() == [("entry", "filled")]
    assert desk.bot.bought == 10


async def test_what_the_stream_tells_before_the_answer_counts_once(desk: Desk) -> None:
    answer = asyncio.Event()
    desk.exchange.once("submit", paused(answer))
    async with desk.listening():
        sending = asyncio.create_task(desk.gateway.submit(await desk.order(**BRACKET)))
        await until(lambda: desk.bot.bought == 10)
        # Its legs come with the answer: until then the entry is not done, and nothing is asked.
        assert desk.bot.heard[-1] != ("entry", S.FILLED)
        answer.set()
        await sending
        await until(lambda: ("stop_loss", S.NEW) in desk.bot.heard)
    assert await desk.outline() == [("entry", "filled"), ("take_profit", "new"), ("stop_loss", "new")]
    assert desk.exchange.called("get") == []
    assert desk.bot.bought == 10
    await desk.agree()


async def test_a_legs_update_waits_for_its_parents_answer(desk: Desk) -> None:
    """The whole bracket is over before the answer to its request arrives."""
    answer = asyncio.Event()
    desk.exchange.once("submit", paused(answer))
    async with desk.listening():
        sending = asyncio.create_task(desk.gateway.submit(await desk.order(**BRACKET)))
        await until(lambda: desk.bot.bought == 10)
        desk.exchange.fill(desk.exchange.leg(OrderType.STOP).broker_order_id, price=80)
        await turns()
        assert desk.bot.bought == 10
        answer.set()
        await sending
        await until(lambda: ("take_profit", S.CANCELED) in desk.bot.heard)
    assert desk.bot.bought == 0
    assert await desk.outline() == [("entry", "filled"), ("take_profit", "canceled"), ("stop_loss", "filled")]
    assert len(await desk.engine.fills(desk.bot_id)) == 2
    await desk.agree()
