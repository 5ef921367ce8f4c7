"""What a backtest answers.

Amounts of single trades and markers are strings, as real ones are; curves and figures are statistics,
and numbers. Times of curves are the ends of minutes in seconds since 1970 UTC.
"""

from datetime import date, datetime
from typing import Literal

from flotilla.domain.orders import Purpose, Side
from flotilla.domain.risk import ExitReason, RefusalCode
from flotilla.research.metrics import Mark, SqnBasis
from flotilla.research.remarks import RemarkCode
from flotilla.wire.backtests import BacktestOut
from flotilla.wire.base import Model, Money


class Curve(Model):
    """Columns of equal length: equity and buy-and-hold (USD), and the fall from the peak (0 to 1)."""

    times: list[int]
    equity: list[float]
    drawdown: list[float]
    benchmark: list[float]


class BacktestTrade(Model):
    """A position from flat to flat. `bot` is its place in the request; `purpose` is of the order that
    ended it; `r`: profit in units of what its stop put at stake. USD, net of fees.
    """

    bot: int
    symbol: str
    side: Literal["long", "short"]
    entry_time: datetime
    exit_time: datetime
    quantity: Money
    entry_price: Money
    exit_price: Money
    profit: Money
    fees: Money
    mae: Money
    mfe: Money
    r: float | None
    bars: int
    purpose: Purpose
    reason: ExitReason


class Marker(Model):
    """A filled order on the chart: the open time of its bar, and its price."""

    bot: int
    symbol: str
    time: datetime
    side: Side
    purpose: Purpose
    reason: ExitReason
    price: Money
    quantity: Money


class RefusalCount(Model):
    code: RefusalCode
    count: int
    sentence: str


class ExitCount(Model):
    """How the trades ended, and what that made (USD)."""

    purpose: Purpose
    reason: ExitReason
    count: int
    profit: Money


class RemarkOut(Model):
    """What of the bars or rules has to be known beside the result."""

    code: RemarkCode
    sentence: str
    symbol: str | None
    bot: int | None
    count: int | None


class ReturnFigures(Model):
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


class DrawdownFigures(Model):
    max_drawdown: float
    max_drawdown_usd: float
    peak_time: int | None
    trough_time: int | None
    recovery_time: int | None
    recovered: bool
    duration: int
    longest_duration: int
    time_under_water: float
    calmar: float | None


class TradeFigures(Model):
    trades: int
    wins: int
    losses: int
    net_profit: float
    gross_profit: float
    gross_loss: float
    total_fees: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    expectancy_r: float | None
    r_trades: int
    sqn: float | None
    sqn_basis: SqnBasis | None
    average_win: float | None
    average_loss: float | None
    payoff_ratio: float | None
    largest_win: float | None
    largest_loss: float | None
    longest_win_streak: int
    longest_loss_streak: int
    average_mae: float | None
    average_mfe: float | None
    average_bars_held: float | None
    average_time_held: float | None
    kelly: float | None


class ActivityFigures(Model):
    traded_value: float
    turnover: float | None
    time_in_market: float
    average_exposure: float | None
    maximum_exposure: float


class BenchmarkFigures(Model):
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    max_drawdown: float
    excess_return: float
    alpha: float | None
    beta: float | None
    correlation: float | None


class Figures(Model):
    """Rates and shares as fractions (0.12 is 12 %), money in USD, durations in seconds; null: undefined."""

    returns: ReturnFigures
    drawdown: DrawdownFigures
    trades: TradeFigures
    activity: ActivityFigures
    benchmark: BenchmarkFigures | None


class IntervalOut(Model):
    """`upper` is null where the figure has no bound."""

    lower: float
    upper: float | None


class ConfidenceOut(Model):
    """Bootstrap intervals that hold the true figure with probability `level`."""

    level: float
    resamples: int
    cagr: IntervalOut | None
    sharpe: IntervalOut | None
    sortino: IntervalOut | None
    max_drawdown: IntervalOut | None
    win_rate: IntervalOut | None
    expectancy: IntervalOut | None
    profit_factor: IntervalOut | None


class VerdictOut(Model):
    """Why not to trust the figures, and the result in a sentence."""

    marks: list[Mark]
    sentence: str


class BacktestSummary(Model):
    """What a run found, but for its rows. `source`: the name of the bars; the days are both included."""

    source: str
    first: date
    last: date
    bots: list[str]
    symbols: list[str]
    capital: Money
    minutes: int
    metrics: Figures
    confidence: ConfidenceOut
    verdict: VerdictOut
    remarks: list[RemarkOut]
    refusals: list[RefusalCount]
    exits: list[ExitCount]
    trades_total: int
    markers_total: int


class Preview(BacktestSummary):
    """The newest trades and markers, oldest first; the totals count all there were."""

    curve: Curve
    trades: list[BacktestTrade]
    markers: list[Marker]


class BacktestDetail(BacktestOut):
    """`summary` is null until it is done."""

    summary: BacktestSummary | None
