"""What bots share of a minute says what each of them would have found alone."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given

from flotilla.domain import indicators, rules
from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import FloatArray, Series, Timeframe, Window
from flotilla.domain.risk import RiskRules
from flotilla.domain.rules import All, Chart, Comparison, Condition, Constant, IndicatorValue, Price, Rule
from flotilla.engine import shared_charts
from flotilla.engine.shared_charts import Questions, SymbolCharts
from tests.domain.rule_trees import USES, trees
from tests.domain.test_rule_evaluation import histories

CLOSE = Price("close")


def bot(entry: Rule, *uses: IndicatorUse, exit_rule: Rule | None = None) -> BotSpec:
    return BotSpec(
        name="A bot",
        capital=Decimal(10_000),
        symbols=("AAPL",),
        timeframe=Timeframe.MINUTE_5,
        trading_frequency=300,
        indicators=uses,
        entry=entry,
        exit=exit_rule,
        risk=RiskRules(),
        window=Window(time(0), time(0)),
    )


def below(use: str, output: str, level: float) -> Condition:
    return Condition(IndicatorValue(use, output), Comparison.BELOW, Constant(level))


@given(rule=trees, other=trees, history=histories())
def test_shared_answers_are_those_of_the_bots_own_chart(
    rule: Rule, other: Rule, history: tuple[Series, np.ndarray]
) -> None:
    base, closes = history
    until = datetime.fromtimestamp(int(base.start[-1]) + 60, UTC)
    shared = SymbolCharts()
    for entry, exit_rule in ((rule, other), (other, rule)):
        asked = Questions(bot(entry, *USES.values(), exit_rule=exit_rule))
        alone = Chart(base, Timeframe.MINUTE_5, USES, until=until, closes=closes)
        if not len(alone):
            return
        chart = asked.chart(base, shared, until=until, closes=closes)
        for name, own in (("entry", entry), ("exit", exit_rule)):
            assert asked.holds(name, chart, shared) == bool(rules.evaluate(own, alone)[-1])
            question = asked.rule(name)
            assert question is not None
            parts = [part for part in rules.explain(own, alone) if not part.is_group]
            assert list(question.explain(chart, shared)) == parts


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each indicator was computed."""
    counts: Counter[str] = Counter()
    compute = indicators.compute

    def counting(use: IndicatorUse, series: Series) -> dict[str, FloatArray]:
        counts[use.name] += 1
        return compute(use, series)

    monkeypatch.setattr(shared_charts.indicators, "compute", counting)
    return counts


def test_what_bots_call_an_indicator_does_not_part_them(computed: Counter[str]) -> None:
    """The same parameters, given or by default, are computed once."""
    mine = bot(below("mine", "rsi", 30), IndicatorUse("mine", "RSI", {"timeperiod": 14}))
    yours = bot(below("yours", "rsi", 30), IndicatorUse("yours", "RSI"))
    other = bot(below("rsi", "rsi", 70), IndicatorUse("rsi", "RSI", {"timeperiod": 9}))
    base = _minutes(400)
    shared = SymbolCharts()
    for spec in (mine, yours, other, mine):
        asked = Questions(spec)
        asked.holds("entry", asked.chart(base, shared, until=_end(base)), shared)
    assert computed == {"RSI": 2}


def test_one_name_for_different_indicators_does_not_join_them() -> None:
    base, shared = _minutes(400), SymbolCharts()
    rule = Condition(CLOSE, Comparison.ABOVE, IndicatorValue("line", "sma"))
    for length in (2, 50):
        spec = bot(rule, IndicatorUse("line", "SMA", {"timeperiod": length}))
        asked = Questions(spec)
        chart = asked.chart(base, shared, until=_end(base))
        alone = Chart(base, spec.timeframe, spec.uses, until=_end(base))
        assert asked.holds("entry", chart, shared) == bool(rules.evaluate(rule, alone)[-1])
        assert chart.column("line", "sma")[-1] == alone.column("line", "sma")[-1]


def test_questions_follow_the_definition() -> None:
    spec = bot(All((below("rsi", "rsi", 30),)), IndicatorUse("rsi", "RSI"))
    asked = Questions(spec)
    assert asked.of(spec) is asked
    edited = replace(spec, exit=below("rsi", "rsi", 90))
    assert asked.of(edited).rule("exit") is not None


def _minutes(count: int) -> Series:
    start = int(datetime(2026, 3, 10, 13, 30, tzinfo=UTC).timestamp()) + 60 * np.arange(count)
    close = 100.0 + np.random.default_rng(3).standard_normal(count).cumsum()
    return Series(start, close, close + 0.5, close - 0.5, close, np.full(count, 1000.0))


def _end(base: Series) -> datetime:
    return datetime.fromtimestamp(int(base.start[-1]) + 60, UTC)
