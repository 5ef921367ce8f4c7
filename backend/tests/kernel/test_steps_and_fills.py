"""A step of the whole bot: its order, what is not usable yet, scaling in, and what the model fills."""

import math
from datetime import time
from typing import Any

import pytest

from flotilla.domain.market import Window
from flotilla.domain.risk import RefusalCode
from tests.kernel.scene import ALL_DAY, COIN, Scene
from tests.kernel.table import bar, bare, bot, entries, fills, play, played, reasons, refusals
from tests.kernel.twin.costs import Costs

# --- what is not usable at the same tau -------------------------------------------------------------------


def test_the_proceeds_of_an_exit_are_not_spent_at_the_same_tau() -> None:
    said = {"AAPL": {0: "buy", 2: "sell"}, "MSFT": {2: "buy", 3: "buy"}}
    run = play(bot(bare(position_percent=99.0), said), {"AAPL": [50.0] * 5, "MSFT": [200.0] * 5})
    assert refusals(run) == [(2, RefusalCode.INSUFFICIENT_CASH)]
    assert fills(run)[1:] == [(3, "exit", -198.0, 50.0), (4, "entry", 49.0, 200.0)]


def test_the_slot_of_an_exit_is_not_free_at_the_same_tau() -> None:
    said = {"AAPL": {0: "buy", 2: "sell"}, "MSFT": {2: "buy", 3: "buy"}}
    one = bot(bare(position_percent=10.0, max_open_positions=1), said)
    run = play(one, {"AAPL": [50.0] * 5, "MSFT": [50.0] * 5})
    assert refusals(run) == [(2, RefusalCode.MAX_OPEN_POSITIONS)]
    assert run.decisions[2].numbers[:2] == (1.0, 1.0)
    assert fills(run)[-1] == (4, "entry", 20.0, 50.0)


def test_a_reversal_needs_a_later_tau() -> None:
    run = play(bot(bare(), {0: "buy", 2: "sell short", 3: "short"}), [50.0] * 5)
    assert fills(run) == [
        (1, "entry", 100.0, 50.0),
        (3, "exit", -100.0, 50.0),
        (4, "entry", -100.0, 50.0),
    ]
    assert refusals(run) == []


def test_a_position_is_not_turned_around_by_an_entry() -> None:
    run = play(bot(bare(), {0: "buy", 2: "short"}), [50.0] * 4)
    assert refusals(run) == [(2, RefusalCode.POSITION_HELD)]
    assert run.decisions[-1].numbers[:2] == (100.0, 50.0)


def test_opposite_signals_cancel_each_other() -> None:
    assert refusals(play(bot(bare(), {0: "buy short"}), [50.0])) == [(0, RefusalCode.CONFLICTING_SIGNALS)]


def test_a_pending_order_is_waited_for() -> None:
    run = play(bot(bare(), {0: "buy", 1: "buy"}), [50.0, None, 50.0])
    assert refusals(run) == [(1, RefusalCode.ORDER_PENDING)]
    assert fills(run) == [(2, "entry", 100.0, 50.0)]


def test_exits_are_sent_before_entries_and_entries_in_the_bots_order() -> None:
    said = {"SPY": {2: "buy"}, "MSFT": {2: "buy"}, "AAPL": {0: "buy", 2: "sell"}}
    run = play(bot(bare(position_percent=10.0), said), {symbol: [50.0] * 4 for symbol in said})
    assert [(one.symbol, one.purpose.value) for one in run.intents[1:]] == [
        ("AAPL", "exit"),
        ("SPY", "entry"),
        ("MSFT", "entry"),
    ]


# --- modes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "exits"),
    [("paused", [(3, "signal")]), ("guard", []), ("flatten", [(3, "stopping")])],
)
def test_what_a_bot_may_do_that_does_not_trade(mode: str, exits: list[tuple[int, str]]) -> None:
    said = {"AAPL": {0: "buy", 2: "sell"}, "MSFT": {2: "buy"}}
    one = bot(bare(), said, modes=["trade", "trade", mode])
    run = play(one, {"AAPL": [50.0] * 4, "MSFT": [50.0] * 4})
    assert reasons(run) == exits
    assert refusals(run) == [(2, RefusalCode.NOT_RUNNING)]


def test_guarding_goes_on_without_rules() -> None:
    one = bot(
        bare(stop_loss_percent=2.0), {0: "buy"}, guarded=frozenset({"AAPL"}), modes=["trade"] + ["guard"] * 5
    )
    assert reasons(play(one, [50.0, 50.0, 49.0, 49.5])) == [(3, "stop_touched")]


def test_what_must_go_is_sold() -> None:
    assert reasons(play(bot(bare(), {0: "buy", 2: "must go"}), [50.0] * 4)) == [(3, "unfinished")]


