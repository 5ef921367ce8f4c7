"""Rules in words. No two rules of different meaning read alike: groups in groups have brackets."""

from typing import assert_never

from flotilla.domain.indicators import CATALOGUE, IndicatorUse, label
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
)


def sentence(rule: Rule, uses: Uses) -> str:
    """The rule in words: `RSI(14) crosses below 30 and close is above SMA(200)`."""
    match rule:
        case Condition(left, op, right):
            return f"{_beside(left, right, uses)} {op.phrase} {_beside(right, left, uses)}"
        case Between(value, low, high):
            bounds = f"{_beside(low, value, uses)} and {_beside(high, value, uses)}"
            return f"{operand_words(value, uses)} is between {bounds}"
        case Trend(value, direction, bars):
            return f"{operand_words(value, uses)} has been {direction} for {_bars(bars)}"
        case Held(of, bars):
            words = sentence(of, uses)
            plain = isinstance(of, Condition | Between)
            return f"{words if plain else f'({words})'} for {_bars(bars)} in a row"
        case All(of):
            return " and ".join(_member(member, len(of), uses, All) for member in of)
        case Any(of):
            return " or ".join(_member(member, len(of), uses, Any) for member in of)
        case Not(of):
            return f"not ({sentence(of, uses)})"
        case _:
            assert_never(rule)


def operand_words(operand: Operand, uses: Uses) -> str:
    """What stands on one side of a comparison: `daily SMA(200)`, `close 2 bars ago`, `30`."""
    match operand:
        case IndicatorValue(indicator, output, ago):
            return _earlier(_indicator_words(indicator, output, uses), ago)
        case Price(field, ago, timeframe):
            return _earlier(f"{_prefix(timeframe)}{field}", ago)
        case Constant(value):
            return f"{value:.15g}"
        case Change(of, bars):
            return f"the change of {operand_words(of, uses)} over {_bars(bars)}"
        case _:
            assert_never(operand)


def use_words(use: IndicatorUse) -> str:
    """An indicator with its numbers: `1-hour RSI(14)`."""
    return _prefix(use.timeframe) + label(use)


def _indicator_words(indicator: str, output: str, uses: Uses) -> str:
    use = uses.get(indicator)
    if use is None or use.name not in CATALOGUE:
        return indicator
    words = use_words(use)
    return words if len(CATALOGUE[use.name].outputs) == 1 else f"{words} {output}"


def _earlier(words: str, ago: int) -> str:
    return f"{words} {_bars(ago)} ago" if ago else words


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"


def _prefix(timeframe: Timeframe | None) -> str:
    if timeframe is None:
        return ""
    if timeframe.is_daily:
        return "daily "
    hours, minutes = divmod(timeframe.minutes, 60)
    return f"{hours}-hour " if hours else f"{minutes}-minute "


def _beside(operand: Operand, other: Operand, uses: Uses) -> str:
    """A number that a change is compared with is a percentage."""
    percent = isinstance(operand, Constant) and isinstance(other, Change)
    return operand_words(operand, uses) + ("%" if percent else "")


def _member(member: Rule, members: int, uses: Uses, group: type[All] | type[Any]) -> str:
    words = sentence(member, uses)
    alone = members == 1 or isinstance(member, group)
    if isinstance(member, All | Any) and len(member.of) == 1:
        return _member(member.of[0], members, uses, group)
    return words if alone or not isinstance(member, All | Any | Held) else f"({words})"
