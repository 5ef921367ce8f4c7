"""What each kind of condition says at each bar, and how a rule explains itself there."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings

from flotilla.domain import rules
from flotilla.domain.rules import (
    All,
    Any,
    Between,
    Change,
    Comparison,
    Condition,
    Constant,
    Direction,
    Explained,
    Held,
    IndicatorValue,
    Not,
    Price,
    Rule,
    Seen,
    Trend,
)
from tests.domain.rule_oracle import Oracle
from tests.domain.rule_trees import CLOSE, HOURLY, OPEN, RSI, SMA, USES, T, chart_of, trees
from tests.domain.series import coarse, seeds, series_of, utc, walk

Op = Comparison
NAN = float("nan")


def answers(rule: Rule, closes: list[float], **bars: list[float]) -> list[bool]:
    return rules.evaluate(rule, chart_of(series_of(closes, **bars))).tolist()


@pytest.mark.parametrize(
    ("op", "closes", "expected"),
    [
        (Op.ABOVE, [1, 2, 3], [False, False, True]),
        (Op.AT_LEAST, [1, 2, 3], [False, True, True]),
        (Op.BELOW, [1, 2, 3], [True, False, False]),
        (Op.AT_MOST, [1, 2, 3], [True, True, False]),
        # A cross leaves the level, or its other side, at this very bar; the first bar has no past.
        (Op.CROSSES_ABOVE, [3, 3, 1, 3, 3], [False, False, False, True, False]),
        (Op.CROSSES_ABOVE, [1, 2, 2, 3, 2, 3], [False, False, False, True, False, True]),
        (Op.CROSSES_BELOW, [1, 1, 3, 1, 1], [False, False, False, True, False]),
        (Op.CROSSES_BELOW, [3, 2, 2, 1, 2, 1], [False, False, False, True, False, True]),
    ],
)
def test_comparisons_with_a_level(op: Op, closes: list[float], expected: list[bool]) -> None:
    assert answers(Condition(CLOSE, op, Constant(2.0)), closes) == expected


def test_two_lines_cross_when_both_move() -> None:
    closes, opens = [2.0, 4.0, 1.0, 1.0, 5.0], [3.0, 3.0, 3.0, 0.0, 5.0]
    above = answers(Condition(CLOSE, Op.CROSSES_ABOVE, OPEN), closes, opens=opens)
    below = answers(Condition(CLOSE, Op.CROSSES_BELOW, OPEN), closes, opens=opens)
    assert above == [False, True, False, True, False]
    assert below == [False, False, True, False, False]


YES, NO = True, False
HIGHER = Condition(CLOSE, Op.ABOVE, Constant(2))


@pytest.mark.parametrize(
    ("rule", "closes", "expected"),
    [
        (Between(CLOSE, Constant(2), Constant(3)), [1, 2, 2.5, 3, 4], [NO, YES, YES, YES, NO]),
        (Condition(CLOSE, Op.ABOVE, Price("close", ago=2)), [1, 5, 2, 4, 3], [NO, NO, YES, NO, YES]),
        (Condition(CLOSE, Op.ABOVE, Price("close", ago=9)), [1, 5, 2], [NO, NO, NO]),
        (Trend(CLOSE, Direction.RISING, 2), [1, 2, 3, 4, 4, 5, 6], [NO, NO, YES, YES, NO, NO, YES]),
        (Trend(CLOSE, Direction.FALLING, 1), [3, 2, 2, 1], [NO, YES, NO, YES]),
        (Trend(CLOSE, Direction.RISING, 3), [1, 2], [NO, NO]),
        (Held(HIGHER, 3), [3, 3, 3, 3, 1, 3, 3, 3], [NO, NO, YES, YES, NO, NO, NO, YES]),
        (Held(HIGHER, 1), [3, 1, 3], [YES, NO, YES]),
        (Held(Not(HIGHER), 2), [1, 1, 3, 1], [NO, YES, NO, NO]),
        (Condition(Change(CLOSE, 1), Op.AT_LEAST, Constant(50)), [2, 3, 3, 6], [NO, YES, NO, YES]),
        (Condition(Change(CLOSE, 2), Op.BELOW, Constant(-10)), [10, 9, 8, 9], [NO, NO, YES, NO]),
        # What has no past, or a past of zero, has not changed by any percentage.
        (Condition(Change(CLOSE, 1), Op.AT_MOST, Constant(1e9)), [0, 3, 3], [NO, NO, YES]),
        (Not(Condition(Change(CLOSE, 1), Op.AT_MOST, Constant(1e9))), [0, 3, 3], [NO, NO, NO]),
    ],
)
def test_conditions_over_several_bars(rule: Rule, closes: list[float], expected: list[bool]) -> None:
    assert answers(rule, closes) == expected


@pytest.mark.parametrize("op", Op)
def test_what_is_unknown_compares_to_nothing_and_its_opposite_to_nothing_either(op: Op) -> None:
    chart = chart_of(walk(1, 10))
    unknown = np.isnan(rules.values(SMA, chart))
    assert unknown.any()
    for condition in (Condition(SMA, op, CLOSE), Condition(CLOSE, op, SMA)):
        assert not rules.evaluate(condition, chart)[unknown].any()
        assert not rules.evaluate(Not(condition), chart)[unknown].any()
        assert not rules.evaluate(Not(Not(Not(condition))), chart)[unknown].any()


def test_a_group_is_known_where_one_member_decides_it() -> None:
    """Kleene's truth: false and unknown is false, true or unknown is true."""
    always, never = Condition(CLOSE, Op.ABOVE, Constant(0)), Condition(CLOSE, Op.BELOW, Constant(0))
    unknown = Condition(CLOSE, Op.ABOVE, Constant(NAN))
    for rule, is_true, is_false in (
        (All((always, unknown)), NO, NO),
        (All((never, unknown)), NO, YES),
        (Any((always, unknown)), YES, NO),
        (Any((never, unknown)), NO, NO),
        (Held(Any((always, unknown)), 1), YES, NO),
        (Not(All((never, unknown))), YES, NO),
        (Not(Any((never, unknown))), NO, NO),
    ):
        assert answers(rule, [1.0]) == [is_true]
        assert answers(Not(rule), [1.0]) == [is_false]


