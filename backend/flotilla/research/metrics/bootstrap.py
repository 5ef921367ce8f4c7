"""How far a figure can be trusted: confidence intervals by resampling what happened.

Daily returns are resampled in blocks, for bad days come in clusters; trades one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flotilla.domain.market import FloatArray
from flotilla.research.metrics.curves import ClosedTrades, EquityCurve
from flotilla.research.metrics.ratios import NO_DEVIATION
from flotilla.research.metrics.returns import SHORTEST_ANNUALISED, daily_risk_free

IntArray = npt.NDArray[np.int64]

RESAMPLES = 1_000
LEVEL = 0.90
SEED = 20_160_104
_CHUNK = 500_000  # numbers drawn at a time: bounds the memory for many trades
_FEWEST_DEFINED = 0.9  # of the resamples, for an interval to be given


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile interval; `upper` is None where the figure has no bound (no losses in a resample)."""

    lower: float
    upper: float | None

    def contains(self, value: float) -> bool:
        return self.lower <= value and (self.upper is None or value <= self.upper)


@dataclass(frozen=True, slots=True)
class Confidence:
    """Intervals made to hold the true figure with probability `level`; None where there is none to give.

    `cagr`, `sharpe`, `sortino` and `max_drawdown` come from daily returns (the drawdown therefore from
    day's ends: it is less deep than the one of minutes), the others from closed trades.
    """

    level: float
    resamples: int
    cagr: Interval | None
    sharpe: Interval | None
    sortino: Interval | None
    max_drawdown: Interval | None
    win_rate: Interval | None
    expectancy: Interval | None
    profit_factor: Interval | None


def confidence(
    curve: EquityCurve,
    trades: ClosedTrades,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    risk_free_rate: float = 0.0,
) -> Confidence:
    """The intervals of `resamples` resamples; the same arguments always give the same answer.

    Percentile intervals (B. Efron, "Bootstrap Methods", Annals of Statistics 7, 1979), with the order
    statistics themselves as ends. An interval is None with fewer than two days or trades, or when the
    figure is undefined in more than a tenth of the resamples. Raises ValueError for a level outside
    0..1 or no resamples.
    """
    if not 0.0 < level < 1.0 or resamples < 1:
        raise ValueError("level must lie between 0 and 1, resamples be at least 1")
    days, deals = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    by_day = _resample_days(curve, days, resamples, daily_risk_free(risk_free_rate, curve.days_per_year))
    by_trade = _resample_trades(trades.profit, deals, resamples)
    figures = {name: _interval(values, level) for name, values in (by_day | by_trade).items()}
    return Confidence(level=level, resamples=resamples, **figures)


def stationary_indices(starts: IntArray, restarts: npt.NDArray[np.bool_]) -> IntArray:
    """Which day stands at each place of each resample; both inputs and the result: (resamples, days).

    A place takes the day after its left neighbour's, the first day following the last; where `restarts`
    (and in the first place) it takes its own entry of `starts`.
    Source: D. N. Politis and J. P. Romano, "The Stationary Bootstrap", JASA 89 (1994).
    """
    days = starts.shape[1]
    place = np.arange(days)
    begun = np.where(restarts, place, 0)
    np.maximum.accumulate(begun, axis=1, out=begun)
    indices: IntArray = (np.take_along_axis(starts, begun, axis=1) + place - begun) % days
    return indices


def block_length(days: int) -> float:
    """Mean length of a block: days^(1/3), the order that Politis and Romano show to be the best."""
    return float(max(days ** (1.0 / 3.0), 1.0))


def _resample_days(
    curve: EquityCurve, rng: np.random.Generator, resamples: int, daily_rate: float
) -> dict[str, FloatArray]:
    returns = curve.daily_returns
    figures = {name: np.full(resamples, np.nan) for name in ("cagr", "sharpe", "sortino", "max_drawdown")}
    days = len(returns)
    if days < 2:
        return figures
    probability = 1.0 / block_length(days)
    for rows in _chunks(resamples, days):
        shape = (rows.stop - rows.start, days)
        indices = stationary_indices(rng.integers(0, days, shape), rng.random(shape) < probability)
        drawn = returns[indices]
        growth = np.multiply.accumulate(drawn + 1.0, axis=1)
        figures["cagr"][rows] = _cagrs(growth[:, -1], days / curve.days_per_year)
        figures["sharpe"][rows], figures["sortino"][rows] = _ratios(drawn - daily_rate, curve.days_per_year)
        figures["max_drawdown"][rows] = _max_drawdowns(growth)
    return figures


def _resample_trades(profit: FloatArray, rng: np.random.Generator, resamples: int) -> dict[str, FloatArray]:
    figures = {name: np.full(resamples, np.nan) for name in ("win_rate", "expectancy", "profit_factor")}
    trades = len(profit)
    if trades < 2:
        return figures
    for rows in _chunks(resamples, trades):
        drawn = profit[rng.integers(0, trades, (rows.stop - rows.start, trades))]
        won, lost = np.maximum(drawn, 0.0).sum(axis=1), np.abs(np.minimum(drawn, 0.0).sum(axis=1))
        figures["win_rate"][rows] = (drawn > 0.0).mean(axis=1)
        figures["expectancy"][rows] = drawn.mean(axis=1)
        figures["profit_factor"][rows] = _unbounded(won, lost)
    return figures


def _chunks(resamples: int, length: int) -> Iterator[slice]:
    rows = max(_CHUNK // length, 1)
    for start in range(0, resamples, rows):
        yield slice(start, min(start + rows, resamples))


def _cagrs(growth: FloatArray, years: float) -> FloatArray:
    """The formula of `returns.cagr` for many; NaN below its shortest time."""
    if years < SHORTEST_ANNUALISED:
        return np.full(len(growth), np.nan)
    with np.errstate(over="ignore"):
        rates: FloatArray = np.power(np.maximum(growth, 0.0), 1.0 / years) - 1.0
    return rates


def _ratios(excess: FloatArray, days_per_year: int) -> tuple[FloatArray, FloatArray]:
    """Sharpe and Sortino of each row; without risk they have no bound (no mean either: NaN)."""
    mean = excess.mean(axis=1) * days_per_year**0.5
    deviation = excess.std(axis=1, ddof=1)
    downside = np.sqrt(np.square(np.minimum(excess, 0.0)).mean(axis=1))
    calm = np.where(deviation <= NO_DEVIATION, 0.0, deviation)
    safe = np.where(downside <= NO_DEVIATION, 0.0, downside)
    return _unbounded(mean, calm), _unbounded(mean, safe)


def _max_drawdowns(growth: FloatArray) -> FloatArray:
    """The deepest fall of each row of compounded growth, the first peak being 1."""
    peaks = np.maximum(np.maximum.accumulate(growth, axis=1), 1.0)
    depths: FloatArray = 1.0 - (growth / peaks).min(axis=1)
    return depths


def _unbounded(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """numerator / denominator, where x / 0 is infinite (it has its place in the order) and 0 / 0 NaN."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        quotient: FloatArray = numerator / denominator
    return quotient


def _interval(values: FloatArray, level: float) -> Interval | None:
    """The middle `level` of the values that are defined, outward to the next order statistic."""
    defined = np.sort(values[~np.isnan(values)])
    if len(defined) < _FEWEST_DEFINED * len(values):
        return None
    tail = (1.0 - level) / 2.0 * (len(defined) - 1)
    lower, upper = defined[int(np.floor(tail))], defined[len(defined) - 1 - int(np.floor(tail))]
    if not np.isfinite(lower):
        return None
    return Interval(float(lower), float(upper) if np.isfinite(upper) else None)
