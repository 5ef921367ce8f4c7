"""Falls from the peak: by hand, against the plain running maximum, and against pandas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.research.metrics import drawdown_curve
from flotilla.research.metrics.drawdowns import DrawdownMetrics, drawdown_metrics
from flotilla.research.metrics.peaks import max_drawdown, running_peak
from tests.research.metrics.runs import DAY, curve

# Few different values, some for long: equal peaks, and stretches that fill blocks of 64 samples.
stretches = st.lists(st.tuples(st.integers(1, 12), st.one_of(st.just(1), st.integers(1, 150))), min_size=1)
levels = stretches.map(lambda parts: np.repeat(*np.transpose(parts)))


def test_by_hand() -> None:
    got = drawdown_metrics(curve([100, 120, 90, 100, 120, 118, 125, 100, 110]), cagr=0.5)
    assert got == DrawdownMetrics(
        max_drawdown=0.25,
        max_drawdown_usd=30.0,
        peak_time=2 * DAY,
        trough_time=3 * DAY,
        recovery_time=5 * DAY,
        recovered=True,
        duration=3 * DAY,
        longest_duration=3 * DAY,
        time_under_water=pytest.approx(5 / 9),
        calmar=2.0,
    )


def test_the_longest_fall_is_not_always_the_deepest() -> None:
    # A weekend lies within the second fall: durations are by the calendar, not by samples.
    times = np.array([1, 2, 3, 4, 5, 8]) * DAY
    got = drawdown_metrics(curve([100, 50, 100, 110, 109, 105], times=times), cagr=None)
    assert (got.max_drawdown, got.duration, got.recovery_time) == (0.5, 2 * DAY, 3 * DAY)
    assert got.longest_duration == 4 * DAY
    assert got.calmar is None


def test_an_unrecovered_fall_lasts_to_the_end() -> None:
    got = drawdown_metrics(curve([100, 90, 95]), cagr=None)
    assert (got.recovered, got.recovery_time, got.duration) == (False, None, 2 * DAY)


def test_a_fall_begins_at_the_last_sample_of_its_peak() -> None:
    got = drawdown_metrics(curve([120, 110, 120, 120, 60]), cagr=None)
    assert (got.peak_time, got.trough_time) == (4 * DAY, 5 * DAY)


def test_the_money_put_in_is_the_first_peak() -> None:
    got = drawdown_metrics(curve([90, 80, 100]), cagr=None)
    assert (got.max_drawdown, got.peak_time, got.recovery_time) == (pytest.approx(0.2), DAY, 3 * DAY)
    assert got.longest_duration == got.duration == 2 * DAY


def test_a_single_sample_below_the_start() -> None:
    got = drawdown_metrics(curve([90]), cagr=None)
    assert (got.max_drawdown, got.recovered, got.duration) == (pytest.approx(0.1), False, 0)
    assert got.time_under_water == 1.0


@pytest.mark.parametrize("equity", [[100], [100, 100, 100], [101, 102, 102]])
def test_no_fall(equity: list[float]) -> None:
    got = drawdown_metrics(curve(equity), cagr=0.1)
    assert (got.max_drawdown, got.max_drawdown_usd, got.time_under_water) == (0.0, 0.0, 0.0)
    assert (got.peak_time, got.trough_time, got.recovery_time, got.recovered) == (None, None, None, True)
    assert (got.duration, got.longest_duration, got.calmar) == (0, 0, None)


def test_more_than_everything_cannot_be_lost_but_owed() -> None:
    got = drawdown_metrics(curve([120, -12, 60]), cagr=-1.0)
    assert (got.max_drawdown, got.max_drawdown_usd, got.calmar) == (1.0, 132.0, -1.0)
    assert drawdown_curve(np.array([120.0, -12.0, 60.0]), 100.0).tolist() == [0.0, 1.0, 0.5]


@given(levels, st.integers(1, 12))
def test_the_running_peak_is_the_plain_one(values: np.ndarray, initial: int) -> None:
    values = values.astype(float)
    expected = np.maximum(np.maximum.accumulate(values), initial)
    np.testing.assert_array_equal(running_peak(values, float(initial)), expected)
    depth = (expected - values) / expected
    np.testing.assert_array_equal(drawdown_curve(values, float(initial)), depth)
    assert max_drawdown(values, float(initial)) == depth.max()


@given(levels, st.integers(1, 12))
def test_every_figure_agrees_with_a_plain_walk(values: np.ndarray, initial: int) -> None:
    run = curve(values.tolist(), initial=float(initial))
    got, plain = drawdown_metrics(run, cagr=None), _walk(run.times.tolist(), values.tolist(), initial)
    assert replace(got, time_under_water=0.0) == replace(plain, time_under_water=0.0)
    assert got.time_under_water == pytest.approx(plain.time_under_water)


def test_pandas_agrees_on_a_year_of_minutes() -> None:
    equity = pd.Series(1e5 * np.exp(np.random.default_rng(5).normal(0, 1e-4, 98_280).cumsum()))
    peak = equity.cummax().clip(lower=1e5)
    got = drawdown_metrics(curve(equity.to_list(), initial=1e5), cagr=None)
    depth = 1 - equity / peak
    assert got.max_drawdown == pytest.approx(depth.max(), rel=1e-12)
    assert got.max_drawdown_usd == (peak - equity).max()
    assert got.trough_time == (depth.idxmax() + 1) * DAY
    assert got.time_under_water == pytest.approx((equity < peak).mean())
    at_peak = np.flatnonzero(equity >= peak)
    longest = np.diff(np.concatenate(([0], at_peak, [len(equity) - 1])))
    assert got.longest_duration == longest.max() * DAY


def _walk(times: list[int], equity: list[float], initial: float) -> DrawdownMetrics:
    """The definition, one sample at a time."""
    peak, since = float(initial), times[0]
    episodes: list[tuple[float, float, int, int, int | None]] = []  # depth, USD, peak, trough, recovery
    depth, usd, trough, under = 0.0, 0.0, 0, 0
    for time, value in zip(times, equity, strict=True):
        if value >= peak:
            if depth > 0:
                episodes.append((depth, usd, since, trough, time))
            peak, since, depth, usd = value, time, 0.0, 0.0
            continue
        under += 1
        if (peak - value) / peak > depth:
            depth, usd, trough = (peak - value) / peak, peak - value, time
    if depth > 0:
        episodes.append((depth, usd, since, trough, None))
    if not episodes:
        return DrawdownMetrics(0.0, 0.0, None, None, None, True, 0, 0, 0.0, None)
    deepest = max(episodes, key=lambda e: e[0])
    spans = [(e[4] or times[-1]) - e[2] for e in episodes]
    return DrawdownMetrics(
        max_drawdown=deepest[0],
        max_drawdown_usd=max(e[1] for e in episodes),
        peak_time=deepest[2],
        trough_time=deepest[3],
        recovery_time=deepest[4],
        recovered=deepest[4] is not None,
        duration=(deepest[4] or times[-1]) - deepest[2],
        longest_duration=max(spans),
        time_under_water=under / len(times),
        calmar=None,
    )