# --- scaling in -------------------------------------------------------------------------------------------

# distance, prices after the entry at 50 -> the minutes at which it is added to
ADDS: list[tuple[float, list[float], list[int]]] = [
    (1.0, [50.0, 50.4, 50.5, 50.9, 51.01, 51.01], [2, 4]),
    (-1.0, [50.0, 49.6, 49.5, 49.1, 49.0, 49.0], [2, 4]),
    (50.0, [50.0, 74.99, 75.0, 75.0], [2]),  # exactly the distance
    (-50.0, [50.0, 25.01, 25.0, 25.0], [2]),
]


@pytest.mark.parametrize(("distance", "prices", "minutes"), ADDS)
def test_scaling_in_with_the_position_or_against_it(
    distance: float, prices: list[float], minutes: list[int]
) -> None:
    risk = bare(position_percent=10.0, scale_in_steps=5, scale_in_distance_percent=distance)
    run = play(bot(risk, {0: "buy"} | dict.fromkeys(range(1, 6), "ask")), prices)
    assert [one.tau for one in entries(run)[1:]] == [run.scene.taus[minute] for minute in minutes]
    assert {str(one.reason) for one in entries(run)[1:]} == {"scale_in"}


def test_scaling_in_ends_after_its_steps() -> None:
    risk = bare(position_percent=10.0, scale_in_steps=1, scale_in_distance_percent=1.0)
    run = play(
        bot(risk, {0: "buy"} | dict.fromkeys(range(1, 9), "ask")), [50.0, 50.0, 52.0, 52.0, 55.0, 58.0]
    )
    assert [one.quantity for one in run.fills] == [20.0, 19.0]
    assert run.book.slots[0].entry_price == pytest.approx((20 * 50.0 + 19 * 52.0) / 39)


def test_every_addition_has_its_own_protection() -> None:
    risk = bare(position_percent=10.0, stop_loss_percent=2.0, scale_in_steps=1, scale_in_distance_percent=2.0)
    prices = [50.0, 50.0, 51.0, 51.0, (51.0, 51.0, 49.98, 50.0), (50.0, 50.0, 49.0, 49.0)]
    run = play(bot(risk, {0: "buy", 2: "ask"}), prices)
    assert fills(run)[2:] == [(4, "stop_loss", -19.0, 49.98), (5, "stop_loss", -20.0, 49.0)]
    assert len(run.trades) == 1


# --- the model --------------------------------------------------------------------------------------------


def test_exits_fill_before_entries() -> None:
    said = {"MSFT": {2: "buy"}, "AAPL": {0: "buy", 2: "sell"}}
    run = play(bot(bare(position_percent=10.0), said), {symbol: [50.0] * 4 for symbol in said})
    assert [one.purpose.value for one in run.fills] == ["entry", "exit", "entry"]


def test_a_day_order_expires_and_an_exit_is_decided_again() -> None:
    run = play(bot(bare(), {0: "buy", 2: "sell"}), [50.0, 50.0, 50.0, None], [51.0, 52.0, 53.0], session=4)
    # The last minute has no trades; the next day's first step decides anew.
    assert fills(run)[1:] == [(5, "exit", -100.0, 52.0)]
    assert reasons(run) == [(5, "unfinished")]


def test_an_entry_with_legs_at_the_broker_is_good_till_cancelled() -> None:
    days = [50.0, None], [51.0, 51.0]
    assert fills(play(bot(bare(), {0: "buy"}), *days, session=2)) == []
    kept = play(bot(bare(stop_loss_percent=5.0), {0: "buy"}), *days, session=2)
    assert fills(kept) == [(2, "entry", 100.0, 51.0)]
    guarded = bot(bare(stop_loss_percent=5.0), {0: "buy"}, guarded=frozenset({"AAPL"}))
    assert fills(play(guarded, *days, session=2)) == []


def test_an_exit_decided_at_the_close_fills_the_next_morning() -> None:
    run = play(bot(bare(), {0: "buy", 3: "sell"}), [50.0] * 4, [48.0, 49.0], session=4)
    assert fills(run)[1:] == [(4, "exit", -100.0, 48.0)]


def test_a_bot_on_daily_bars_trades_at_the_next_sessions_first_bar() -> None:
    night = Window(time(20), time(21))  # does not apply to it
    one = bot(bare(), {3: "buy", 7: "sell"}, daily=True, window=night)
    run = play(one, [50.0] * 4, [51.0] * 4, [52.0] * 4, session=4)
    assert fills(run) == [(4, "entry", 100.0, 51.0), (8, "exit", -100.0, 52.0)]
    # One session long, no more.
    missed = play(bot(bare(), {3: "buy"}, daily=True), [50.0] * 4, [None] * 4, [52.0] * 4, session=4)
    assert fills(missed) == []


