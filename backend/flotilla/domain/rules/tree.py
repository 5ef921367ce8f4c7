"""What a rule is made of: operands, conditions on them, and groups of conditions.

Truth has three values. A comparison with a value that is not known (an indicator before its warm-up, a
bar before the first one, NaN) is *unknown*, and so is its negation: a `Not` never turns what is not
known into a signal. `All`, `Any` and `Not` are Kleene's: false and unknown is false, true or unknown is
true. A rule signals only where it is known to be true.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import Timeframe

# Nobody reads deeper ones, and JSON libraries give up somewhere beyond 200.
MAX_DEPTH = 20
MAX_BARS = 500

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
    def is_cross(self) -> bool:
        return self in (Comparison.CROSSES_ABOVE, Comparison.CROSSES_BELOW)

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


class Direction(StrEnum):
    """Where a value moves."""

    RISING = "rising"
    FALLING = "falling"


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """An output of one of the bot's indicators, named by the id of its use, on the use's timeframe.

    `ago`: so many bars of that timeframe earlier.
    """

    indicator: str
    output: str
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """A field of the bar itself, of the bot's timeframe or a higher one, `ago` of its bars earlier."""

    field: PriceField
    ago: int = 0
    timeframe: Timeframe | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed number."""

    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """By how many percent a value lies above the one `bars` of its bars earlier: 100 (v - v') / |v'|.

    Unknown where the earlier value is zero.
    """

    of: IndicatorValue | Price
    bars: int


Operand = IndicatorValue | Price | Constant | Change


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. A cross is an event of one bar: beyond at it, and not at the bot's bar before."""

    left: Operand
    op: Comparison
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """low <= value <= high."""

    value: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class Trend:
    """True while each of the newest `bars` bars (of the value's timeframe) moved in one direction."""

    value: Operand
    direction: Direction
    bars: int


@dataclass(frozen=True, slots=True)
class Held:
    """True when its member was true at each of the newest `bars` bars of the bot, this one included."""

    of: "Rule"
    bars: int


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
    """True when its member is known to be false."""

    of: "Rule"


Leaf = Condition | Between | Trend
Rule = Leaf | Held | All | Any | Not
Uses = Mapping[str, IndicatorUse]


def conditions(rule: Rule) -> Iterator[Leaf]:
    """Every condition of the tree, in reading order."""
    match rule:
        case Condition() | Between() | Trend():
            yield rule
        case All(of) | Any(of):
            for member in of:
                yield from conditions(member)
        case Not(of) | Held(of):
            yield from conditions(of)
        case _:
            assert_never(rule)


def operands(condition: Leaf) -> tuple[Operand, ...]:
    """What a condition looks at, in reading order."""
    match condition:
        case Condition(left, _, right):
            return left, right
        case Between(value, low, high):
            return value, low, high
        case Trend(value):
            return (value,)
        case _:
            assert_never(condition)


def timeframe_of(operand: Operand, uses: Uses) -> Timeframe | None:
    """The timeframe whose bars an operand counts; None is the bot's own."""
    match operand:
        case IndicatorValue(indicator):
            return uses[indicator].timeframe
        case Price():
            return operand.timeframe
        case Change(of):
            return timeframe_of(of, uses)
        case Constant():
            return None
        case _:
            assert_never(operand)
