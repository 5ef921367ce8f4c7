"""Shorts, entries that are added, and orders that take each other's place: what is on record of them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose, Side
from flotilla.ports.broker import BrokerOrder
from flotilla.ports.store import FillOutOfOrder, Guarded, OrderDraft, StepRecord
from tests.adapters.postgres.desk import TAU, Desk, draft, execution, leg, report, sale

S = OrderStatus


def short(key: str = "short-1") -> OrderDraft:
    return draft(key, side="sell", take_profit_price=Decimal(96), stop_loss_price=Decimal(102))


def cover(key: str = "cover-1") -> OrderDraft:
    return sale(key, side="buy")


# --- shorts -----------------------------------------------------------------------------------------


async def test_a_short_is_sold_and_bought_back(desk: Desk) -> None:
    entry = await desk.order(short())
    await desk.book(report(entry, S.FILLED, 10), execution(entry, 10, 10, "100"))
    (position,) = await desk.positions()
    assert (position.quantity, position.entry_price) == (-10, 100)
    assert (position.stop_loss_price, position.take_profit_price) == (102, 96)
    assert (await desk.bot()).cash == 11_000
    assert (await desk.trades())[0].profit_loss is None
    await desk.store.mark(desk.account_id, {"AAPL": 97.5})
    assert (await desk.positions())[0].unrealized_pnl == 25

    exit_ = await desk.order(cover())
    await desk.book(report(exit_, S.PARTIALLY_FILLED, 4), execution(exit_, 4, 4, "98"))
    assert (await desk.positions())[0].quantity == -6
    await desk.book(report(exit_, S.FILLED, 10), execution(exit_, 10, 6, "101"))
    (position,) = await desk.positions()
    assert (position.quantity, position.is_open, position.realized_pnl) == (0, False, 2)
    assert (await desk.trades())[-1].profit_loss == 2
    bot = await desk.bot()
    assert (bot.cash, bot.realized_pnl) == (10_002, 2)


async def test_the_legs_of_a_short_buy(desk: Desk) -> None:
    entry = await desk.order(short())
    target, stop = leg(entry, OrderType.LIMIT, "96"), leg(entry, OrderType.STOP, "102")
    said = report(entry, S.FILLED, 10, legs=(target, stop))
    booked = await desk.book(said, execution(entry, 10, 10, "100"))
    assert {one.side for one in booked.legs} == {Side.BUY}
    filled = replace(stop, status=S.FILLED, filled_quantity=Decimal(10))
    await desk.book(filled, execution(stop, 10, 10, "103"))
    assert (await desk.trades())[-1].profit_loss == -30
    assert not (await desk.positions())[0].is_open


async def test_a_cover_waits_for_its_short_sale(desk: Desk) -> None:
    entry, exit_ = await desk.order(short()), await desk.order(cover())
    before = await desk.everything()
    with pytest.raises(FillOutOfOrder):
        await desk.book(report(exit_, S.FILLED, 10), execution(exit_, 10, 10, "98"))
    assert await desk.everything() == before
    await desk.book(report(entry, S.FILLED, 10), execution(entry, 10, 10, "100"))
    await desk.book(report(exit_, S.FILLED, 10), execution(exit_, 10, 10, "98"))
    assert (await desk.bot()).realized_pnl == 20


async def test_a_reversal_waits_for_what_closes_the_other_side(desk: Desk) -> None:
    """A position never flips through zero: a short is opened when the long is known to be sold."""
    await desk.bought(10, "100")
    exit_, entry = await desk.order(sale()), await desk.order(short())
    with pytest.raises(FillOutOfOrder, match="opened anew before its closing"):
        await desk.book(report(entry, S.FILLED, 10), execution(entry, 10, 10, "101"))
    await desk.book(report(exit_, S.FILLED, 10), execution(exit_, 10, 10, "101"))
    await desk.book(report(entry, S.FILLED, 10), execution(entry, 10, 10, "101"))
    assert [one.quantity for one in await desk.positions()] == [0, -10]


# --- lots -------------------------------------------------------------------------------------------


async def test_entries_are_numbered_from_flat_to_flat_and_their_legs_with_them(desk: Desk) -> None:
    first = await desk.order(draft("entry-1"))
    legs = leg(first, OrderType.LIMIT, "104"), leg(first, OrderType.STOP, "98")
    await desk.book(report(first, S.ACCEPTED, legs=legs))
    booked = await desk.book(report(first, S.FILLED, 10), execution(first, 10, 10, "100"))
    assert (booked.order.lot, booked.fills[0].lot) == (0, 0)

    second = await desk.order(draft("entry-2", stop_loss_price=Decimal(99), take_profit_price=Decimal(106)))
    await desk.book(report(second, S.PARTIALLY_FILLED, 4), execution(second, 4, 4, "101"))
    await desk.book(report(second, S.FILLED, 10), execution(second, 10, 6, "101"))
    more = leg(second, OrderType.LIMIT, "106"), leg(second, OrderType.STOP, "99")
    await desk.book(report(second, S.FILLED, 10, legs=more))
    assert [(o.purpose, o.lot) for o in await desk.orders()] == [
        *[("entry", 0), ("take_profit", 0), ("stop_loss", 0)],
        *[("entry", 1), ("take_profit", 1), ("stop_loss", 1)],
    ]
    (position,) = await desk.positions()
    assert (position.lots, position.stop_loss_price, position.take_profit_price) == (2, 99, 104)

    # The nearer stop fills: what is left has the farther one.
    await desk.book(replace(more[0], status=S.CANCELED))
    stopped = replace(more[1], status=S.FILLED, filled_quantity=Decimal(10))
    booked = await desk.book(stopped, execution(more[1], 10, 10, "99"))
    assert booked.fills[0].lot == 1
    memory = await desk.store.memory(desk.bot_id)
    assert [(fill.purpose, fill.lot) for fill in memory.fills] == [
        *[("entry", 0), ("entry", 1), ("entry", 1), ("stop_loss", 1)],
    ]

    exit_ = await desk.order(sale())
    await desk.book(report(exit_, S.FILLED, 10), execution(exit_, 10, 10, "101"))
    third = await desk.bought(5, "102", draft("entry-3", quantity=Decimal(5)))
    assert third.lot == 0


# --- stops that move --------------------------------------------------------------------------------


async def protected(desk: Desk, side: str = "buy") -> tuple[Order, BrokerOrder]:
    """An entry that was filled, and its stop as the broker has it."""
    entry = await desk.order(draft() if side == "buy" else short())
    stop = leg(entry, OrderType.STOP, "98" if side == "buy" else "102", status=S.NEW)
    await desk.book(report(entry, S.FILLED, 10, legs=(stop,)), execution(entry, 10, 10, "100"))
    return entry, stop


async def moved(desk: Desk, stop: BrokerOrder, price: str) -> Order:
    """The order that is to take a stop's place: its row only."""
    (row,) = [o for o in await desk.orders() if o.broker_order_id == stop.broker_order_id]
    return await desk.order(
        sale(
            f"moved-{price}",
            side=row.side,
            purpose=Purpose.STOP_LOSS,
            type=OrderType.STOP,
            stop_price=Decimal(price),
            parent_id=row.parent_id,
            lot=row.lot,
            replaces_id=row.id,
        )
    )


