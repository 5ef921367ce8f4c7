"""Stops, targets, and stops that move: where they lie, who holds them, when they fill."""

from typing import Any

import pytest

from flotilla.domain.risk import RefusalCode
from tests.kernel.table import Price, bare, bot, fills, play, reasons, refusals, stops

GUARDED = {"guarded": frozenset({"AAPL"})}


def protection(risk: Any, word: str, close: float, **numbers: float) -> tuple[float | None, float | None]:
    """Stop and target of the entry decided at `close`."""
    (intent,) = play(bot(risk, {0: word}, **numbers), [close]).intents
    return intent.stop, intent.target


# --- where they lie -----------------------------------------------------------------------------------

PLACES: list[tuple[dict[str, Any], float, tuple[Any, Any], tuple[Any, Any]]] = [
    # setting, close -> of a long, of a short
    ({}, 50.0, (None, None), (None, None)),
    ({"stop_loss_percent": 2.0}, 50.0, (49.0, None), (51.0, None)),
    ({"stop_loss_percent": 1.5}, 187.45, (184.64, None), (190.26, None)),
    ({"stop_loss_atr": 2.0}, 50.0, (48.5, None), (51.5, None)),
    ({"trailing_stop_percent": 1.0}, 50.0, (49.5, None), (50.5, None)),
    ({"take_profit_percent": 4.0}, 50.0, (None, 52.0), (None, 48.0)),
    ({"stop_loss_percent": 2.0, "take_profit_risk": 1.5}, 50.0, (49.0, 51.5), (51.0, 48.5)),
    # At least one step away, however little is asked for.
    ({"stop_loss_percent": 0.001, "take_profit_percent": 0.001}, 50.0, (49.99, 50.01), (50.01, 49.99)),
    # Below one dollar a step is a hundredth of a cent; above zero in any case.
    ({"stop_loss_percent": 1.0}, 0.5, (0.495, None), (0.505, None)),
    ({"take_profit_percent": 99.99}, 0.5, (None, 0.9999), (None, 0.0001)),
]


@pytest.mark.parametrize(("settings", "close", "long", "short"), PLACES)
def test_stop_and_target_follow_from_the_decisions_close(
    settings: dict[str, Any], close: float, long: tuple[Any, Any], short: tuple[Any, Any]
) -> None:
    assert protection(bare(**settings), "buy", close, atr=0.75) == long
    assert protection(bare(**settings), "short", close, atr=0.75) == short


def test_a_fixed_stop_must_lie_on_its_side() -> None:
    risk = bare(stop_loss_price=49.0)
    assert protection(risk, "buy", 50.0) == (49.0, None)
    for word, close in (("short", 50.0), ("buy", 49.0), ("buy", 48.0)):
        run = play(bot(risk, {0: word}), [close])
        assert refusals(run) == [(0, RefusalCode.STOP_BEYOND_PRICE)]
        assert run.decisions[0].numbers[:3] == (close, 49.0, None)


# --- at the broker: legs ------------------------------------------------------------------------------

# bars after the entry at 50 (stop 49, target 52) -> the exit
LEGS: list[tuple[list[Price], list[tuple[int, str, float, float]]]] = [
    ([(50.0, 51.0, 49.01, 50.0), 50.0], []),
    ([(50.0, 50.0, 49.0, 50.0)], [(1, "stop_loss", -100.0, 49.0)]),
    ([(50.0, 52.0, 50.0, 50.0)], [(1, "take_profit", -100.0, 52.0)]),
    # Both touched: the stop.
    ([(50.0, 52.0, 49.0, 50.0)], [(1, "stop_loss", -100.0, 49.0)]),
    # The open is beyond: the open.
    ([50.0, 48.0], [(2, "stop_loss", -100.0, 48.0)]),
    ([50.0, 53.0], [(2, "take_profit", -100.0, 53.0)]),
    # The entry's own fill may lie beyond its stop: it is gone at once.
    ([48.9], [(1, "stop_loss", -100.0, 48.9)]),
    # A minute without trades fills nothing.
    ([50.0, None, (50.0, 50.0, 49.0, 49.5)], [(3, "stop_loss", -100.0, 49.0)]),
]


@pytest.mark.parametrize(("bars", "expected"), LEGS)
def test_legs_fill_where_the_bar_touches_them(
    bars: list[Price], expected: list[tuple[int, str, float, float]]
) -> None:
    risk = bare(stop_loss_percent=2.0, take_profit_percent=4.0)
    run = play(bot(risk, {0: "buy"}), [50.0, *bars])
    assert fills(run)[1:] == expected


def test_a_shorts_legs_are_mirrored() -> None:
    risk = bare(stop_loss_percent=2.0, take_profit_percent=4.0)
    run = play(
        bot(risk, {0: "short", 2: "short"}), [50.0, (50.0, 51.0, 50.0, 50.0), 50.0, (50.0, 50.0, 48.0, 48.0)]
    )
    assert fills(run) == [
        (1, "entry", -100.0, 50.0),
        (1, "stop_loss", 100.0, 51.0),
        (3, "entry", -99.0, 50.0),
        (3, "take_profit", 99.0, 48.0),
    ]


# --- by the engine ------------------------------------------------------------------------------------


def test_the_engine_sells_after_the_bar_that_touched() -> None:
    risk = bare(stop_loss_percent=2.0, take_profit_percent=4.0)
    touched: list[tuple[Price, str]] = [
        ((50.0, 50.0, 49.0, 50.0), "stop_touched"),
        ((50.0, 52.0, 50.0, 50.0), "target_touched"),
        ((50.0, 52.0, 49.0, 50.0), "stop_touched"),
    ]
    for price, reason in touched:
        run = play(bot(risk, {0: "buy"}, **GUARDED), [50.0, price, 50.5])
        assert fills(run)[1:] == [(2, "exit", -100.0, 50.5)]
        assert reasons(run) == [(2, reason)]


