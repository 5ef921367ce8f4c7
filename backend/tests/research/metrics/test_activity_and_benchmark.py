"""Money at work, and buying and holding beside it."""

import numpy as np
import pytest

from flotilla.research.metrics import EquityCurve, buy_and_hold
from flotilla.research.metrics.activity import activity_metrics
from flotilla.research.metrics.benchmark import benchmark_metrics
from tests.research.metrics.runs import curve

MARKET = np.array([0.0, 0.01, -0.02, 0.03, 0.005])  # nothing on the first day: it is bought at its end


def test_activity_by_hand() -> None:
    run = curve([80, 100, 120, 100], exposure=np.array([0.0, 50, 150, 0]), days_per_year=8)
    got = activity_metrics(run, traded_value=1_000.0)
    assert got.turnover == pytest.approx(20.0)  # ten times the equity in half a year
    assert got.time_in_market == 0.5
    assert (got.average_exposure, got.maximum_exposure) == (pytest.approx(0.5), 150.0)
    assert got.traded_value == 1_000.0


@pytest.mark.parametrize("equity", [[0, 0], [10, -30]])
def test_nothing_is_turned_over_without_equity(equity: list[float]) -> None:
    got = activity_metrics(curve(equity), traded_value=1_000.0)
    assert (got.turnover, got.average_exposure) == (None, None)


def test_twice_the_market_and_a_bit() -> None:
    run = _against(2 * MARKET + 0.001, MARKET)
    got = benchmark_metrics(run)
    assert got is not None
    assert got.beta == pytest.approx(2.0)
    assert got.alpha == pytest.approx(0.001 * 3)
    assert got.correlation == pytest.approx(1.0)
    assert got.total_return == pytest.approx(np.prod(1 + MARKET) - 1)
    assert got.max_drawdown == pytest.approx(0.02)
    assert got.excess_return == pytest.approx(np.prod(1.001 + 2 * MARKET) - np.prod(1 + MARKET))
    assert got.volatility == pytest.approx(np.std(MARKET, ddof=1) * 3**0.5)
    assert got.sharpe == pytest.approx(np.mean(MARKET) / np.std(MARKET, ddof=1) * 3**0.5)
    assert got.cagr == pytest.approx(np.prod(1 + MARKET) ** (3 / 5) - 1)


def test_alpha_is_above_the_risk_free_rate_too() -> None:
    # Jensen: holding half the market and half cash at the risk-free rate earns no alpha.
    rate = 0.12
    daily = (1 + rate) ** (1 / 3) - 1
    got = benchmark_metrics(_against(0.5 * MARKET + 0.5 * daily, MARKET), risk_free_rate=rate)
    assert got is not None
    assert (got.alpha, got.beta) == (pytest.approx(0.0, abs=1e-12), pytest.approx(0.5))


def test_against_the_market() -> None:
    got = benchmark_metrics(_against(-MARKET, MARKET))
    assert got is not None
    assert (got.beta, got.correlation) == (pytest.approx(-1.0), pytest.approx(-1.0))


def test_a_bot_that_does_nothing() -> None:
    got = benchmark_metrics(_against(0 * MARKET, MARKET))
    assert got is not None
    assert (got.alpha, got.beta, got.correlation) == (0.0, 0.0, None)


def test_a_market_that_does_not_move() -> None:
    got = benchmark_metrics(_against(MARKET, 0 * MARKET))
    assert got is not None
    assert (got.alpha, got.beta, got.correlation, got.sharpe) == (None, None, None, None)


def test_two_days_make_no_line() -> None:
    got = benchmark_metrics(_against(MARKET[:2], MARKET[:2]))
    assert got is not None
    assert (got.alpha, got.beta, got.correlation) == (None, None, None)


def test_without_a_benchmark() -> None:
    assert benchmark_metrics(curve([100, 110])) is None


def test_buy_and_hold_waits_for_the_first_bar() -> None:
    closes = np.array([[10.0, 11.0, 20.0], [np.nan, 5.0, 10.0]])
    assert buy_and_hold(closes, 100.0).tolist() == pytest.approx([100.0, 105.0, 200.0])


def test_a_symbol_without_bars_cannot_be_held() -> None:
    with pytest.raises(ValueError, match="no close"):
        buy_and_hold(np.array([[1.0, 2.0], [np.nan, np.nan]]), 100.0)


def _against(own: np.ndarray, market: np.ndarray) -> EquityCurve:
    return curve((100 * np.cumprod(1 + own)).tolist(), benchmark=7 * np.cumprod(1 + market))
