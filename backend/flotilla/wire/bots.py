"""A bot as the page defines and reads it, and the way to and from the domain's definition."""

from datetime import datetime, time
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from flotilla.domain.bots import BotSpec, BotStatus, DesiredStatus, OnStop
from flotilla.domain.indicators import IndicatorUse, Source
from flotilla.domain.market import Timeframe, Window
from flotilla.domain.rules import Rule
from flotilla.wire.base import Model, Money
from flotilla.wire.risk import RiskManagement, to_risk
from flotilla.wire.rules import BotRules, RuleTree, to_rule

MAX_INDICATORS = 20


def _number_or_name(value: object) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("Give a number, or the name of a choice.")
    return value


# As one type, not a union: a wrong value is then one error, at the parameter's own path.
ParameterValue = Annotated[
    int | float | str,
    PlainValidator(_number_or_name),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]


class IndicatorUseModel(Model):
    id: str = Field(description="What the bot's rules call it.", examples=["rsi"])
    name: str = Field(description="The catalogue's name.", examples=["RSI"])
    params: dict[str, ParameterValue] = Field(
        default_factory=dict,
        description="Numbers and choices by the catalogue's names; what is left out has its default.",
        examples=[{"timeperiod": 14}],
    )
    source: Source = Field(
        "close", description="The series it reads, for indicators whose catalogue entry has a source."
    )
    timeframe: Timeframe | None = Field(
        None, description="The bars it is computed on: the bot's own (null), or a longer timeframe's."
    )


class BotDefinition(Model):
    """What a person defines. Hours and minutes are New York time (coins: UTC); 00:00 to 00:00 is all
    day."""

    name: str = Field(max_length=80)
    capital: Money = Field(max_digits=28, description="USD allocated to the bot.")
    symbols: list[str] = Field(examples=[["AAPL", "MSFT"]])
    timeframe: Timeframe = Timeframe.MINUTE_1
    trading_frequency: int | None = Field(
        None, description="Seconds between signal steps, a multiple of 60; default: the timeframe."
    )
    indicators: list[IndicatorUseModel] = Field(default_factory=list, max_length=MAX_INDICATORS)
    rules: BotRules
    risk_management: RiskManagement = Field(default_factory=RiskManagement)
    start_hour: int = Field(0, ge=0, le=23)
    start_minute: int = Field(0, ge=0, le=59)
    end_hour: int = Field(0, ge=0, le=23)
    end_minute: int = Field(0, ge=0, le=59)


class BotOut(BotDefinition):
    """A stored bot. `version` rises with every edit; the sentences say its rules in words.

    Where `definition_error` says that the stored definition cannot be read any more, what of it could not
    is empty: the bot does not run until it is saved anew.
    """

    trading_frequency: int
    id: str
    account_id: str
    status: BotStatus
    desired_status: DesiredStatus
    on_stop: OnStop
    status_reason: str | None
    failures: int = Field(description="Failures in a row; after so many the bot is in error.")
    next_attempt_at: datetime | None = Field(
        description="Wall time at which a bot that failed is tried again; null when it is not."
    )
    definition_error: str | None
    version: int
    entry_sentence: str | None
    exit_sentence: str | None
    short_entry_sentence: str | None
    short_exit_sentence: str | None
    created_at: datetime
    updated_at: datetime


def to_use(use: IndicatorUseModel) -> IndicatorUse:
    """The domain's use of an indicator."""
    return IndicatorUse(use.id, use.name, use.params, use.source, use.timeframe)


def to_spec(definition: BotDefinition) -> BotSpec:
    """The domain's definition of a bot, not checked yet."""
    sides = definition.rules
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
        indicators=tuple(to_use(use) for use in definition.indicators),
        entry=_optional(sides.entry),
        exit=_optional(sides.exit),
        short_entry=_optional(sides.short_entry),
        short_exit=_optional(sides.short_exit),
        risk=to_risk(definition.risk_management),
        window=Window(
            time(definition.start_hour, definition.start_minute),
            time(definition.end_hour, definition.end_minute),
        ),
    )


def _optional(tree: RuleTree | None) -> Rule | None:
    return None if tree is None else to_rule(tree)