@pytest.mark.parametrize("op", [Op.CROSSES_ABOVE, Op.CROSSES_BELOW])
def test_a_line_does_not_cross_at_its_first_known_bar(op: Op) -> None:
    chart = chart_of(walk(1, 10))
    first_known = int(np.isnan(rules.values(SMA, chart)).sum())
    assert not rules.evaluate(Condition(SMA, op, CLOSE), chart)[first_known]


def test_a_longer_value_crosses_at_the_one_bar_that_sees_it_first() -> None:
    chart = chart_of(series_of([*[1.0] * 5, *[3.0] * 5, *[3.0] * 5], start=1_773_149_400), T.MINUTE_1)
    five = Price("close", timeframe=T.MINUTE_5)
    crossed = rules.evaluate(Condition(five, Op.CROSSES_ABOVE, Constant(2)), chart)
    assert np.flatnonzero(crossed).tolist() == [9]
    assert np.flatnonzero(rules.evaluate(Condition(five, Op.ABOVE, Constant(2)), chart)).tolist() == [
        9, 10, 11, 12, 13, 14,
    ]  # fmt: skip
    earlier = Price("close", ago=1, timeframe=T.MINUTE_5)
    assert np.flatnonzero(rules.evaluate(Condition(earlier, Op.BELOW, five), chart)).tolist() == [
        9, 10, 11, 12, 13,
    ]  # fmt: skip


# --- explanations -----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(rule=trees, seed=seeds)
def test_an_explanation_has_every_part_with_its_truth(rule: Rule, seed: int) -> None:
    series = coarse(seed, 12)
    chart = chart_of(series)
    oracle = Oracle(series, T.MINUTE_1, USES, utc(int(series.start[-1]) + 60), ())
    for at in (0, 3, -1):
        explained = rules.explain(rule, chart, at)
        parts = list(parts_of(rule))
        assert [part.sentence for part in explained] == [rules.sentence(part, USES) for part in parts]
        for part, said in zip(parts, explained, strict=True):
            truth = oracle.holds(part, at % len(series))
            assert (said.holds, said.known) == (truth is True, truth is not None)
        json.dumps([asdict(part) for part in explained], allow_nan=False)


def parts_of(rule: Rule) -> list[Rule]:
    match rule:
        case All(of) | Any(of):
            return [rule, *(part for member in of for part in parts_of(member))]
        case Not(of) | Held(of):
            return [rule, *parts_of(of)]
    return [rule]


