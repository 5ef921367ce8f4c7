"""Entries that wait for their price: where they fill, when they follow, when they are withdrawn."""

import math
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.kernel.decisions import Mode, StepResult
from flotilla.domain.market import Instrument, Session, Window
from flotilla.domain.orders import Action, OrderType, Purpose, Side
from flotilla.domain.risk import EntryOrder, ExitReason, RefusalCode, problems
from tests.kernel.arrays import KernelRun
from tests.kernel.scene import ALL_DAY
from tests.kernel.table import bare, bot, entries, fills, minute, play, refusals
from tests.kernel.twin.costs import Costs

LIMIT: dict[str, Any] = {"entry_order": EntryOrder.LIMIT, "entry_offset_percent": 1.0}
STOP: dict[str, Any] = {"entry_order": EntryOrder.STOP, "entry_offset_percent": 1.0}
SLIPPING = {"AAPL": Costs(slippage=0.01)}


def changes(run: KernelRun) -> list[tuple[int, Action, float | None, ExitReason]]:
    """(minute, what, own price, why) of everything that is not a new order."""
    found = [one for one in run.intents if one.action is not Action.PLACE]
    return [(minute(run, one.tau), one.action, one.own, one.reason) for one in found]


# --- where it fills -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said", "bar", "price"),
    [
        (LIMIT, "buy", (100.0, 100.5, 99.0, 100.0), 99.0),  # touched: its price
        (LIMIT, "buy", (98.0, 98.5, 97.0, 98.0), 98.0),  # beyond: the open
        (LIMIT, "short", (100.0, 101.0, 99.0, 100.0), 101.0),
        (LIMIT, "short", (103.0, 103.5, 102.0, 103.0), 103.0),
        (LIMIT | {"entry_offset_percent": -1.0}, "buy", (100.5, 101.0, 100.0, 100.5), 100.5),
        (STOP, "buy", (100.0, 101.0, 99.0, 100.0), 101.0),
        (STOP, "buy", (103.0, 103.5, 102.0, 103.0), 103.0),
        (STOP, "short", (100.0, 100.5, 99.0, 100.0), 99.0),
        (STOP, "short", (98.0, 98.5, 97.0, 98.0), 98.0),
    ],
)
def test_an_entry_fills_at_its_price_or_at_an_open_beyond_it(
    settings: dict[str, Any], said: str, bar: tuple[float, float, float, float], price: float
) -> None:
    run = play(bot(bare(**settings), {0: said}), [100.0, bar, 100.0])
    assert [(at, found) for at, _, _, found in fills(run)] == [(1, price)]


def test_it_waits_for_its_price() -> None:
    run = play(bot(bare(**LIMIT), {0: "buy"}), [100.0, 100.0, 99.5, None, 98.9, 100.0])
    assert fills(run) == [(4, "entry", 50.0, 98.9)]


def test_a_stop_slips_and_a_limit_does_not() -> None:
    bar = (100.0, 101.0, 99.0, 100.0)
    limit = play(bot(bare(**LIMIT), {0: "buy"}, costs=SLIPPING), [100.0, bar])
    stop = play(bot(bare(**STOP), {0: "buy"}, costs=SLIPPING), [100.0, bar])
    assert [one.price for one in limit.fills] == [99.0]
    assert [one.price for one in stop.fills] == [102.01]


def test_a_stop_lies_a_step_beyond_the_close_at_least() -> None:
    run = play(bot(bare(**STOP | {"entry_offset_percent": 0.0}), {0: "buy"}), [100.0, 100.0, 100.01])
    assert fills(run) == [(2, "entry", 49.0, 100.01)]


def test_stop_target_and_size_come_from_its_own_price() -> None:
    risk = bare(**LIMIT, stop_loss_percent=10.0, take_profit_percent=20.0)
    (sent,) = play(bot(risk, {0: "buy"}), [100.0]).intents
    assert (sent.price, sent.own, sent.stop, sent.target) == (100.0, 99.0, 89.1, 118.8)
    assert sent.quantity == 50.0  # 5,000 of 99 each
    (decision,) = entries(play(bot(risk, {0: "buy"}), [100.0]))
    assert decision.numbers[1] == 99.0


# --- legs in its bar ----------------------------------------------------------------------------------

PROTECTED = {"stop_loss_percent": 2.0, "take_profit_percent": 2.0}


def test_within_its_bar_only_the_stop_counts() -> None:
    wide = (100.0, 110.0, 90.0, 100.0)
    run = play(bot(bare(**LIMIT, **PROTECTED), {0: "buy"}), [100.0, wide, 100.0])
    assert fills(run) == [(1, "entry", 50.0, 99.0), (1, "stop_loss", -50.0, 97.02)]


