"""What the closed trades say: how often they win, how much, at which risk."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from flotilla.domain.market import FloatArray
from flotilla.research.metrics.curves import ClosedTrades
from flotilla.research.metrics.ratios import mean, ratio


class SqnBasis(StrEnum):
    """What the SQN was computed from: R multiples, or USD where a trade had no stop."""

    R = "r"
    USD = "usd"


@dataclass(frozen=True, slots=True)
class TradeMetrics:
    """Figures of the closed trades; money in USD, net of fees.

    A win has a profit above zero, a loss one below; a trade at exactly zero is neither, but counts in
    `trades`, `win_rate` and the averages over all trades, and ends a streak of either kind.

    - `win_rate`: wins / trades.
    - `profit_factor`: gross profit / gross loss (None without losses: it has no bound).
    - `expectancy`: mean profit of a trade; `expectancy_r`: mean R multiple, of the `r_trades` that have one.
      Source: V. K. Tharp, Trade Your Way to Financial Freedom (2nd ed., 2007), ch. 7.
    - `sqn`: see `system_quality_number`; `kelly`: see `kelly_fraction`.
    - `payoff_ratio`: average win / |average loss|.
    - `average_mae`, `average_mfe`: mean of the worst (<= 0) and best (>= 0) open profit of each trade.
      Source: J. Sweeney, Maximum Adverse Excursion (1997).
    - `average_bars_held` in bars of the bot's timeframe, `average_time_held` in seconds.
    """

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


def trade_metrics(trades: ClosedTrades) -> TradeMetrics:
    """All of them; of no trades, every average is None."""
    profit = trades.profit
    wins, losses = profit[profit > 0.0], profit[profit < 0.0]
    gross_profit, gross_loss = float(wins.sum()), abs(float(losses.sum()))
    average_win, average_loss = mean(wins), mean(losses)
    multiples = _known_multiples(trades)
    basis = SqnBasis.R if len(multiples) == len(trades) else SqnBasis.USD
    sqn = system_quality_number(multiples if basis is SqnBasis.R else profit)
    in_order = profit[np.argsort(trades.exit_time, kind="stable")]
    return TradeMetrics(
        trades=len(trades),
        wins=len(wins),
        losses=len(losses),
        net_profit=float(profit.sum()),
        gross_profit=gross_profit,
        gross_loss=gross_loss,
        total_fees=float(trades.fees.sum()),
        win_rate=ratio(len(wins), len(trades)),
        profit_factor=ratio(gross_profit, gross_loss),
        expectancy=mean(profit),
        expectancy_r=mean(multiples),
        r_trades=len(multiples),
        sqn=sqn,
        sqn_basis=None if sqn is None else basis,
        average_win=average_win,
        average_loss=average_loss,
        payoff_ratio=_payoff(average_win, average_loss),
        largest_win=float(wins.max()) if len(wins) else None,
        largest_loss=float(losses.min()) if len(losses) else None,
        longest_win_streak=_longest_streak(in_order > 0.0),
        longest_loss_streak=_longest_streak(in_order < 0.0),
        average_mae=mean(trades.mae),
        average_mfe=mean(trades.mfe),
        average_bars_held=mean(trades.bars_held),
        average_time_held=mean(trades.exit_time - trades.entry_time),
        kelly=kelly_fraction(len(wins), len(losses), _payoff(average_win, average_loss)),
    )


def r_multiples(trades: ClosedTrades) -> tuple[float | None, ...]:
    """Each trade's profit in units of its initial risk: profit / risk; None without a stop.

    Source: V. K. Tharp, as above.
    """
    known = _has_risk(trades)
    multiples = np.divide(trades.profit, trades.risk, out=np.zeros(len(trades)), where=known)
    return tuple(m if k else None for m, k in zip(multiples.tolist(), known.tolist(), strict=True))


def system_quality_number(results: FloatArray) -> float | None:
    """SQN = sqrt(n) x mean / standard deviation (n - 1) of the trades' results.

    The results are R multiples; where not every trade had a stop, profits in USD, as backtesting.py
    and backtrader do. n is not capped at 100, so it is the t statistic of the mean. None for fewer than
    two trades, or when all are alike. Source: V. K. Tharp, Definitive Guide to Position Sizing (2008).
    """
    if len(results) < 2 or results.min() == results.max():
        return None
    deviation = float(results.std(ddof=1))
    return ratio(math.sqrt(len(results)) * float(results.mean()), deviation)


def kelly_fraction(wins: int, losses: int, payoff: float | None) -> float | None:
    """Kelly fraction f = W - (1 - W) / payoff, W = wins / (wins + losses).

    The share of the capital to put at stake (to lose in an average loss) that makes it grow fastest;
    zero or below: do not bet. None without a win or without a loss.
    Source: J. L. Kelly, "A New Interpretation of Information Rate" (1956), in E. O. Thorp's form.
    """
    if payoff is None or payoff == 0.0:
        return None
    share = wins / (wins + losses)
    second = ratio(1.0 - share, payoff)
    return None if second is None else share - second


def _has_risk(trades: ClosedTrades) -> npt.NDArray[np.bool_]:
    return np.isfinite(trades.risk) & (trades.risk > 0.0)


def _known_multiples(trades: ClosedTrades) -> FloatArray:
    known = _has_risk(trades)
    multiples: FloatArray = trades.profit[known] / trades.risk[known]
    return multiples


def _payoff(average_win: float | None, average_loss: float | None) -> float | None:
    if average_win is None or average_loss is None:
        return None
    return ratio(average_win, -average_loss)


def _longest_streak(hits: npt.NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    misses = np.flatnonzero(~hits)
    bounds = np.concatenate(([-1], misses, [len(hits)]))
    return int(np.diff(bounds).max()) - 1
