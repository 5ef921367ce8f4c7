"""Which way the price is going, and whether it is going at all."""

from functools import partial

import numpy as np

from flotilla.domain.indicators import trailing
from flotilla.domain.indicators.declare import bars, choice, ema, lines, ma, number, rma, unbounded, whole
from flotilla.domain.indicators.entry import Below, Columns, Values
from flotilla.domain.indicators.with_pandas_ta import call, entry
from flotilla.domain.indicators.with_talib import call as talib
from flotilla.domain.market import FloatArray

trend = partial(entry, "trend")

_FOUR_AVERAGES = ("ema", "sma", "wma", "rma")
_YES_NO = (0.0, 1.0)


def _run(name: str, columns: Columns, p: Values) -> Columns:
    """Both averages, then the library's question about them."""
    averages = tuple(talib("EMA", columns, p[side])[0] for side in ("fast", "slow"))
    (found,) = call(name, 1, ("fast", "slow"), averages, length=p["length"])
    found[: p["slow"] + p["length"] - 1] = np.nan
    return (found,)


def _run_memory(p: Values) -> float:
    return float(ema(p["slow"]) + p["length"])


def _tsignals(columns: Columns, p: Values) -> Columns:
    """A trend is what stands above its average; a trade is its change."""
    (close,) = columns
    average = talib("SMA", columns, p["length"])[0]
    # A running mean is exact to its last digits only: a close on it is not above it.
    above = (close > average * (1.0 + 1e-12)).astype(np.float64)
    above[np.isnan(average)] = np.nan
    changed = np.full(len(close), np.nan)
    changed[1:] = np.diff(above)
    return (
        above,
        changed,
        np.where(np.isnan(changed), np.nan, changed > 0),
        np.where(np.isnan(changed), np.nan, changed < 0),
    )


def _decay(p: Values) -> float:
    return float(5 * p["length"] + 10)


def _pivots(columns: Columns, p: Values) -> Columns:
    """Levels from the day before: its high, low and close (and for Woodie nothing of today's open)."""
    high, low, close, day = columns
    rows = len(close)
    if not rows:
        return tuple(np.empty(0) for _ in range(10))
    first = np.flatnonzero(np.r_[True, day[1:] != day[:-1]])
    of_day = np.repeat(np.arange(len(first)), np.diff(np.r_[first, rows]))
    last = np.r_[first[1:], rows] - 1
    before = [np.maximum.reduceat(high, first), np.minimum.reduceat(low, first), close[last]]
    levels = _levels(p["method"], *(np.r_[np.nan, column[:-1]] for column in before))
    return tuple(level[of_day] for level in levels)


def _levels(method: str, high: FloatArray, low: FloatArray, close: FloatArray) -> list[FloatArray]:
    """Pivot, the central range's top and bottom, three resistances, three supports, the range's width."""
    span = high - low
    pivot = (high + low + 2.0 * close) / 4.0 if method == "woodie" else (high + low + close) / 3.0
    bottom = (high + low) / 2.0
    top = 2.0 * pivot - bottom
    if method == "fibonacci":
        steps = [(pivot + f * span, pivot - f * span) for f in (0.382, 0.618, 1.0)]
    elif method == "camarilla":
        steps = [(close + 1.1 * span / f, close - 1.1 * span / f) for f in (12.0, 6.0, 4.0)]
    else:
        steps = [
            (2.0 * pivot - low, 2.0 * pivot - high),
            (pivot + span, pivot - span),
            (high + 2.0 * (pivot - low), low - 2.0 * (high - pivot)),
        ]
    upper, lower = zip(*steps, strict=True)
    return [pivot, top, bottom, *upper, *lower, np.abs(top - bottom) / pivot * 100.0]


