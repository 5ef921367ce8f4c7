"""The words that templates are written in."""

from decimal import Decimal

from flotilla.domain.market import Timeframe
from flotilla.domain.rules import Comparison, PriceField
from flotilla.features.templates.schemas import Template
from flotilla.wire.bots import BotDefinition, IndicatorUseModel
from flotilla.wire.risk import RiskManagement
from flotilla.wire.rules import (
    AllRule,
    AnyRule,
    BotRules,
    ChangeOperand,
    ConditionRule,
    ConstantOperand,
    IndicatorOperand,
    Operand,
    PriceOperand,
    RuleTree,
)


def use(id_: str, name: str, *, timeframe: Timeframe | None = None, **params: int) -> IndicatorUseModel:
    return IndicatorUseModel(id=id_, name=name, params=params, timeframe=timeframe)


def value(indicator: str, output: str, ago: int = 0) -> IndicatorOperand:
    return IndicatorOperand(indicator=indicator, output=output, ago=ago)


def price(field: PriceField = "close", ago: int = 0, timeframe: Timeframe | None = None) -> PriceOperand:
    return PriceOperand(field=field, ago=ago, timeframe=timeframe)


def change(of: IndicatorOperand | PriceOperand, bars: int) -> ChangeOperand:
    return ChangeOperand(of=of, bars=bars)


def when(left: Operand, op: Comparison, right: Operand | float) -> ConditionRule:
    operand = ConstantOperand(value=right) if isinstance(right, float) else right
    return ConditionRule(left=left, op=op, right=operand)


def template(
    id_: str,
    name: str,
    *,
    audience: str,
    behaviour: str,
    risks: str,
    symbols: list[str],
    timeframe: Timeframe,
    indicators: list[IndicatorUseModel],
    enter: list[RuleTree],
    leave: list[RuleTree],
    stop: float,
    target: float | None,
) -> Template:
    """A long bot that enters when all of `enter` hold and leaves when any of `leave` does.

    `stop` and `target` in percent of the price.
    """
    return Template(
        id=id_,
        name=name,
        audience=audience,
        behaviour=behaviour,
        risks=risks,
        definition=BotDefinition(
            name=name,
            capital=Decimal(10_000),
            symbols=symbols,
            timeframe=timeframe,
            indicators=indicators,
            rules=BotRules(entry=AllRule(of=enter), exit=AnyRule(of=leave)),
            risk_management=RiskManagement(
                position_percent=20, max_open_positions=5, stop_loss_percent=stop, take_profit_percent=target
            ),
        ),
    )