@pytest.mark.parametrize("old_first", [True, False])
async def test_a_moved_stop_is_the_leg_of_the_same_lot(desk: Desk, old_first: bool) -> None:
    entry, stop = await protected(desk)
    row = await moved(desk, stop, "99.50")
    new = report(row, S.NEW, replaces=stop.broker_order_id)
    old = replace(stop, status=S.REPLACED, replaced_by=new.broker_order_id)
    for said in (old, new) if old_first else (new, old):
        booked = await desk.book(said)
        assert booked.successor is None
    assert [(o.purpose, o.status) for o in await desk.orders()] == [
        *[("entry", S.FILLED), ("stop_loss", S.REPLACED), ("stop_loss", S.NEW)],
    ]
    (position,) = await desk.positions()
    assert position.stop_loss_price == Decimal("99.50")
    shown = [e.payload["position"]["stop_loss_price"] for e in await desk.events() if "position" in e.payload]
    assert shown[-1] == "99.5"

    filled = replace(new, status=S.FILLED, filled_quantity=Decimal(10))
    booked = await desk.book(filled, execution(new, 10, 10, "99.40"))
    assert booked.fills[0].lot == 0
    assert booked.order.parent_id == entry.id
    assert not (await desk.positions())[0].is_open


async def test_a_stop_that_the_broker_does_not_move_stays_on_record(desk: Desk) -> None:
    _, stop = await protected(desk)
    row = await moved(desk, stop, "99.50")
    await desk.store.close_order(row.id, S.REJECTED, "order is not open")
    assert (await desk.positions())[0].stop_loss_price == 98
    memory = await desk.store.memory(desk.bot_id)
    assert [one.stop_price for one in memory.open_orders] == [98]


