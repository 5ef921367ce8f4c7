"""How good a backtest was: pure functions, NumPy arrays in, dataclasses out.

Read in the order of the flow: `curves` (what comes in), `returns`, `drawdowns`, `trades`, `activity`
and `benchmark` (one group of figures each), `report` (all of them), `downsample` (a curve for the
screen).

Everywhere: money in USD, rates and shares as fractions (0.12 is 12 %), times in seconds since 1970
UTC, durations in seconds. A figure that is undefined is None: no result holds NaN or infinity.
"""

from flotilla.research.metrics.activity import ActivityMetrics
from flotilla.research.metrics.benchmark import BenchmarkMetrics, buy_and_hold
from flotilla.research.metrics.curves import ClosedTrades, EquityCurve, utc_day_ends
from flotilla.research.metrics.downsample import downsample, downsample_indices
from flotilla.research.metrics.drawdowns import DrawdownMetrics, drawdown_curve
from flotilla.research.metrics.report import Metrics, measure
from flotilla.research.metrics.returns import ReturnMetrics
from flotilla.research.metrics.trades import SqnBasis, TradeMetrics, r_multiples

__all__ = [
    "ActivityMetrics",
    "BenchmarkMetrics",
    "ClosedTrades",
    "DrawdownMetrics",
    "EquityCurve",
    "Metrics",
    "ReturnMetrics",
    "SqnBasis",
    "TradeMetrics",
    "buy_and_hold",
    "downsample",
    "downsample_indices",
    "drawdown_curve",
    "measure",
    "r_multiples",
    "utc_day_ends",
]