def test_the_engine_sells_only_the_lots_that_were_touched() -> None:
    risk = bare(
        position_percent=20.0,
        take_profit_percent=4.0,
        scale_in_steps=1,
        scale_in_distance_percent=-2.0,
    )
    # 40 at 50 (target 52), 40 more at 49 (target 50.96): the second is sold at 51, the first at 52.
    prices: list[Price] = [50.0, 50.0, 49.0, 49.0, 51.0, 51.0, 52.0, 52.0]
    run = play(bot(risk, {0: "buy", 2: "ask"}, **GUARDED), prices)
    assert fills(run)[2:] == [(5, "exit", -40.0, 51.0), (7, "exit", -40.0, 52.0)]


# --- moved stops --------------------------------------------------------------------------------------


def test_a_trailing_stop_follows_the_highest_high_one_way() -> None:
    risk = bare(trailing_stop_percent=2.0, trailing_step_percent=0.01)
    prices: list[Price] = [50.0, 50.0, (50.0, 52.0, 50.0, 51.5), (51.5, 51.5, 51.0, 51.0), 51.0, 50.0]
    run = play(bot(risk, {0: "buy"}), prices)
    # 49 from the start; 2 % below 52 from the bar after that high; lower highs move nothing.
    assert stops(run) == [(2, 50.96)]
    assert fills(run)[1:] == [(5, "stop_loss", -100.0, 50.0)]


def test_a_trailing_stop_waits_for_its_activation() -> None:
    risk = bare(
        stop_loss_percent=10.0,
        trailing_stop_percent=1.0,
        trailing_activation_percent=4.0,
        position_percent=10.0,
    )
    prices: list[Price] = [50.0, 50.0, 51.9, 52.0, 52.0]
    assert stops(play(bot(risk, {0: "buy"}), prices)) == [(3, 51.48)]


def test_a_stop_moves_by_no_less_than_its_step() -> None:
    risk = bare(trailing_stop_percent=2.0, trailing_step_percent=1.0)
    run = play(bot(risk, {0: "buy"}), [50.0, 50.0, 50.4, 50.6, 50.7, 51.0])
    # 1 % of price is about 0.51: 49.39 is too near to 49, 49.59 is not; 49.98 is too near to that.
    assert stops(run) == [(3, 49.59)]
    exactly = bare(stop_loss_percent=2.0, trailing_stop_percent=1.0, trailing_step_percent=1.0)
    assert stops(play(bot(exactly, {0: "buy"}), [50.0, 50.0])) == [(1, 49.5)]


def test_a_moved_stop_stays_a_step_short_of_the_close() -> None:
    risk = bare(trailing_stop_percent=2.0)
    # The high says 53.9; the close 53 is below it: 52.99.
    assert stops(play(bot(risk, {0: "buy"}), [50.0, 50.0, (50.0, 55.0, 50.0, 53.0)])) == [(2, 52.99)]


def test_break_even_moves_the_stop_once() -> None:
    risk = bare(stop_loss_percent=2.0, break_even_percent=1.0, break_even_offset_percent=0.2)
    run = play(bot(risk, {0: "buy"}), [50.0, 50.0, 50.49, 50.5, 53.0, 50.0])
    assert stops(run) == [(3, 50.1)]
    assert fills(run)[1:] == [(5, "stop_loss", -100.0, 50.0)]


def test_of_trail_and_break_even_the_better_one_counts() -> None:
    risk = bare(
        stop_loss_percent=4.0,
        trailing_stop_percent=3.0,
        break_even_percent=1.0,
    )
    run = play(bot(risk, {0: "buy"}), [50.0, 50.0, 50.5, 52.0])
    # After 50.5: entry 50 beats 48.99; after 52: 50.44 beats 50.
    assert stops(run) == [(1, 48.5), (2, 50.0), (3, 50.44)]


def test_a_shorts_stop_trails_down() -> None:
    risk = bare(trailing_stop_percent=2.0)
    run = play(bot(risk, {0: "short"}), [50.0, 50.0, 48.0, 48.0])
    assert stops(run) == [(2, 48.96)]


def test_what_the_bar_showed_counts_while_an_order_is_under_way() -> None:
    """One lot is sold at its target; the other one trails from that bar's high."""
    risk = bare(
        position_percent=20.0,
        take_profit_percent=8.0,
        trailing_stop_percent=5.0,
        trailing_activation_percent=0.0,
        scale_in_steps=1,
        scale_in_distance_percent=-2.0,
    )
    high: Price = (52.0, 53.5, 52.0, 52.0)
    prices: list[Price] = [50.0, 50.0, 49.0, 49.0, high, 52.0, 52.0]
    run = play(bot(risk, {0: "buy", 2: "ask"}, **GUARDED), prices)
    # 40 at 50 (target 54), 40 at 49 (target 52.92): sold after 53.5; 5 % below that is 50.83.
    assert fills(run)[2:] == [(5, "exit", -40.0, 52.0)]
    assert stops(run)[-1] == (5, 50.83)


# --- the time stop ------------------------------------------------------------------------------------


def test_a_time_stop_counts_from_the_first_step_that_saw_the_position() -> None:
    run = play(bot(bare(time_stop_minutes=3), {0: "buy"}), [50.0] * 7)
    # Seen at minute 1's end, due three minutes later, filled in the next bar.
    assert reasons(run) == [(5, "time_stop")]