def test_the_stop_within_its_bar_fills_at_its_price_though_the_bar_opened_beyond_it() -> None:
    """The entry came later than the open."""
    risk = bare(**STOP, stop_loss_percent=0.5)
    run = play(bot(risk, {0: "buy"}), [100.0, (100.0, 102.0, 99.5, 101.0), 101.0])
    assert fills(run) == [(1, "entry", 49.0, 101.0), (1, "stop_loss", -49.0, 100.5)]


def test_a_target_within_its_bar_waits_for_the_next() -> None:
    high = (100.0, 110.0, 98.9, 104.0)
    run = play(bot(bare(**LIMIT, **PROTECTED), {0: "buy"}), [100.0, high, 104.0])
    assert fills(run) == [(1, "entry", 50.0, 99.0), (2, "take_profit", -50.0, 104.0)]


def test_after_an_entry_at_the_open_both_legs_count() -> None:
    run = play(bot(bare(**LIMIT, **PROTECTED), {0: "buy"}), [100.0, (99.0, 101.0, 98.0, 99.0), 99.0])
    assert fills(run) == [(1, "entry", 50.0, 99.0), (1, "take_profit", -50.0, 100.98)]


# --- its end ------------------------------------------------------------------------------------------


def test_it_is_cancelled_when_it_has_waited_long_enough() -> None:
    risk = bare(**LIMIT, entry_expire_minutes=2)
    run = play(bot(risk, {0: "buy", 2: "buy", 3: "buy"}), [100.0, 100.0, 100.0, 98.0, 98.0, 97.0])
    assert changes(run) == [(2, Action.CANCEL, 99.0, ExitReason.ENTRY_EXPIRED)]
    assert refusals(run) == [(2, RefusalCode.ORDER_PENDING)]  # at its own tau it still is
    assert fills(run) == [(5, "entry", 51.0, 97.0)]  # the one decided anew, at 98 less one percent


@pytest.mark.parametrize(
    ("settings", "said", "more"),
    [
        ({}, "sell", {}),
        ({}, "must go", {}),
        ({}, "", {"modes": ["trade", "paused"]}),
        ({}, "", {"modes": ["trade", "guard"]}),
        ({}, "", {"modes": ["trade", "flatten"]}),
        ({}, "", {"window": Window(time(9, 30), time(9, 32))}),
    ],
)
def test_it_is_withdrawn_when_it_is_not_wanted_any_more(
    settings: dict[str, Any], said: str, more: dict[str, Any]
) -> None:
    run = play(bot(bare(**LIMIT, **settings), {0: "buy", 1: said}, **more), [100.0, 100.0, 98.0])
    assert changes(run) == [(1, Action.CANCEL, 99.0, ExitReason.ENTRY_WITHDRAWN)]
    assert fills(run) == []


def test_it_does_not_outlive_its_session() -> None:
    run = play(bot(bare(**LIMIT, **PROTECTED), {1: "buy"}), [100.0] * 3, [98.0] * 3, session=3)
    assert changes(run) == [(2, Action.CANCEL, 99.0, ExitReason.ENTRY_WITHDRAWN)]
    assert fills(run) == []


def test_a_halt_withdraws_it() -> None:
    risk = bare(**LIMIT, entry_expire_minutes=60, daily_loss_limit_percent=1.0, position_percent=40.0)
    both = bot(risk, {"AAPL": {0: "buy"}, "MSFT": {1: "buy"}})
    day = {"AAPL": [100.0, 98.0, 90.0, 90.0], "MSFT": [100.0, 100.0, 100.0, 90.0]}
    run = play(both, day)
    assert changes(run) == [(2, Action.CANCEL, 99.0, ExitReason.ENTRY_WITHDRAWN)]


# --- the chase ----------------------------------------------------------------------------------------


def test_a_limit_follows_a_price_that_runs_away_and_never_back() -> None:
    risk = bare(**LIMIT, entry_chase_steps=2, entry_chase_limit_percent=5.0, entry_expire_minutes=60)
    run = play(bot(risk, {0: "buy"}), [100.0, 101.0, 100.5, 102.0, 103.0, (103.0, 103.0, 100.9, 101.0)])
    moved = [(at, price) for at, _, price, _ in changes(run)]
    assert moved == [(1, 99.99), (3, 100.98)]
    assert fills(run) == [(5, "entry", 50.0, 100.98)]


