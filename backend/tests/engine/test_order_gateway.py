"""What becomes of a request, and of a report: booked once, or asked for, and never sent again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose, Side
from flotilla.engine.order_gateway import ASK_AFTER, OrderGateway
from flotilla.engine.reconciliation import reconcile
from flotilla.ports.market_data import Connected
from flotilla.ports.store import Booked, OrderDraft, StepRecord
from tests.engine.fakes import (
    START,
    answer_lost,
    nothing,
    paused,
    refused,
    request_lost,
    unavailable,
)
from tests.engine.harness import Engine, LoopClock, turns, until

S = OrderStatus
BRACKET = {"take_profit_price": Decimal(110), "stop_loss_price": Decimal(80)}
AT_ONCE = (0.0,) * len(ASK_AFTER)


class Bot:
    """Hears what its orders come to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.bought = Decimal(0)
        self.caught_up = 0

    def on_booked(self, booked: Booked) -> None:
        self.heard.append((booked.order.purpose, booked.order.status))
        self.bought += sum((fill.signed_quantity for fill in booked.fills), Decimal(0))

    def on_closed(self, order: Order) -> None:
        self.heard.append((order.purpose, order.status))

    def on_caught_up(self) -> None:
        self.caught_up += 1


class Desk:
    """A gateway over the exchange, with one bot that listens."""

    def __init__(self, engine: Engine, bot_id: str) -> None:
        self.engine, self.bot_id = engine, bot_id
        self.exchange, self.store = engine.exchange, engine.store
        self.bot = Bot()
        self.gateway = self.reopened()
        self._count = 0
        self._handled = 0

    def reopened(self) -> OrderGateway:
        """A gateway as a restarted engine has it."""
        self.gateway = OrderGateway(
            self.exchange, self.store, account_id=self.engine.account_id, ask_after=AT_ONCE
        )
        self.gateway.listen(self.bot_id, self.bot)
        return self.gateway

    async def order(self, purpose: Purpose = Purpose.ENTRY, **changes: Any) -> Order:
        """An order whose row is committed and whose request has not been sent."""
        self._count += 1
        side = Side.BUY if purpose is Purpose.ENTRY else Side.SELL
        given: dict[str, Any] = {
            "client_order_id": f"{self.bot_id}-{self._count}",
            "symbol": "AAPL",
            "side": side,
            "purpose": purpose,
            "quantity": Decimal(10),
            "take_profit_price": None,
            "stop_loss_price": None,
            "expected_price": Decimal(90),
            "indicators_snapshot": {},
            "tau": START + timedelta(minutes=self._count),
        }
        stored = await self.store.record_step(
            StepRecord(
                bot_id=self.bot_id,
                account_id=self.engine.account_id,
                bot_version=1,
                tau=START,
                decisions=[],
                orders=[OrderDraft(**given | changes)],
                checkpoint={},
                day_pnl=Decimal(0),
            )
        )
        return stored.orders[0]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Book what the stream brings, as the supervisor does."""

        async def book() -> None:
            async with self.exchange.trade_updates.open() as updates:
                async for update in updates:
                    if not isinstance(update, Connected):
                        await self.gateway.on_update(update)
                        self._handled += 1

        task = asyncio.create_task(book())
        await until(lambda: self.exchange.trade_updates.values is not None)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()

    async def heard_all(self) -> None:
        """Return when all that the stream has brought is booked, or the reader has failed."""
        stream = self.exchange.trade_updates
        await until(lambda: self._handled == stream.sent or stream.values is None)

    async def reconciled(self) -> int:
        return await reconcile(self.exchange, self.store, self.gateway, account_id=self.engine.account_id)

    async def outline(self) -> list[tuple[str, str]]:
        return await self.engine.outline(self.bot_id)

    async def agree(self) -> None:
        await self.engine.assert_books_agree(self.bot_id)


@pytest.fixture
async def desk(engine: Engine) -> Desk:
    return Desk(engine, await engine.add_bot())


# --- what became of a request -----------------------------------------------------------------------


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
