"""Whether a rule holds, at every bar at once.

`known` asks where a rule is known to be true, or known to be false: with both questions at hand a
negation swaps them, and what is neither is unknown (`tree` says why).
"""

from collections.abc import Iterable
from typing import assert_never

import numpy as np

from flotilla.domain.market import FloatArray
from flotilla.domain.rules.chart import BoolArray, Chart
from flotilla.domain.rules.tree import (
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
    timeframe_of,
)

# By comparison: what makes it true, and what makes it known to be false; NaN makes neither.
_TESTS = {
    Comparison.ABOVE: (np.greater, np.less_equal),
    Comparison.AT_LEAST: (np.greater_equal, np.less),
    Comparison.BELOW: (np.less, np.greater_equal),
    Comparison.AT_MOST: (np.less_equal, np.greater),
    Comparison.CROSSES_ABOVE: (np.greater, np.less_equal),
    Comparison.CROSSES_BELOW: (np.less, np.greater_equal),
}


def evaluate(rule: Rule, chart: Chart) -> BoolArray:
    """Whether `rule` is known to hold, at every bar of the chart."""
    return known(rule, chart, True)


def known(rule: Rule, chart: Chart, truth: bool) -> BoolArray:
    """The bars of the chart at which `rule` is known to be `truth`; the array is the caller's."""
    match rule:
        case Condition():
            return _compared(rule, chart, truth)
        case Between(value, low, high):
            inside = (Condition(value, Comparison.AT_LEAST, low), Condition(value, Comparison.AT_MOST, high))
            return _joined((known(side, chart, truth) for side in inside), every=truth)
        case Trend():
            return chart.aligned(_moved(rule, chart, truth), timeframe_of(rule.value, chart.uses))
        case Held(of, bars):
            return _lasted(known(of, chart, truth), bars, every=truth)
        case All(of):
            return _joined((known(member, chart, truth) for member in of), every=truth)
        case Any(of):
            return _joined((known(member, chart, truth) for member in of), every=not truth)
        case Not(of):
            return known(of, chart, not truth)
        case _:
            assert_never(rule)


def values(operand: Operand, chart: Chart) -> FloatArray:
    """An operand over the bars of the chart; NaN where it is not known."""
    return chart.aligned(_column(operand, chart), timeframe_of(operand, chart.uses))


def _column(operand: Operand, chart: Chart) -> FloatArray:
    """An operand over the bars of its own timeframe."""
    match operand:
        case IndicatorValue(indicator, output, ago):
            return _earlier(chart.column(indicator, output), ago)
        case Price(field, ago, timeframe):
            return _earlier(getattr(chart.frame(timeframe), field), ago)
        case Change(of, bars):
            return _change(_column(of, chart), bars)
        case Constant(value):
            return np.full(len(chart), value)
        case _:
            assert_never(operand)


def _earlier(column: FloatArray, ago: int) -> FloatArray:
    if not ago:
        return column
    shifted = np.full(len(column), np.nan)
    shifted[ago:] = column[:-ago]
    return shifted


def _change(column: FloatArray, bars: int) -> FloatArray:
    changed = np.full(len(column), np.nan)
    then, part = column[:-bars], changed[bars:]
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        np.subtract(column[bars:], then, out=part)
        part /= np.abs(then)
        part *= 100.0
    part[then == 0.0] = np.nan
    return changed


def _compared(condition: Condition, chart: Chart, truth: bool) -> BoolArray:
    left, op, right = condition.left, condition.op, condition.right
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _test(op, values(left, chart), right.value, truth)
    return _test(op, _compact(left, chart), _compact(right, chart), truth)


def _compact(operand: Operand, chart: Chart) -> FloatArray | float:
    """A constant is compared as the number that it is: a column of it would cost more than the rest."""
    return operand.value if isinstance(operand, Constant) else values(operand, chart)


def _test(op: Comparison, left: FloatArray | float, right: FloatArray | float, truth: bool) -> BoolArray:
    is_true, is_false = _TESTS[op]
    if not op.is_cross:
        found: BoolArray = (is_true if truth else is_false)(left, right)
        return found
    beyond: BoolArray = is_true(left, right)
    short_of: BoolArray = is_false(left, right)
    if truth:
        crossed = np.zeros(len(beyond), np.bool_)
        np.logical_and(beyond[1:], short_of[:-1], out=crossed[1:])
        return crossed
    np.logical_or(short_of[1:], beyond[:-1], out=short_of[1:])
    return short_of


def _moved(trend: Trend, chart: Chart, truth: bool) -> BoolArray:
    column = _column(trend.value, chart)
    op = Comparison.ABOVE if trend.direction is Direction.RISING else Comparison.BELOW
    moved = np.zeros(len(column), np.bool_)
    moved[1:] = _test(op, column[1:], column[:-1], truth)
    return _lasted(moved, trend.bars, every=truth)


def _lasted(found: BoolArray, bars: int, *, every: bool) -> BoolArray:
    """Whether it was so at every one (at any one) of the newest `bars`; windows double in each pass."""
    join = np.logical_and if every else np.logical_or
    covered = 1
    while covered < min(bars, len(found)):
        step = min(covered, bars - covered)
        found[step:] = join(found[step:], found[:-step])
        covered += step
    if every:
        found[: bars - 1] = False
    return found


def _joined(members: Iterable[BoolArray], *, every: bool) -> BoolArray:
    join = np.logical_and if every else np.logical_or
    found, *others = members
    for other in others:
        join(found, other, out=found)
    return found
