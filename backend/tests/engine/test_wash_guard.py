"""Opposite orders of one account never meet at the broker: the second waits, says so, and goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from flotilla.db.tables import OrderEventRow, UnmanagedRow
from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose, Side
from flotilla.engine.wash_guard import WashGuard
from tests.engine.desk import BRACKET, Bot, Desk
from tests.engine.exchange import START
from tests.engine.harness import until

S = OrderStatus
ORDER = Order(
    id="1",
    bot_id="bot",
    account_id="account",
    client_order_id="buy",
    broker_order_id=None,
    parent_id=None,
    symbol="AAPL",
    side=Side.BUY,
    type=OrderType.MARKET,
    purpose=Purpose.ENTRY,
    quantity=Decimal(10),
    limit_price=None,
    stop_price=None,
    take_profit_price=None,
    stop_loss_price=None,
    status=S.NEW,
    filled_quantity=Decimal(0),
    filled_average_price=None,
    expected_price=Decimal(100),
    tau=START,
    created_at=START,
)
SALE = replace(ORDER, client_order_id="sell", side=Side.SELL, purpose=Purpose.EXIT)
LIMIT: dict[str, Any] = {"type": OrderType.LIMIT}


# --- the rule (alpaca-contract, wash trades) --------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        (ORDER, SALE, True),
        (SALE, ORDER, True),
        (ORDER, replace(ORDER, client_order_id="other"), False),  # the same side
        (ORDER, replace(SALE, symbol="MSFT"), False),
        (replace(ORDER, stop_loss_price=Decimal(90)), SALE, False),  # with legs: exempt
        (ORDER, replace(SALE, take_profit_price=Decimal(90)), False),
        (replace(SALE, purpose=Purpose.STOP_LOSS), ORDER, False),  # a leg: exempt
        (replace(ORDER, limit_price=Decimal(99), **LIMIT), SALE, True),  # against a market order
        (
            replace(ORDER, limit_price=Decimal(99), **LIMIT),
            replace(SALE, limit_price=Decimal(100), **LIMIT),
            False,
        ),
        (
            replace(ORDER, limit_price=Decimal(100), **LIMIT),
            replace(SALE, limit_price=Decimal(100), **LIMIT),
            True,
        ),
    ],
)
def test_what_has_to_wait(first: Order, second: Order, waits: bool) -> None:
    guard = WashGuard()
    guard.follow(first)
    assert (guard.blocker(second) is first) is waits


def test_of_an_opposed_symbol_one_order_is_under_way_whichever_it_is() -> None:
    guard = WashGuard(opposed={"AAPL"})
    guard.follow(replace(ORDER, stop_loss_price=Decimal(90)))
    assert guard.blocker(replace(ORDER, client_order_id="other")) is not None
    assert guard.blocker(replace(SALE, symbol="MSFT")) is None


def test_those_that_wait_go_in_their_order_and_exits_before_entries() -> None:
    guard = WashGuard(opposed={"AAPL"})
    guard.follow(ORDER)
    entries = [replace(ORDER, client_order_id=f"entry-{n}") for n in (1, 2)]
    for order in (*entries, SALE):
        assert guard.blocker(order) is not None
        guard.line_up(order)
    assert list(guard.freed()) == []
    assert guard.follow(replace(ORDER, status=S.FILLED))
    assert list(guard.freed()) == [SALE]
    assert guard.follow(replace(SALE, status=S.CANCELED))
    assert list(guard.freed()) == [entries[0]]
    assert guard.waits("entry-2")


# --- in the gateway ---------------------------------------------------------------------------------


@asynccontextmanager
async def sending(desk: Desk) -> AsyncIterator[None]:
    """Send what waits, as the supervisor has it done."""
    task = asyncio.create_task(desk.gateway.send_freed())
    try:
        async with desk.listening():
            yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()


async def two_bots(desk: Desk) -> tuple[str, Bot]:
    """Give the desk's account a second bot."""
    other, heard = await desk.engine.add_bot(name="Other"), Bot()
    desk.gateway.listen(other, heard)
    return other, heard


async def test_the_second_of_two_opposite_orders_waits_and_says_so(desk: Desk) -> None:
    """One bot leaves while another enters."""
    desk.exchange.lenient = False
    other, heard = await two_bots(desk)
    async with sending(desk):
        await desk.gateway.submit(await desk.order())
        await until(lambda: desk.bot.bought == 10)
        desk.exchange.fills_at_once = False
        exit_ = await desk.order(Purpose.EXIT)
        await desk.gateway.submit(exit_)
        entry = await desk.order(bot_id=other)
        await desk.gateway.submit(entry)
        assert [o.client_order_id for o in desk.exchange.called("submit")][2:] == []
        await desk.reconciled()  # what waits is not taken for an order that never arrived
        assert await desk.engine.outline(other) == [("entry", "pending_submit")]
        (row,) = await desk.engine.orders(other)
        notes = [event.detail for event in await desk.engine.rows(OrderEventRow, order_id=row.id)]
        assert notes[-1] is not None
        assert exit_.client_order_id in notes[-1]
        desk.exchange.fills_at_once = True
        desk.exchange.fill(desk.exchange.by_client_id(exit_.client_order_id).broker_order_id)
        await until(lambda: heard.bought == 10)
    assert await desk.engine.outline(other) == [("entry", "filled")]
    await desk.engine.assert_books_agree(desk.bot_id, other)


