"""Rules that can never be true: bounds that leave a value no room, or opposite comparisons.

Only what follows from the rule itself is said, so that nothing that could hold is ever refused. A rule is
taken apart into the comparisons that must hold at once wherever it holds:

- where a cross holds, so does its plain comparison;
- a value between two others is at least the one and at most the other;
- a rising value is above its own of one bar ago;
- what has held for some bars holds now; a cross never holds at two bars in a row;
- where a negation is known to be true, the opposite comparison holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from flotilla.domain.errors import Problem
from flotilla.domain.indicators import CATALOGUE
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
    Uses,
)
from flotilla.domain.rules.words import operand_words

_MIRROR = {
    Comparison.ABOVE: Comparison.BELOW,
    Comparison.AT_LEAST: Comparison.AT_MOST,
    Comparison.BELOW: Comparison.ABOVE,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.CROSSES_ABOVE: Comparison.CROSSES_BELOW,
    Comparison.CROSSES_BELOW: Comparison.CROSSES_ABOVE,
}
_OPPOSITE = {
    Comparison.ABOVE: Comparison.AT_MOST,
    Comparison.AT_LEAST: Comparison.BELOW,
    Comparison.BELOW: Comparison.AT_LEAST,
    Comparison.AT_MOST: Comparison.ABOVE,
}
_RAISES = {Comparison.ABOVE: True, Comparison.CROSSES_ABOVE: True, Comparison.AT_LEAST: False}
_LOWERS = {Comparison.BELOW: True, Comparison.CROSSES_BELOW: True, Comparison.AT_MOST: False}
_STRICT = {*_RAISES, *_LOWERS} - {Comparison.AT_LEAST, Comparison.AT_MOST}


class _Needed(NamedTuple):
    """A comparison that must hold, and the path of the part of the rule that asks for it."""

    condition: Condition
    path: str


@dataclass(slots=True)
class _Range:
    """The values that the comparisons so far leave an operand; bounds may be excluded."""

    low: float = -np.inf
    low_open: bool = False
    high: float = np.inf
    high_open: bool = False

    def narrow(self, op: Comparison, value: float) -> None:
        if op in _RAISES and (value, _RAISES[op]) > (self.low, self.low_open):
            self.low, self.low_open = value, _RAISES[op]
        if op in _LOWERS and (-value, _LOWERS[op]) > (-self.high, self.high_open):
            self.high, self.high_open = value, _LOWERS[op]

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))


def contradictions(rule: Rule, uses: Uses, path: str) -> Iterator[Problem]:
    """The parts of `rule` that can never be true; its names and numbers must be right already."""
    yield from _clashes(list(_needed(rule, path)), uses)
    yield from _repeated_crosses(rule, path)
    for group, group_path in _alternatives(rule, path):
        for index, member in enumerate(group.of):
            yield from contradictions(member, uses, f"{group_path}.of.{index}")


def _alternatives(rule: Rule, path: str) -> Iterator[tuple[Any, str]]:
    """The groups that must hold and of which one member is enough."""
    if isinstance(rule, Any):
        yield rule, path
    elif isinstance(rule, All):
        for index, member in enumerate(rule.of):
            yield from _alternatives(member, f"{path}.of.{index}")


def _needed(rule: Rule, path: str) -> Iterator[_Needed]:
    match rule:
        case Condition():
            yield _Needed(rule, path)
        case Between(value, low, high):
            yield _Needed(Condition(value, Comparison.AT_LEAST, low), path)
            yield _Needed(Condition(value, Comparison.AT_MOST, high), path)
        case Trend(IndicatorValue() | Price() as value, direction):
            op = Comparison.ABOVE if direction is Direction.RISING else Comparison.BELOW
            yield _Needed(Condition(value, op, replace(value, ago=value.ago + 1)), path)
        case Held(of):
            yield from (_Needed(needed.condition, path) for needed in _needed(of, path))
        case All(of):
            for index, member in enumerate(of):
                yield from _needed(member, f"{path}.of.{index}")
        case Not(of):
            yield from (_Needed(condition, path) for condition in _needed_against(of))


def _needed_against(rule: Rule) -> Iterator[Condition]:
    """What must hold where `rule` is known to be false."""
    match rule:
        case Condition(left, op, right):
            if op in _OPPOSITE:
                yield Condition(left, _OPPOSITE[op], right)
        case Any(of):
            for member in of:
                yield from _needed_against(member)
        case All((only,)):
            yield from _needed_against(only)
        case Not(of):
            yield from (needed.condition for needed in _needed(of, ""))


def _repeated_crosses(rule: Rule, path: str) -> Iterator[Problem]:
    """A cross is an event of one bar; it cannot hold at several in a row."""
    if isinstance(rule, All):
        for index, member in enumerate(rule.of):
            yield from _repeated_crosses(member, f"{path}.of.{index}")
    elif isinstance(rule, Held):
        if rule.bars > 1 and any(needed.condition.op.is_cross for needed in _needed(rule.of, path)):
            yield Problem(
                path,
                "A cross happens at one bar, so it never holds for several in a row: use 'is above' or "
                "'is below'.",
            )
        else:
            yield from _repeated_crosses(rule.of, path)


def _clashes(needed: list[_Needed], uses: Uses) -> Iterator[Problem]:
    ranges: dict[Operand, _Range] = {}
    orders: dict[tuple[Operand, Operand], set[Comparison]] = {}
    for member in needed:
        left, op, right = _variable_left(member.condition)
        if not isinstance(right, Constant):
            both = orders.setdefault((left, right), set(_always(left, right)))
            both.add(op)
            reverse = {_MIRROR[o] for o in orders.get((right, left), set())}
            if _opposed(both | reverse):
                yield Problem(
                    member.path,
                    f"The conditions contradict each other: {operand_words(left, uses)} cannot be on both "
                    f"sides of {operand_words(right, uses)} at once."
                    if not _opposed({op, *_always(left, right)})
                    else f"This can never be true: {operand_words(left, uses)} never lies on that side of "
                    f"{operand_words(right, uses)}.",
                )
            continue
        allowed = ranges.setdefault(left, _natural_range(left, uses))
        allowed.narrow(op, right.value)
        if allowed.empty:
            yield Problem(
                member.path,
                f"This can never be true together with the rest: {operand_words(left, uses)} has no value "
                "that fits.",
            )


def _variable_left(condition: Condition) -> tuple[Operand, Comparison, Operand]:
    if isinstance(condition.left, Constant):
        return condition.right, _MIRROR[condition.op], condition.left
    return condition.left, condition.op, condition.right


def _opposed(ops: set[Comparison]) -> bool:
    up, down = ops & set(_RAISES), ops & set(_LOWERS)
    return bool(up and down and (up | down) & _STRICT)


def _always(left: Operand, right: Operand) -> Iterator[Comparison]:
    """How two prices of one bar always compare: nothing is above its high, nothing below its low."""
    if not (isinstance(left, Price) and isinstance(right, Price)):
        return
    if (left.ago, left.timeframe) != (right.ago, right.timeframe):
        return
    if "volume" in (left.field, right.field):
        return
    if left.field == "low" or right.field == "high":
        yield Comparison.AT_MOST
    if left.field == "high" or right.field == "low":
        yield Comparison.AT_LEAST


def _natural_range(operand: Operand, uses: Uses) -> _Range:
    """The values that the thing itself can have."""
    match operand:
        case Price():
            return _Range(low=0.0)
        case Change(of):
            return _Range(low=-100.0) if _natural_range(of, uses).low >= 0.0 else _Range()
        case IndicatorValue(indicator, name) if uses[indicator].name in CATALOGUE:
            for output in CATALOGUE[uses[indicator].name].outputs:
                if output.name == name:
                    return _Range(
                        low=-np.inf if output.minimum is None else output.minimum,
                        high=np.inf if output.maximum is None else output.maximum,
                    )
    return _Range()
