"""Confidence intervals: the method against its definition, its coverage, its edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.research.metrics import Confidence, Interval, confidence
from flotilla.research.metrics.bootstrap import block_length, stationary_indices
from tests.research.metrics.runs import curve, trades

ONE_DAY = curve([100])


def _year(returns: np.ndarray) -> Confidence:
    run = curve((100 * np.cumprod(1 + returns)).tolist(), days_per_year=252)
    return confidence(run, trades([]))


def _of(profit: np.ndarray, **options: float) -> Confidence:
    return confidence(ONE_DAY, trades(profit.tolist()), **options)  # type: ignore[arg-type]


@given(st.integers(1, 30), st.integers(0, 2**32), st.floats(0.01, 1.0))
def test_blocks_are_those_of_politis_and_romano(days: int, seed: int, probability: float) -> None:
    rng = np.random.default_rng(seed)
    starts, restarts = rng.integers(0, days, (4, days)), rng.random((4, days)) < probability
    expected = []
    for row in range(4):
        day = starts[row, 0]
        resample = [day]
        for place in range(1, days):
            day = starts[row, place] if restarts[row, place] else (day + 1) % days
            resample.append(day)
        expected.append(resample)
    assert stationary_indices(starts, restarts).tolist() == expected


def test_blocks_are_as_long_as_said() -> None:
    assert block_length(1) == 1.0
    assert block_length(1000) == pytest.approx(10.0)


def test_the_same_seed_gives_the_same_answer() -> None:
    profit = np.random.default_rng(1).normal(1, 10, 50)
    assert _of(profit) == _of(profit)
    assert _of(profit) != _of(profit, seed=2)


def test_the_expectancy_is_covered_as_often_as_promised() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(300):
        interval = _of(rng.normal(3.0, 20.0, 80), resamples=400).expectancy
        assert interval is not None
        covered += interval.contains(3.0)
    assert 0.85 <= covered / 300 <= 0.94


def test_the_interval_of_a_mean_is_the_textbook_one() -> None:
    profit = np.random.default_rng(3).normal(5, 50, 400)
    got = _of(profit, resamples=4_000).expectancy
    half = 1.6449 * profit.std() / 20
    assert got is not None
    assert got.lower == pytest.approx(profit.mean() - half, abs=0.1 * half)
    assert got.upper == pytest.approx(profit.mean() + half, abs=0.1 * half)


def test_a_wider_level_holds_the_narrower() -> None:
    profit = np.random.default_rng(3).normal(5, 50, 100)
    narrow, wide = _of(profit, level=0.5).profit_factor, _of(profit, level=0.99).profit_factor
    assert narrow is not None
    assert wide is not None
    assert wide.lower < narrow.lower < narrow.upper < wide.upper  # type: ignore[operator]


def test_days_that_hang_together_are_less_certain() -> None:
    rng = np.random.default_rng(11)
    returns = np.zeros(1_000)
    for day in range(1, 1_000):
        returns[day] = 0.7 * returns[day - 1] + rng.normal(0, 0.005)
    together, shuffled = _year(returns).sharpe, _year(rng.permutation(returns)).sharpe
    assert together is not None
    assert shuffled is not None
    assert _width(together) > 1.5 * _width(shuffled)


def test_the_figures_lie_within_their_intervals() -> None:
    got = _year(np.random.default_rng(9).normal(0.001, 0.01, 252))
    assert got.sharpe is not None
    assert got.sharpe.contains(0.001 / 0.01 * 252**0.5)
    assert got.cagr is not None
    assert got.cagr.contains(1.001**252 - 1)
    assert got.max_drawdown is not None
    assert 0.0 < got.max_drawdown.lower < 0.1 < got.max_drawdown.upper < 0.6  # type: ignore[operator]
    assert got.sortino is not None


def test_wins_alone_leave_the_profit_factor_open() -> None:
    got = _of(np.array([1.0, 2.0, 3.0] * 20))
    assert got.profit_factor is None
    assert got.win_rate == Interval(1.0, 1.0)


def test_a_few_losses_bound_it_from_below_only() -> None:
    got = _of(np.array([1.0] * 38 + [-1.0, -1.0])).profit_factor
    assert got is not None
    assert got.upper is None
    assert 5 < got.lower < 19


@pytest.mark.parametrize("profit", [[], [5.0]])
def test_too_few_trades_have_no_interval(profit: list[float]) -> None:
    got = _of(np.array(profit))
    assert (got.win_rate, got.expectancy, got.profit_factor) == (None, None, None)


def test_one_day_has_no_interval() -> None:
    got = confidence(ONE_DAY, trades([]))
    assert (got.cagr, got.sharpe, got.sortino, got.max_drawdown) == (None, None, None, None)


def test_flat_days() -> None:
    got = _year(np.zeros(100))
    assert (got.sharpe, got.sortino) == (None, None)
    assert (got.cagr, got.max_drawdown) == (Interval(0.0, 0.0), Interval(0.0, 0.0))


def test_a_month_is_not_compounded() -> None:
    assert _year(np.random.default_rng(1).normal(0, 0.01, 15)).cagr is None


def test_ruin_is_a_possible_day() -> None:
    run = curve([*np.linspace(100, 110, 59), -5.0], days_per_year=252)
    got = confidence(run, trades([]))
    assert got.cagr is not None
    assert got.cagr.lower == -1.0
    assert got.max_drawdown is not None
    assert got.max_drawdown.upper == 1.0


def test_many_trades_are_drawn_in_pieces() -> None:
    profit = np.random.default_rng(5).normal(0, 1, 600_000)
    got = _of(profit, resamples=3).expectancy
    assert got is not None
    assert got.contains(float(profit.mean())) or abs(got.lower) < 0.01


@pytest.mark.parametrize("options", [{"level": 0.0}, {"level": 1.0}, {"resamples": 0}])
def test_nonsense_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="level"):
        _of(np.array([1.0, 2.0]), **options)


def _width(interval: Interval) -> float:
    assert interval.upper is not None
    return interval.upper - interval.lower
