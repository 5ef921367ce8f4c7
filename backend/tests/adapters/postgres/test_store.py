"""What the engine keeps: steps, orders, statuses, marks, and what a bot's state is folded from."""

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from flotilla.db.tables import (
    AccountRow,
    BotRow,
    DecisionRow,
    EngineStateRow,
    EquitySnapshotRow,
    OrderEventRow,
)
from flotilla.domain.bots import BotStatus, DesiredStatus, OnStop
from flotilla.domain.kernel.decisions import Decision, Outcome
from flotilla.domain.orders import OrderStatus, OrderType
from flotilla.domain.risk import RefusalCode
from flotilla.domain.rules import Explained, Seen
from flotilla.ports.broker import AccountFigures
from flotilla.ports.store import DecisionEntry, MarketSnapshot
from tests.adapters.postgres.desk import TAU, Desk, draft, execution, leg, report, sale
from tests.builders import add_account, add_bot

S = OrderStatus
REFUSED = Decision("AAPL", Outcome.REFUSED, RefusalCode.OUTSIDE_WINDOW, {"price": 100.5})
SEEN = Explained("RSI(14) crosses below 30", 29.5, 30.0, True, values=(Seen("RSI(14)", 29.5),))


# --- steps ------------------------------------------------------------------------------------------


async def test_a_step_writes_its_orders_before_they_are_sent(desk: Desk) -> None:
    stored = await desk.step(draft("entry-1"), draft("entry-2", symbol="MSFT"))
    assert [order.client_order_id for order in stored.orders] == ["entry-1", "entry-2"]
    first = stored.orders[0]
    assert first.status is S.PENDING_SUBMIT
    assert first.broker_order_id is None
    assert (first.quantity, first.expected_price) == (10, 100)
    assert (first.stop_loss_price, first.take_profit_price, first.tau) == (98, 104, TAU)
    assert [o.id for o in await desk.store.open_orders(desk.account_id)] == [o.id for o in stored.orders]
    async with desk.database.transaction() as session:
        events = list(await session.scalars(select(OrderEventRow)))
    assert [(e.from_status, e.to_status, e.source) for e in events] == 2 * [
        (None, "pending_submit", "engine")
    ]


async def test_an_order_of_a_step_that_a_crash_interrupted_is_left_alone(desk: Desk) -> None:
    order = await desk.order(draft("entry-1"))
    await desk.book(report(order, S.ACCEPTED))
    before = await desk.everything()
    stored = await desk.step(draft("entry-1", quantity=Decimal(99)), draft("entry-2", symbol="MSFT"))
    assert [o.client_order_id for o in stored.orders] == ["entry-2"]
    after = await desk.everything()
    assert before["orders"][0] in after["orders"]
    assert len(after["orders"]) == 2
    assert set(before["order_events"]) < set(after["order_events"])


async def test_a_step_keeps_the_checkpoint_and_the_days_result(desk: Desk) -> None:
    checkpoint = {"day_baseline": 10_000.1, "marks": {"AAPL": 100.5}, "session_open": None}
    await desk.step(checkpoint=checkpoint)
    stored = await desk.store.memory(desk.bot_id)
    assert stored.checkpoint == checkpoint


async def test_a_step_is_one_transaction(desk: Desk) -> None:
    before = await desk.everything()
    with pytest.raises(Exception, match="quantity_positive"):
        await desk.step(draft("entry-1"), draft("entry-2", quantity=Decimal(0)), checkpoint={"x": 1})
    assert await desk.everything() == before


async def test_a_run_of_equal_decisions_is_one_row(desk: Desk) -> None:
    (row_id,) = (await desk.step(decisions=[DecisionEntry(REFUSED, [SEEN], None)])).decision_ids
    for minute in (1, 2):
        later = Decision("AAPL", Outcome.REFUSED, RefusalCode.OUTSIDE_WINDOW, {"price": 100.5 + minute})
        stored = await desk.step(
            decisions=[DecisionEntry(later, [SEEN], row_id)], tau=TAU + timedelta(minutes=minute)
        )
        assert stored.decision_ids == [row_id]
    other = DecisionEntry(Decision("AAPL", Outcome.NONE), [], None)
    (other_id,) = (await desk.step(decisions=[other], tau=TAU + timedelta(minutes=3))).decision_ids
    async with desk.database.transaction() as session:
        rows = list(await session.scalars(select(DecisionRow).order_by(DecisionRow.id)))
    assert [row.id for row in rows] == [row_id, other_id]
    run = rows[0]
    assert (run.count, run.first_tau, run.last_tau) == (3, TAU, TAU + timedelta(minutes=2))
    assert (run.outcome, run.refusal, run.numbers) == ("refused", "OUTSIDE_WINDOW", {"price": 102.5})
    assert run.conditions == [asdict(SEEN) | {"values": [{"name": "RSI(14)", "value": 29.5}]}]
    assert rows[1].count == 1


