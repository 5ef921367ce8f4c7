"""S1 in other engines, on the same arrays. Each returns its number of trades.

They are given the best form they have: precomputed signals where they take them. Their rules differ in
detail (sizes, what a stop fills at), so trades differ by a few; what is compared is the work of a run.
"""

from typing import Any

import backtesting
import numpy as np
import pandas as pd
import raptorbt
import talib
import vectorbt

from benchmarks.a_year import CAPITAL, Year


def signals(year: Year) -> tuple[Any, Any]:
    """S1's entries and exits at each bar, indicator included."""
    rsi = talib.RSI(year.bars.close, 14)
    entries, exits = np.zeros(len(rsi), bool), np.zeros(len(rsi), bool)
    entries[1:] = (rsi[1:] < 30) & (rsi[:-1] >= 30) & (year.left[1:] > 1800)
    exits[1:] = (rsi[1:] > 70) & (rsi[:-1] <= 70)
    exits |= year.left == 60
    return entries, exits


def run_vectorbt(year: Year, engine: str) -> int:
    entries, exits = signals(year)
    bars = year.bars
    run = vectorbt.Portfolio.from_signals(
        bars.close,
        entries=np.roll(entries, 1),
        exits=np.roll(exits, 1),
        price=bars.open,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        sl_stop=0.02,
        tp_stop=0.04,
        init_cash=CAPITAL,
        freq="1min",
        engine=engine,
    )
    run.value(), run.max_drawdown(), run.sharpe_ratio()
    return int(run.trades.count())


def run_raptorbt(year: Year) -> int:
    entries, exits = signals(year)
    bars = year.bars
    config = raptorbt.BacktestConfig(initial_capital=CAPITAL, fees=0.0)
    config.set_fixed_stop(0.02)
    config.set_fixed_target(0.04)
    run = raptorbt.run_single_backtest(
        bars.start * 1_000_000_000, bars.open, bars.high, bars.low, bars.close, bars.volume,
        entries, exits, config=config,
    )  # fmt: skip
    return len(run.trades())


class _S1(backtesting.Strategy):  # type: ignore[misc]
    left: Any = None

    def init(self) -> None:
        self.rsi = self.I(talib.RSI, self.data.Close, 14)

    def next(self) -> None:
        left = self.left[len(self.data) - 1]
        if self.position:
            if left == 1800 or (self.rsi[-1] > 70 and self.rsi[-2] <= 70):
                self.position.close()
        elif left > 1800 and self.rsi[-1] < 30 and self.rsi[-2] >= 30:
            close = self.data.Close[-1]
            self.buy(size=0.98, sl=close * 0.98, tp=close * 1.04)


def run_backtesting(year: Year) -> int:
    bars = year.bars
    frame = pd.DataFrame(
        {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close, "Volume": bars.volume},
        index=pd.to_datetime(bars.start, unit="s"),
    )
    _S1.left = year.left
    return int(backtesting.Backtest(frame, _S1, cash=CAPITAL, finalize_trades=True).run()["# Trades"])
