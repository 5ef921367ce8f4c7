"""Ledgers + what is no bot's = the broker; what differs has a name, a cause, and a remedy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from flotilla.db.tables import AccountOrderRow, EventRow, FindingRow, PositionRow
from flotilla.domain.bots import BotStatus
from flotilla.domain.orders import OrderStatus, Purpose
from flotilla.domain.reconciliation import CASH
from flotilla.engine.account_watch import AccountWatch
from tests.engine.desk import Desk
from tests.engine.fakes import Behaviour
from tests.engine.harness import Engine

D = Decimal


@pytest.fixture
async def watch(desk: Desk) -> AccountWatch:
    """Give a watch that has met the account, which was empty."""
    made = desk.watch()
    await made.compare()
    return made


async def found(desk: Desk, *, open_only: bool = True) -> list[tuple[str, str, Decimal, Decimal]]:
    rows = await desk.engine.rows(FindingRow, account_id=desk.engine.account_id)
    return [
        (row.symbol, row.cause, row.quantity, row.cash)
        for row in rows
        if row.resolved_at is None or not open_only
    ]


async def unmanaged(desk: Desk) -> dict[str, Decimal]:
    read = await desk.store.account_books.read(desk.engine.account_id)
    return {symbol: quantity for symbol, quantity in read.unmanaged.items() if quantity}


async def wish(desk: Desk, remedy: str, bot_id: str | None = None) -> None:
    """What the API does when a person has chosen."""
    async with desk.engine.database.transaction() as session:
        await session.execute(
            update(FindingRow)
            .where(FindingRow.account_id == desk.engine.account_id, FindingRow.resolved_at.is_(None))
            .values(remedy=remedy, bot_id=bot_id)
        )


async def bought(desk: Desk) -> None:
    """The bot buys ten shares at 90."""
    await desk.gateway.submit(await desk.order())
    await desk.reconciled()


async def agrees(desk: Desk, watch: AccountWatch) -> None:
    """Broker and books are the same, but for what is on record."""
    await watch.compare()
    seen = await watch._look()
    assert seen.found == {}


# --- the first meeting ------------------------------------------------------------------------------


async def test_what_was_there_before_is_no_bots_and_no_finding(desk: Desk) -> None:
    desk.exchange.by_hand("MSFT", 7, 50.0)
    desk.exchange.fills_at_once = False
    resting = desk.exchange.by_hand_resting("AAPL", 3)
    watch = desk.watch()
    await watch.compare()
    assert await found(desk) == []
    assert await unmanaged(desk) == {"MSFT": 7, CASH: 100_000 - 350}
    # Nor is what that order trades later.
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.fill(resting, told=False)
    await watch.compare()
    await agrees(desk, watch)
    assert await found(desk, open_only=False) == []
    assert (await unmanaged(desk))["AAPL"] == 3


async def test_a_bots_own_trades_are_no_difference(desk: Desk, watch: AccountWatch) -> None:
    await bought(desk)
    await agrees(desk, watch)
    await desk.gateway.submit(await desk.order(Purpose.EXIT))
    await desk.reconciled()
    await agrees(desk, watch)
    assert await found(desk, open_only=False) == []


# --- no false alarm ---------------------------------------------------------------------------------


async def test_what_is_on_its_way_is_no_difference(desk: Desk, watch: AccountWatch) -> None:
    """The broker has filled, and its report is not here yet when we look."""
    order = await desk.order()

    async def fill_meanwhile(carry_out: Behaviour, *args: Any) -> Any:
        await desk.exchange.accept(order)
        return await carry_out(*args)

    desk.exchange.once("positions", fill_meanwhile)
    await watch.compare()
    await desk.reconciled()
    await agrees(desk, watch)
    assert await found(desk, open_only=False) == []


async def test_a_difference_that_the_second_look_does_not_show_is_none(
    desk: Desk, watch: AccountWatch
) -> None:
    async def half(carry_out: Behaviour, *args: Any) -> Any:
        answer: Sequence[Any] = await carry_out(*args)
        return answer[1:]

    await bought(desk)
    desk.exchange.once("positions", half)
    await watch.compare()
    assert await found(desk, open_only=False) == []


async def test_two_late_reports_of_the_same_size_are_no_difference(desk: Desk, watch: AccountWatch) -> None:
    """Each look meets another fill whose report has not come: they differ alike, of two causes."""
    desk.exchange.fills_at_once = False
    order = await desk.order()
    await desk.gateway.submit(order)
    key = desk.exchange.by_client_id(order.client_order_id).broker_order_id
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.fill(key, 4, told=False)

    async def first(carry_out: Behaviour, *args: Any) -> Any:
        desk.exchange.once("positions", second)
        return await carry_out(*args)

    async def second(carry_out: Behaviour, *args: Any) -> Any:
        desk.exchange.fill(key, 4, told=False)
        return await carry_out(*args)

    desk.exchange.once("positions", first)
    await watch.compare()
    assert await found(desk) == []
    assert desk.bot.bought == 8
    await agrees(desk, watch)


# --- causes -----------------------------------------------------------------------------------------


async def test_a_trade_by_hand(desk: Desk, watch: AccountWatch) -> None:
    await bought(desk)
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.by_hand("AAPL", 5, 91.0)
    await watch.round()
    assert await found(desk) == [("AAPL", "manual_trade", 5, -455)]
    assert desk.gateway.holds_back({"AAPL", "MSFT"})
    assert not desk.gateway.holds_back({"MSFT"})
    await watch.round()  # it is told once
    assert len(await found(desk, open_only=False)) == 1
    (row,) = await desk.engine.rows(FindingRow, account_id=desk.engine.account_id)
    alerts = [event.payload["alert"] for event in await desk.engine.rows(EventRow, type="alert")]
    assert [one["symbol"] for one in alerts if one["finding_id"] == row.id] == ["AAPL"]
    # More of it belongs to the same finding; the opposite undoes it.
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.by_hand("AAPL", 2, 90.0)
    await watch.round()
    assert await found(desk) == [("AAPL", "manual_trade", 7, -635)]
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.by_hand("AAPL", -7, 635 / 7)
    await watch.round()
    assert not desk.gateway.unreconciled
    await agrees(desk, watch)


async def test_the_order_of_another_flotilla(desk: Desk, watch: AccountWatch) -> None:
    theirs = f"{desk.bot_id}-1-MSFT-20260310T140000-entry-1"
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.by_hand("MSFT", 4, 50.0, client_order_id=theirs)
    await watch.round()
    assert await found(desk) == [("MSFT", "external_fill", 4, -200)]


async def test_a_split_and_an_unknown_cause(desk: Desk, watch: AccountWatch) -> None:
    await bought(desk)
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.happens("SPLIT", "AAPL", 30)
    desk.exchange.held["SPY"] += 1
    await watch.round()
    assert await found(desk) == [("AAPL", "split", 30, 0), ("SPY", "unknown", 1, 0)]


async def test_transfers_and_dividends_are_the_accounts_own_at_once(desk: Desk, watch: AccountWatch) -> None:
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.happens("CSD", cash=5000)
    desk.exchange.happens("DIV", cash=1.25)
    await watch.round()
    assert await found(desk) == []
    assert {row[1] for row in await found(desk, open_only=False)} == {"transfer", "income"}
    assert (await unmanaged(desk))[CASH] == D("105001.25")
    assert not desk.gateway.unreconciled
    await agrees(desk, watch)


async def test_dollars_that_nothing_explains_hold_every_bot_back(desk: Desk, watch: AccountWatch) -> None:
    desk.exchange.spent += 3
    await watch.round()
    assert await found(desk) == [(CASH, "unknown", 0, -3)]
    assert desk.gateway.holds_back({"ANY"})
    await wish(desk, "adopt")
    await watch.round()
    assert not desk.gateway.unreconciled
    await agrees(desk, watch)


async def test_a_fill_that_nobody_told_is_asked_for(desk: Desk, watch: AccountWatch) -> None:
    """The order is done in our books: nothing would ever ask for it again."""
    desk.exchange.fills_at_once = False
    order = await desk.order()
    await desk.gateway.submit(order)
    key = desk.exchange.by_client_id(order.client_order_id).broker_order_id
    desk.exchange.fill(key, 4)
    await desk.exchange.cancel_group(key)
    await desk.reconciled()
    assert desk.bot.bought == 4
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.fill(key, 2, told=False)  # the cancel came too late for these
    desk.exchange.orders[key] = replace(desk.exchange.orders[key], status=OrderStatus.CANCELED)
    await watch.round()
    assert desk.bot.bought == 6
    assert await found(desk) == []
    assert [row[1] for row in await found(desk, open_only=False)] == ["missed_fill"]
    await agrees(desk, watch)


# --- remedies ---------------------------------------------------------------------------------------


async def by_hand(desk: Desk, watch: AccountWatch, quantity: int = 5, price: float = 91.0) -> None:
    desk.exchange.now += timedelta(minutes=1)
    desk.exchange.by_hand("AAPL", quantity, price)
    await watch.round()
    assert await found(desk)


async def test_assigned_to_a_bot_it_is_as_if_the_bot_had_traded(desk: Desk, watch: AccountWatch) -> None:
    await bought(desk)
    await by_hand(desk, watch)
    await wish(desk, "assign", desk.bot_id)
    await watch.round()
    assert await found(desk) == []
    position = await desk.engine.position(desk.bot_id)
    assert position is not None
    assert (position.quantity, position.entry_price) == (15, (D(900) + 455) / 15)
    assert desk.bot.bought == 15  # the running bot has heard of it
    assert (await desk.engine.bot(desk.bot_id)).cash == 10_000 - 900 - 455
    assert await unmanaged(desk) == {CASH: 100_000}
    await agrees(desk, watch)


async def test_a_sale_by_hand_of_a_bots_shares_can_be_the_bots(desk: Desk, watch: AccountWatch) -> None:
    await bought(desk)
    await by_hand(desk, watch, -10, 95.0)
    await wish(desk, "assign", desk.bot_id)
    await watch.round()
    assert await desk.engine.position(desk.bot_id) is None
    assert (await desk.engine.bot(desk.bot_id)).realized_pnl == 50
    await agrees(desk, watch)


async def test_what_a_bot_cannot_have_is_not_assigned_and_says_why(desk: Desk, watch: AccountWatch) -> None:
    await by_hand(desk, watch)
    desk.exchange.held["AAPL"] = D(-1)
    await watch.round()
    (row,) = await desk.engine.rows(FindingRow, account_id=desk.engine.account_id)
    await wish(desk, "assign", desk.bot_id)
    await watch.round()
    (row,) = await desk.engine.rows(FindingRow, account_id=desk.engine.account_id)
    assert row.remedy is None
    assert row.problem is not None
    assert row.resolved_at is None


async def test_a_splits_shares_cost_nothing(desk: Desk, watch: AccountWatch) -> None:
    await bought(desk)
    desk.exchange.happens("SPLIT", "AAPL", 30)
    await watch.round()
    await wish(desk, "assign", desk.bot_id)
    await watch.round()
    position = await desk.engine.position(desk.bot_id)
    assert position is not None
    assert (position.quantity, position.entry_price) == (40, D("22.5"))
    await agrees(desk, watch)


async def test_adopted_it_is_no_bots(desk: Desk, watch: AccountWatch) -> None:
    await by_hand(desk, watch)
    await wish(desk, "adopt")
    await watch.round()
    assert await unmanaged(desk) == {"AAPL": 5, CASH: 100_000 - 455}
    assert not desk.gateway.unreconciled
    await agrees(desk, watch)


async def test_flattened_it_is_sold_and_only_once(desk: Desk, watch: AccountWatch) -> None:
    await bought(desk)
    await by_hand(desk, watch)
    await wish(desk, "flatten")
    await watch.round()
    await watch.round()
    await watch.round()
    (row,) = await desk.engine.rows(AccountOrderRow, account_id=desk.engine.account_id)
    assert (row.side, row.quantity, row.status, row.filled_quantity) == ("sell", 5, "filled", 5)
    assert desk.exchange.held["AAPL"] == 10
    sent = [order.client_order_id for order in desk.exchange.called("submit")]
    assert sent.count(row.client_order_id) == 1
    assert await unmanaged(desk) == {CASH: 100_000 - 455 + 5 * 90}
    await agrees(desk, watch)
    assert len(await found(desk, open_only=False)) == 1


async def test_a_flattening_order_waits_behind_a_bots_opposite_one(desk: Desk, watch: AccountWatch) -> None:
    desk.exchange.lenient = False
    await by_hand(desk, watch)
    desk.exchange.fills_at_once = False
    order = await desk.order()
    await desk.gateway.submit(order)
    await wish(desk, "flatten")
    await watch.round()
    assert len(desk.exchange.called("submit")) == 1
    desk.exchange.fills_at_once = True
    desk.exchange.fill(desk.exchange.by_client_id(order.client_order_id).broker_order_id)
    await desk.reconciled()
    await watch.round()
    await watch.round()
    (row,) = await desk.engine.rows(AccountOrderRow, account_id=desk.engine.account_id)
    assert row.status == "filled"
    await agrees(desk, watch)


# --- bots -------------------------------------------------------------------------------------------


async def test_a_bot_that_depends_on_it_does_not_enter_but_leaves(engine: Engine) -> None:
    """A restart knows of it before any bot decides."""
    held = await engine.add_bot(name="Holder")
    async with engine.running():
        await engine.want(held, "running")
        await engine.until_status(held, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=101.0)
        assert await engine.position(held) is not None
    async with engine.database.transaction() as session:
        session.add(
            FindingRow(
                account_id=engine.account_id,
                symbol="AAPL",
                cause="unknown",
                quantity=D(1),
                cash=D(0),
                detail="Told by a test.",
            )
        )
    engine.exchange.held["AAPL"] += 1
    other = await engine.add_bot(name="Other")
    async with engine.running():
        await engine.want(other, "running")
        await engine.until_status(other, BotStatus.RUNNING)
        await engine.minute(AAPL=102.0)
        assert [d.refusal for d in await engine.decisions(other)] == ["UNRECONCILED"]
        await engine.minute(AAPL=121.0)
        await engine.minute(AAPL=121.0)
        assert await engine.position(held) is None
        assert await engine.rows(PositionRow, bot_id=other) == []