# fmt: off
TREND = (
    trend("AMAT", "Archer moving average trends",
          "Whether a fast and a slow average run up, or down, together.",
          whole("fast", 8, "Fast length"), whole("slow", 21, "Slow length"),
          whole("lookback", 2, "Bars", 1, 100),
          choice("mamode", "ema", "Average", *_FOUR_AVERAGES), outputs=lines("long=Up short=Down", *_YES_NO),
          memory=lambda p: ma(p["mamode"].upper(), p["slow"]) + p["lookback"] + 1,
          first=bars("slow", "lookback"), constraints=(Below("fast", "slow"),)),
    trend("CHOP", "Choppiness index", "High (over 61.8) sideways, low (under 38.2) in a trend.",
          whole("length", 14), whole("atr_length", 1, "ATR length", 1), inputs="high low close",
          memory=lambda p: p["length"] + rma(p["atr_length"]) + 1),
    trend("CKSP", "Chande Kroll stop",
          "A stop under the highs and one over the lows, a multiple of the ATR away.",
          whole("p", 10, "ATR length"), number("x", 1.0, "Multiplier", 0.1, 20.0),
          whole("q", 9, "Stop length", 1),
          inputs="high low close", fixed={"tvmode": True}, overlay=True,
          outputs=lines("long=Long_stop short=Short_stop"),
          memory=lambda p: rma(p["p"]) + p["p"] + p["q"] + 1),
    trend("CPR", "Pivot points",
          "Levels of the day from the session before: pivot, central range, supports and resistances. On "
          "daily bars from the day before.",
          choice("method", "classic", "Method", "classic", "fibonacci", "camarilla", "woodie"),
          inputs="high low close day", function=_pivots, overlay=True,
          outputs=lines("pivot=Pivot top=Top bottom=Bottom r1=R1 r2=R2 r3=R3 s1=S1 s2=S2 s3=S3 width=Width"),
          memory=unbounded, aliases="pivot points, central pivot range"),
    trend("DECAY", "Decay", "The close, or the close before less a small step, whichever is higher.",
          whole("length", 5, least=1), choice("mode", "linear", "Mode", "linear", "exp"), overlay=True,
          memory=lambda p: max(2, p["length"])),
    trend("EDECAY", "Exponential decay", "Jumps up with the close and falls back slowly.",
          whole("length", 5, least=1), overlay=True, memory=_decay),
    trend("DECREASING", "Decreasing", "1 while the close is below the close some bars ago.",
          whole("length", 1, least=1), outputs=lines("decreasing=Decreasing", *_YES_NO),
          memory=bars("length", extra=1), first=bars("length", extra=1)),
    trend("INCREASING", "Increasing", "1 while the close is above the close some bars ago.",
          whole("length", 1, least=1), outputs=lines("increasing=Increasing", *_YES_NO),
          memory=bars("length", extra=1), first=bars("length", extra=1)),
    trend("LONG_RUN", "Long run", "1 while a fast EMA rises, whichever way the slow one goes.",
          whole("fast", 8, "Fast length"), whole("slow", 21, "Slow length"),
          whole("length", 2, "Bars", 1, 100),
          function=partial(_run, "long_run"), library="pandas-ta-classic",
          outputs=lines("long_run=Up", *_YES_NO), memory=_run_memory,
          constraints=(Below("fast", "slow"),)),
    trend("SHORT_RUN", "Short run", "1 while a fast EMA falls, whichever way the slow one goes.",
          whole("fast", 8, "Fast length"), whole("slow", 21, "Slow length"),
          whole("length", 2, "Bars", 1, 100),
          function=partial(_run, "short_run"), library="pandas-ta-classic",
          outputs=lines("short_run=Down", *_YES_NO), memory=_run_memory,
          constraints=(Below("fast", "slow"),)),
    trend("PMAX", "Profit maximiser", "SuperTrend drawn around a moving average instead of the price.",
          whole("length", 10, most=100), number("multiplier", 3.0, "Multiplier", 0.1, 20.0),
          choice("mamode", "ema", "Average", *_FOUR_AVERAGES), inputs="high low close", overlay=True,
          function=trailing.pmax, memory=unbounded),
    trend("TSIGNALS", "Trend signals", "Where the close goes over (entry) or under (exit) its average.",
          whole("length", 20), function=_tsignals, memory=bars("length", extra=1),
          outputs=(*lines("trend=Trend", *_YES_NO), *lines("trade=Trade", -1.0, 1.0),
                   *lines("entry=Entry exit=Exit", *_YES_NO))),
    trend("XSIGNALS", "Cross signals", "In after RSI rose over one level, out after it fell under another.",
          whole("length", 14, most=100), number("enter", 30.0, "Enter over", 0.0, 100.0),
          number("leave", 70.0, "Leave under", 0.0, 100.0), function=trailing.xsignals, memory=unbounded,
          outputs=(*lines("trend=Trend", *_YES_NO), *lines("trade=Trade", -1.0, 1.0),
                   *lines("entry=Entry exit=Exit", *_YES_NO))),
    trend("TTM_TREND", "TTM trend",
          "1 while the close is above the average midpoint of the last bars, else -1.",
          whole("length", 6, most=100), inputs="high low close", outputs=lines("ttm_trend=Trend", -1.0, 1.0),
          memory=bars("length"), first=bars("length")),
)