async def test_a_stale_entry_is_dropped_instead_of_sent_late(desk: Desk) -> None:
    other, heard = await two_bots(desk)
    now = START
    desk.gateway.line._market_now = lambda: now
    async with sending(desk):
        await desk.gateway.submit(await desk.order())
        await until(lambda: desk.bot.bought == 10)
        desk.exchange.fills_at_once = False
        exit_ = await desk.order(Purpose.EXIT)
        await desk.gateway.submit(exit_)
        await desk.gateway.submit(await desk.order(bot_id=other, tau=START))
        now = START + timedelta(seconds=61)
        desk.exchange.fill(desk.exchange.by_client_id(exit_.client_order_id).broker_order_id)
        await until(lambda: ("entry", S.NOT_SENT) in heard.heard)
    (row,) = await desk.engine.orders(other)
    assert row.reason is not None
    assert row.reason.startswith("WASH_GUARD")
    assert len(desk.exchange.called("submit")) == 2


async def test_an_order_that_waits_can_be_withdrawn(desk: Desk) -> None:
    desk.exchange.fills_at_once = False
    other, heard = await two_bots(desk)
    await desk.gateway.submit(await desk.order())
    sale = await desk.order(Purpose.EXIT, bot_id=other)
    await desk.gateway.submit(sale)
    await desk.gateway.cancel(sale)
    assert heard.heard == [("exit", S.NOT_SENT)]
    assert len(desk.exchange.called("submit")) == 1


async def test_what_waited_when_the_engine_died_was_not_sent(desk: Desk) -> None:
    desk.exchange.fills_at_once = False
    other, _ = await two_bots(desk)
    await desk.gateway.submit(await desk.order())
    await desk.gateway.submit(await desk.order(Purpose.EXIT, bot_id=other))
    desk.reopened()
    await desk.reconciled()
    assert await desk.engine.outline(other) == [("exit", "not_sent")]
    # The new gateway knows of the order that is still under way.
    again = await desk.order(Purpose.EXIT, bot_id=other)
    assert desk.gateway.guard.blocker(again) is not None


async def unmanaged(desk: Desk, symbol: str, quantity: int) -> None:
    desk.exchange.held[symbol] += quantity
    async with desk.engine.database.transaction() as session:
        account = desk.engine.account_id
        session.add(UnmanagedRow(account_id=account, symbol=symbol, quantity=Decimal(quantity)))


async def test_an_order_through_zero_is_sent_in_two_parts(desk: Desk) -> None:
    """What is no bot's is short 4; the bot buys 10: the broker takes 4, and then 6."""
    await unmanaged(desk, "AAPL", -4)
    desk.gateway.guard.opposed = {"AAPL"}
    async with sending(desk):
        order = await desk.order()
        await desk.gateway.submit(order)
        await until(lambda: desk.bot.bought == 10)
    sent = [(one.client_order_id, one.quantity) for one in desk.exchange.called("submit")]
    assert sent == [(order.client_order_id, 4), (f"{order.client_order_id}-rest", 6)]
    assert ("entry", "split") in desk.bot.heard
    assert await desk.outline() == [("entry", "filled"), ("entry", "filled")]
    assert desk.exchange.held["AAPL"] == 6


async def test_without_its_first_part_the_second_is_not_sent(desk: Desk) -> None:
    await unmanaged(desk, "AAPL", -4)
    desk.gateway.guard.opposed = {"AAPL"}
    desk.exchange.fills_at_once = False
    async with sending(desk):
        order = await desk.order()
        await desk.gateway.submit(order)
        await desk.exchange.cancel_group(desk.exchange.by_client_id(order.client_order_id).broker_order_id)
        await until(lambda: ("entry", S.NOT_SENT) in desk.bot.heard)
    assert await desk.outline() == [("entry", "canceled"), ("entry", "not_sent")]


async def test_an_order_for_shares_that_anothers_leg_holds_is_not_sent(desk: Desk) -> None:
    other, heard = await two_bots(desk)
    async with sending(desk):
        await desk.gateway.submit(await desk.order(**BRACKET))
        await until(lambda: ("stop_loss", S.NEW) in desk.bot.heard)
        desk.gateway.guard.opposed = {"AAPL"}
        await desk.gateway.submit(await desk.order(Purpose.ENTRY, side=Side.SELL, bot_id=other))
    assert heard.heard == [("entry", S.NOT_SENT)]
