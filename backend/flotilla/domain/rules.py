"""Entry and exit rules: a tree of all / any / not over comparisons.

A rule is evaluated over whole columns at once (`evaluate`), reads back as a sentence (`sentence`) and
explains itself at any bar (`explain`). A comparison with a value that is not known yet is false.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

import numpy as np
import numpy.typing as npt

from flotilla.domain.errors import Problem
from flotilla.domain.indicators import CATALOGUE, IndicatorUse, compute
from flotilla.domain.market import FloatArray, Series

# Nobody reads deeper ones, and JSON libraries give up somewhere beyond 200.
MAX_DEPTH = 20

BoolArray = npt.NDArray[np.bool_]
PriceField = Literal["open", "high", "low", "close", "volume"]


class Comparison(StrEnum):
    """How two operands are compared at a closed bar."""

    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"
    CROSSES_ABOVE = "crosses_above"
    CROSSES_BELOW = "crosses_below"

    @property
    def phrase(self) -> str:
        return {
            "above": "is above",
            "at_least": "is at least",
            "below": "is below",
            "at_most": "is at most",
            "crosses_above": "crosses above",
            "crosses_below": "crosses below",
        }[self.value]


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """An output of one of the bot's indicators, named by the id of its use."""

    indicator: str
    output: str


@dataclass(frozen=True, slots=True)
class Price:
    """A field of the bar itself."""

    field: PriceField


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed number."""

    value: float


Operand = IndicatorValue | Price | Constant


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. A cross looks at this bar and the one before it."""

    left: Operand
    op: Comparison
    right: Operand


