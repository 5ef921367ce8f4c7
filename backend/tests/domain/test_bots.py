"""What can be wrong with a bot's definition, and the path of the field that says so."""

from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.bots import MAX_SYMBOLS, BotSpec, describe, problems
from flotilla.domain.indicators import IndicatorUse, warm_up
from flotilla.domain.market import Timeframe, Window
from flotilla.domain.risk import RiskRules, Sizing
from flotilla.domain.rules import All, Comparison, Condition, Constant, Held, IndicatorValue, Price

RSI = IndicatorUse("rsi", "RSI", {"timeperiod": 14})
SHORT_SMA = IndicatorUse("x", "SMA", {"timeperiod": 1})
BELOW = Condition(IndicatorValue("rsi", "rsi"), Comparison.BELOW, Constant(30))
FLAT = Condition(Price("close"), Comparison.ABOVE, Price("open"))
ABOVE = Condition(IndicatorValue("rsi", "rsi"), Comparison.ABOVE, Constant(70))
GOOD = BotSpec(
    name="Dip buyer",
    capital=Decimal(10_000),
    symbols=("AAPL", "MSFT"),
    timeframe=Timeframe.MINUTE_1,
    trading_frequency=60,
    indicators=(RSI,),
    entry=All((BELOW,)),
    exit=ABOVE,
    risk=RiskRules(),
    window=Window(time(0), time(0)),
)


def fields(**changes: Any) -> list[str]:
    return [problem.field for problem in problems(replace(GOOD, **changes))]


def test_nothing_is_wrong_with_a_good_one() -> None:
    assert fields() == []


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "", ["name"]),
        ("name", "   ", ["name"]),
        ("name", "a\0b", ["name"]),
        ("name", "a\nb", ["name"]),
        ("name", "a\x1b[31m", ["name"]),
        ("name", "Füchse 🦊 👨‍👩‍👧 狐", []),
        ("capital", Decimal(0), ["capital"]),
        ("capital", Decimal(-1), ["capital"]),
        ("capital", Decimal("0.01"), []),
        ("trading_frequency", 0, ["trading_frequency"]),
        ("trading_frequency", -60, ["trading_frequency"]),
        ("trading_frequency", 59, ["trading_frequency"]),
        ("trading_frequency", 90, ["trading_frequency"]),
        ("trading_frequency", 3600, []),
        ("trading_frequency", 23_400, []),
        ("trading_frequency", 86_400, ["trading_frequency"]),
        ("trading_frequency", 86_460, ["trading_frequency"]),
        ("trading_frequency", 60 * 10**20, ["trading_frequency"]),
        ("symbols", (), ["symbols"]),
        ("symbols", ("AAPL", "MSFT", "AAPL", "MSFT"), ["symbols.2", "symbols.3"]),
        ("symbols", tuple(f"S{n}" for n in range(MAX_SYMBOLS)), []),
        ("symbols", tuple(f"S{n}" for n in range(MAX_SYMBOLS + 1)), ["symbols"]),
        ("symbols", ("A",) * 100_000, ["symbols"]),
        ("indicators", (RSI, replace(RSI, id="")), ["indicators.1.id"]),
        ("indicators", (RSI, replace(RSI, id="1st")), ["indicators.1.id"]),
        ("indicators", (RSI, replace(RSI, id="a b")), ["indicators.1.id"]),
        ("indicators", (RSI, replace(RSI, id="x\n")), ["indicators.1.id"]),
        ("indicators", (RSI, replace(RSI, id="x" * 33)), ["indicators.1.id"]),
        ("indicators", (RSI, replace(RSI, id="x" * 32)), []),
        ("indicators", (RSI, RSI), ["indicators.0.id", "indicators.1.id"]),
        ("indicators", (RSI, IndicatorUse("x", "XYZ", {})), ["indicators.1.name"]),
        ("indicators", (IndicatorUse("rsi", "XYZ", {}),), ["indicators.0.name"]),
        (
            "indicators",
            (RSI, IndicatorUse("x", "SMA", {"timeperiod": 1})),
            ["indicators.1.params.timeperiod"],
        ),
        ("entry", All(()), ["rules.entry"]),
        ("entry", All((BELOW, ABOVE)), ["rules.entry.of.1"]),
        ("exit", All(()), ["rules.exit"]),
        ("exit", All((BELOW, ABOVE)), ["rules.exit.of.1"]),
        ("exit", None, []),
        ("entry", None, ["rules.entry", "rules.exit"]),
        ("short_entry", BELOW, []),
        ("short_entry", All(()), ["rules.short_entry"]),
        ("short_exit", ABOVE, ["rules.short_exit"]),
        ("indicators", (replace(RSI, timeframe=Timeframe.HOUR_1),), []),
        ("entry", Condition(Price("close", 0, Timeframe.DAY_1), Comparison.ABOVE, Constant(1)), []),
        ("timeframe", Timeframe.HOUR_4, []),
    ],
)
def test_what_is_wrong_is_said_at_its_field(field: str, value: Any, expected: list[str]) -> None:
    assert fields(**{field: value}) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"position_percent": 0.0}, "position_percent"),
        ({"position_percent": 100.01}, "position_percent"),
        ({"position_percent": float("nan")}, "position_percent"),
        ({"max_open_positions": 0}, "max_open_positions"),
        ({"max_open_positions": 101}, "max_open_positions"),
        ({"stop_loss_percent": 0.0}, "stop_loss_percent"),
        ({"stop_loss_percent": 100.0}, "stop_loss_percent"),
        ({"stop_loss_percent": float("nan")}, "stop_loss_percent"),
        ({"take_profit_percent": -1.0}, "take_profit_percent"),
        ({"take_profit_percent": float("inf")}, "take_profit_percent"),
        ({"daily_loss_limit_percent": 0.0}, "daily_loss_limit_percent"),
        ({"daily_loss_limit_percent": 101.0}, "daily_loss_limit_percent"),
        ({"position_percent": 100.0, "max_open_positions": 100}, None),
        ({"stop_loss_percent": None, "take_profit_percent": None, "daily_loss_limit_percent": None}, None),
    ],
)
def test_risk_rules_have_their_ranges(changes: dict[str, Any], expected: str | None) -> None:
    found = fields(risk=replace(GOOD.risk, **changes))
    assert found == ([] if expected is None else [f"risk_management.{expected}"])


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (time(0), time(0), []),
        (time(9, 30), time(16), []),
        (time(9, 29), time(9, 31), []),
        (time(15, 59), time(16), []),
        (time(11), time(10), ["end_hour"]),
        (time(10), time(0), ["end_hour"]),
        (time(10, 30), time(10, 30), ["end_hour"]),
        (time(4), time(9, 30), ["start_hour"]),
        (time(16), time(20), ["start_hour"]),
    ],
)
def test_windows_hold_some_of_the_session(start: time, end: time, expected: list[str]) -> None:
    assert fields(window=Window(start, end)) == expected


