"""How good a backtest was: pure functions, NumPy arrays in, dataclasses out.

Read in the order of the flow: `curves` (what comes in), `returns`, `drawdowns`, `trades`, `activity`
and `benchmark` (one group of figures each), `report` (all of them), `bootstrap` (how far each figure
can be trusted), `verdict` (the same in a sentence), `downsample` (a curve for the screen).

Everywhere: money in USD, rates and shares as fractions (0.12 is 12 %), times in seconds since 1970
UTC, durations in seconds. A figure that is undefined is None: no result holds NaN or infinity.
"""

from flotilla.research.metrics.activity import ActivityMetrics
from flotilla.research.metrics.benchmark import BenchmarkMetrics, buy_and_hold
from flotilla.research.metrics.bootstrap import Confidence, Interval, confidence
from flotilla.research.metrics.curves import ClosedTrades, EquityCurve, utc_day_ends
from flotilla.research.metrics.downsample import downsample, downsample_indices
from flotilla.research.metrics.drawdowns import DrawdownMetrics, drawdown_curve
from flotilla.research.metrics.report import Metrics, measure
from flotilla.research.metrics.returns import ReturnMetrics
from flotilla.research.metrics.trades import SqnBasis, TradeMetrics, r_multiples
from flotilla.research.metrics.verdict import Mark, Verdict, judge

__all__ = [
    "ActivityMetrics",
    "BenchmarkMetrics",
    "ClosedTrades",
    "Confidence",
    "DrawdownMetrics",
    "EquityCurve",
    "Interval",
    "Mark",
    "Metrics",
    "ReturnMetrics",
    "SqnBasis",
    "TradeMetrics",
    "Verdict",
    "buy_and_hold",
    "confidence",
    "downsample",
    "downsample_indices",
    "drawdown_curve",
    "judge",
    "measure",
    "r_multiples",
    "utc_day_ends",
]
