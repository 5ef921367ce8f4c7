"""What is wrong with a rule: said of every rule that can never hold, and of no other."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flotilla.domain import rules
from flotilla.domain.rules import (
    MAX_DEPTH,
    All,
    Any,
    Between,
    Change,
    Comparison,
    Condition,
    Constant,
    Direction,
    Held,
    IndicatorValue,
    Not,
    Operand,
    Price,
    Rule,
    Trend,
)
from tests.domain.rule_trees import (
    CLOSE,
    HIGH,
    LOW,
    MACD,
    OPEN,
    RSI,
    SIGNAL,
    SMA,
    USES,
    VOLUME,
    T,
    chart_of,
    conditions,
    groups,
    trees,
)
from tests.domain.series import coarse, seeds, series_of

Op = Comparison


def is_(left: Operand | float, op: Comparison, right: Operand | float) -> Condition:
    def operand(value: Operand | float) -> Operand:
        return Constant(value) if isinstance(value, (int, float)) else value

    return Condition(operand(left), op, operand(right))


def between(value: Operand | float, low: Operand | float, high: Operand | float) -> Between:
    bounds = is_(low, Op.ABOVE, high)
    return Between(is_(value, Op.ABOVE, 0).left, bounds.left, bounds.right)


def fields(rule: Rule) -> list[str]:
    return [problem.field for problem in rules.problems(rule, USES, T.MINUTE_1, "r")]


FINE = is_(CLOSE, Op.ABOVE, SMA)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (All(()), ["r"]),
        (Any(()), ["r"]),
        (Not(All(())), ["r.of"]),
        (All((FINE, Any(()))), ["r.of.1"]),
        (All((FINE, Not(Any((FINE, All(())))))), ["r.of.1.of.of.1"]),
        (is_(IndicatorValue("ema", "ema"), Op.ABOVE, 1), ["r.left.indicator"]),
        (is_(1, Op.ABOVE, IndicatorValue("ema", "ema")), ["r.right.indicator"]),
        (is_(IndicatorValue("rsi", "signal"), Op.ABOVE, 1), ["r.left.output"]),
        (is_(RSI, Op.ABOVE, IndicatorValue("macd", "rsi")), ["r.right.output"]),
        (is_(CLOSE, Op.ABOVE, CLOSE), ["r.right"]),
        (is_(RSI, Op.CROSSES_ABOVE, RSI), ["r.right"]),
        (is_(1, Op.BELOW, 2), ["r.left"]),
        (is_(2, Op.BELOW, 2), ["r.right"]),
        (is_(RSI, Op.BELOW, float("nan")), ["r.right.value"]),
        (is_(float("inf"), Op.BELOW, RSI), ["r.left.value"]),
        (
            All((is_(IndicatorValue("a", "x"), Op.ABOVE, IndicatorValue("b", "y")), Any(()))),
            ["r.of.0.left.indicator", "r.of.0.right.indicator", "r.of.1"],
        ),
        (is_(Price("close", ago=-1), Op.ABOVE, 1), ["r.left.ago"]),
        (is_(IndicatorValue("rsi", "rsi", 501), Op.ABOVE, 1), ["r.left.ago"]),
        (is_(Change(CLOSE, 0), Op.ABOVE, 1), ["r.left.bars"]),
        (is_(Change(IndicatorValue("gone", "x"), 3), Op.ABOVE, 1), ["r.left.of.indicator"]),
        (Trend(RSI, Direction.RISING, 0), ["r.bars"]),
        (Trend(Constant(3), Direction.RISING, 1), ["r.value"]),
        (Trend(IndicatorValue("rsi", "x"), Direction.RISING, 501), ["r.value.output", "r.bars"]),
        (Not(Held(FINE, 0)), ["r.of.bars"]),
        (Held(All(()), 3), ["r.of"]),
        (between(CLOSE, 5, 4), ["r.high"]),
        (between(CLOSE, CLOSE, 4), ["r.low"]),
        (between(CLOSE, SMA, CLOSE), ["r.high"]),
        (between(4, SMA, CLOSE), ["r.value"]),
        (between(CLOSE, IndicatorValue("rsi", "x"), float("nan")), ["r.low.output", "r.high.value"]),
    ],
)
def test_what_a_rule_may_not_contain(rule: Rule, expected: list[str]) -> None:
    assert fields(rule) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # bounds that leave no room
        (All((is_(RSI, Op.BELOW, 30), is_(RSI, Op.ABOVE, 70))), ["r.of.1"]),
        (All((is_(RSI, Op.ABOVE, 30), is_(RSI, Op.BELOW, 30))), ["r.of.1"]),
        (All((is_(RSI, Op.AT_LEAST, 30), is_(RSI, Op.BELOW, 30))), ["r.of.1"]),
        (All((is_(CLOSE, Op.CROSSES_ABOVE, 5), is_(CLOSE, Op.AT_MOST, 5))), ["r.of.1"]),
        (All((is_(CLOSE, Op.CROSSES_ABOVE, 5), FINE, is_(CLOSE, Op.CROSSES_BELOW, 5))), ["r.of.2"]),
        # the same with the number on the left
        (All((is_(30, Op.ABOVE, RSI), is_(70, Op.BELOW, RSI))), ["r.of.1"]),
        (All((is_(RSI, Op.BELOW, 30), is_(70, Op.AT_MOST, RSI))), ["r.of.1"]),
        (All((is_(RSI, Op.BELOW, 30), is_(70, Op.CROSSES_BELOW, RSI))), ["r.of.1"]),
        # one value on both sides of another
        (All((is_(CLOSE, Op.ABOVE, SMA), is_(CLOSE, Op.BELOW, SMA))), ["r.of.1"]),
        (All((is_(CLOSE, Op.ABOVE, SMA), is_(SMA, Op.ABOVE, CLOSE))), ["r.of.1"]),
        (All((is_(CLOSE, Op.ABOVE, SMA), is_(SMA, Op.AT_LEAST, CLOSE))), ["r.of.1"]),
        (All((is_(MACD, Op.CROSSES_ABOVE, SIGNAL), is_(MACD, Op.CROSSES_BELOW, SIGNAL))), ["r.of.1"]),
        # nested
        (All((is_(RSI, Op.BELOW, 30), All((FINE, is_(RSI, Op.ABOVE, 70))))), ["r.of.1.of.1"]),
        (Any((FINE, All((is_(RSI, Op.BELOW, 30), is_(RSI, Op.ABOVE, 70))))), ["r.of.1.of.1"]),
        (
            All((FINE, Any((FINE, All((is_(RSI, Op.BELOW, 30), is_(RSI, Op.ABOVE, 70))))))),
            ["r.of.1.of.1.of.1"],
        ),
        (
            All((FINE, All((FINE, Any((FINE, is_(RSI, Op.ABOVE, 100))))))),
            ["r.of.1.of.1.of.1"],
        ),
        # values that the thing itself never has
        (is_(RSI, Op.ABOVE, 100), ["r"]),
        (is_(RSI, Op.CROSSES_ABOVE, 100), ["r"]),
        (is_(RSI, Op.AT_LEAST, 100.5), ["r"]),
        (is_(RSI, Op.BELOW, 0), ["r"]),
        (is_(0, Op.ABOVE, RSI), ["r"]),
        (is_(CLOSE, Op.BELOW, 0), ["r"]),
        (is_(VOLUME, Op.CROSSES_BELOW, 0), ["r"]),
        (is_(RSI, Op.AT_MOST, -1), ["r"]),
        (is_(CLOSE, Op.ABOVE, HIGH), ["r"]),
        (is_(LOW, Op.CROSSES_ABOVE, Price("open")), ["r"]),
        (is_(Price("close", 2), Op.BELOW, Price("low", 2)), ["r"]),
        (is_(Change(CLOSE, 3), Op.BELOW, -100), ["r"]),
        # bands, trends, what has held, and what is not
        (All((between(RSI, 30, 50), is_(RSI, Op.ABOVE, 50))), ["r.of.1"]),
        (All((between(CLOSE, SMA, OPEN), is_(CLOSE, Op.BELOW, SMA))), ["r.of.1"]),
        (between(RSI, 101, 200), ["r"]),
        (All((Trend(RSI, Direction.RISING, 3), Trend(RSI, Direction.FALLING, 1))), ["r.of.1"]),
        (All((Trend(CLOSE, Direction.RISING, 3), is_(CLOSE, Op.AT_MOST, Price("close", 1)))), ["r.of.1"]),
        (All((Held(is_(RSI, Op.BELOW, 30), 5), is_(RSI, Op.ABOVE, 30))), ["r.of.1"]),
        (Held(All((is_(RSI, Op.BELOW, 30), is_(RSI, Op.ABOVE, 30))), 5), ["r"]),
        (All((FINE, Held(is_(RSI, Op.CROSSES_BELOW, 30), 2))), ["r.of.1"]),
        (All((is_(RSI, Op.ABOVE, 30), Not(is_(RSI, Op.ABOVE, 20)))), ["r.of.1"]),
        (All((is_(CLOSE, Op.ABOVE, SMA), Not(is_(SMA, Op.AT_MOST, CLOSE)))), ["r.of.1"]),
        (Not(is_(RSI, Op.AT_LEAST, 0)), ["r"]),
        (All((is_(RSI, Op.AT_LEAST, 30), Not(is_(RSI, Op.AT_LEAST, 30)))), ["r.of.1"]),
        (All((is_(RSI, Op.AT_MOST, 30), Not(is_(RSI, Op.AT_MOST, 30)))), ["r.of.1"]),
        (
            All((is_(RSI, Op.ABOVE, 30), Not(Any((is_(CLOSE, Op.ABOVE, 5), is_(RSI, Op.ABOVE, 20)))))),
            ["r.of.1"],
        ),
        (All((is_(RSI, Op.ABOVE, 30), Not(Not(is_(RSI, Op.BELOW, 20))))), ["r.of.1"]),
    ],
)
def test_contradictions_are_found_where_they_are(rule: Rule, expected: list[str]) -> None:
    assert fields(rule) == expected


@pytest.mark.parametrize(
    "rule",
    [
        All((is_(RSI, Op.AT_LEAST, 30), is_(RSI, Op.AT_MOST, 30))),
        All((is_(CLOSE, Op.AT_LEAST, SMA), is_(SMA, Op.AT_LEAST, CLOSE))),
        All((is_(RSI, Op.CROSSES_ABOVE, 30), is_(RSI, Op.ABOVE, 20), is_(RSI, Op.BELOW, 70))),
        All((is_(RSI, Op.CROSSES_ABOVE, 30), is_(RSI, Op.CROSSES_ABOVE, 40))),
        Any((is_(RSI, Op.BELOW, 30), is_(RSI, Op.ABOVE, 70))),
        All((is_(RSI, Op.BELOW, 30), Any((is_(CLOSE, Op.ABOVE, OPEN), is_(CLOSE, Op.BELOW, OPEN))))),
        All((is_(RSI, Op.BELOW, 30), Not(is_(RSI, Op.BELOW, 20)))),
        is_(RSI, Op.AT_LEAST, 100),
        is_(RSI, Op.AT_MOST, 0),
        is_(RSI, Op.CROSSES_BELOW, 100),
        is_(MACD, Op.BELOW, -5),
        is_(VOLUME, Op.AT_MOST, 0),
        is_(CLOSE, Op.AT_LEAST, HIGH),
        is_(CLOSE, Op.ABOVE, Price("high", 1)),
        is_(CLOSE, Op.ABOVE, Price("high", 0, T.HOUR_1)),
        is_(VOLUME, Op.ABOVE, HIGH),
        is_(Change(CLOSE, 3), Op.AT_MOST, -100),
        is_(Change(MACD, 3), Op.BELOW, -200),
        between(RSI, 30, 30),
        All((between(RSI, 30, 50), is_(RSI, Op.AT_LEAST, 50))),
        All((Trend(RSI, Direction.RISING, 1), Trend(IndicatorValue("rsi", "rsi", 1), Direction.FALLING, 1))),
        Held(is_(RSI, Op.CROSSES_BELOW, 30), 1),
        Held(Any((is_(RSI, Op.CROSSES_BELOW, 30), FINE)), 3),
        All((is_(RSI, Op.ABOVE, 30), Not(All((is_(RSI, Op.ABOVE, 20), FINE))))),
        All((is_(RSI, Op.ABOVE, 30), Not(is_(RSI, Op.CROSSES_ABOVE, 20)))),
        Not(Held(is_(RSI, Op.AT_LEAST, 0), 3)),
        All((is_(RSI, Op.AT_LEAST, 30), Not(is_(RSI, Op.ABOVE, 30)))),
        All((is_(RSI, Op.AT_MOST, 30), Not(is_(RSI, Op.BELOW, 30)))),
    ],
)
def test_nothing_is_wrong_with_what_can_hold(rule: Rule) -> None:
    assert fields(rule) == []


def nested(depth: int) -> Rule:
    rule: Rule = FINE
    for _ in range(depth - 1):
        rule = Not(rule)
    return rule


def test_a_rule_is_as_deep_as_a_person_can_read() -> None:
    assert fields(nested(MAX_DEPTH)) == []
    assert fields(nested(MAX_DEPTH + 1)) == ["r"]
    assert fields(All((FINE, Any((nested(MAX_DEPTH - 2),))))) == []
    assert fields(All((FINE, Any((nested(MAX_DEPTH - 1),))))) == ["r"]


# --- a rule that is called contradictory never holds ------------------------------------------------

few: st.SearchStrategy[Rule] = conditions((RSI, CLOSE, HIGH, Price("close", 1), Change(CLOSE, 1)))


def together(members: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    return st.lists(members, min_size=3, max_size=6).map(tuple).map(All)


# Many conditions on few values: most of them contradict one another.
conjunctions = together(few | together(few) | groups(few)) | groups(together(few))


def at(rule: Rule, path: list[str]) -> Rule:
    """Return the member of a tree that a problem's path leads to."""
    if not path:
        return rule
    if isinstance(rule, Not | Held):
        return at(rule.of, path[1:])
    assert isinstance(rule, All | Any)
    return at(rule.of[int(path[1])], path[2:])


