"""Growth, volatility and the ratios of the two, from daily returns."""

import math
from dataclasses import dataclass

import numpy as np

from flotilla.domain.market import FloatArray
from flotilla.research.metrics.curves import EquityCurve
from flotilla.research.metrics.ratios import NO_DEVIATION, ratio

# Compounding less than a month to a year says nothing: two days of 1 % would be 250 % a year.
# (GIPS forbids annualising periods below a year altogether; a month is what practice accepts.)
SHORTEST_ANNUALISED = 1 / 12  # years
_LARGEST_EXPONENT = 700.0  # of e, in a double


@dataclass(frozen=True, slots=True)
class ReturnMetrics:
    """Figures of the daily returns; all fractions, annualised with the curve's days per year.

    `ruined_at` is the end of the first day with no equity left; from there on no returns exist.
    """

    days: int
    total_return: float
    net_profit: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    best_day: float | None
    best_day_time: int | None
    worst_day: float | None
    worst_day_time: int | None
    ruined_at: int | None


def return_metrics(curve: EquityCurve, *, risk_free_rate: float = 0.0) -> ReturnMetrics:
    """All of them; `risk_free_rate` is a year's, as a fraction."""
    returns, per_year = curve.daily_returns, curve.days_per_year
    daily_rate = daily_risk_free(risk_free_rate, per_year)
    best, worst = int(returns.argmax()), int(returns.argmin())
    final = float(curve.equity[-1])
    return ReturnMetrics(
        days=curve.days,
        total_return=final / curve.initial - 1.0,
        net_profit=final - curve.initial,
        cagr=cagr(0.0 if curve.ruined_on is not None else final / curve.initial, curve.years),
        volatility=volatility(returns, per_year),
        sharpe=sharpe(returns - daily_rate, per_year),
        sortino=sortino(returns - daily_rate, per_year),
        best_day=float(returns[best]),
        best_day_time=int(curve.times[curve.day_ends[best]]),
        worst_day=float(returns[worst]),
        worst_day_time=int(curve.times[curve.day_ends[worst]]),
        ruined_at=None if curve.ruined_on is None else int(curve.times[curve.day_ends[curve.ruined_on]]),
    )


def daily_risk_free(rate: float, days_per_year: int) -> float:
    """The daily rate that compounds to the year's: (1 + rate)^(1 / days) - 1."""
    return float((1.0 + rate) ** (1.0 / days_per_year) - 1.0)


def cagr(growth: float, years: float) -> float | None:
    """Compound annual growth rate: growth^(1 / years) - 1, growth = final / initial equity.

    -1 when nothing is left (or was, at some day's end); None for less than a month
    (`SHORTEST_ANNUALISED`).
    Source: CFA Institute, "geometric mean return"; years = days / days per year as in empyrical.
    """
    if years < SHORTEST_ANNUALISED:
        return None
    if growth <= 0.0:
        return -1.0
    exponent = math.log(growth) / years
    return math.expm1(exponent) if exponent < _LARGEST_EXPONENT else None


def volatility(returns: FloatArray, days_per_year: int) -> float | None:
    """Annualised: sample standard deviation (n - 1) of daily returns x sqrt(days per year).

    None for fewer than two days.
    """
    if len(returns) < 2:
        return None
    return float(returns.std(ddof=1)) * math.sqrt(days_per_year)


def sharpe(excess: FloatArray, days_per_year: int) -> float | None:
    """mean(excess) / standard deviation (n - 1) of excess x sqrt(days per year).

    `excess`: daily returns above the risk-free rate. None for fewer than two days, or when they do not
    vary. Source: W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994).
    """
    if len(excess) < 2:
        return None
    deviation = float(excess.std(ddof=1))
    if deviation <= NO_DEVIATION:
        return None
    return ratio(float(excess.mean()) * math.sqrt(days_per_year), deviation)


def sortino(excess: FloatArray, days_per_year: int) -> float | None:
    """mean(excess) / downside deviation x sqrt(days per year), the target being the risk-free rate.

    Downside deviation: sqrt(mean(min(excess, 0)^2)) over *all* days. None for fewer than two days, or
    without a day below the target. Source: F. A. Sortino and L. N. Price, "Performance Measurement in
    a Downside Risk Framework", Journal of Investing 3 (1994).
    """
    if len(excess) < 2:
        return None
    downside = math.sqrt(float(np.square(np.minimum(excess, 0.0)).mean()))
    if downside <= NO_DEVIATION:
        return None
    return ratio(float(excess.mean()) * math.sqrt(days_per_year), downside)