async def test_a_stop_that_somebody_else_has_moved_is_followed(desk: Desk) -> None:
    _, stop = await protected(desk, "sell")
    old = replace(stop, status=S.REPLACED, replaced_by="b-by-hand")
    booked = await desk.book(old)
    assert booked.successor == "b-by-hand"
    assert not booked.order.status.is_terminal, "it is not given up before its successor is known"

    new = replace(
        stop,
        broker_order_id="b-by-hand",
        client_order_id="by-hand",
        stop_price=Decimal("101"),
        replaces=stop.broker_order_id,
    )
    adopted = (await desk.book(new)).order
    assert (adopted.purpose, adopted.side, adopted.lot) == (Purpose.STOP_LOSS, Side.BUY, 0)
    assert (await desk.book(old)).order.status is S.REPLACED
    assert (await desk.positions())[0].stop_loss_price == 101


@pytest.mark.parametrize("part_first", [True, False])
async def test_what_a_stop_fills_while_it_is_replaced_is_not_filled_again(
    desk: Desk, part_first: bool
) -> None:
    """The broker's new order counts what the old one has filled."""
    _, stop = await protected(desk)
    row = await moved(desk, stop, "99.50")
    part = replace(stop, status=S.REPLACED, filled_quantity=Decimal(4), replaced_by="b-moved-99.50")
    new = report(row, S.NEW, 4, replaces=stop.broker_order_id, quantity=Decimal(10))
    if not part_first:
        await desk.book(new)
    await desk.book(part, execution(stop, 4, 4, "98"))
    done = replace(new, status=S.FILLED, filled_quantity=Decimal(10))
    booked = await desk.book(done, execution(new, 10, 6, "99.50"))
    assert (booked.order.status, booked.order.quantity, booked.missing) == (S.FILLED, 6, False)
    assert not (await desk.positions())[0].is_open
    assert (await desk.bot()).realized_pnl == -8 - 3


async def test_a_stop_that_fills_instead_of_being_moved_closes_the_position(desk: Desk) -> None:
    _, stop = await protected(desk)
    row = await moved(desk, stop, "99.50")
    await desk.book(report(row, S.PENDING_NEW, replaces=stop.broker_order_id))
    filled = replace(stop, status=S.FILLED, filled_quantity=Decimal(10))
    await desk.book(filled, execution(stop, 10, 10, "98"))
    booked = await desk.book(report(row, S.REJECTED, reason="its order was filled"))
    assert booked.order.status is S.REJECTED
    assert (await desk.bot()).realized_pnl == -20


# --- protection that the engine holds ---------------------------------------------------------------


async def test_what_the_engine_guards_is_on_record_and_told_when_it_moves(desk: Desk) -> None:
    await desk.bought(10, "100", draft(stop_loss_price=None, take_profit_price=None))

    async def step(stop: str) -> int:
        await desk.store.record_step(
            StepRecord(
                bot_id=desk.bot_id,
                account_id=desk.account_id,
                bot_version=1,
                tau=TAU,
                decisions=[],
                orders=[],
                checkpoint={},
                day_pnl=Decimal(0),
                guarded={"AAPL": Guarded(Decimal(stop), None)},
            )
        )
        return sum(event.type == "position_updated" for event in await desk.events())

    told = await step("98.5")
    assert (await desk.positions())[0].stop_loss_price == Decimal("98.5")
    assert await step("98.5") == told
    assert await step("99") == told + 1


async def test_an_exit_of_one_lot_is_not_decided_anew_for_all(desk: Desk) -> None:
    """Of what the engine's own protection sells the checkpoint knows the lots."""
    await desk.bought(10, "100")
    touched = await desk.order(sale(quantity=Decimal(4), decided_reason="stop_touched"))
    await desk.book(report(touched, S.FILLED, 4), execution(touched, 4, 4, "98"))
    assert (await desk.store.memory(desk.bot_id)).leaving == frozenset()
    await desk.order(sale("exit-2", quantity=Decimal(6), decided_reason="signal"))
    assert (await desk.store.memory(desk.bot_id)).leaving == {"AAPL"}
