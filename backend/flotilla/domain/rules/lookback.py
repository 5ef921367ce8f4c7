"""How many bars a rule has to look back on before its answer is settled."""

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import assert_never

from flotilla.domain import indicators
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import Timeframe
from flotilla.domain.rules.tree import (
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
    operands,
    timeframe_of,
)

_SESSION = 390  # minutes, of the shorter kind: stocks'


def lookback(rules: Iterable[Rule], uses: Uses, timeframe: Timeframe) -> dict[Timeframe, int]:
    """Bars of each timeframe that must be known: warm-ups, earlier bars, n-bar conditions and crosses.

    Every indicator of the bot counts, named by a rule or not, and one bar more than its warm-up. Raises
    KeyError for an unknown indicator; `problems` is there to be asked first.
    """
    needed = {timeframe: 2}
    for use in uses.values():
        own = use.timeframe or timeframe
        needed[own] = max(needed.get(own, 0), _warm_up(use) + 1)
    for rule in rules:
        for own, bars in _needs(rule, uses, timeframe, 0):
            needed[own] = max(needed.get(own, 0), bars)
    return needed


def base_minutes(lookback: Mapping[Timeframe, int], session_minutes: int) -> int:
    """One-minute bars in which so many bars of each timeframe are closed, of sessions that long.

    Beside them stand the longer bar that is not closed yet, and the oldest one, which may be cut.
    """
    return max(
        bars if timeframe is Timeframe.MINUTE_1 else (bars + 2) * min(timeframe.minutes, session_minutes)
        for timeframe, bars in lookback.items()
    )


def _needs(rule: Rule, uses: Uses, timeframe: Timeframe, back: int) -> Iterator[tuple[Timeframe, int]]:
    """Bars by timeframe that `rule` needs where it is asked about `back` of the bot's bars ago."""
    match rule:
        case Condition() | Between() | Trend():
            if isinstance(rule, Condition) and rule.op.is_cross:
                back += 1
            further = rule.bars if isinstance(rule, Trend) else 0
            for operand in operands(rule):
                own = timeframe_of(operand, uses) or timeframe
                passed = ceil(back * _length(timeframe) / _length(own))
                yield own, _reach(operand, uses) + further + passed
        case All(of) | Any(of):
            for member in of:
                yield from _needs(member, uses, timeframe, back)
        case Not(of):
            yield from _needs(of, uses, timeframe, back)
        case Held(of, bars):
            yield from _needs(of, uses, timeframe, back + bars - 1)
        case _:
            assert_never(rule)


def _warm_up(use: IndicatorUse) -> int:
    return indicators.warm_up([use])


def _length(timeframe: Timeframe) -> int:
    """The minutes of a bar that a session has, where none is missing."""
    return min(timeframe.minutes, _SESSION)


def _reach(operand: Operand, uses: Uses) -> int:
    """Bars of an operand's own timeframe that its value needs."""
    match operand:
        case IndicatorValue(indicator, _, ago):
            return _warm_up(uses[indicator]) + ago
        case Price(_, ago):
            return 1 + ago
        case Change(of, bars):
            return _reach(of, uses) + bars
        case Constant():
            return 1
        case _:
            assert_never(operand)
