"""Rules to try: the bot's indicators that they name, trees of every shape, and an oracle for them."""

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import Series
from flotilla.domain.rules import (
    All,
    Any,
    Columns,
    Comparison,
    Condition,
    Constant,
    IndicatorValue,
    Not,
    Operand,
    Price,
    Rule,
)

USES: Mapping[str, IndicatorUse] = {
    "rsi": IndicatorUse("rsi", "RSI", {"timeperiod": 3}),
    "sma": IndicatorUse("sma", "SMA", {"timeperiod": 4}),
    "macd": IndicatorUse("macd", "MACD", {"fastperiod": 2, "slowperiod": 4, "signalperiod": 3}),
}
RSI, SMA = IndicatorValue("rsi", "rsi"), IndicatorValue("sma", "sma")
MACD, SIGNAL = IndicatorValue("macd", "macd"), IndicatorValue("macd", "signal")
OPEN, CLOSE, VOLUME = Price("open"), Price("close"), Price("volume")
VARIABLES: tuple[Operand, ...] = (RSI, SMA, MACD, SIGNAL, OPEN, CLOSE, VOLUME)

numbers = st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.5, 4.0, 30.0, 50.0, 70.0, 100.0, 101.0]).map(Constant)


@st.composite
def conditions(draw: st.DrawFn, variables: tuple[Operand, ...] = VARIABLES) -> Condition:
    """Draw a comparison of two different operands, of which at most one is a number."""
    left = draw(st.sampled_from(variables))
    right = draw(st.one_of(numbers, st.sampled_from(variables)).filter(lambda other: other != left))
    op = draw(st.sampled_from(Comparison))
    return Condition(right, op, left) if draw(st.booleans()) else Condition(left, op, right)


def groups(members: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    several = st.lists(members, min_size=1, max_size=4).map(tuple)
    return st.one_of(several.map(All), several.map(Any), members.map(Not))


trees: st.SearchStrategy[Rule] = st.recursive(conditions(), groups, max_leaves=8)


def holds(rule: Rule, at: int, series: Series, values: Columns) -> bool:
    """Whether `rule` holds at bar `at`, said as plainly as possible."""
    match rule:
        case All(of):
            return all(holds(member, at, series, values) for member in of)
        case Any(of):
            return any(holds(member, at, series, values) for member in of)
        case Not(of):
            return not holds(of, at, series, values)
        case Condition(left, op, right):
            now = value(left, at, series, values), value(right, at, series, values)
            before = (
                (value(left, at - 1, series, values), value(right, at - 1, series, values))
                if at
                else (None, None)
            )
            return compares(op, now, before)


def value(operand: Operand, at: int, series: Series, values: Columns) -> float | None:
    match operand:
        case Constant(number):
            return number
        case Price(field):
            return float(getattr(series, field)[at])
        case IndicatorValue(indicator, output):
            found = float(values[indicator, output][at])
            return None if np.isnan(found) else found


Pair = tuple[float | None, float | None]


def compares(op: Comparison, now: Pair, before: Pair) -> bool:
    left, right = now
    if left is None or right is None:
        return False
    match op:
        case Comparison.ABOVE:
            return left > right
        case Comparison.AT_LEAST:
            return left >= right
        case Comparison.BELOW:
            return left < right
        case Comparison.AT_MOST:
            return left <= right
    old_left, old_right = before
    if old_left is None or old_right is None:
        return False
    if op is Comparison.CROSSES_ABOVE:
        return left > right and old_left <= old_right
    return left < right and old_left >= old_right