def test_coins_orders_do_not_end_with_the_day() -> None:
    midnight = 1_772_150_400  # UTC
    taus = [midnight - 60, midnight, midnight + 60, midnight + 120]
    bars = [{"BTC/USD": bar(100.0)}, {}, {}, {"BTC/USD": bar(101.0)}]
    one = bot(bare(), {"BTC/USD": {0: "buy"}}, window=ALL_DAY, guarded=frozenset({"BTC/USD"}))
    run = played(Scene({"BTC/USD": COIN}, [], taus, bars, [one]))
    assert fills(run) == [(3, "entry", 50.0, 101.0)]


COSTS: list[tuple[Costs, tuple[float, float], float]] = [
    # costs -> price of the purchase and of the sale (100 shares at 50), fees of both
    (Costs(), (50.0, 50.0), 0.0),
    (Costs(slippage=0.001), (50.05, 49.95), 0.0),
    (Costs(slippage_fixed=0.02), (50.02, 49.98), 0.0),
    # A tenth of the minute's volume of 1,000: 0.1 x 0.1 squared.
    (Costs(impact=0.1), (50.05, 49.95), 0.0),
    (Costs(slippage=0.0001), (50.0, 50.0), 0.0),  # 50.005 and 49.995: halves to the even cent
    (Costs(commission_order=1.0, commission_unit=0.005), (50.0, 50.0), 3.0),
    (Costs(commission_unit=0.001, commission_minimum=1.0), (50.0, 50.0), 2.0),
    (Costs(commission_rate=0.001), (50.0, 50.0), 10.0),
    (Costs(sale_rate=0.0002, sale_unit=0.01, sale_unit_cap=0.5), (50.0, 50.0), 1.5),
]


@pytest.mark.parametrize(("costs", "prices", "fees"), COSTS)
def test_costs(costs: Costs, prices: tuple[float, float], fees: float) -> None:
    run = play(bot(bare(), {0: "buy", 1: "sell"}, costs={"AAPL": costs}), [50.0] * 3)
    assert tuple(one.price for one in run.fills) == prices
    assert sum(one.fee for one in run.fills) == pytest.approx(fees)
    assert run.trades[0].profit == pytest.approx(100 * (prices[1] - prices[0]) - fees)


def test_stops_slip_and_targets_do_not() -> None:
    risk = bare(stop_loss_percent=2.0, take_profit_percent=4.0)
    for touched, price in (((50.0, 50.0, 49.0, 49.0), 48.95), ((50.0, 52.0, 50.0, 52.0), 52.0)):
        one = bot(risk, {0: "buy"}, costs={"AAPL": Costs(slippage=0.001)})
        assert fills(play(one, [50.0, 50.0, touched]))[1][3] == price


def test_a_short_pays_for_its_nights() -> None:
    one = bot(bare(), {0: "short"}, costs={"AAPL": Costs(borrow=0.0365)})
    run = play(one, [50.0, 50.0], [50.0], [50.0])
    # 100 shares of 50 at 3.65 % a year are 0.50 a day; the first bar ends a minute earlier than the entry's.
    first = 0.5 * 1_439 / 1_440
    paid = 10_000.0 - run.tape.equity[0]
    assert paid.tolist() == pytest.approx([0.0, 0.0, first, first + 0.5], abs=1e-9)


def test_a_trade_tells_how_deep_and_how_high_it_was() -> None:
    risk = bare(stop_loss_percent=10.0)
    prices: list[Any] = [50.0, (50.0, 51.0, 49.5, 50.0), (50.0, 53.0, 49.0, 52.0), 51.5]
    (trade,) = play(bot(risk, {0: "buy", 2: "sell"}), prices).trades
    assert (trade.mae, trade.mfe, trade.profit) == (-100.0, 300.0, 150.0)
    assert (trade.risk, trade.bars) == (500.0, 3)
    (bad,) = play(bot(bare(), {0: "buy", 1: "sell"}), [50.0, 50.0, 48.0]).trades
    assert (bad.mae, bad.mfe, bad.risk) == (-200.0, 0.0, None)


def test_dust_of_doubles_is_no_holding() -> None:
    one = bot(bare(), {0: "buy", 1: "sell"}, costs={"AAPL": Costs(coin_rate=0.0025)})
    run = play(one, [33.33, 33.33, 33.33, 33.33])
    assert run.book.slots[0].quantity == 0.0
    assert math.isclose(run.tape.equity[0, -1], 10_000.0 + run.trades[0].profit)
