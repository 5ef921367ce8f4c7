"""How many bars a rule has to look back on before its answer is settled."""

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import assert_never

from flotilla.domain import indicators
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


def lookback(
    rules: Iterable[Rule], uses: Uses, timeframe: Timeframe, day_minutes: int
) -> dict[Timeframe, int]:
    """Bars of each timeframe that must be known: warm-ups, earlier bars, n-bar conditions and crosses.

    `day_minutes` is the length of a session, which sums over it go back to: 390, for coins 1440.

    Every indicator of the bot counts, named by a rule or not, and one bar more than its warm-up. Raises
    KeyError for an unknown indicator; `problems` is there to be asked first.
    """
    needed = {timeframe: 2}
    warm_ups = {
        use.id: indicators.warm_up([use], use.timeframe or timeframe, day_minutes) for use in uses.values()
    }
    for use in uses.values():
        own = use.timeframe or timeframe
        needed[own] = max(needed.get(own, 0), warm_ups[use.id] + 1)
    for rule in rules:
        for own, bars in _needs(rule, uses, warm_ups, timeframe, 0):
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


def _needs(
    rule: Rule, uses: Uses, warm_ups: Mapping[str, int], timeframe: Timeframe, back: int
) -> Iterator[tuple[Timeframe, int]]:
    """Bars by timeframe that `rule` needs where it is asked about `back` of the bot's bars ago."""
    match rule:
        case Condition() | Between() | Trend():
            if isinstance(rule, Condition) and rule.op.is_cross:
                back += 1
            further = rule.bars if isinstance(rule, Trend) else 0
            for operand in operands(rule):
                own = timeframe_of(operand, uses) or timeframe
                passed = ceil(back * _length(timeframe) / _length(own))
                yield own, _reach(operand, warm_ups) + further + passed
        case All(of) | Any(of):
            for member in of:
                yield from _needs(member, uses, warm_ups, timeframe, back)
        case Not(of):
            yield from _needs(of, uses, warm_ups, timeframe, back)
        case Held(of, bars):
            yield from _needs(of, uses, warm_ups, timeframe, back + bars - 1)
        case _:
            assert_never(rule)


def _length(timeframe: Timeframe) -> int:
    """The minutes of a bar that a session has, where none is missing."""
    return min(timeframe.minutes, _SESSION)


def _reach(operand: Operand, warm_ups: Mapping[str, int]) -> int:
    """Bars of an operand's own timeframe that its value needs."""
    match operand:
        case IndicatorValue(indicator, _, ago):
            return warm_ups[indicator] + ago
        case Price(_, ago):
            return 1 + ago
        case Change(of, bars):
            return _reach(of, warm_ups) + bars
        case Constant():
            return 1
        case _:
            assert_never(operand)
