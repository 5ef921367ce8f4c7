"""A bot as the page defines and reads it, and the way to and from the domain's definition."""

from datetime import datetime, time
from typing import Annotated, Literal

from pydantic import Field

from flotilla.domain import rules
from flotilla.domain.bots import BotSpec, BotStatus, DesiredStatus, OnStop
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import Timeframe, Window
from flotilla.domain.rules import Comparison
from flotilla.wire.base import Model, Money
from flotilla.wire.risk import RiskManagement, to_risk


class IndicatorOperand(Model):
    type: Literal["indicator"] = "indicator"
    indicator: str = Field(description="The id of one of the bot's indicators.")
    output: str = Field(description="One of the indicator's outputs, as the catalogue names it.")


class PriceOperand(Model):
    type: Literal["price"] = "price"
    field: Literal["open", "high", "low", "close", "volume"]


class ConstantOperand(Model):
    type: Literal["constant"] = "constant"
    value: float


Operand = Annotated[IndicatorOperand | PriceOperand | ConstantOperand, Field(discriminator="type")]


class ConditionRule(Model):
    type: Literal["condition"] = "condition"
    left: Operand
    op: Comparison
    right: Operand


class AllRule(Model):
    type: Literal["all"] = "all"
    of: list["RuleTree"] = Field(max_length=50)


class AnyRule(Model):
    type: Literal["any"] = "any"
    of: list["RuleTree"] = Field(max_length=50)


class NotRule(Model):
    type: Literal["not"] = "not"
    of: "RuleTree"


RuleTree = Annotated[AllRule | AnyRule | NotRule | ConditionRule, Field(discriminator="type")]

AllRule.model_rebuild()
AnyRule.model_rebuild()
NotRule.model_rebuild()


class IndicatorUseModel(Model):
    id: str = Field(description="What the bot's rules call it.", examples=["rsi"])
    name: str = Field(description="The catalogue's name.", examples=["RSI"])
    params: dict[str, int] = Field(default_factory=dict, examples=[{"timeperiod": 14}])


class BotRules(Model):
    entry: RuleTree
    exit: RuleTree | None = None


class BotDefinition(Model):
    """What a person defines. Hours and minutes are New York time; 00:00 to 00:00 is all day."""

    name: str = Field(max_length=80)
    capital: Money = Field(max_digits=28, description="USD allocated to the bot.")
    symbols: list[str] = Field(examples=[["AAPL", "MSFT"]])
    timeframe: Timeframe = Timeframe.MINUTE_1
    trading_frequency: int | None = Field(
        None, description="Seconds between signal steps, a multiple of 60; default: the timeframe."
    )
    indicators: list[IndicatorUseModel] = Field(default_factory=list, max_length=20)
    rules: BotRules
    risk_management: RiskManagement = Field(default_factory=RiskManagement)
    start_hour: int = Field(0, ge=0, le=23)
    start_minute: int = Field(0, ge=0, le=59)
    end_hour: int = Field(0, ge=0, le=23)
    end_minute: int = Field(0, ge=0, le=59)


class BotOut(BotDefinition):
    """A stored bot. `version` rises with every edit; the sentences say its rules in words."""

    trading_frequency: int
    id: str
    account_id: str
    status: BotStatus
    desired_status: DesiredStatus
    on_stop: OnStop
    status_reason: str | None
    version: int
    entry_sentence: str
    exit_sentence: str | None
    created_at: datetime
    updated_at: datetime


def to_spec(definition: BotDefinition) -> BotSpec:
    """The domain's definition of a bot, not checked yet."""
    return BotSpec(
        name=definition.name.strip(),
        capital=definition.capital,
        symbols=tuple(symbol.strip().upper() for symbol in definition.symbols),
        timeframe=definition.timeframe,
        trading_frequency=(
            definition.timeframe.seconds
            if definition.trading_frequency is None
            else definition.trading_frequency
        ),
        indicators=tuple(IndicatorUse(use.id, use.name, use.params) for use in definition.indicators),
        entry=to_rule(definition.rules.entry),
        exit=None if definition.rules.exit is None else to_rule(definition.rules.exit),
        risk=to_risk(definition.risk_management),
        window=Window(
            time(definition.start_hour, definition.start_minute),
            time(definition.end_hour, definition.end_minute),
        ),
    )


def to_rule(tree: AllRule | AnyRule | NotRule | ConditionRule) -> rules.Rule:
    """The domain's form of a rule tree."""
    match tree:
        case AllRule():
            return rules.All(tuple(to_rule(member) for member in tree.of))
        case AnyRule():
            return rules.Any(tuple(to_rule(member) for member in tree.of))
        case NotRule():
            return rules.Not(to_rule(tree.of))
        case ConditionRule():
            return rules.Condition(_to_operand(tree.left), tree.op, _to_operand(tree.right))


def _to_operand(operand: IndicatorOperand | PriceOperand | ConstantOperand) -> rules.Operand:
    match operand:
        case IndicatorOperand():
            return rules.IndicatorValue(operand.indicator, operand.output)
        case PriceOperand():
            return rules.Price(operand.field)
        case ConstantOperand():
            return rules.Constant(operand.value)
