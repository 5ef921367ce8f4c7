"""A rule as the page builds and reads it, and the way to the domain's."""

from typing import Annotated, Literal

from pydantic import Field

from flotilla.domain import rules
from flotilla.domain.market import Timeframe
from flotilla.domain.rules import MAX_BARS, Comparison, Direction
from flotilla.wire.base import Model

Ago = Annotated[int, Field(ge=0, le=MAX_BARS, description="So many bars of its timeframe earlier.")]
Bars = Annotated[int, Field(ge=1, le=MAX_BARS)]


class IndicatorOperand(Model):
    type: Literal["indicator"] = "indicator"
    indicator: str = Field(description="The id of one of the bot's indicators.")
    output: str = Field(description="One of the indicator's outputs, as the catalogue names it.")
    ago: Ago = 0


class PriceOperand(Model):
    type: Literal["price"] = "price"
    field: Literal["open", "high", "low", "close", "volume"]
    ago: Ago = 0
    timeframe: Timeframe | None = Field(None, description="The bot's own, or a longer one.")


class ConstantOperand(Model):
    type: Literal["constant"] = "constant"
    value: float


class ChangeOperand(Model):
    """By how many percent a value lies above its own of `bars` bars earlier."""

    type: Literal["change"] = "change"
    of: Annotated[IndicatorOperand | PriceOperand, Field(discriminator="type")]
    bars: Bars


Operand = Annotated[
    IndicatorOperand | PriceOperand | ConstantOperand | ChangeOperand, Field(discriminator="type")
]


class ConditionRule(Model):
    type: Literal["condition"] = "condition"
    left: Operand
    op: Comparison
    right: Operand


class BetweenRule(Model):
    """The value lies between the bounds, or on one of them."""

    type: Literal["between"] = "between"
    value: Operand
    low: Operand
    high: Operand


class TrendRule(Model):
    """Each of the newest `bars` bars of the value's timeframe moved in the direction."""

    type: Literal["trend"] = "trend"
    value: Operand
    direction: Direction
    bars: Bars


class HeldRule(Model):
    """True at each of the newest `bars` bars of the bot."""

    type: Literal["held"] = "held"
    of: "RuleTree"
    bars: Bars


class AllRule(Model):
    type: Literal["all"] = "all"
    of: list["RuleTree"] = Field(max_length=50)


class AnyRule(Model):
    type: Literal["any"] = "any"
    of: list["RuleTree"] = Field(max_length=50)


class NotRule(Model):
    """True where the member is known to be false: the opposite of the unknown is unknown too."""

    type: Literal["not"] = "not"
    of: "RuleTree"


RuleTree = Annotated[
    AllRule | AnyRule | NotRule | HeldRule | ConditionRule | BetweenRule | TrendRule,
    Field(discriminator="type"),
]

for _model in (AllRule, AnyRule, NotRule, HeldRule):
    _model.model_rebuild()


class BotRules(Model):
    """`entry` and `exit` are the long side's; a bot has at least one of the two entries."""

    entry: RuleTree | None = None
    exit: RuleTree | None = None
    short_entry: RuleTree | None = None
    short_exit: RuleTree | None = None


def to_rule(
    tree: AllRule | AnyRule | NotRule | HeldRule | ConditionRule | BetweenRule | TrendRule,
) -> rules.Rule:
    """The domain's form of a rule tree."""
    match tree:
        case AllRule():
            return rules.All(tuple(to_rule(member) for member in tree.of))
        case AnyRule():
            return rules.Any(tuple(to_rule(member) for member in tree.of))
        case NotRule():
            return rules.Not(to_rule(tree.of))
        case HeldRule():
            return rules.Held(to_rule(tree.of), tree.bars)
        case ConditionRule():
            return rules.Condition(_to_operand(tree.left), tree.op, _to_operand(tree.right))
        case BetweenRule():
            return rules.Between(_to_operand(tree.value), _to_operand(tree.low), _to_operand(tree.high))
        case TrendRule():
            return rules.Trend(_to_operand(tree.value), tree.direction, tree.bars)


def _to_operand(operand: IndicatorOperand | PriceOperand | ConstantOperand | ChangeOperand) -> rules.Operand:
    match operand:
        case IndicatorOperand() | PriceOperand():
            return _to_series(operand)
        case ConstantOperand():
            return rules.Constant(operand.value)
        case ChangeOperand():
            return rules.Change(_to_series(operand.of), operand.bars)


def _to_series(operand: IndicatorOperand | PriceOperand) -> rules.IndicatorValue | rules.Price:
    if isinstance(operand, IndicatorOperand):
        return rules.IndicatorValue(operand.indicator, operand.output, operand.ago)
    return rules.Price(operand.field, operand.ago, operand.timeframe)