def test_it_follows_no_further_than_its_limit() -> None:
    risk = bare(**LIMIT, entry_chase_steps=9, entry_chase_limit_percent=0.5, entry_expire_minutes=60)
    up = play(bot(risk, {0: "buy"}), [100.0, 101.0, 104.0, 109.0])
    assert [price for _, _, price, _ in changes(up)] == [99.99, 100.5]
    down = play(bot(risk, {0: "short"}), [100.0, 97.0, 94.0])
    assert [price for _, _, price, _ in changes(down)] == [99.5]


def test_its_stop_and_target_stay_and_its_reserve_follows() -> None:
    risk = bare(**LIMIT, **PROTECTED, entry_chase_steps=1, entry_chase_limit_percent=5.0)
    run = play(bot(risk, {0: "buy"}), [100.0, 103.0])
    first, moved = run.intents
    assert (moved.own, moved.stop, moved.target) == (101.97, first.stop, first.target)
    assert run.book.slots[0].reserved == 1.01 * 50.0 * 101.97


def test_it_does_not_follow_where_the_cash_ends() -> None:
    risk = bare(**LIMIT, position_percent=100.0, entry_chase_steps=3, entry_chase_limit_percent=10.0)
    run = play(bot(risk, {0: "buy"}), [100.0, 103.0])
    assert changes(run) == []


# --- what is added, and what is bought in parts -------------------------------------------------------


def test_what_is_added_is_bought_at_the_market() -> None:
    risk = bare(**LIMIT, position_percent=10.0, scale_in_steps=1, scale_in_distance_percent=1.0)
    run = play(bot(risk, {0: "buy", 2: "ask"}), [100.0, 99.0, 102.0, 102.0])
    assert [(at, price) for at, _, _, price in fills(run)] == [(1, 99.0), (3, 102.0)]
    assert [one.kind for one in run.intents] == [OrderType.LIMIT, OrderType.MARKET]


OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)


def step(live: KernelBot, number: int, close: float = 100.0, **said: Any) -> StepResult:
    view = SymbolView(close, True, True, high=close, low=close, **said)
    tau, session = OPEN + timedelta(minutes=number), Session(OPEN, OPEN + timedelta(hours=6.5))
    return live.step({"AAPL": view}, tau=tau, session=session, mode=Mode.TRADE)


def test_an_exit_withdraws_the_rest_of_an_entry_that_was_filled_in_part_and_then_sells() -> None:
    live = KernelBot(
        KernelSpec(("AAPL",), bare(**LIMIT), ALL_DAY), 10_000.0, {"AAPL": Instrument("AAPL", "")}
    )
    (placed,) = step(live, 1, entry=True).intents
    assert (placed.type, placed.order_price) == (OrderType.LIMIT, 99.0)
    live.apply_fill(symbol="AAPL", side=Side.BUY, quantity=20.0, price=99.0, fee=0.0)
    live.order_under_way("AAPL", Purpose.ENTRY, side=Side.BUY, quantity=30.0, price=100.0)
    assert live.pending["AAPL"].reserved == 1.01 * 30.0 * 99.0

    (cancelled,) = step(live, 2, exit=True).intents
    assert (cancelled.action, cancelled.reason) == (Action.CANCEL, ExitReason.ENTRY_WITHDRAWN)
    (again,) = step(live, 3).intents  # not confirmed yet
    assert again.action is Action.CANCEL
    live.order_done("AAPL")
    (sold,) = step(live, 4).intents
    assert (sold.purpose, sold.quantity, sold.action) == (Purpose.EXIT, 20.0, Action.PLACE)
    assert sold.order_price is None


def test_a_waiting_entry_survives_a_restart() -> None:
    def fresh() -> KernelBot:
        risk = bare(**LIMIT, entry_expire_minutes=3, entry_chase_steps=2, entry_chase_limit_percent=9.0)
        return KernelBot(KernelSpec(("AAPL",), risk, ALL_DAY), 10_000.0, {"AAPL": Instrument("AAPL", "")})

    before, after = fresh(), fresh()
    step(before, 1, entry=True)
    step(before, 2, close=101.0)
    after.restore(before.checkpoint())
    (moved,) = step(after, 3, close=102.0).intents
    assert (moved.action, moved.order_price) == (Action.REPLACE, 100.98)
    (ended,) = step(after, 4, close=103.0).intents
    assert (ended.action, ended.reason) == (Action.CANCEL, ExitReason.ENTRY_EXPIRED)


# --- settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"entry_order": EntryOrder.STOP, "entry_offset_percent": -0.1}, "entry_offset_percent"),
        ({"entry_chase_steps": -1}, "entry_chase_steps"),
        ({"entry_expire_minutes": 0}, "entry_expire_minutes"),
        ({"entry_offset_percent": math.nan}, "entry_offset_percent"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], field: str) -> None:
    assert [one.field for one in problems(bare(**settings))] == [f"risk_management.{field}"]
