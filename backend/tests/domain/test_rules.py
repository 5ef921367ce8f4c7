"""What rules say at each bar, how they read, and how they explain themselves."""

import numpy as np
import pytest
from hypothesis import given

from flotilla.domain import rules
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.rules import All, Any, Comparison, Condition, Constant, IndicatorValue, Not, Rule
from tests.domain.rule_trees import CLOSE, MACD, OPEN, RSI, SIGNAL, SMA, USES, VOLUME, holds, trees
from tests.domain.series import coarse, seeds, series_of, walk

Op = Comparison


@given(rule=trees, seed=seeds)
def test_evaluation_is_that_of_the_plain_reading_bar_by_bar(rule: Rule, seed: int) -> None:
    series = coarse(seed, 25)
    values = rules.columns(USES, series)
    found = rules.evaluate(rule, series, values)
    assert found.dtype == np.bool_
    assert found.tolist() == [holds(rule, at, series, values) for at in range(len(series))]


@given(rule=trees, seed=seeds)
def test_an_answer_never_depends_on_later_bars(rule: Rule, seed: int) -> None:
    whole = coarse(seed, 30)
    everything = rules.evaluate(rule, whole, rules.columns(USES, whole))
    for count in (1, 2, 7, 29):
        known = coarse(seed, 30)
        cut = type(known)(*(getattr(known, name)[:count] for name in known.__slots__))
        assert rules.evaluate(rule, cut, rules.columns(USES, cut)).tolist() == everything[:count].tolist()


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
    series = series_of(closes)
    assert rules.evaluate(Condition(CLOSE, op, Constant(2.0)), series, {}).tolist() == expected


def test_two_lines_cross_when_both_move() -> None:
    series = series_of([2.0, 4.0, 1.0, 1.0, 5.0], opens=[3.0, 3.0, 3.0, 0.0, 5.0])
    above = rules.evaluate(Condition(CLOSE, Op.CROSSES_ABOVE, OPEN), series, {})
    below = rules.evaluate(Condition(CLOSE, Op.CROSSES_BELOW, OPEN), series, {})
    assert above.tolist() == [False, True, False, True, False]
    assert below.tolist() == [False, False, True, False, False]


@pytest.mark.parametrize("op", Op)
def test_what_is_unknown_compares_to_nothing(op: Op) -> None:
    series = walk(1, 10)
    values = rules.columns(USES, series)
    unknown = np.isnan(values["sma", "sma"])
    assert unknown.any()
    for condition in (Condition(SMA, op, CLOSE), Condition(CLOSE, op, SMA)):
        found = rules.evaluate(condition, series, values)
        assert not found[unknown].any()
        assert rules.evaluate(Not(condition), series, values)[unknown].all()


@pytest.mark.parametrize("op", [Op.CROSSES_ABOVE, Op.CROSSES_BELOW])
def test_a_line_does_not_cross_at_its_first_known_bar(op: Op) -> None:
    series = walk(1, 10)
    values = rules.columns(USES, series)
    first_known = int(np.isnan(values["sma", "sma"]).sum())
    assert not rules.evaluate(Condition(SMA, op, CLOSE), series, values)[first_known]


A = Condition(RSI, Op.CROSSES_BELOW, Constant(30.0))
B = Condition(CLOSE, Op.ABOVE, SMA)
C = Condition(MACD, Op.AT_LEAST, SIGNAL)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (A, "RSI(3) crosses below 30"),
        (B, "close is above SMA(4)"),
        (C, "MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal"),
        (Condition(VOLUME, Op.AT_MOST, Constant(1234.5)), "volume is at most 1234.5"),
        (Condition(Constant(0.25), Op.BELOW, OPEN), "0.25 is below open"),
        (Condition(RSI, Op.CROSSES_ABOVE, Constant(70)), "RSI(3) crosses above 70"),
        (All((A, B)), "RSI(3) crosses below 30 and close is above SMA(4)"),
        (Any((A, B)), "RSI(3) crosses below 30 or close is above SMA(4)"),
        (All((A,)), "RSI(3) crosses below 30"),
        (
            All((A, Any((B, C)))),
            "RSI(3) crosses below 30 and "
            "(close is above SMA(4) or MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal)",
        ),
        (
            Any((All((A, B)), C)),
            "(RSI(3) crosses below 30 and close is above SMA(4)) or "
            "MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal",
        ),
        (All((A, Any((B,)))), "RSI(3) crosses below 30 and close is above SMA(4)"),
        (Not(A), "not (RSI(3) crosses below 30)"),
        (
            All((Not(Any((A, B))), C)),
            "not (RSI(3) crosses below 30 or close is above SMA(4)) and "
            "MACD(2, 4, 3) macd is at least MACD(2, 4, 3) signal",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(rule: Rule, words: str) -> None:
    assert rules.sentence(rule, USES) == words


def test_a_sentence_names_defaults_and_survives_what_it_does_not_know() -> None:
    uses = {"r": IndicatorUse("r", "RSI", {}), "odd": IndicatorUse("odd", "GONE", {})}
    assert rules.sentence(Condition(IndicatorValue("r", "rsi"), Op.ABOVE, OPEN), uses) == (
        "RSI(14) is above open"
    )
    for name in ("odd", "missing"):
        condition = Condition(IndicatorValue(name, "x"), Op.ABOVE, Constant(1))
        assert rules.sentence(condition, uses) == f"{name} is above 1"


@given(rule=trees, seed=seeds)
def test_an_explanation_has_every_condition_with_what_it_saw(rule: Rule, seed: int) -> None:
    series = coarse(seed, 12)
    values = rules.columns(USES, series)
    every = list(rules.conditions(rule))
    for at in (0, 3, -1):
        explained = rules.explain(rule, series, values, USES, at)
        assert [e.sentence for e in explained] == [rules.sentence(c, USES) for c in every]
        for condition, said in zip(every, explained, strict=True):
            assert said.holds is holds(condition, at % len(series), series, values)
            if said.left is None or said.right is None:
                assert not said.holds


def test_an_explanation_gives_numbers_and_leaves_out_what_is_unknown() -> None:
    series = series_of([1.0, 2.0, 3.0, 5.0])
    values = rules.columns(USES, series)
    rule = All((Condition(CLOSE, Op.ABOVE, SMA), Condition(RSI, Op.BELOW, Constant(50))))
    newest = rules.explain(rule, series, values, USES)
    assert [(e.left, e.right, e.holds) for e in newest] == [(5.0, 2.75, True), (100.0, 50.0, False)]
    oldest = rules.explain(rule, series, values, USES, 0)
    assert [(e.left, e.right, e.holds) for e in oldest] == [(1.0, None, False), (None, 50.0, False)]


def test_conditions_come_in_reading_order() -> None:
    assert list(rules.conditions(All((A, Any((Not(B), C)), A)))) == [A, B, C, A]
