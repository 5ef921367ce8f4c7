"""The floor: S1 in a bare Numba loop that knows nothing else, with trades, curve, drawdown and Sharpe."""

import numba
import numpy as np
import talib

from benchmarks.a_year import CAPITAL, Year
from flotilla.domain.market import FloatArray


def bare_s1(year: Year) -> tuple[int, float, float]:
    """Run it, indicator included; returns trades, the deepest drawdown, and Sharpe by day."""
    bars = year.bars
    rsi = talib.RSI(bars.close, 14)
    equity = np.empty(len(bars))
    trades, drawdown = _loop(rsi, bars.open, bars.high, bars.low, bars.close, year.left, CAPITAL, equity)
    daily = equity[389::390]
    returns = np.diff(daily) / daily[:-1]
    return trades, drawdown, float(returns.mean() / returns.std() * np.sqrt(252))


@numba.njit(cache=True)
def _loop(  # noqa: C901 - bare is bare
    rsi: FloatArray,
    opened: FloatArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    left: FloatArray,
    cash: float,
    equity: FloatArray,
) -> tuple[int, float]:
    held = stop = target = deepest = 0.0
    peak, trades, pending = cash, 0, 0
    equity[0] = cash
    for t in range(1, len(close)):
        if pending == 1:
            held = np.floor(cash * 0.98 / opened[t])
            cash -= held * opened[t]
        elif pending == 2:
            cash += held * opened[t]
            held, trades = 0.0, trades + 1
        pending = 0
        if held > 0:
            price = 0.0
            if opened[t] <= stop or opened[t] >= target:
                price = opened[t]
            elif low[t] <= stop:
                price = stop
            elif high[t] >= target:
                price = target
            if price > 0:
                cash += held * price
                held, trades = 0.0, trades + 1
        equity[t] = cash + held * close[t]
        peak = max(peak, equity[t])
        deepest = max(deepest, (peak - equity[t]) / peak)
        if held > 0 and (left[t] == 1800 or (rsi[t] > 70 and rsi[t - 1] <= 70)):
            pending = 2
        elif held == 0 and left[t] > 1800 and rsi[t] < 30 and rsi[t - 1] >= 30:
            pending, stop, target = 1, close[t] * 0.98, close[t] * 1.04
    return trades, deepest
