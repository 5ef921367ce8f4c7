"""What sizing and stops measure on a symbol's bars: its range, how much it moves, how much is traded."""

import math

import numpy as np
import talib

from flotilla.domain.market import FloatArray, Series

ATR_LENGTH = 14
VOLATILITY_LENGTH = 20
LIQUIDITY_LENGTH = 20

# ATR is a recursive mean: so many bars until its start weighs less than 1e-9.
ATR_WARM_UP = ATR_LENGTH + 1 + math.ceil(math.log(1e-9) / math.log(1.0 - 1.0 / ATR_LENGTH))

_MINUTES_A_YEAR = {False: 252 * 390, True: 365 * 1440}


def average_true_range(bars: Series) -> FloatArray:
    """Wilder's average true range of the bot's bars (USD); NaN until it is known."""
    if len(bars) <= ATR_LENGTH:
        return np.full(len(bars), np.nan)
    found: FloatArray = talib.ATR(bars.high, bars.low, bars.close, ATR_LENGTH)
    return found


def volatility(bars: Series, *, is_coin: bool) -> FloatArray:
    """The standard deviation of the bars' returns, in percent a year of 252 sessions (coins: 365 days)."""
    if len(bars) <= VOLATILITY_LENGTH:
        return np.full(len(bars), np.nan)
    returns = np.empty(len(bars))
    returns[0] = np.nan
    returns[1:] = bars.close[1:] / bars.close[:-1] - 1.0
    minutes = 390 if bars.timeframe.is_daily and not is_coin else bars.timeframe.minutes
    found: FloatArray = talib.STDDEV(returns, VOLATILITY_LENGTH)
    return found * (100.0 * math.sqrt(_MINUTES_A_YEAR[is_coin] / minutes))


def liquidity(base: Series) -> FloatArray:
    """The mean volume of the newest base minutes; NaN until it is known."""
    if len(base) < LIQUIDITY_LENGTH:
        return np.full(len(base), np.nan)
    found: FloatArray = talib.SMA(base.volume, LIQUIDITY_LENGTH)
    return found
