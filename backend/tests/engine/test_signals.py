"""At the live edge, with only the newest bars at hand, the rules say what they say over all of history."""

import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pytest

from flotilla.domain import rules
from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import MINUTE, Bar, Series, Session, Timeframe, Window
from flotilla.domain.risk import RiskRules
from flotilla.domain.rules import (
    All,
    Any,
    Chart,
    Comparison,
    Condition,
    Constant,
    Held,
    IndicatorValue,
    Price,
)
from flotilla.engine.bar_buffer import BarBuffer
from flotilla.engine.shared_charts import Questions, SymbolCharts
from flotilla.engine.signals import SymbolSignals, signals
from tests.engine.exchange import OPEN, session_of

SPEC = BotSpec(
    name="Edge",
    capital=Decimal(10_000),
    symbols=("AAPL",),
    timeframe=Timeframe.MINUTE_1,
    trading_frequency=60,
    indicators=(
        IndicatorUse("fast", "SMA", {"timeperiod": 3}),
        IndicatorUse("slow", "EMA", {"timeperiod": 4}),
        IndicatorUse("rsi", "RSI", {"timeperiod": 3}),
        IndicatorUse("macd", "MACD", {"fastperiod": 2, "slowperiod": 4, "signalperiod": 3}),
    ),
    entry=Any(
        (
            Condition(IndicatorValue("fast", "sma"), Comparison.CROSSES_ABOVE, IndicatorValue("slow", "ema")),
            All(
                (
                    Condition(IndicatorValue("rsi", "rsi"), Comparison.BELOW, Constant(35.0)),
                    Condition(Price("close"), Comparison.ABOVE, Price("open")),
                )
            ),
        )
    ),
    exit=Condition(
        IndicatorValue("macd", "macd"), Comparison.CROSSES_BELOW, IndicatorValue("macd", "signal")
    ),
    risk=RiskRules(),
    window=Window(time(0), time(0)),
)


def market(days: int, seed: int) -> list[tuple[Session, Bar]]:
    """Minutes of some sessions; one in ten has no trade and so no bar."""
    chance, price, found = random.Random(seed), 100.0, []
    for number in range(days):
        session = session_of((OPEN + timedelta(days=number)).date())
        start = session.open
        while start < session.close:
            steps = [chance.gauss(0.0, 0.05) for _ in range(3)]
            close = round(price + sum(steps), 2)
            high, low = max(price, close) + 0.03, min(price, close) - 0.03
            if chance.random() > 0.1:
                found.append((session, Bar("AAPL", start, price, high, low, close, chance.uniform(1, 9))))
                price = close
            start += MINUTE
    return found


def closes_of(minutes: list[tuple[Session, Bar]]) -> np.ndarray:
    return np.array(sorted({int(session.close.timestamp()) for session, _ in minutes}))


def live(spec: BotSpec, minutes: list[tuple[Session, Bar]]) -> list[SymbolSignals]:
    """What a bot hears minute by minute, with a buffer as long as the hub would give it."""
    buffer, heard = BarBuffer(spec.base_warm_up), list[SymbolSignals]()
    asked = Questions(spec)
    for session, bar in minutes:
        buffer.append(bar)
        tau = bar.start + MINUTE
        if (tau - session.open).total_seconds() % spec.trading_frequency:
            continue
        after = heard[-1].bar_start if heard else None
        found = signals(
            asked,
            buffer.series(before=tau),
            SymbolCharts(),
            tau=tau,
            session_open=session.open,
            closes=closes_of(minutes),
            after=after,
        )
        if found is not None:
            heard.append(found)
    return heard


@pytest.mark.parametrize("timeframe", [t for t in Timeframe if t.minutes <= 60])
def test_the_live_edge_says_what_the_whole_history_says(timeframe: Timeframe) -> None:
    spec = replace(SPEC, timeframe=timeframe, trading_frequency=timeframe.seconds)
    days = 2 + timeframe.minutes // 2
    minutes = market(days, seed=7)
    whole = Chart(
        Series.from_bars([bar for _, bar in minutes]),
        timeframe,
        spec.uses,
        until=minutes[-1][1].start + MINUTE,
        closes=closes_of(minutes),
    )
    assert spec.entry is not None
    assert spec.exit is not None
    entry, exit_ = (rules.evaluate(rule, whole) for rule in (spec.entry, spec.exit))
    index = {int(start): number for number, start in enumerate(whole.bars.start)}

    heard = live(spec, minutes)
    settled = [said for said in heard if said.warmed_up]
    for said in settled:
        at = index[said.bar_start]
        moment = datetime.fromtimestamp(said.bar_start, UTC)
        assert (said.entry, said.exit) == (bool(entry[at]), bool(exit_[at])), moment
        assert said.snapshot["close"] == whole.bars.close[at]
        for (use, output), column in whole.columns().items():
            assert np.isclose(said.snapshot[f"{use}.{output}"], column[at], rtol=1e-7, atol=1e-7)
    assert len(settled) > 100
    assert {said.entry for said in settled} == {said.exit for said in settled} == {True, False}


