"""Rules over whole columns say what a plain reading says, bar by bar, on every timeframe, live and later."""

from datetime import UTC, date, datetime, time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flotilla.domain import rules
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import NEW_YORK, Series, Timeframe, bar_ends
from flotilla.domain.rules import Chart, Rule, lookback
from tests.domain.rule_oracle import Oracle
from tests.domain.rule_trees import HOURLY, USES, T, trees
from tests.domain.series import first, seeds, utc

# Around the days on which clocks were set forward (8 March) and back (1 November), and an early close.
WEEKS = (
    [(date(2026, 3, 6), time(16)), (date(2026, 3, 9), time(16)), (date(2026, 3, 10), time(16))],
    [(date(2026, 10, 30), time(16)), (date(2026, 11, 2), time(16)), (date(2026, 11, 3), time(13))],
    [(date(2026, 11, 27), time(13)), (date(2026, 11, 30), time(16)), (date(2026, 12, 1), time(16))],
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Series, np.ndarray]:
    """Draw minutes with gaps, ties and unknown prices, and when their sessions close."""
    random = np.random.default_rng(draw(seeds))
    starts, closes = [], []
    for day, close in draw(st.sampled_from(WEEKS)):
        opened, closed = (int(datetime.combine(day, t, NEW_YORK).timestamp()) for t in (time(9, 30), close))
        minutes = np.arange(opened, closed, 60)
        burst = np.flatnonzero(random.random(len(minutes)) < 0.04)
        chosen = np.unique(np.concatenate([burst, burst + 1, [0, len(minutes) - 1]]))
        starts.append(minutes[chosen[chosen < len(minutes)]])
        closes.append(closed)
    start = np.concatenate(starts).astype(np.int64)
    opens, ends = random.integers(1, 8, (2, len(start))).astype(np.float64)
    series = Series(
        start=start,
        open=opens,
        high=np.maximum(opens, ends) + random.integers(0, 3, len(start)),
        low=np.minimum(opens, ends) - random.integers(0, 2, len(start)) * 0.5,
        close=ends,
        volume=random.integers(0, 4, len(start)).astype(np.float64),
    )
    if draw(st.booleans()):
        series.close[random.random(len(start)) < 0.05] = np.nan
    return series, np.array(closes, np.int64)


