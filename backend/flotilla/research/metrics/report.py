"""All figures of a run at once."""

from dataclasses import dataclass

from flotilla.research.metrics.activity import ActivityMetrics, activity_metrics
from flotilla.research.metrics.benchmark import BenchmarkMetrics, benchmark_metrics
from flotilla.research.metrics.curves import ClosedTrades, EquityCurve
from flotilla.research.metrics.drawdowns import DrawdownMetrics, drawdown_metrics
from flotilla.research.metrics.returns import ReturnMetrics, return_metrics
from flotilla.research.metrics.trades import TradeMetrics, trade_metrics


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures by group; `benchmark` is None without one."""

    returns: ReturnMetrics
    drawdown: DrawdownMetrics
    trades: TradeMetrics
    activity: ActivityMetrics
    benchmark: BenchmarkMetrics | None


def measure(
    curve: EquityCurve, trades: ClosedTrades, *, traded_value: float, risk_free_rate: float = 0.0
) -> Metrics:
    """Compute every figure.

    `traded_value` is the sum of |quantity x price| over all fills (USD), open positions' included;
    `risk_free_rate` a year's, as a fraction.
    """
    returns = return_metrics(curve, risk_free_rate=risk_free_rate)
    return Metrics(
        returns=returns,
        drawdown=drawdown_metrics(curve, cagr=returns.cagr),
        trades=trade_metrics(trades),
        activity=activity_metrics(curve, traded_value=traded_value),
        benchmark=benchmark_metrics(curve, risk_free_rate=risk_free_rate),
    )