def test_a_bot_must_be_able_to_sell() -> None:
    unprotected = RiskRules(stop_loss_percent=None, take_profit_percent=None)
    assert fields(exit=None, risk=unprotected) == ["rules.exit"]
    assert fields(exit=None, risk=replace(unprotected, stop_loss_percent=1.0)) == []
    assert fields(exit=None, risk=replace(unprotected, take_profit_percent=1.0)) == []
    assert fields(exit=ABOVE, risk=unprotected) == []


def test_a_short_bot_needs_no_long_side() -> None:
    short = {"entry": None, "exit": None, "short_entry": ABOVE}
    assert fields(**short) == []
    assert fields(**short, short_exit=BELOW) == []
    unprotected = RiskRules(stop_loss_percent=None, take_profit_percent=None)
    assert fields(**short, risk=unprotected) == ["rules.short_exit"]
    assert fields(**short, short_exit=BELOW, risk=unprotected) == []


def test_no_value_is_of_a_shorter_timeframe_than_the_bots() -> None:
    rule = Condition(Price("close", 0, Timeframe.MINUTE_5), Comparison.ABOVE, Price("close"))
    assert fields(entry=rule, timeframe=Timeframe.MINUTE_5) == []
    assert fields(entry=rule, timeframe=Timeframe.MINUTE_15) == ["rules.entry.left.timeframe"]
    hourly = (replace(RSI, timeframe=Timeframe.HOUR_1),)
    assert fields(indicators=hourly, timeframe=Timeframe.HOUR_2) == ["indicators.0.timeframe"]


def test_a_bots_rules_in_words() -> None:
    assert describe(replace(GOOD, short_entry=ABOVE, short_exit=BELOW)) == {
        "entry": "Buy when RSI(14) is below 30",
        "exit": "Sell when RSI(14) is above 70",
        "short_entry": "Sell short when RSI(14) is above 70",
        "short_exit": "Buy back when RSI(14) is below 30",
    }
    assert describe(replace(GOOD, exit=None)) == {"entry": "Buy when RSI(14) is below 30"}


def test_problems_come_with_sentences_and_all_at_once() -> None:
    found = problems(replace(GOOD, name="", capital=Decimal(-1), symbols=(), entry=All(())))
    assert [problem.field for problem in found] == ["name", "capital", "symbols", "rules.entry"]
    assert all(problem.message.endswith((".", ")")) for problem in found)


def test_warm_up_has_one_bar_more_for_crosses() -> None:
    assert GOOD.warm_up == warm_up([RSI]) + 1
    assert replace(GOOD, indicators=(), entry=FLAT, exit=None).warm_up == 2


def test_minutes_are_needed_for_the_longest_timeframe() -> None:
    daily = IndicatorUse("x", "SMA", {"timeperiod": 200}, timeframe=Timeframe.DAY_1)
    assert GOOD.base_warm_up == GOOD.warm_up
    bot = replace(GOOD, indicators=(RSI, daily))
    assert bot.lookback == {Timeframe.MINUTE_1: GOOD.warm_up, Timeframe.DAY_1: 201}
    assert bot.base_warm_up == 203 * 390
    assert replace(bot, symbols=("BTC/USD",)).base_warm_up == 203 * 1440
    held = Held(Condition(Price("close", 4), Comparison.CROSSES_ABOVE, Constant(3)), 3)
    bot = replace(GOOD, indicators=(), entry=held, exit=None, timeframe=Timeframe.MINUTE_5)
    assert (bot.warm_up, bot.base_warm_up) == (8, 50)


@pytest.mark.parametrize("hours", [(1, 2), (22, 2), (0, 0)])
def test_coins_have_windows_around_the_clock(hours: tuple[int, int]) -> None:
    window = Window(time(hours[0]), time(hours[1]))
    assert fields(symbols=("BTC/USD",), window=window) == []


def test_stocks_are_bought_in_whole_shares() -> None:
    risk = RiskRules(sizing=Sizing.FIXED_QUANTITY, position_quantity=0.5)
    assert fields(risk=risk) == ["risk_management.position_quantity"]
    assert fields(risk=risk, symbols=("BTC/USD",)) == []


def test_a_bot_trades_one_asset_class() -> None:
    assert fields(symbols=("BTC/USD", "ETH/USD")) == []
    assert fields(symbols=("BTC/USD", "AAPL", "ETH/USD")) == ["symbols.1"]
    assert fields(symbols=("AAPL", "BTC/USD")) == ["symbols.1"]