def full_sessions(days: list[date], ends: list[time] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return every minute of the sessions of `days`, and when they close; 16:00 unless `ends` says so."""
    closes = [
        datetime.combine(day, end, NEW_YORK)
        for day, end in zip(days, ends or [time(16)] * len(days), strict=True)
    ]
    closed = [int(close.timestamp()) for close in closes]
    opened = [int(close.replace(hour=9, minute=30).timestamp()) for close in closes]
    start = np.concatenate(
        [np.arange(*span, 60, dtype=np.int64) for span in zip(opened, closed, strict=True)]
    )
    return start, np.array(closed, np.int64)


own_timeframes = st.sampled_from([T.MINUTE_1, T.MINUTE_1, T.MINUTE_2, T.MINUTE_5, T.HOUR_1, T.DAY_1])


def charted(base: Series, timeframe: Timeframe, closes: np.ndarray) -> Chart:
    until = utc(int(base.start[-1]) + 60)
    return Chart(base, timeframe, USES, until=until, closes=closes)


@settings(max_examples=250, deadline=None)
@given(rule=trees, history=histories(), timeframe=own_timeframes)
def test_evaluation_is_that_of_the_plain_reading(
    rule: Rule, history: tuple[Series, np.ndarray], timeframe: Timeframe
) -> None:
    base, closes = history
    chart = charted(base, timeframe, closes)
    oracle = Oracle(base, timeframe, USES, utc(int(base.start[-1]) + 60), closes.tolist())
    expected = oracle.answers(rule)
    assert len(chart) == len(expected)
    found = rules.evaluate(rule, chart)
    assert found.dtype == np.bool_
    assert found.tolist() == [truth is True for truth in expected]
    assert rules.known(rule, chart, False).tolist() == [truth is False for truth in expected]


@settings(max_examples=60, deadline=None)
@given(rule=trees, history=histories(), timeframe=own_timeframes, data=st.data())
def test_an_answer_never_depends_on_later_minutes(
    rule: Rule, history: tuple[Series, np.ndarray], timeframe: Timeframe, data: st.DataObject
) -> None:
    base, closes = history
    whole = charted(base, timeframe, closes)
    everything = rules.evaluate(rule, whole)
    count = data.draw(st.integers(1, len(base)))
    known = charted(first(base, count), timeframe, closes)
    assert rules.evaluate(rule, known).tolist() == everything[: len(known)].tolist()
    assert known.bars.start.tolist() == whole.bars.start[: len(known)].tolist()


@pytest.mark.parametrize("timeframe", Timeframe)
def test_a_bar_sees_the_newest_longer_bar_that_had_ended(timeframe: Timeframe) -> None:
    """Minute by minute through an early close: the bar in progress is never seen, the cut one at once."""
    start, closes = full_sessions([day for day, _ in WEEKS[2]], [close for _, close in WEEKS[2]])
    number = np.arange(len(start), dtype=np.float64)
    base = Series(start, number, number, number, number, number)
    chart = charted(base, T.MINUTE_1, closes)
    seen = rules.values(rules.Price("close", timeframe=timeframe), chart)
    frame = chart.frame(timeframe)
    ends = bar_ends(frame.start, timeframe, closes)
    for at, end in enumerate(chart.ends.tolist()):
        over = frame.close[ends <= end]
        np.testing.assert_equal(seen[at], over[-1] if len(over) else np.nan)
        assert not seen[at] > number[at]
    last_of_day = [int(np.flatnonzero(chart.ends == close)[0]) for close in closes]
    assert [seen[at] for at in last_of_day] == [number[at] for at in last_of_day]


@settings(max_examples=40, deadline=None)
@given(rule=trees, seed=seeds)
def test_the_live_edge_says_what_the_whole_history_says(rule: Rule, seed: int) -> None:
    """With only the minutes that the lookback asks for, the newest bar has the answer of all history."""
    random = np.random.default_rng(seed)
    uses = {
        name: IndicatorUse(name, "SMA", {"timeperiod": 3}, timeframe=use.timeframe)
        for name, use in USES.items()
    }
    rule = _only_sma(rule)
    start, closes = full_sessions([date(2026, 3, day) for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13)])
    price = 100.0 + random.integers(-1, 2, len(start)).cumsum() * 0.25
    base = Series(start, price, price + 0.25, price - 0.25, price, np.ones(len(start)))
    needed = lookback([rule], uses, T.MINUTE_5, 390)
    minutes = rules.base_minutes(needed, 390)
    for cut in random.integers(len(start) // 2, len(start), 5).tolist():
        until = utc(int(start[cut]))
        known = first(base, cut)
        complete = Chart(known, T.MINUTE_5, uses, until=until, closes=closes)
        edge = Chart(known.tail(minutes), T.MINUTE_5, uses, until=until, closes=closes)
        if complete.ready_from(needed) >= len(complete):
            continue
        assert edge.ready_from(needed) < len(edge)
        for truth in (True, False):
            assert rules.known(rule, edge, truth)[-1] == rules.known(rule, complete, truth)[-1]


def _only_sma(rule: Rule) -> Rule:
    """Return the rule with every indicator's output called `sma`: what is exact, not recursive."""
    match rule:
        case rules.All(of):
            return rules.All(tuple(_only_sma(member) for member in of))
        case rules.Any(of):
            return rules.Any(tuple(_only_sma(member) for member in of))
        case rules.Not(of):
            return rules.Not(_only_sma(of))
        case rules.Held(of, bars):
            return rules.Held(_only_sma(of), bars)
        case rules.Condition(left, op, right):
            return rules.Condition(_sma(left), op, _sma(right))
        case rules.Between(value, low, high):
            return rules.Between(_sma(value), _sma(low), _sma(high))
        case rules.Trend(value, direction, bars):
            return rules.Trend(_sma(value), direction, bars)


def _sma(operand: rules.Operand) -> rules.Operand:
    match operand:
        case rules.IndicatorValue(indicator, _, ago):
            return rules.IndicatorValue(indicator, "sma", ago)
        case rules.Change(rules.IndicatorValue(indicator, _, ago), bars):
            return rules.Change(rules.IndicatorValue(indicator, "sma", ago), bars)
    return operand


def test_coins_have_no_sessions() -> None:
    """Their hours run through whatever stock exchanges do."""
    start, closes = full_sessions([date(2026, 3, 9)], [time(15, 17)])
    price = np.arange(len(start), dtype=np.float64)
    base = Series(start, *[price] * 5, clock=UTC)
    chart = charted(base, T.MINUTE_1, closes)
    assert rules.values(rules.Price("close", timeframe=T.HOUR_1), chart)[-1] == 329  # until 15:00
    assert charted(base, T.HOUR_1, closes).bars.start[-1] == start[330] - 3600


def test_a_chart_copies_nothing_of_its_own_timeframe_and_computes_each_indicator_once() -> None:
    random = np.random.default_rng(1)
    price = 100 + random.normal(size=600).cumsum()
    start = 1_773_149_400 + 60 * np.arange(600, dtype=np.int64)
    base = Series(start, price, price, price, price, price)
    asked: list[tuple[str, Timeframe]] = []

    def compute(use: IndicatorUse, series: Series) -> dict[str, np.ndarray]:
        asked.append((use.id, series.timeframe))
        return {"sma": series.close}

    chart = Chart(base, T.MINUTE_1, USES, until=utc(int(start[-1]) + 60), compute=compute)
    assert chart.bars is base
    assert rules.values(rules.Price("close"), chart) is price
    rule = rules.All(tuple(rules.Condition(HOURLY, op, rules.Price("close")) for op in rules.Comparison))
    rules.evaluate(rule, chart)
    assert asked == [("slow", T.HOUR_1)]


def test_answers_are_the_callers_own() -> None:
    """To change an answer changes no other, and no column."""
    random = np.random.default_rng(1)
    price = random.integers(1, 8, 200).astype(np.float64)
    start = 1_773_149_400 + 60 * np.arange(200, dtype=np.int64)
    chart = Chart(
        Series(start, price, price, price, price, price), T.MINUTE_1, USES, until=utc(int(start[-1]) + 60)
    )
    close = rules.Price("close")
    for rule in (
        rules.Condition(close, rules.Comparison.ABOVE, rules.Constant(3)),
        rules.Held(rules.Condition(close, rules.Comparison.ABOVE, rules.Constant(3)), 2),
        rules.Trend(close, rules.Direction.RISING, 2),
    ):
        before = rules.evaluate(rule, chart)
        rules.evaluate(rule, chart)[:] = True
        assert rules.evaluate(rule, chart).tolist() == before.tolist()


def test_bars_are_ready_when_every_timeframe_has_enough() -> None:
    start, closes = full_sessions([date(2026, 3, 9), date(2026, 3, 10)])
    price = np.ones(len(start))
    chart = charted(Series(start, *[price] * 5), T.MINUTE_1, closes)
    assert chart.ready_from({T.MINUTE_1: 10}) == 9
    assert chart.ready_from({T.MINUTE_1: 10, T.HOUR_1: 1}) == 29  # 10:00, the end of the first half hour
    assert chart.ready_from({T.MINUTE_1: 10, T.HOUR_1: 2}) == 89
    assert chart.ready_from({T.MINUTE_1: 2, T.DAY_1: 1}) == 389  # at the close itself
    assert chart.ready_from({T.MINUTE_1: 2, T.DAY_1: 3}) == len(chart)
    assert chart.ready_from({T.MINUTE_1: 1000}) == len(chart)
