"""Trailing lines and state machines that pandas-ta-classic computes too slowly to restart each epoch.

Each gives the library's numbers (a test compares them); a loop over plain floats takes a tenth of a
microsecond a bar, where the library's frames cost milliseconds a call.
"""

import math

import numpy as np
import talib as ta

from flotilla.domain.indicators.entry import Columns, Values
from flotilla.domain.indicators.windows import carried
from flotilla.domain.indicators.with_talib import average
from flotilla.domain.market import FloatArray


def vidya(columns: Columns, p: Values) -> Columns:
    """Chande (1992): an EMA whose weight is 2 / (n + 1) times the size of the momentum oscillator, 0 to 1."""
    (close,) = columns
    n = p["length"]
    weights = (np.abs(ta.CMOU(close, n)) * (2.0 / (n + 1.0) / 100.0)).tolist()
    prices = close.tolist()
    found = [math.nan] * len(close)
    if len(close) >= n:
        found[n - 1] = float(close[:n].mean())
    for i in range(n, len(close)):
        found[i] = found[i - 1] + weights[i] * (prices[i] - found[i - 1])
    return (np.array(found),)


def hilo(columns: Columns, p: Values) -> Columns:
    """Gann's activator: the lows' average after a close over the highs' one, and the other way round."""
    high, low, close = columns
    highs = average(p["mamode"].upper(), high, p["high_length"])
    lows = average(p["mamode"].upper(), low, p["low_length"])
    found = np.full(len(close), np.nan)
    above, below = close[1:] > highs[:-1], close[1:] < lows[:-1]
    found[1:] = np.where(above, lows[1:], np.where(below, highs[1:], np.nan))
    return (carried(found),)


def pmax(columns: Columns, p: Values) -> Columns:
    """Özbilici's profit maximiser: bands of a moving average that only tighten until the close crosses."""
    high, low, close = columns
    middle = average(p["mamode"].upper(), close, p["length"])
    reach = p["multiplier"] * ta.ATR(high, low, close, p["length"])
    prices, under, over = close.tolist(), (middle - reach).tolist(), (middle + reach).tolist()
    found = [math.nan] * len(prices)
    rising = True
    for i in range(1, len(prices)):
        price, support, resistance = prices[i], under[i - 1], over[i - 1]
        if prices[i - 1] > support > under[i]:
            under[i] = support
        if prices[i - 1] < resistance < over[i]:
            over[i] = resistance
        if price > resistance:
            rising = True
        elif price < support:
            rising = False
        found[i] = under[i] if rising else over[i]
    return (np.array(found),)


def qqe(columns: Columns, p: Values) -> Columns:
    """A smoothed RSI and the trailing level (its own average range away) that it last crossed."""
    (close,) = columns
    slow = 2 * p["length"] - 1
    line = ta.EMA(ta.RSI(close, p["length"]), p["smooth"])
    change = np.full(len(line), np.nan)
    change[1:] = np.abs(np.diff(line))
    reach = p["factor"] * ta.EMA(ta.EMA(change, slow), slow)
    return _trailed(line, reach), line


def _trailed(line: FloatArray, reach: FloatArray) -> FloatArray:
    """The level under `line` while it rises, over it while it falls; each only follows the line."""
    found = [math.nan] * len(line)
    lines, under, over = line.tolist(), (line - reach).tolist(), (line + reach).tolist()
    rising, before = True, math.nan
    long = short = longs = shorts = 0.0  # the levels one bar ago, and two
    for i, now in enumerate(lines):
        floor = max(long, under[i]) if before > long and now > long else under[i]
        ceiling = min(short, over[i]) if before < short and now < short else over[i]
        if _crossed(now, short, before, shorts):
            rising = True
        elif _crossed(now, long, before, longs):
            rising = False
        found[i] = floor if rising else ceiling
        before, longs, shorts, long, short = now, long, short, floor, ceiling
    return np.array(found)


def _crossed(now: float, level: float, before: float, level_before: float) -> bool:
    return (now > level and before < level_before) or (now <= level and before >= level_before)


def xsignals(columns: Columns, p: Values) -> Columns:
    """In when RSI rises over one level, out when it falls under the other; the last of the two holds."""
    (close,) = columns
    rsi = ta.RSI(close, p["length"])
    event = np.full(len(rsi), np.nan)
    now, before = rsi[1:], rsi[:-1]
    event[1:][(now > p["enter"]) & (before <= p["enter"])] = 1.0
    event[1:][(now < p["leave"]) & (before >= p["leave"])] = 0.0
    trend = np.nan_to_num(carried(event))
    change = np.diff(trend, prepend=0.0)
    trend[np.isnan(rsi)] = change[np.isnan(rsi)] = np.nan
    unknown = np.isnan(change)
    return trend, change, np.where(unknown, np.nan, change > 0), np.where(unknown, np.nan, change < 0)
