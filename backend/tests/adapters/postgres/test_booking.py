"""A broker's report is applied once, in whatever order and from whatever source it comes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from flotilla.domain.orders import OrderStatus, OrderType, Purpose, Side
from flotilla.ports.store import FillOutOfOrder, MarketSnapshot
from tests.adapters.postgres.desk import TAU, Desk, draft, execution, leg, report, sale

S = OrderStatus


async def test_a_fill_changes_order_position_trade_cash_and_outbox_together(desk: Desk) -> None:
    order = await desk.order()
    booked = await desk.book(report(order, S.FILLED, 10), execution(order, 10, 10, "101.25"))

    assert [(f.quantity, f.price) for f in booked.fills] == [(10, Decimal("101.25"))]
    assert not booked.missing
    assert booked.order.status is S.FILLED
    assert booked.order.broker_order_id == f"b-{order.client_order_id}"
    assert (booked.order.filled_quantity, booked.order.filled_average_price) == (10, Decimal("101.25"))

    bot = await desk.bot()
    assert (bot.cash, bot.realized_pnl) == (Decimal("8987.50"), 0)
    (position,) = await desk.positions()
    assert (position.quantity, position.entry_price, position.is_open) == (10, Decimal("101.25"), True)
    assert (position.stop_loss_price, position.take_profit_price) == (98, 104)
    (trade,) = await desk.trades()
    assert (trade.type, trade.quantity, trade.price, trade.is_final) == ("buy", 10, Decimal("101.25"), True)
    assert trade.profit_loss is None
    assert trade.timestamp == TAU + timedelta(minutes=1)
    assert trade.indicators_snapshot == {"rsi.rsi": 29.5, "close": 100.0}
    told = [event.type for event in await desk.events()]
    assert told == ["bot_status_changed", "position_updated", "trade_executed"]


async def test_the_same_report_twice_changes_nothing(desk: Desk) -> None:
    order = await desk.order()
    said, done = report(order, S.FILLED, 10), execution(order, 10, 10, "101.25")
    await desk.book(said, done)
    before = await desk.everything()
    for source in ("stream", "reconciliation"):
        again = await desk.book(said, done, source=source)
        assert again.fills == []
        assert not again.missing
    assert await desk.everything() == before


async def test_executions_told_twice_in_one_report_count_once(desk: Desk) -> None:
    order = await desk.order()
    done = execution(order, 10, 10, "101.25")
    booked = await desk.book(report(order, S.FILLED, 10), done, done)
    assert len(booked.fills) == 1
    assert (await desk.bot()).cash == Decimal("8987.50")


@pytest.mark.parametrize("sequence", list(permutations(range(3))))
async def test_executions_may_come_in_any_order(desk: Desk, sequence: tuple[int, ...]) -> None:
    order = await desk.order()
    parts = [
        execution(order, 3, 3, "100.10", minute=1),
        execution(order, 7, 4, "100.20", minute=2),
        execution(order, 10, 3, "100.30", minute=3),
    ]
    for place, number in enumerate(sequence):
        await desk.book(report(order, S.PARTIALLY_FILLED, 10), parts[number])
        (trade,) = await desk.trades()
        assert trade.is_final is (place == 2)
        assert trade.version == place + 1
    booked = await desk.book(report(order, S.FILLED, 10), *parts)
    assert booked.fills == []
    assert booked.order.status is S.FILLED

    average = Decimal("100.20")
    (position,), (trade,) = await desk.positions(), await desk.trades()
    assert (await desk.bot()).cash == 10_000 - Decimal("1002.00")
    assert (position.quantity, trade.quantity) == (10, 10)
    for price in (position.entry_price, trade.price, booked.order.filled_average_price):
        assert price is not None
        assert abs(price - average) < Decimal("1e-20")
    assert trade.timestamp == TAU + timedelta(minutes=3)


async def test_one_report_may_bring_many_executions(desk: Desk) -> None:
    order = await desk.order()
    parts = [execution(order, 10, 6, "101"), execution(order, 4, 4, "100")]
    booked = await desk.book(report(order, S.FILLED, 10), *parts)
    assert [fill.quantity for fill in booked.fills] == [4, 6]
    assert booked.order.filled_average_price == Decimal("100.6")


async def test_reports_that_come_at_once_count_once(desk: Desk) -> None:
    order = await desk.order()
    stop = leg(order, OrderType.STOP, "98")
    parts = execution(order, 4, 4, "100"), execution(order, 10, 6, "101")
    said = report(order, S.FILLED, 10, legs=(stop,))
    sources = ("stream", "reconciliation", "asked", "submit")
    booked = await asyncio.gather(*(desk.book(said, *parts, source=source) for source in sources))
    assert sum(len(one.fills) for one in booked) == 2
    assert {one.order.status for one in booked} == {S.FILLED}
    assert (await desk.bot()).cash == 10_000 - 400 - 606
    assert len(await desk.orders()) == 2
    (trade,) = await desk.trades()
    assert (trade.quantity, trade.version) == (10, 2)


async def test_orders_of_one_bot_that_fill_at_once_all_reach_its_cash(desk: Desk) -> None:
    orders = [await desk.order(draft(f"entry-{n}", symbol=f"S{n}")) for n in range(6)]
    await asyncio.gather(
        *(desk.book(report(one, S.FILLED, 10), execution(one, 10, 10, "10")) for one in orders),
        *(desk.store.mark(desk.account_id, {f"S{n}": 11.0 for n in range(6)}) for _ in range(3)),
    )
    assert (await desk.bot()).cash == 10_000 - 600
    assert len(await desk.positions()) == 6


# --- the end of an order ----------------------------------------------------------------------------


async def test_an_order_does_not_end_before_its_fills_are_booked(desk: Desk) -> None:
    order = await desk.order()
    booked = await desk.book(report(order, S.FILLED, 10))
    assert booked.missing
    assert booked.order.status is S.PENDING_SUBMIT

    booked = await desk.book(report(order, S.FILLED, 10), execution(order, 4, 4, "100"))
    assert booked.missing
    assert not booked.order.status.is_terminal

    booked = await desk.book(report(order, S.FILLED, 10), execution(order, 10, 6, "100"))
    assert not booked.missing
    assert booked.order.status is S.FILLED


async def test_a_late_message_changes_nothing(desk: Desk) -> None:
    order = await desk.bought()
    before = await desk.everything()
    for status in (S.PENDING_NEW, S.NEW, S.PARTIALLY_FILLED, S.CANCELED):
        assert (await desk.book(report(order, status))).order.status is S.FILLED
    assert await desk.everything() == before


async def test_a_partly_filled_order_that_is_cancelled_has_traded_all_it_will(desk: Desk) -> None:
    order = await desk.order()
    await desk.book(report(order, S.PARTIALLY_FILLED, 4), execution(order, 4, 4, "100"))
    (trade,) = await desk.trades()
    assert (trade.quantity, trade.is_final, trade.version) == (4, False, 1)

    booked = await desk.book(report(order, S.CANCELED, 4))
    assert booked.order.status is S.CANCELED
    (trade,) = await desk.trades()
    assert (trade.quantity, trade.is_final, trade.version) == (4, True, 2)
    told = [e.payload["trade"] for e in await desk.events() if e.type == "trade_executed"]
    assert [(t["version"], t["is_final"]) for t in told] == [(1, False), (2, True)]
    assert (await desk.positions())[0].quantity == 4


async def test_an_order_that_ends_without_a_fill_leaves_no_trade(desk: Desk) -> None:
    order = await desk.order()
    booked = await desk.book(report(order, S.REJECTED, reason="insufficient buying power"))
    assert (booked.order.status, booked.order.reason) == (S.REJECTED, "insufficient buying power")
    assert await desk.trades() == []
    assert await desk.positions() == []
    assert (await desk.bot()).cash == 10_000


async def test_a_cancel_that_lost_to_a_fill_is_a_fill(desk: Desk) -> None:
    order = await desk.order()
    await desk.book(report(order, S.PENDING_CANCEL))
    booked = await desk.book(report(order, S.FILLED, 10), execution(order, 10, 10, "100"))
    assert booked.order.status is S.FILLED


async def test_an_order_given_up_as_not_sent_may_turn_out_to_be_there(desk: Desk) -> None:
    order = await desk.order()
    closed = await desk.store.close_order(order.id, S.NOT_SENT, "The broker never received it.")
    assert closed is not None
    booked = await desk.book(report(order, S.FILLED, 10), execution(order, 10, 10, "100"))
    assert booked.order.status is S.FILLED
    assert (await desk.bot()).cash == 9_000


async def test_every_change_of_status_is_in_the_audit(desk: Desk) -> None:
    order = await desk.order()
    await desk.book(report(order, S.ACCEPTED), source="submit")
    await desk.book(report(order, S.NEW))
    await desk.book(report(order, S.NEW))
    await desk.book(report(order, S.FILLED, 10), execution(order, 10, 10, "100"), source="asked")
    events = (await desk.everything())["order_events"]
    assert len(events) == 4
    kept = [
        ("pending_submit", "engine"),
        ("accepted", "submit"),
        ("new", "stream"),
        ("filled", "asked"),
    ]
    for row, (status, source) in zip(events, kept, strict=True):
        assert f",{status},{source}," in row


# --- sales ------------------------------------------------------------------------------------------


async def test_a_sale_realises_its_profit(desk: Desk) -> None:
    await desk.bought(10, "100")
    order = await desk.order(sale())
    await desk.book(report(order, S.FILLED, 10), execution(order, 10, 10, "103.5", minute=9))
    bot = await desk.bot()
    assert (bot.cash, bot.realized_pnl) == (10_035, 35)
    (position,) = await desk.positions()
    assert (position.quantity, position.realized_pnl, position.is_open) == (0, 35, False)
    assert position.closed_at == TAU + timedelta(minutes=9)
    trade = (await desk.trades())[-1]
    assert (trade.type, trade.purpose, trade.profit_loss) == ("sell", "exit", 35)


async def test_a_sale_in_parts_adds_up(desk: Desk) -> None:
    await desk.bought(10, "100")
    order = await desk.order(sale())
    await desk.book(report(order, S.PARTIALLY_FILLED, 4), execution(order, 4, 4, "101"))
    assert (await desk.trades())[-1].profit_loss == 4
    await desk.book(report(order, S.FILLED, 10), execution(order, 10, 6, "99"))
    assert (await desk.trades())[-1].profit_loss == -2
    assert (await desk.bot()).realized_pnl == -2


async def test_a_new_purchase_opens_a_new_position(desk: Desk) -> None:
    await desk.bought(10, "100")
    order = await desk.order(sale())
    await desk.book(report(order, S.FILLED, 10), execution(order, 10, 10, "101"))
    await desk.bought(5, "102", draft("entry-2", quantity=Decimal(5)))
    first, second = await desk.positions()
    assert (first.is_open, second.is_open, second.quantity) == (False, True, 5)
    assert second.realized_pnl == 0


@pytest.mark.parametrize("booked_before", [0, 4])
async def test_a_sale_before_its_purchase_changes_nothing(desk: Desk, booked_before: int) -> None:
    entry = await desk.order()
    if booked_before:
        part = execution(entry, booked_before, booked_before, "100")
        await desk.book(report(entry, S.PARTIALLY_FILLED, booked_before), part)
    exit_ = await desk.order(sale())
    done = report(exit_, S.FILLED, 10), execution(exit_, 10, 10, "101")
    before = await desk.everything()
    with pytest.raises(FillOutOfOrder, match="AAPL was closed before its opening"):
        await desk.book(*done)
    assert await desk.everything() == before

    left = execution(entry, 10, 10 - booked_before, "100")
    await desk.book(report(entry, S.FILLED, 10), left)
    assert (await desk.book(*done)).order.status is S.FILLED
    assert (await desk.bot()).realized_pnl == 10


# --- legs and strangers -----------------------------------------------------------------------------


async def test_legs_become_orders_of_their_own(desk: Desk) -> None:
    order = await desk.order()
    target, stop = leg(order, OrderType.LIMIT, "104"), leg(order, OrderType.STOP, "98")
    said = report(order, S.ACCEPTED, legs=(target, stop))
    booked = await desk.book(said, source="submit")
    assert [(one.purpose, one.type, one.side, one.status) for one in booked.legs] == [
        (Purpose.TAKE_PROFIT, OrderType.LIMIT, Side.SELL, S.HELD),
        (Purpose.STOP_LOSS, OrderType.STOP, Side.SELL, S.HELD),
    ]
    assert [(one.limit_price, one.stop_price) for one in booked.legs] == [(104, None), (None, 98)]
    assert {one.parent_id for one in booked.legs} == {order.id}
    assert {one.quantity for one in booked.legs} == {Decimal(10)}

    again = await desk.book(said, source="reconciliation")
    assert [one.id for one in again.legs] == [one.id for one in booked.legs]
    assert len(await desk.orders()) == 3


async def test_a_legs_fill_closes_the_position(desk: Desk) -> None:
    order = await desk.order()
    target, stop = leg(order, OrderType.LIMIT, "104"), leg(order, OrderType.STOP, "98")
    said = report(order, S.FILLED, 10, legs=(target, stop))
    await desk.book(said, execution(order, 10, 10, "100"))
    filled = replace(stop, status=S.FILLED, filled_quantity=Decimal(10))
    booked = await desk.book(filled, execution(stop, 10, 10, "97.5"))
    assert booked.order.purpose is Purpose.STOP_LOSS
    await desk.book(replace(target, status=S.CANCELED))
    assert [o.status for o in await desk.orders()] == [S.FILLED, S.CANCELED, S.FILLED]
    trade = (await desk.trades())[-1]
    assert (trade.purpose, trade.profit_loss) == ("stop_loss", -25)
    assert not (await desk.positions())[0].is_open


async def test_a_leg_that_is_done_when_first_heard_of_waits_for_its_own_report(desk: Desk) -> None:
    order = await desk.order()
    stop = leg(order, OrderType.STOP, "98", status=S.FILLED, filled_quantity=Decimal(10))
    booked = await desk.book(report(order, S.FILLED, 10, legs=(stop,)), execution(order, 10, 10, "100"))
    assert not booked.legs[0].status.is_terminal
    assert booked.legs[0].id in [o.id for o in await desk.store.open_orders(desk.account_id)]
    await desk.book(stop, execution(stop, 10, 10, "98"))
    assert (await desk.bot()).realized_pnl == -20


async def test_an_order_does_not_end_before_its_legs_are_known(desk: Desk) -> None:
    order = await desk.order()
    stop = leg(order, OrderType.STOP, "98")
    told = report(order, S.FILLED, 10, legs_told=False)
    booked = await desk.book(told, execution(order, 10, 10, "100"))
    assert booked.legs_missing
    assert not booked.order.status.is_terminal
    assert len(booked.fills) == 1, "what was filled is booked all the same"

    booked = await desk.book(report(order, S.FILLED, 10, legs=(stop,)))
    assert not booked.legs_missing
    assert booked.order.status is S.FILLED
    assert (await desk.book(told)).legs_missing is False


async def test_an_order_without_protection_has_no_legs_to_wait_for(desk: Desk) -> None:
    order = await desk.order(sale(side="buy", purpose=Purpose.ENTRY))
    told = report(order, S.FILLED, 10, legs_told=False)
    booked = await desk.book(told, execution(order, 10, 10, "100"))
    assert (booked.order.status, booked.legs_missing) == (S.FILLED, False)


@pytest.mark.parametrize("status", [S.REJECTED, S.CANCELED, S.EXPIRED])
async def test_an_entry_that_ends_unfilled_takes_its_legs_along(desk: Desk, status: OrderStatus) -> None:
    order = await desk.order()
    booked = await desk.book(report(order, status, legs_told=False))
    assert (booked.order.status, booked.legs_missing) == (status, False)


async def test_legs_that_have_come_further_are_named(desk: Desk) -> None:
    order = await desk.order()
    target, stop = leg(order, OrderType.LIMIT, "104"), leg(order, OrderType.STOP, "98")
    first = report(order, S.FILLED, 10, legs=(target, stop))
    assert (await desk.book(first, execution(order, 10, 10, "100"))).legs_ahead == []

    filled = replace(stop, status=S.FILLED, filled_quantity=Decimal(10))
    partly = replace(target, status=S.PARTIALLY_FILLED, filled_quantity=Decimal(3))
    ahead = (await desk.book(replace(first, legs=(target, filled)))).legs_ahead
    assert [one.purpose for one in ahead] == [Purpose.STOP_LOSS]
    ahead = (await desk.book(replace(first, legs=(partly, stop)))).legs_ahead
    assert [one.purpose for one in ahead] == [Purpose.TAKE_PROFIT]


async def test_an_order_that_is_not_ours_is_left_alone(desk: Desk) -> None:
    order = await desk.order()
    before = await desk.everything()
    stranger = report(order, S.FILLED, 10, broker_order_id="b-other", client_order_id="other")
    booked = await desk.store.book(
        stranger, [execution(stranger, 10, 10, "1")], account_id=desk.account_id, source="stream"
    )
    assert booked is None
    assert await desk.everything() == before


async def test_an_order_is_known_by_the_brokers_id_too(desk: Desk) -> None:
    order = await desk.order()
    await desk.book(report(order, S.ACCEPTED))
    renamed = report(order, S.NEW, client_order_id="unknown")
    assert (await desk.book(renamed)).order.id == order.id


async def test_the_stream_keeps_its_place(desk: Desk) -> None:
    await desk.store.heartbeat(desk.account_id, MarketSnapshot(), TAU)
    order = await desk.order()
    await desk.book(report(order, S.NEW), event_id="01A")
    assert ",01A," in (await desk.everything())["engine_state"][0]
    await desk.book(report(order, S.NEW))
    assert ",01A," in (await desk.everything())["engine_state"][0]


# --- the columns are the fold of the fills ----------------------------------------------------------


async def test_the_ledgers_columns_are_the_fold_of_the_fills(desk: Desk) -> None:
    prices = ["100.01", "99.37", "101.113", "98.7", "103.3333", "97.01"]
    for number, price in enumerate(prices):
        order = await desk.order(draft(f"entry-{number}", quantity=Decimal(7)))
        parts = [execution(order, 3, 3, price), execution(order, 7, 4, str(Decimal(price) + 1))]
        await desk.book(report(order, S.FILLED, 7), *parts)
        exit_ = await desk.order(sale(f"exit-{number}", quantity=Decimal(5)))
        await desk.book(report(exit_, S.FILLED, 5), execution(exit_, 5, 5, prices[-1 - number]))

    memory = await desk.store.memory(desk.bot_id)
    assert len(memory.fills) == 3 * len(prices)
    cash = memory.capital - sum(fill.signed_quantity * fill.price + fill.fee for fill in memory.fills)
    quantity = cost = realized = Decimal(0)
    for fill in memory.fills:
        if fill.side is Side.BUY:
            quantity, cost = quantity + fill.quantity, cost + fill.quantity * fill.price
        else:
            average = cost / quantity
            realized += (fill.price - average) * fill.quantity
            quantity, cost = quantity - fill.quantity, cost - average * fill.quantity
    bot, (position,) = await desk.bot(), await desk.positions()
    assert bot.cash == cash
    assert abs(bot.realized_pnl - realized) < Decimal("1e-18")
    assert position.quantity == quantity
    assert abs(position.entry_price - cost / quantity) < Decimal("1e-18")
    total = sum((t.profit_loss for t in await desk.trades() if t.profit_loss is not None), Decimal(0))
    assert total == bot.realized_pnl == position.realized_pnl


async def test_what_an_order_cost_against_its_decision_is_kept_with_it(desk: Desk) -> None:
    order = await desk.order()  # decided at 100
    part = report(order, S.PARTIALLY_FILLED, 4)
    await desk.book(part, execution(order, 4, 4, "100.50"))
    (row,) = await desk.orders()
    assert (row.slippage, row.slippage_bps) == (Decimal("0.5"), Decimal(50))
    await desk.book(report(order, S.FILLED, 10), execution(order, 10, 6, "99.50", minute=2))
    (row,) = await desk.orders()
    assert (row.slippage, row.slippage_bps) == (Decimal("-0.1"), Decimal(-10))


async def test_a_coins_fee_is_taken_of_what_was_bought_and_of_what_a_sale_brings(desk: Desk) -> None:
    coin = {"symbol": "BTC/USD", "take_profit_price": None, "stop_loss_price": None}
    order = (await desk.step(draft(**coin))).orders[0]
    booked = await desk.book(report(order, S.FILLED, 10), execution(order, 10, 10, "100"))
    assert [(f.quantity, f.coin_fee, f.fee) for f in booked.fills] == [(10, Decimal("0.025"), 0)]
    (position,) = await desk.positions()
    assert (position.quantity, position.entry_price) == (Decimal("9.975"), 100)
    bot = await desk.bot()
    assert (bot.cash, bot.realized_pnl) == (9000, Decimal("-2.5"))
    (bought,) = await desk.trades()
    assert (bought.quantity, bought.fee) == (10, Decimal("2.5"))

    quantity = Decimal("9.975")
    left = (await desk.step(sale(symbol="BTC/USD", quantity=quantity))).orders[0]
    done = replace(execution(left, 0, 0, "110"), cumulative_quantity=quantity, quantity=quantity)
    await desk.book(report(left, S.FILLED, filled_quantity=quantity), done)
    (position,) = await desk.positions()
    assert not position.is_open
    bot = await desk.bot()
    fee = quantity * 110 * Decimal("0.0025")
    assert bot.cash == 9000 + quantity * 110 - fee
    assert bot.realized_pnl == bot.cash - bot.capital
