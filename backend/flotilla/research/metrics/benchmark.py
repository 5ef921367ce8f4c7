"""The alternative, buying and holding, and how the bot's returns relate to it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flotilla.domain.market import FloatArray
from flotilla.research.metrics.curves import EquityCurve
from flotilla.research.metrics.peaks import max_drawdown
from flotilla.research.metrics.ratios import NO_DEVIATION, ratio
from flotilla.research.metrics.returns import cagr, daily_risk_free, sharpe, volatility

_FEWEST_DAYS = 3  # a line through two points always fits


@dataclass(frozen=True, slots=True)
class BenchmarkMetrics:
    """The benchmark's own figures, and the regression of the bot's daily returns on it.

    `excess_return` is the bot's total return less the benchmark's. `beta`, `alpha` (a year's, fraction)
    and `correlation` (Pearson's) are None for fewer than three days, or when the benchmark (for the
    correlation: either) does not move.
    """

    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    max_drawdown: float
    excess_return: float
    alpha: float | None
    beta: float | None
    correlation: float | None


def benchmark_metrics(curve: EquityCurve, *, risk_free_rate: float = 0.0) -> BenchmarkMetrics | None:
    """All of them; None when the curve has no benchmark."""
    value, returns = curve.benchmark, curve.benchmark_daily_returns
    if value is None or returns is None:
        return None
    rate, per_year = daily_risk_free(risk_free_rate, curve.days_per_year), curve.days_per_year
    growth = float(value[-1] / value[0])
    alpha, beta, correlation = _regression(curve.daily_returns - rate, returns - rate)
    return BenchmarkMetrics(
        total_return=growth - 1.0,
        cagr=cagr(growth, curve.years),
        volatility=volatility(returns, per_year),
        sharpe=sharpe(returns - rate, per_year),
        max_drawdown=max_drawdown(value, float(value[0])),
        excess_return=float(curve.equity[-1]) / curve.initial - growth,
        alpha=None if alpha is None else alpha * per_year,
        beta=beta,
        correlation=correlation,
    )


def buy_and_hold(closes: FloatArray, initial: float) -> FloatArray:
    """The equity of `initial` USD spread evenly over the symbols at their first close and held.

    `closes`: (symbols, samples), gaps filled forward, all > 0; NaN before a symbol's first bar, where
    its share waits in cash. Nothing is rebalanced and no costs are taken. Shape of the result:
    (samples,). Raises ValueError when a symbol has no close at all.
    """
    known = np.isfinite(closes)
    if not known.any(axis=1).all():
        raise ValueError("a symbol has no close")
    first = closes[np.arange(len(closes)), known.argmax(axis=1)]
    growth = np.where(known, closes / first[:, np.newaxis], 1.0)
    equity: FloatArray = growth.mean(axis=0) * initial
    return equity


def _regression(
    excess: FloatArray, market: npt.NDArray[np.float64]
) -> tuple[float | None, float | None, float | None]:
    """Alpha a day, beta and correlation of `excess` on `market`, both above the risk-free rate.

    beta = cov(excess, market) / var(market); alpha = mean(excess) - beta x mean(market).
    Source: M. C. Jensen, "The Performance of Mutual Funds in the Period 1945-1964" (1968).
    """
    if len(excess) < _FEWEST_DAYS:
        return None, None, None
    covariance = np.cov(excess, market, ddof=1)
    own, others = float(covariance[0, 0]) ** 0.5, float(covariance[1, 1]) ** 0.5
    if others <= NO_DEVIATION:
        return None, None, None
    beta = float(covariance[0, 1]) / others**2
    alpha = float(excess.mean()) - beta * float(market.mean())
    if own <= NO_DEVIATION:
        return alpha, beta, None
    correlation = ratio(float(covariance[0, 1]), own * others)
    return alpha, beta, None if correlation is None else max(-1.0, min(1.0, correlation))