def test_the_live_edge_sees_the_longer_bars_of_the_whole_history() -> None:
    """Hours and days beside minutes, with only the minutes at hand that the bot asks for."""
    hourly = IndicatorUse("hours", "SMA", {"timeperiod": 3}, timeframe=Timeframe.HOUR_1)
    yesterday = Price("close", 1, Timeframe.DAY_1)
    spec = replace(
        SPEC,
        trading_frequency=300,
        indicators=(hourly,),
        entry=Held(Condition(Price("close"), Comparison.ABOVE, IndicatorValue("hours", "sma")), 4),
        exit=Condition(Price("close", 0, Timeframe.DAY_1), Comparison.CROSSES_BELOW, yesterday),
        short_entry=Condition(Price("close"), Comparison.BELOW, yesterday),
    )
    minutes = market(9, seed=5)
    whole = Chart(
        Series.from_bars([bar for _, bar in minutes]),
        spec.timeframe,
        spec.uses,
        until=minutes[-1][1].start + MINUTE,
        closes=closes_of(minutes),
    )
    answers = {name: rules.evaluate(rule, whole) for name, rule in spec.rules.items()}
    index = {int(start): number for number, start in enumerate(whole.bars.start)}
    settled = [said for said in live(spec, minutes) if said.warmed_up]
    assert 0 <= index[settled[0].bar_start] - whole.ready_from(spec.lookback) < 10
    assert len(settled) > 200
    for said in settled:
        at = index[said.bar_start]
        assert {name: getattr(said, name) for name in answers} == {n: bool(a[at]) for n, a in answers.items()}
    for name in ("entry", "short_entry"):
        assert {getattr(said, name) for said in settled} == {True, False}


@pytest.mark.parametrize("timeframe", [t for t in Timeframe if t.minutes <= 60])
def test_each_closed_bar_is_asked_once_and_none_before_its_end(timeframe: Timeframe) -> None:
    spec = replace(SPEC, timeframe=timeframe)
    minutes = market(2, seed=11)
    buffer, last = BarBuffer(2000), None
    asked = Questions(spec)
    starts: list[int] = []
    for session, bar in minutes:
        buffer.append(bar)
        tau = bar.start + MINUTE
        found = signals(
            asked,
            buffer.series(before=tau),
            SymbolCharts(),
            tau=tau,
            session_open=session.open,
            closes=closes_of(minutes),
            after=last,
        )
        if found is not None:
            last = found.bar_start
            starts.append(last)
            assert last + timeframe.seconds <= tau.timestamp()
            assert last + timeframe.seconds > session.open.timestamp(), "yesterday's bar was asked today"
    assert starts == sorted(set(starts))
    assert len(starts) > 2 * 390 / timeframe.minutes * 0.8


def test_a_bot_without_enough_bars_is_not_warmed_up() -> None:
    minutes = market(1, seed=3)
    heard = live(SPEC, minutes)
    assert [said.warmed_up for said in heard[: SPEC.warm_up - 1]] == [False] * (SPEC.warm_up - 1)
    assert heard[SPEC.warm_up - 1].warmed_up


def test_values_that_are_not_known_are_left_out_of_the_snapshot() -> None:
    minutes = market(1, seed=3)
    first = live(SPEC, minutes)[0]
    assert first.snapshot == {"close": minutes[0][1].close}
    assert not first.entry
    assert not first.exit


def test_the_conditions_of_the_side_that_was_asked_are_explained() -> None:
    said = live(SPEC, market(1, seed=3))[-1]
    assert [one.sentence for one in said.conditions(exiting=True)] == [
        "MACD(2, 4, 3) macd crosses below MACD(2, 4, 3) signal"
    ]
    assert len(said.conditions(exiting=False)) == 3
    assert signals_without_exit(said) == []


def signals_without_exit(said: SymbolSignals) -> list[object]:
    asked = Questions(replace(said.asked.spec, exit=None))
    return list(replace(said, asked=asked).conditions(exiting=True))
