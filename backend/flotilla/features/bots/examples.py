"""The three bots that a first run finds at work on the practice market."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.domain.bots import DesiredStatus
from flotilla.domain.market import Timeframe
from flotilla.domain.rules import Comparison
from flotilla.features.bots.repository import BotRepository
from flotilla.wire.bots import BotDefinition, IndicatorUseModel
from flotilla.wire.risk import RiskManagement
from flotilla.wire.rules import (
    AllRule,
    AnyRule,
    BotRules,
    ConditionRule,
    ConstantOperand,
    IndicatorOperand,
    Operand,
    PriceOperand,
)


def _value(indicator: str, output: str) -> IndicatorOperand:
    return IndicatorOperand(indicator=indicator, output=output)


def _condition(left: Operand, op: Comparison, right: Operand | float) -> ConditionRule:
    operand = ConstantOperand(value=right) if isinstance(right, float) else right
    return ConditionRule(left=left, op=op, right=operand)


EXAMPLES = (
    BotDefinition(
        name="Example: buy the dip (RSI)",
        capital=Decimal(20000),
        symbols=["AAPL", "TSLA", "MSFT"],
        timeframe=Timeframe.MINUTE_1,
        indicators=[IndicatorUseModel(id="rsi", name="RSI", params={"timeperiod": 7})],
        rules=BotRules(
            entry=AllRule(of=[_condition(_value("rsi", "rsi"), Comparison.CROSSES_BELOW, 30.0)]),
            exit=AnyRule(of=[_condition(_value("rsi", "rsi"), Comparison.CROSSES_ABOVE, 60.0)]),
        ),
        risk_management=RiskManagement(position_percent=25, stop_loss_percent=1.0, take_profit_percent=2.0),
    ),
    BotDefinition(
        name="Example: follow the trend (SMA cross)",
        capital=Decimal(20000),
        symbols=["SPY", "QQQ", "TSLA"],
        timeframe=Timeframe.MINUTE_1,
        indicators=[
            IndicatorUseModel(id="fast", name="SMA", params={"timeperiod": 5}),
            IndicatorUseModel(id="slow", name="SMA", params={"timeperiod": 20}),
        ],
        rules=BotRules(
            entry=AllRule(
                of=[_condition(_value("fast", "sma"), Comparison.CROSSES_ABOVE, _value("slow", "sma"))]
            ),
            exit=AnyRule(
                of=[_condition(_value("fast", "sma"), Comparison.CROSSES_BELOW, _value("slow", "sma"))]
            ),
        ),
        risk_management=RiskManagement(position_percent=25, stop_loss_percent=1.5, take_profit_percent=3.0),
    ),
    BotDefinition(
        name="Example: momentum (MACD, 5 minutes)",
        capital=Decimal(20000),
        symbols=["AAPL", "QQQ", "MSFT"],
        timeframe=Timeframe.MINUTE_5,
        indicators=[
            IndicatorUseModel(
                id="macd",
                name="MACD",
                params={"fastperiod": 12, "slowperiod": 26, "signalperiod": 9},
            ),
            IndicatorUseModel(id="ema", name="EMA", params={"timeperiod": 50}),
        ],
        rules=BotRules(
            entry=AllRule(
                of=[
                    _condition(_value("macd", "macd"), Comparison.CROSSES_ABOVE, _value("macd", "signal")),
                    _condition(PriceOperand(field="close"), Comparison.ABOVE, _value("ema", "ema")),
                ]
            ),
            exit=AnyRule(
                of=[_condition(_value("macd", "macd"), Comparison.CROSSES_BELOW, _value("macd", "signal"))]
            ),
        ),
        risk_management=RiskManagement(position_percent=30, stop_loss_percent=2.0, take_profit_percent=4.0),
        start_hour=9,
        start_minute=45,
        end_hour=15,
        end_minute=45,
    ),
)


async def seed_examples(session: AsyncSession, account_id: str, tradable: Sequence[str]) -> None:
    """Create the examples and ask for them to run, once in an account's life.

    They trade those of their symbols that the market lists (a replay may lack some), or else the
    first ones that it lists.
    """
    repository = BotRepository(session)
    if not tradable or not await repository.claim_examples(account_id):
        return
    for example in EXAMPLES:
        listed = [symbol for symbol in example.symbols if symbol in tradable]
        definition = example.model_copy(
            update={
                "trading_frequency": example.timeframe.seconds,
                "symbols": listed or list(tradable[:3]),
            }
        )
        row = await repository.add(account_id, definition)
        row.desired_status = DesiredStatus.RUNNING
        await repository.changed(row)