async def test_decision_ids_come_in_the_order_given(desk: Desk) -> None:
    entries = [DecisionEntry(Decision(symbol, Outcome.NONE), [], None) for symbol in ("SPY", "AAPL", "MSFT")]
    ids = (await desk.step(decisions=entries)).decision_ids
    async with desk.database.transaction() as session:
        rows = {row.id: row.symbol for row in await session.scalars(select(DecisionRow))}
    assert [rows[one] for one in ids] == ["SPY", "AAPL", "MSFT"]


# --- orders that never were at the broker -----------------------------------------------------------


@pytest.mark.parametrize("status", [S.NOT_SENT, S.REJECTED])
async def test_an_order_that_never_left_is_closed(desk: Desk, status: OrderStatus) -> None:
    order = await desk.order()
    closed = await desk.store.close_order(order.id, status, "why")
    assert closed is not None
    assert (closed.status, closed.reason) == (status, "why")
    assert await desk.store.open_orders(desk.account_id) == []
    assert await desk.store.close_order(order.id, status, "again") is None


async def test_an_order_that_the_broker_has_is_neither_closed_nor_resized(desk: Desk) -> None:
    order = await desk.order()
    assert (resized := await desk.store.resize_order(order.id, Decimal(4))) is not None
    assert resized.quantity == 4
    await desk.book(report(order, S.ACCEPTED))
    before = await desk.everything()
    assert await desk.store.close_order(order.id, S.NOT_SENT, "late") is None
    assert await desk.store.resize_order(order.id, Decimal(2)) is None
    assert await desk.everything() == before


async def test_an_order_whose_legs_are_known_is_at_the_broker_already(desk: Desk) -> None:
    order = await desk.order()
    await desk.book(report(order, S.PENDING_NEW, legs=(leg(order, OrderType.STOP, "98"),)))
    assert await desk.store.close_order(order.id, S.NOT_SENT, "late") is None


# --- what a bot's state is folded from --------------------------------------------------------------


async def test_memory_has_every_fill_in_the_order_of_booking(desk: Desk) -> None:
    first = await desk.order(draft("entry-1", quantity=Decimal(5)))
    second = await desk.order(draft("entry-2", quantity=Decimal(5), symbol="MSFT"))
    await desk.book(report(second, S.FILLED, 5), execution(second, 5, 5, "50", minute=1))
    await desk.book(report(first, S.PARTIALLY_FILLED, 2), execution(first, 2, 2, "100", minute=9))
    exit_ = await desk.order(sale("exit-2", quantity=Decimal(5), symbol="MSFT"))
    await desk.book(report(exit_, S.FILLED, 5), execution(exit_, 5, 5, "51", minute=2))

    memory = await desk.store.memory(desk.bot_id)
    assert memory.capital == 10_000
    assert [(f.symbol, f.signed_quantity, f.purpose) for f in memory.fills] == [
        ("MSFT", 5, "entry"),
        ("AAPL", 2, "entry"),
        ("MSFT", -5, "exit"),
    ]
    assert [order.id for order in memory.open_orders] == [first.id]
    assert memory.protected == {"AAPL"}


async def test_a_position_without_stop_or_target_is_not_protected(desk: Desk) -> None:
    await desk.bought(5, "100", draft(stop_loss_price=None, take_profit_price=None, quantity=Decimal(5)))
    assert (await desk.store.memory(desk.bot_id)).protected == frozenset()
    await desk.bought(5, "100", draft("e2", symbol="MSFT", stop_loss_price=None, quantity=Decimal(5)))
    assert (await desk.store.memory(desk.bot_id)).protected == {"MSFT"}


# --- bots -------------------------------------------------------------------------------------------


async def test_the_engine_sees_the_bots_of_its_account(desk: Desk) -> None:
    second = await add_bot(desk.database, desk.account_id, name="Second")
    archived = await add_bot(desk.database, desk.account_id, name="Archived")
    other = await add_account(desk.database, "0197d3a0-0000-7000-8000-000000000002")
    await add_bot(desk.database, other, name="Other")
    async with desk.database.transaction() as session:
        await session.execute(
            text("UPDATE flotilla.bots SET archived_at = now() WHERE id = :id"), {"id": archived}
        )
    await desk.bought()
    bots = await desk.store.bots(desk.account_id)
    assert [(bot.id, bot.holds) for bot in bots] == [(desk.bot_id, True), (second, False)]
    bot = bots[0]
    assert (bot.name, bot.status, bot.desired_status) == (
        "Dip buyer",
        BotStatus.STOPPED,
        DesiredStatus.STOPPED,
    )
    assert (bot.on_stop, bot.version, bot.spec_error) == (OnStop.KEEP, 1, None)
    assert bot.spec is not None
    assert bot.spec.symbols == ("AAPL", "MSFT")


