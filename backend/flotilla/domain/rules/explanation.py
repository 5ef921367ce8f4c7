"""A rule at one bar: every part of it, what it saw, and whether it was true."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, assert_never

import numpy as np

from flotilla.domain.rules.chart import Chart
from flotilla.domain.rules.evaluation import known, values
from flotilla.domain.rules.tree import (
    All,
    Any,
    Between,
    Condition,
    Constant,
    Held,
    IndicatorValue,
    Not,
    Operand,
    Price,
    Rule,
    Trend,
    operands,
)
from flotilla.domain.rules.words import operand_words, sentence

Kind = Literal["condition", "held", "all", "any", "not"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A value that a condition looked at, by its words; None where it was not known."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One part of a rule at one bar: its sentence, and whether it held.

    `left` and `right` are the two sides of a comparison (of a band: the value and its lower bound);
    `values` has all that was looked at. `known` is false where neither it nor its opposite was known to
    be true. `depth` is how many groups stand around it.
    """

    sentence: str
    left: float | None
    right: float | None
    holds: bool
    known: bool = True
    kind: Kind = "condition"
    depth: int = 0
    values: tuple[Seen, ...] = ()

    @property
    def is_group(self) -> bool:
        """Whether it only joins what its members say at this very bar."""
        return self.kind in ("all", "any", "not")


def explain(rule: Rule, chart: Chart, at: int = -1) -> list[Explained]:
    """Every part of `rule` at bar `at` in reading order, each group before its members.

    Raises IndexError when the chart has no such bar.
    """
    return list(_parts(rule, chart, range(len(chart))[at], 0))


def _parts(rule: Rule, chart: Chart, at: int, depth: int) -> Iterator[Explained]:
    part = _explained(rule, chart, at, depth)
    match rule:
        case Condition() | Between() | Trend():
            seen = tuple(_seen(rule, chart, at))
            left, right = [one.value for one in seen[:2]] + [None] * (2 - len(seen[:2]))
            yield replace(part, left=left, right=right, values=seen)
        case Held(of, bars):
            yield replace(part, kind="held", values=(_run(of, bars, chart, at),))
            yield from _parts(of, chart, at, depth + 1)
        case All(of) | Any(of):
            yield replace(part, kind="all" if isinstance(rule, All) else "any")
            for member in of:
                yield from _parts(member, chart, at, depth + 1)
        case Not(of):
            yield replace(part, kind="not")
            yield from _parts(of, chart, at, depth + 1)
        case _:
            assert_never(rule)


def _explained(rule: Rule, chart: Chart, at: int, depth: int) -> Explained:
    holds = bool(known(rule, chart, True)[at])
    is_known = holds or bool(known(rule, chart, False)[at])
    return Explained(sentence(rule, chart.uses), None, None, holds, known=is_known, depth=depth)


def _seen(condition: Condition | Between | Trend, chart: Chart, at: int) -> Iterator[Seen]:
    """The operands' values; of a cross also those of the bar before, of a trend the one it came from."""
    for operand in operands(condition):
        yield Seen(operand_words(operand, chart.uses), _value(operand, chart, at))
    if isinstance(condition, Condition) and condition.op.is_cross:
        for operand in operands(condition):
            if not isinstance(operand, Constant):
                before = _value(operand, chart, at - 1) if at else None
                yield Seen(f"{operand_words(operand, chart.uses)} at the bar before", before)
    elif isinstance(condition, Trend) and isinstance(condition.value, IndicatorValue | Price):
        start = replace(condition.value, ago=condition.value.ago + condition.bars)
        yield Seen(operand_words(start, chart.uses), _value(start, chart, at))


def _value(operand: Operand, chart: Chart, at: int) -> float | None:
    value = float(values(operand, chart)[at])
    return value if np.isfinite(value) else None


def _run(of: Rule, bars: int, chart: Chart, at: int) -> Seen:
    """For how many of the newest `bars` bars it has been true without a break."""
    newest_first = known(of, chart, True)[max(0, at + 1 - bars) : at + 1][::-1]
    run = len(newest_first) if newest_first.all() else int(np.argmin(newest_first))
    return Seen("bars in a row", float(run))
