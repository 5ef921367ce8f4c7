"""What holds of every run: no NaN anywhere, plain numbers only, and units that do not matter."""

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from enum import Enum
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.research.metrics import ClosedTrades, EquityCurve, Metrics, confidence, judge, measure
from tests.research.metrics.runs import curve, trades

money = st.floats(-1e6, 1e6).map(lambda value: round(value, 2))


@st.composite
def runs(draw: st.DrawFn, lowest: float = -1e6) -> tuple[EquityCurve, ClosedTrades]:
    days = draw(st.integers(1, 90))
    pick = st.lists(st.floats(lowest, 1e6).map(lambda v: round(v, 2)), min_size=days, max_size=days)
    holding = st.lists(st.floats(0.01, 1e4), min_size=days, max_size=days)
    exposure = st.lists(st.integers(0, 1_000_000), min_size=days, max_size=days)
    profit = draw(st.lists(money, max_size=60))
    risk = st.lists(
        st.one_of(st.just(np.nan), st.floats(0.01, 1e4)), min_size=len(profit), max_size=len(profit)
    )
    run = curve(
        draw(pick),
        exposure=np.array(draw(exposure), dtype=float),
        benchmark=draw(st.one_of(st.none(), holding.map(np.array))),
        days_per_year=draw(st.sampled_from([252, 365])),
    )
    return run, trades(profit, risk=np.array(draw(risk)))


@given(runs())
def test_no_result_holds_nan_or_infinity(case: tuple[EquityCurve, ClosedTrades]) -> None:
    run, closed = case
    metrics, intervals = measure(run, closed, traded_value=1e6), confidence(run, closed, resamples=20)
    for value in (*_leaves(asdict(metrics)), *_leaves(asdict(intervals))):
        assert type(value) in (int, float, bool, type(None)) or isinstance(value, Enum), repr(value)
        assert not isinstance(value, float) or math.isfinite(value)
    assert "nan" not in judge(metrics, intervals).sentence


@given(runs())
def test_bounds(case: tuple[EquityCurve, ClosedTrades]) -> None:
    got = measure(*case, traded_value=0.0)
    assert 0.0 <= got.drawdown.max_drawdown <= 1.0
    assert 0.0 <= got.drawdown.time_under_water <= 1.0
    assert got.drawdown.duration <= got.drawdown.longest_duration
    assert 0.0 <= got.activity.time_in_market <= 1.0
    assert got.trades.win_rate is None or 0.0 <= got.trades.win_rate <= 1.0
    assert got.trades.kelly is None or got.trades.kelly <= 1.0
    assert got.trades.wins + got.trades.losses <= got.trades.trades
    assert got.trades.net_profit == pytest.approx(got.trades.gross_profit - got.trades.gross_loss, abs=1e-6)
    assert got.returns.cagr is None or got.returns.cagr >= -1.0
    if got.benchmark is not None and got.benchmark.correlation is not None:
        assert -1.0 <= got.benchmark.correlation <= 1.0


@given(runs(), st.sampled_from([0.125, 4.0, 1024.0]))
def test_the_currency_does_not_matter(case: tuple[EquityCurve, ClosedTrades], scale: float) -> None:
    run, closed = case
    scaled_run = replace(
        run, equity=run.equity * scale, exposure=run.exposure * scale, initial=run.initial * scale
    )
    scaled = replace(closed, profit=closed.profit * scale, risk=closed.risk * scale)
    here = measure(run, closed, traded_value=1e6)
    there = measure(scaled_run, scaled, traded_value=1e6 * scale)
    assert _free_of_units(here) == _free_of_units(there)


def _free_of_units(metrics: Metrics) -> list[Any]:
    """The figures that carry no USD. Powers of two scale exactly, so these must not differ in a bit."""
    trades, drawdown, activity = metrics.trades, metrics.drawdown, metrics.activity
    return [
        replace(metrics.returns, net_profit=0.0),
        replace(drawdown, max_drawdown_usd=0.0),
        metrics.benchmark,
        (trades.win_rate, trades.profit_factor, trades.expectancy_r, trades.sqn, trades.payoff_ratio),
        (trades.kelly, trades.longest_win_streak, trades.longest_loss_streak),
        (activity.turnover, activity.time_in_market, activity.average_exposure),
    ]


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    else:
        yield value