def group_of(rule: Rule, path: list[str]) -> Rule:
    """Return the largest part around a path's end that needs what lies there to hold."""
    end = len(path)
    while end >= 2 and path[end - 1].isdigit() and isinstance(at(rule, path[: end - 2]), All):
        end -= 2
    return at(rule, path[:end])


@given(
    rule=conjunctions, seed=seeds, rising=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0]), max_size=30)
)
def test_what_is_called_contradictory_never_holds(rule: Rule, seed: int, rising: list[float]) -> None:
    found = rules.problems(rule, USES, T.MINUTE_1, "r")
    assume(found)
    for series in (coarse(seed, 40), series_of([1.0, 1.0, 2.0, 4.0, *rising])):
        chart = chart_of(series)
        for problem in found:
            path = problem.field.split(".")[1:]
            assert not rules.evaluate(group_of(rule, path), chart).any(), problem


@given(rule=trees, seed=seeds)
def test_what_holds_somewhere_is_not_called_contradictory_as_a_whole(rule: Rule, seed: int) -> None:
    series = coarse(seed, 40)
    assume(rules.evaluate(rule, chart_of(series)).any())
    for problem in rules.problems(rule, USES, T.MINUTE_1, "r"):
        path = problem.field.split(".")[1:]
        assert group_of(rule, path) is not rule
