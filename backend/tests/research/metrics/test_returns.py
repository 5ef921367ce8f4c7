"""Growth and its ratios, computed by hand, by pandas, and where they are undefined."""

import math

import numpy as np
import pandas as pd
import pytest

from flotilla.research.metrics.returns import cagr, return_metrics
from tests.research.metrics.runs import DAY, curve

# Daily returns +10 %, -10 %, +10 %: mean 1/30, variance 4/300, downside deviation sqrt(0.01 / 3).
THREE_DAYS = [110, 99, 108.9]


def test_by_hand_for_three_days_a_year() -> None:
    got = return_metrics(curve(THREE_DAYS))
    assert got.days == 3
    assert got.total_return == pytest.approx(0.089)
    assert got.net_profit == pytest.approx(8.9)
    assert got.cagr == pytest.approx(0.089)
    assert got.volatility == pytest.approx(0.2)
    assert got.sharpe == pytest.approx(0.5)
    assert got.sortino == pytest.approx(1.0)
    assert (got.best_day, got.best_day_time) == (pytest.approx(0.1), DAY)
    assert (got.worst_day, got.worst_day_time) == (pytest.approx(-0.1), 2 * DAY)
    assert got.ruined_at is None


def test_a_year_of_stocks_has_252_days() -> None:
    got = return_metrics(curve(THREE_DAYS, days_per_year=252))
    assert got.sharpe == pytest.approx(math.sqrt(21))
    assert got.sortino == pytest.approx(math.sqrt(84))
    assert got.volatility == pytest.approx(math.sqrt(3.36))
    assert got.cagr is None, "three days are not compounded to a year"


def test_the_risk_free_rate_is_taken_from_every_day() -> None:
    # One day a year: excess returns 0, -20 %, 0.
    got = return_metrics(curve(THREE_DAYS, days_per_year=1), risk_free_rate=0.1)
    assert got.sharpe == pytest.approx(-1 / math.sqrt(3))
    assert got.sortino == pytest.approx(-1 / math.sqrt(3))
    assert got.cagr == pytest.approx(1.089 ** (1 / 3) - 1)


def test_days_are_measured_at_their_ends() -> None:
    minutes = curve(
        [40, 110, 300, 99, 1, 108.9],
        times=np.arange(6) + 1,
        day_ends=np.array([1, 3, 5]),
    )
    daily, inside = return_metrics(curve(THREE_DAYS)), return_metrics(minutes)
    assert (inside.sharpe, inside.cagr, inside.days) == (daily.sharpe, daily.cagr, 3)
    assert inside.worst_day_time == 4


@pytest.mark.parametrize(
    ("equity", "sharpe", "sortino"),
    [
        ([100, 100, 100], None, None),  # nothing happened
        ([110, 121, 133.1], None, None),  # the same return every day, but for the last bits
        ([110, 121, 145.2], pytest.approx(4), None),  # never a losing day
        ([110], None, None),  # one day
    ],
)
def test_ratios_without_risk_are_undefined(equity: list[float], sharpe: object, sortino: object) -> None:
    got = return_metrics(curve(equity))
    assert (got.sharpe, got.sortino) == (sharpe, sortino)


def test_one_day_has_no_volatility() -> None:
    got = return_metrics(curve([110]))
    assert got.volatility is None
    assert (got.best_day, got.worst_day) == (pytest.approx(0.1), pytest.approx(0.1))


@pytest.mark.parametrize("last", [0.0, -20.0])
def test_returns_end_with_ruin(last: float) -> None:
    got = return_metrics(curve([50, last, 30]))
    assert got.ruined_at == 2 * DAY
    assert got.cagr == -1.0
    assert (got.worst_day, got.worst_day_time) == (-1.0, 2 * DAY)
    assert got.total_return == pytest.approx(-0.7)
    assert got.volatility == pytest.approx(np.std([-0.5, -1.0], ddof=1) * math.sqrt(3))


@pytest.mark.parametrize(
    ("growth", "years", "expected"),
    [
        (1.21, 2, 0.1),
        (0.5, 0.5, -0.75),
        (0.0, 1, -1.0),
        (-0.2, 1, -1.0),
        (1.1, 0.08, None),
        (1.1, 1 / 12, pytest.approx(1.1**12 - 1)),
        (1e60, 0.1, None),  # beyond a double
    ],
)
def test_compound_growth(growth: float, years: float, expected: float | None) -> None:
    assert cagr(growth, years) == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_pandas_agrees_on_a_year_of_minutes() -> None:
    rng = np.random.default_rng(4)
    index = pd.date_range("2025-01-02 14:31", periods=390, freq="min", tz="UTC")
    stamps = pd.DatetimeIndex(np.concatenate([index + pd.Timedelta(days=d) for d in range(252)]))
    equity = pd.Series(1e5 * np.exp(rng.normal(0, 1e-4, len(stamps)).cumsum()), index=stamps)
    run = curve(
        equity.to_list(),
        times=stamps.as_unit("s").asi8,
        initial=1e5,
        day_ends=np.arange(1, 253) * 390 - 1,
        days_per_year=252,
    )
    daily = pd.concat([pd.Series([1e5]), equity.resample("1D").last()]).pct_change().dropna()
    got = return_metrics(run)
    assert got.volatility == pytest.approx(daily.std() * 252**0.5)
    assert got.sharpe == pytest.approx(daily.mean() / daily.std() * 252**0.5)
    assert got.sortino == pytest.approx(daily.mean() / (daily.clip(upper=0) ** 2).mean() ** 0.5 * 252**0.5)
    assert got.cagr == pytest.approx((1 + daily).prod() - 1)
    assert got.worst_day == pytest.approx(daily.min())
    assert got.worst_day_time == int(daily.index[daily.argmin()].timestamp()) + 21 * 3600