def test_an_explanation_gives_numbers_and_leaves_out_what_is_unknown() -> None:
    chart = chart_of(series_of([1.0, 2.0, 3.0, 5.0]))
    rule = All((Condition(CLOSE, Op.ABOVE, SMA), Condition(RSI, Op.BELOW, Constant(50))))
    group, *newest = rules.explain(rule, chart)
    assert (group.kind, group.depth, group.holds, group.is_group) == ("all", 0, False, True)
    assert [(e.left, e.right, e.holds, e.depth) for e in newest] == [
        (5.0, 2.75, True, 1),
        (100.0, 50.0, False, 1),
    ]
    _, *oldest = rules.explain(rule, chart, 0)
    assert [(e.left, e.right, e.holds, e.known) for e in oldest] == [
        (1.0, None, False, False),
        (None, 50.0, False, False),
    ]
    with pytest.raises(IndexError):
        rules.explain(rule, chart, 4)


def test_an_explanation_shows_what_each_kind_looked_at() -> None:
    chart = chart_of(series_of([1.0, 2.0, 3.0, 5.0], volume=7.0))
    crossed = rules.explain(Condition(CLOSE, Op.CROSSES_ABOVE, Constant(4)), chart)
    assert crossed == [
        Explained(
            "close crosses above 4",
            5.0,
            4.0,
            True,
            values=(Seen("close", 5.0), Seen("4", 4.0), Seen("close at the bar before", 3.0)),
        )
    ]
    (rising,) = rules.explain(Trend(CLOSE, Direction.RISING, 2), chart)
    assert rising.values == (Seen("close", 5.0), Seen("close 2 bars ago", 2.0))
    (band,) = rules.explain(Between(CLOSE, OPEN, Constant(6)), chart)
    assert [seen.value for seen in band.values] == [5.0, 3.0, 6.0]
    held, inner = rules.explain(Held(Condition(CLOSE, Op.ABOVE, Constant(2)), 3), chart)
    assert (held.kind, held.holds, held.values) == ("held", False, (Seen("bars in a row", 2.0),))
    assert (inner.depth, inner.holds, inner.sentence) == (1, True, "close is above 2")


def test_conditions_come_in_reading_order() -> None:
    a, b, c = (Condition(CLOSE, Op.ABOVE, Constant(n)) for n in (1, 2, 3))
    assert list(rules.conditions(All((a, Any((Not(b), Held(c, 2))), a)))) == [a, b, c, a]


def test_how_far_a_rule_looks_back() -> None:
    def bars(rule: Rule, timeframe: T = T.MINUTE_1) -> dict[T, int]:
        return rules.lookback([rule], {"slow": USES["slow"], "sma": USES["sma"]}, timeframe, 390)

    level = Constant(1)
    assert bars(Condition(CLOSE, Op.ABOVE, level)) == {T.MINUTE_1: 5, T.HOUR_1: 3}
    assert bars(Condition(IndicatorValue("sma", "sma", 3), Op.ABOVE, level))[T.MINUTE_1] == 7
    assert bars(Condition(IndicatorValue("sma", "sma", 3), Op.CROSSES_ABOVE, level))[T.MINUTE_1] == 8
    assert bars(Condition(Change(Price("close", 2), 10), Op.ABOVE, level))[T.MINUTE_1] == 13
    assert bars(Trend(SMA, Direction.RISING, 5))[T.MINUTE_1] == 9
    assert bars(Held(Held(Condition(SMA, Op.CROSSES_ABOVE, level), 3), 4))[T.MINUTE_1] == 10
    assert bars(Not(Held(Any((All((Condition(SMA, Op.ABOVE, level),)),)), 30)))[T.MINUTE_1] == 33
    # Of a longer timeframe fewer bars pass meanwhile.
    assert bars(Held(Condition(HOURLY, Op.ABOVE, level), 121))[T.HOUR_1] == 4
    assert bars(Between(Price("close", 9, T.DAY_1), level, HOURLY))[T.DAY_1] == 10
    assert rules.base_minutes({T.MINUTE_1: 5}, 390) == 5
    assert rules.base_minutes({T.MINUTE_1: 5, T.HOUR_1: 3}, 390) == 300
    assert rules.base_minutes({T.MINUTE_1: 5, T.DAY_1: 3}, 390) == 5 * 390
    assert rules.base_minutes({T.MINUTE_1: 5, T.DAY_1: 3}, 1440) == 5 * 1440
