"""What can be wrong with a rule, by the path of the field that says so."""

from collections.abc import Iterator
from typing import assert_never

import numpy as np

from flotilla.domain.errors import Problem
from flotilla.domain.indicators import CATALOGUE
from flotilla.domain.market import Timeframe
from flotilla.domain.rules.contradictions import contradictions
from flotilla.domain.rules.tree import (
    MAX_BARS,
    MAX_DEPTH,
    All,
    Any,
    Between,
    Change,
    Condition,
    Constant,
    Held,
    IndicatorValue,
    Not,
    Operand,
    Price,
    Rule,
    Trend,
    Uses,
)


def problems(rule: Rule, uses: Uses, timeframe: Timeframe, path: str) -> list[Problem]:
    """What is wrong with a rule of a bot on `timeframe`: empty groups, unknown names, contradictions."""
    if _depth(rule) > MAX_DEPTH:
        return [Problem(path, f"The rule is nested too deeply: use at most {MAX_DEPTH} levels.")]
    found = list(_rule_problems(rule, uses, timeframe, path))
    if found:
        return found
    first: dict[str, Problem] = {}
    for problem in contradictions(rule, uses, path):
        first.setdefault(problem.field, problem)
    return list(first.values())


def timeframe_problems(chosen: Timeframe | None, timeframe: Timeframe, path: str) -> Iterator[Problem]:
    """What is wrong with the timeframe of an operand or an indicator of a bot on `timeframe`."""
    if chosen is not None and chosen.minutes < timeframe.minutes:
        yield Problem(path, f"Choose the bot's timeframe ({timeframe.value}) or a longer one.")


def _depth(rule: Rule) -> int:
    match rule:
        case Condition() | Between() | Trend():
            return 1
        case All(of) | Any(of):
            return 1 + max((_depth(member) for member in of), default=0)
        case Not(of) | Held(of):
            return 1 + _depth(of)
        case _:
            assert_never(rule)


def _rule_problems(rule: Rule, uses: Uses, timeframe: Timeframe, path: str) -> Iterator[Problem]:
    match rule:
        case All(of) | Any(of):
            if not of:
                yield Problem(path, "The rule is empty: add at least one condition.")
            for index, member in enumerate(of):
                yield from _rule_problems(member, uses, timeframe, f"{path}.of.{index}")
        case Not(of):
            yield from _rule_problems(of, uses, timeframe, f"{path}.of")
        case Held(of, bars):
            yield from _count_problems(bars, 1, f"{path}.bars")
            yield from _rule_problems(of, uses, timeframe, f"{path}.of")
        case Trend(value, _, bars):
            yield from _operand_problems(value, uses, timeframe, f"{path}.value")
            yield from _count_problems(bars, 1, f"{path}.bars")
            if isinstance(value, Constant):
                yield Problem(
                    f"{path}.value", "A fixed number does not move: choose an indicator or a price."
                )
        case Between():
            yield from _between_problems(rule, uses, timeframe, path)
        case Condition():
            yield from _condition_problems(rule, uses, timeframe, path)
        case _:
            assert_never(rule)


def _condition_problems(rule: Condition, uses: Uses, timeframe: Timeframe, path: str) -> Iterator[Problem]:
    left, right = rule.left, rule.right
    yield from _operand_problems(left, uses, timeframe, f"{path}.left")
    yield from _operand_problems(right, uses, timeframe, f"{path}.right")
    if left == right:
        yield Problem(f"{path}.right", "This compares a value with itself.")
    elif isinstance(left, Constant) and isinstance(right, Constant):
        yield Problem(f"{path}.left", "Compare an indicator or a price, not two fixed numbers.")


def _between_problems(rule: Between, uses: Uses, timeframe: Timeframe, path: str) -> Iterator[Problem]:
    value, low, high = rule.value, rule.low, rule.high
    for name, operand in (("value", value), ("low", low), ("high", high)):
        yield from _operand_problems(operand, uses, timeframe, f"{path}.{name}")
    if isinstance(value, Constant):
        yield Problem(f"{path}.value", "A fixed number does not move: choose an indicator or a price.")
    elif value in (low, high):
        name = "low" if value == low else "high"
        yield Problem(f"{path}.{name}", "This compares a value with itself.")
    elif isinstance(low, Constant) and isinstance(high, Constant) and low.value > high.value:
        yield Problem(f"{path}.high", "The upper bound must not be below the lower one.")


def _operand_problems(operand: Operand, uses: Uses, timeframe: Timeframe, path: str) -> Iterator[Problem]:
    match operand:
        case IndicatorValue(indicator, output, ago):
            yield from _count_problems(ago, 0, f"{path}.ago")
            use = uses.get(indicator)
            if use is None:
                yield Problem(f"{path}.indicator", f"The bot has no indicator with the id {indicator!r}.")
            elif use.name in CATALOGUE:
                outputs = [o.name for o in CATALOGUE[use.name].outputs]
                if output not in outputs:
                    yield Problem(f"{path}.output", f"{use.name} has the outputs {', '.join(outputs)}.")
        case Price(_, ago, chosen):
            yield from _count_problems(ago, 0, f"{path}.ago")
            yield from timeframe_problems(chosen, timeframe, f"{path}.timeframe")
        case Change(of, bars):
            yield from _operand_problems(of, uses, timeframe, f"{path}.of")
            yield from _count_problems(bars, 1, f"{path}.bars")
        case Constant(value):
            if not np.isfinite(value):
                yield Problem(f"{path}.value", "Enter a number.")
        case _:
            assert_never(operand)


def _count_problems(bars: int, least: int, path: str) -> Iterator[Problem]:
    if not least <= bars <= MAX_BARS:
        yield Problem(path, f"Must be from {least} to {MAX_BARS} bars.")