async def test_a_definition_that_cannot_be_read_is_told_not_raised(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        row = await session.get_one(BotRow, desk.bot_id)
        row.rules = {"entry": {"type": "gone"}}
    (bot,) = await desk.store.bots(desk.account_id)
    assert bot.spec is None
    assert bot.spec_error is not None
    assert bot.spec_error.startswith("The stored definition cannot be read")


async def test_a_status_is_told_once(desk: Desk) -> None:
    for _ in range(3):
        await desk.store.set_status(desk.bot_id, BotStatus.ERROR, "it broke")
    told = [event.payload["bot"] for event in await desk.events()]
    assert [(bot["status"], bot["status_reason"]) for bot in told] == [
        ("stopped", None),
        ("error", "it broke"),
    ]
    await desk.store.set_status(desk.bot_id, BotStatus.RUNNING)
    assert (await desk.events())[-1].payload["bot"]["status_reason"] is None


async def test_only_what_browsers_are_told_of_moves_updated_at(desk: Desk) -> None:
    created = (await desk.bot()).updated_at
    await desk.step(checkpoint={"x": 1})
    await desk.bought()
    await desk.store.mark(desk.account_id, {"AAPL": 101.0})
    assert (await desk.bot()).updated_at == created
    await desk.store.set_status(desk.bot_id, BotStatus.RUNNING)
    assert (await desk.bot()).updated_at > created


# --- marks, figures, heartbeat ----------------------------------------------------------------------


async def test_marks_value_the_open_positions(desk: Desk) -> None:
    await desk.bought(10, "100")
    await desk.bought(5, "50", draft("entry-2", symbol="MSFT", quantity=Decimal(5)))
    closed = await desk.order(sale("exit-2", symbol="MSFT", quantity=Decimal(5)))
    await desk.book(report(closed, S.FILLED, 5), execution(closed, 5, 5, "51"))
    before = len(await desk.events())

    await desk.store.mark(desk.account_id, {"AAPL": 100.1, "MSFT": 999.0, "SPY": 1.0})
    held, sold = await desk.positions()
    assert (held.current_price, held.unrealized_pnl) == (Decimal("100.1"), 1)
    assert (sold.current_price, sold.unrealized_pnl) == (51, 0)
    (told,) = (await desk.events())[before:]
    assert told.type == "position_updated"
    assert told.payload["position"]["unrealized_pnl"] == "1"
    assert (await desk.bot()).cash == 10_000 - 1_000 + 5


async def test_marks_are_of_one_account(desk: Desk) -> None:
    await desk.bought(10, "100")
    other = await add_account(desk.database, "0197d3a0-0000-7000-8000-000000000002")
    before = await desk.everything()
    await desk.store.mark(other, {"AAPL": 1.0})
    await desk.store.mark(desk.account_id, {})
    assert await desk.everything() == before
    assert await desk.store.held_symbols(other) == []
    assert await desk.store.held_symbols(desk.account_id) == ["AAPL"]


async def test_the_brokers_figures_are_a_point_of_the_curve(desk: Desk) -> None:
    for equity in (100_000, 100_500):
        figures = AccountFigures(Decimal(equity), Decimal(90_000), Decimal(99_000))
        await desk.store.save_account(desk.account_id, figures, TAU)
    await desk.store.save_account(desk.account_id, figures, TAU + timedelta(minutes=1))
    async with desk.database.transaction() as session:
        account = await session.get_one(AccountRow, desk.account_id)
        curve = list(await session.scalars(select(EquitySnapshotRow).order_by(EquitySnapshotRow.at)))
    assert (account.equity, account.cash, account.last_equity) == (100_500, 90_000, 99_000)
    assert account.as_of == TAU + timedelta(minutes=1)
    assert [(point.at, point.equity) for point in curve] == [
        (TAU, 100_500),
        (TAU + timedelta(minutes=1), 100_500),
    ]


async def test_heartbeat_and_watermark_keep_each_others_columns(desk: Desk) -> None:
    market = MarketSnapshot(connected=True, now=TAU, rate=60.0, source="synthetic", in_flight=2)
    await desk.store.heartbeat(desk.account_id, market, TAU)
    await desk.store.watermark(desk.account_id, TAU)
    market.connected, market.in_flight = False, 0
    await desk.store.heartbeat(desk.account_id, market, TAU + timedelta(seconds=1))
    async with desk.database.transaction() as session:
        state = await session.get_one(EngineStateRow, desk.account_id)
    assert (state.tau, state.connected, state.in_flight) == (TAU, False, 0)
    assert (state.market_now, state.market_rate, state.market_source) == (TAU, 60.0, "synthetic")
    assert state.heartbeat_at == TAU + timedelta(seconds=1)


async def test_the_account_is_found_by_its_id(desk: Desk) -> None:
    account = await desk.store.account(desk.account_id)
    assert (account.id, account.kind, account.epoch) == (desk.account_id, "practice", 1)