@dataclass(frozen=True, slots=True)
class All:
    """True when every member is."""

    of: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """True when at least one member is."""

    of: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its member is not."""

    of: "Rule"


Rule = Condition | All | Any | Not
Uses = Mapping[str, IndicatorUse]
Columns = Mapping[tuple[str, str], FloatArray]


@dataclass(frozen=True, slots=True)
class Explained:
    """One condition at one bar: its sentence, what stood left and right, and whether it held."""

    sentence: str
    left: float | None
    right: float | None
    holds: bool


def columns(uses: Uses, series: Series) -> dict[tuple[str, str], FloatArray]:
    """Compute every indicator of a bot: (use id, output) -> column."""
    return {
        (use.id, output): column for use in uses.values() for output, column in compute(use, series).items()
    }


def evaluate(rule: Rule, series: Series, values: Columns) -> BoolArray:
    """Whether `rule` holds, at every bar of `series` (same length)."""
    match rule:
        case Condition():
            return _compare(rule, series, values)
        case All(of):
            every: BoolArray = np.all([evaluate(member, series, values) for member in of], axis=0)
            return every
        case Any(of):
            some: BoolArray = np.any([evaluate(member, series, values) for member in of], axis=0)
            return some
        case Not(of):
            return np.logical_not(evaluate(of, series, values))
        case _:
            assert_never(rule)


def explain(rule: Rule, series: Series, values: Columns, uses: Uses, at: int = -1) -> list[Explained]:
    """Every condition of `rule` at bar `at`, in reading order."""
    return [
        Explained(
            sentence=sentence(condition, uses),
            left=_known(_operand(condition.left, series, values)[at]),
            right=_known(_operand(condition.right, series, values)[at]),
            holds=bool(_compare(condition, series, values)[at]),
        )
        for condition in conditions(rule)
    ]


def conditions(rule: Rule) -> Iterator[Condition]:
    """Every condition of the tree, in reading order."""
    match rule:
        case Condition():
            yield rule
        case All(of) | Any(of):
            for member in of:
                yield from conditions(member)
        case Not(of):
            yield from conditions(of)
        case _:
            assert_never(rule)


def sentence(rule: Rule, uses: Uses) -> str:
    """The rule in words: `RSI(14) crosses below 30 and close is above SMA(200)`."""
    match rule:
        case Condition(left, op, right):
            return f"{_word(left, uses)} {op.phrase} {_word(right, uses)}"
        case All(of):
            return " and ".join(_bracketed(member, uses, Any) for member in of)
        case Any(of):
            return " or ".join(_bracketed(member, uses, All) for member in of)
        case Not(of):
            return f"not ({sentence(of, uses)})"
        case _:
            assert_never(rule)


def problems(rule: Rule, uses: Uses, path: str) -> list[Problem]:
    """What is wrong with a rule: empty groups, unknown names, contradictions."""
    if _depth(rule) > MAX_DEPTH:
        return [Problem(path, f"The rule is nested too deeply: use at most {MAX_DEPTH} levels.")]
    found = list(_structure_problems(rule, uses, path))
    if not found:
        found.extend(_contradictions(rule, uses, path))
    return found


# --- evaluation -----------------------------------------------------------------------------------


def _operand(operand: Operand, series: Series, values: Columns) -> FloatArray:
    match operand:
        case IndicatorValue(indicator, output):
            return values[indicator, output]
        case Price(field):
            column: FloatArray = getattr(series, field)
            return column
        case Constant(value):
            return np.full(len(series), value)
        case _:
            assert_never(operand)


def _compare(condition: Condition, series: Series, values: Columns) -> BoolArray:
    left = _operand(condition.left, series, values)
    right = _operand(condition.right, series, values)
    match condition.op:
        case Comparison.ABOVE:
            return left > right
        case Comparison.AT_LEAST:
            return left >= right
        case Comparison.BELOW:
            return left < right
        case Comparison.AT_MOST:
            return left <= right
        case Comparison.CROSSES_ABOVE:
            return _crosses(left > right, left <= right)
        case Comparison.CROSSES_BELOW:
            return _crosses(left < right, left >= right)
        case _:
            assert_never(condition.op)


def _crosses(beyond: BoolArray, not_beyond: BoolArray) -> BoolArray:
    """Beyond now and known not to be beyond one bar ago."""
    crossed = np.zeros(len(beyond), dtype=np.bool_)
    crossed[1:] = beyond[1:] & not_beyond[:-1]
    return crossed


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


# --- words ----------------------------------------------------------------------------------------


def _word(operand: Operand, uses: Uses) -> str:
    match operand:
        case IndicatorValue(indicator, output):
            use = uses.get(indicator)
            if use is None or use.name not in CATALOGUE:
                return indicator
            entry = CATALOGUE[use.name]
            numbers = ", ".join(f"{use.params.get(p.name, p.default):g}" for p in entry.parameters)
            word = f"{entry.name}({numbers})"
            return word if len(entry.outputs) == 1 else f"{word} {output}"
        case Price(field):
            return field
        case Constant(value):
            return f"{value:g}"
        case _:
            assert_never(operand)


def _bracketed(member: Rule, uses: Uses, other: type[All] | type[Any]) -> str:
    words = sentence(member, uses)
    return f"({words})" if isinstance(member, other) and len(member.of) > 1 else words


# --- what can be wrong ----------------------------------------------------------------------------


def _depth(rule: Rule) -> int:
    match rule:
        case Condition():
            return 1
        case All(of) | Any(of):
            return 1 + max((_depth(member) for member in of), default=0)
        case Not(of):
            return 1 + _depth(of)
        case _:
            assert_never(rule)


def _structure_problems(rule: Rule, uses: Uses, path: str) -> Iterator[Problem]:
    match rule:
        case Condition(left, _, right):
            yield from _operand_problems(left, uses, f"{path}.left")
            yield from _operand_problems(right, uses, f"{path}.right")
            if left == right:
                yield Problem(f"{path}.right", "This compares a value with itself.")
            elif isinstance(left, Constant) and isinstance(right, Constant):
                yield Problem(f"{path}.left", "Compare an indicator or a price, not two fixed numbers.")
        case All(of) | Any(of):
            if not of:
                yield Problem(path, "The rule is empty: add at least one condition.")
            for index, member in enumerate(of):
                yield from _structure_problems(member, uses, f"{path}.of.{index}")
        case Not(of):
            yield from _structure_problems(of, uses, f"{path}.of")
        case _:
            assert_never(rule)


def _operand_problems(operand: Operand, uses: Uses, path: str) -> Iterator[Problem]:
    match operand:
        case IndicatorValue(indicator, output):
            use = uses.get(indicator)
            if use is None:
                yield Problem(f"{path}.indicator", f"The bot has no indicator with the id {indicator!r}.")
            elif use.name in CATALOGUE:
                outputs = [o.name for o in CATALOGUE[use.name].outputs]
                if output not in outputs:
                    yield Problem(f"{path}.output", f"{use.name} has the outputs {', '.join(outputs)}.")
        case Constant(value):
            if not np.isfinite(value):
                yield Problem(f"{path}.value", "Enter a number.")
        case Price():
            return


@dataclass(slots=True)
class _Range:
    """The values that the conditions so far leave an operand; bounds may be excluded."""

    low: float = -np.inf
    low_open: bool = False
    high: float = np.inf
    high_open: bool = False

    def at_least(self, value: float, *, excluded: bool) -> None:
        if (value, excluded) > (self.low, self.low_open):
            self.low, self.low_open = value, excluded

    def at_most(self, value: float, *, excluded: bool) -> None:
        if (-value, excluded) > (-self.high, self.high_open):
            self.high, self.high_open = value, excluded

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))


_MIRROR = {
    Comparison.ABOVE: Comparison.BELOW,
    Comparison.AT_LEAST: Comparison.AT_MOST,
    Comparison.BELOW: Comparison.ABOVE,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.CROSSES_ABOVE: Comparison.CROSSES_BELOW,
    Comparison.CROSSES_BELOW: Comparison.CROSSES_ABOVE,
}
_RAISES = {Comparison.ABOVE: True, Comparison.CROSSES_ABOVE: True, Comparison.AT_LEAST: False}
_LOWERS = {Comparison.BELOW: True, Comparison.CROSSES_BELOW: True, Comparison.AT_MOST: False}
_STRICT = {*_RAISES, *_LOWERS} - {Comparison.AT_LEAST, Comparison.AT_MOST}


def _contradictions(rule: Rule, uses: Uses, path: str) -> Iterator[Problem]:
    """Groups that can never be true: bounds that leave a value no room, or opposite comparisons.

    At a bar where a cross holds, its plain comparison holds too, so crosses bound like the others.
    """
    match rule:
        case Condition():
            yield from _group_contradictions([(rule, path)], uses, path)
        case All():
            yield from _group_contradictions(list(_conjuncts(rule, path)), uses, path)
            for group, group_path in _alternatives(rule, path):
                yield from _contradictions(group, uses, group_path)
        case Any(of):
            for index, member in enumerate(of):
                yield from _contradictions(member, uses, f"{path}.of.{index}")
        case Not():
            return
        case _:
            assert_never(rule)


def _conjuncts(rule: Rule, path: str) -> Iterator[tuple[Condition, str]]:
    """The conditions that must hold at once for `rule` to hold."""
    if isinstance(rule, Condition):
        yield rule, path
    elif isinstance(rule, All):
        for index, member in enumerate(rule.of):
            yield from _conjuncts(member, f"{path}.of.{index}")


def _alternatives(rule: Rule, path: str) -> Iterator[tuple[Any, str]]:
    """The groups among the conjuncts of which one member is enough."""
    if isinstance(rule, Any):
        yield rule, path
    elif isinstance(rule, All):
        for index, member in enumerate(rule.of):
            yield from _alternatives(member, f"{path}.of.{index}")


def _group_contradictions(members: list[tuple[Condition, str]], uses: Uses, path: str) -> Iterator[Problem]:
    ranges: dict[Operand, _Range] = {}
    orders: dict[tuple[Operand, Operand], set[Comparison]] = {}
    for member, member_path in members:
        condition = _constant_on_the_right(member)
        left, op, right = condition.left, condition.op, condition.right
        if not isinstance(right, Constant):
            both = orders.setdefault((left, right), set())
            both.add(op)
            reverse = {_MIRROR[o] for o in orders.get((right, left), set())}
            if _opposed(both | reverse):
                yield Problem(
                    member_path,
                    f"The conditions contradict each other: {_word(left, uses)} cannot be on both "
                    f"sides of {_word(right, uses)} at once.",
                )
            continue
        allowed = ranges.setdefault(left, _natural_range(left, uses))
        if op in _RAISES:
            allowed.at_least(right.value, excluded=_RAISES[op])
        else:
            allowed.at_most(right.value, excluded=_LOWERS[op])
        if allowed.empty:
            yield Problem(
                member_path,
                f"This can never be true together with the rest: {_word(left, uses)} has no value that fits.",
            )


def _constant_on_the_right(condition: Condition) -> Condition:
    if isinstance(condition.left, Constant):
        return Condition(condition.right, _MIRROR[condition.op], condition.left)
    return condition


def _opposed(ops: set[Comparison]) -> bool:
    up, down = ops & set(_RAISES), ops & set(_LOWERS)
    return bool(up and down and (up | down) & _STRICT)


def _natural_range(operand: Operand, uses: Uses) -> _Range:
    if isinstance(operand, Price):
        return _Range(low=0.0)
    if isinstance(operand, IndicatorValue) and uses[operand.indicator].name in CATALOGUE:
        for output in CATALOGUE[uses[operand.indicator].name].outputs:
            if output.name == operand.output:
                return _Range(
                    low=-np.inf if output.minimum is None else output.minimum,
                    high=np.inf if output.maximum is None else output.maximum,
                )
    return _Range()
