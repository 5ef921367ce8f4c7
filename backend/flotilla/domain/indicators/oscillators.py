"""How fast and how one-sidedly the price moves: pandas-ta-classic's, and the squeezes."""

from functools import partial

import numpy as np
import talib as ta

from flotilla.domain.indicators import trailing
from flotilla.domain.indicators.declare import (
    bars,
    choice,
    ema,
    ema_of_changes,
    lines,
    ma,
    number,
    rma,
    settled,
    unbounded,
    whole,
)
from flotilla.domain.indicators.entry import Below, Columns, Values
from flotilla.domain.indicators.windows import carried, triangle, weighted
from flotilla.domain.indicators.with_pandas_ta import call, entry, ewm, extremes
from flotilla.domain.market import FloatArray

momentum = partial(entry, "momentum")

_FOUR_AVERAGES = ("sma", "ema", "wma", "rma")
_YES_NO = (0.0, 1.0)
_FAST_SLOW = (Below("fast", "slow"),)


def _inside(columns: Columns, p: Values, multiplier: float) -> tuple[FloatArray, FloatArray]:
    """Whether the Bollinger bands lie inside, and outside, the Keltner channel (1, 0; NaN unknown)."""
    high, low, close = columns
    upper, _, lower = ta.BBANDS(close, p["bb_length"], p["bb_std"], p["bb_std"])
    middle = ta.SMA(close, p["kc_length"])
    reach = multiplier * ta.SMA(ta.TRANGE(high, low, close), p["kc_length"])
    on = (lower > middle - reach) & (upper < middle + reach)
    off = (lower < middle - reach) & (upper > middle + reach)
    unknown = np.isnan(lower) | np.isnan(reach)
    return np.where(unknown, np.nan, on), np.where(unknown, np.nan, off)


def _push(columns: Columns, p: Values) -> FloatArray:
    """The histogram: LazyBear's line through the distance from the middle, or a smoothed momentum."""
    high, low, close = columns
    if p["histogram"] == "momentum":
        push: FloatArray = ta.SMA(ta.MOM(close, p["mom_length"]), p["mom_smooth"])
        return push
    n = p["kc_length"]
    middle = 0.5 * (ta.MIDPRICE(high, low, n) + ta.SMA(close, n))
    line: FloatArray = ta.LINEARREG(close - middle, n)
    return line


def _squeeze(columns: Columns, p: Values) -> Columns:
    on, off = _inside(columns, p, p["kc_scalar"])
    return _push(columns, p), on, off, 1.0 - on - off


def _squeeze_pro(columns: Columns, p: Values) -> Columns:
    wide, off = _inside(columns, p, p["kc_scalar_wide"])
    normal, _ = _inside(columns, p, p["kc_scalar_normal"])
    narrow, _ = _inside(columns, p, p["kc_scalar_narrow"])
    return _push(columns, p), wide, normal, narrow, off, 1.0 - wide - off


def _squeeze_memory(p: Values) -> float:
    return float(max(p["bb_length"], 2 * p["kc_length"] + 1, p["mom_length"] + p["mom_smooth"] + 1))


def _gravity(columns: Columns, p: Values) -> Columns:
    """Ehlers (2002): minus the sum of price times its age, the newest being 1, over the sum of prices."""
    (price,) = columns
    ages = np.arange(p["length"], 0.0, -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (-weighted(price, ages) / weighted(price, np.ones(p["length"])),)


def _rvgi(columns: Columns, p: Values) -> Columns:
    """Ehlers (2002): smoothed close less open over smoothed high less low, each summed over the window."""
    opened, high, low, close = columns
    smooth, window = triangle(p["swma_length"]), np.ones(p["length"])
    move = weighted(weighted(close - opened, smooth), window)
    reach = weighted(weighted(high - low, smooth), window)
    with np.errstate(divide="ignore", invalid="ignore"):
        vigor = np.where(reach > 0.0, move / reach, np.nan)
    signal = weighted(vigor, smooth)
    return vigor - signal, vigor, signal


def _stochastic(column: FloatArray, count: int) -> FloatArray:
    """0 to 100 in the range of the last values; where there is no range, the value before."""
    lowest, highest = extremes(column, count)
    reach = highest - lowest
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(reach > 0.0, 100.0 * (column - lowest) / reach, np.nan)
    return carried(found)


def _stc(columns: Columns, p: Values) -> Columns:
    """Schaff (1999): the stochastic of the stochastic of MACD, each smoothed by `factor`.

    The library freezes its first stochastic while MACD's low is negative.
    """
    (close,) = columns
    macd = ta.EMA(close, p["fast"]) - ta.EMA(close, p["slow"])
    first = ewm(_stochastic(macd, p["tclength"]), p["factor"])
    return ewm(_stochastic(first, p["tclength"]), p["factor"]), macd, first


def _td_seq(columns: Columns, _: Values) -> Columns:
    found = call("td_seq", 2, ("source",), columns)
    for column in found:
        np.nan_to_num(column, copy=False)
        column[:4] = np.nan
    return found


_SQUEEZE = (
    whole("bb_length", 20, "Bollinger length"),
    number("bb_std", 2.0, "Bollinger deviations", 0.1, 10.0),
    whole("kc_length", 20, "Keltner length"),
)
_PUSH = (
    whole("mom_length", 12, "Momentum length", 1),
    whole("mom_smooth", 6, "Momentum smoothing"),
    choice("histogram", "linear regression", "Histogram", "linear regression", "momentum"),
)

# fmt: off
OSCILLATORS = (
    momentum("BIAS", "Bias", "How far the close is from its average; 0.01 is one percent above.",
             whole("length", 26), choice("mamode", "sma", "Average", *_FOUR_AVERAGES),
             memory=lambda p: ma(p["mamode"].upper(), p["length"])),
    momentum("BRAR", "BRAR", "Buying against selling: AR from the open, BR from the close before.",
             whole("length", 26), inputs="open high low close", outputs=lines("ar=AR br=BR"),
             memory=bars("length", extra=1)),
    momentum("CFO", "Chande forecast oscillator", "How far, in percent, the close is from the foretold one.",
             whole("length", 9), memory=bars("length")),
    momentum("CG", "Center of gravity", "Where in the window the weight of the prices lies; leads at turns.",
             whole("length", 10), function=_gravity, memory=bars("length"), aliases="Ehlers"),
    momentum("CTI", "Correlation trend indicator", "-1 to 1: how closely the price follows a straight line.",
             whole("length", 12, least=3), outputs=lines("cti=CTI", -1.0, 1.0), memory=bars("length")),
    momentum("FISHER", "Fisher transform",
             "The place in the window's range, stretched so that turns stand out.",
             whole("length", 9), whole("signal", 1, "Signal delay", 1, 100), inputs="high low",
             outputs=lines("fisher=Fisher signal=Signal"), memory=lambda p: p["length"] + p["signal"] + 130),
    momentum("INERTIA", "Inertia", "The relative volatility index, its noise taken out by a straight line.",
             whole("length", 20), whole("rvi_length", 14, "RVI length"),
             memory=lambda p: p["length"] + p["rvi_length"] + ema_of_changes(p["rvi_length"]) + 1),
    momentum("KST", "Know sure thing", "Four rates of change in one line, the long ones counting most.",
             *(whole(f"roc{i}", n, f"Rate {i}", 1) for i, n in enumerate((10, 15, 20, 30), 1)),
             *(whole(f"sma{i}", n, f"Smoothing {i}", 1) for i, n in enumerate((10, 10, 10, 15), 1)),
             whole("signal", 9, "Signal length"), outputs=lines("kst=KST signal=Signal"),
             memory=lambda p: max(p[f"roc{i}"] + p[f"sma{i}"] for i in range(1, 5)) + p["signal"]),
    momentum("LRSI", "Laguerre RSI", "0 to 100: RSI over a filter that is quick and smooth at once.",
             number("gamma", 0.5, "Damping", 0.05, 0.95), outputs=lines("lrsi=RSI", 0.0, 100.0),
             fixed={"length": 2}, memory=lambda p: 2 * settled(1.0 - p["gamma"]) + 20, aliases="Ehlers"),
    momentum("PGO", "Pretty good oscillator",
             "How far the close is from its average, in average true ranges.",
             whole("length", 14), inputs="high low close",
             memory=lambda p: rma(p["length"]) + ema_of_changes(p["length"]) + 1),
    momentum("PO", "Projection oscillator",
             "How far, in percent, the close is from the line through the window.",
             whole("length", 14), memory=bars("length")),
    momentum("PSL", "Psychological line", "0 to 100: the share of the window's bars that rose.",
             whole("length", 12), outputs=lines("psl=PSL", 0.0, 100.0), memory=bars("length", extra=1)),
    momentum("QQE", "Quantitative qualitative estimation",
             "A smoothed RSI and a trailing line through it; a cross is a turn.",
             whole("length", 14, most=50), whole("smooth", 5, "Smoothing", most=50),
             number("factor", 4.236, "Factor", 0.1, 20.0), function=trailing.qqe,
             outputs=lines("qqe=QQE rsi=RSI"), memory=unbounded),
    momentum("RSX", "RSX", "0 to 100: Jurik's RSI, free of noise without delay.",
             whole("length", 14), outputs=lines("rsx=RSX", 0.0, 100.0), first=bars("length", extra=1),
             memory=lambda p: p["length"] + 2.2 * settled(3.0 / (p["length"] + 2.0)) + 10, aliases="Jurik"),
    momentum("RVGI", "Relative vigor index", "Whether bars close above their opens, against their ranges.",
             whole("length", 14), whole("swma_length", 4, "Smoothing", 2, 50), inputs="open high low close",
             function=_rvgi, outputs=lines("histogram=Histogram rvgi=RVGI signal=Signal"),
             memory=lambda p: p["length"] + 2 * p["swma_length"], aliases="RVI"),
    momentum("SLOPE", "Slope", "The price's rise in a bar, over some bars.",
             whole("length", 1, least=1), memory=bars("length", extra=1)),
    momentum("SMC_SWEEP", "Liquidity sweep",
             "1 when a long wick dips under the window's lows and the bar closes above (-1: over the highs).",
             whole("length", 15), number("wick_mult", 1.5, "Wick to body", 0.1, 20.0),
             inputs="open high low close",
             outputs=lines("smc_sweep=Sweep", -1.0, 1.0), memory=bars("length", extra=1),
             first=bars("length", extra=1), aliases="smart money"),
    momentum("SQUEEZE", "Squeeze",
             "On while the Bollinger bands lie inside the Keltner channel: quiet before a move, whose "
             "direction the histogram suggests.",
             *_SQUEEZE, number("kc_scalar", 1.5, "Keltner multiplier", 0.1, 10.0), *_PUSH,
             inputs="high low close",
             function=_squeeze, memory=_squeeze_memory, aliases="TTM squeeze, LazyBear",
             outputs=(*lines("squeeze=Histogram"), *lines("on=On off=Off none=Neither", *_YES_NO))),
    momentum("SQUEEZE_PRO", "Squeeze pro",
             "Squeeze with three widths of the Keltner channel: how tight it is.",
             *_SQUEEZE, number("kc_scalar_wide", 2.0, "Wide", 0.1, 10.0),
             number("kc_scalar_normal", 1.5, "Normal", 0.1, 10.0),
             number("kc_scalar_narrow", 1.0, "Narrow", 0.1, 10.0),
             *_PUSH, inputs="high low close", function=_squeeze_pro, memory=_squeeze_memory,
             outputs=(*lines("squeeze=Histogram"),
                      *lines("on_wide=Wide on_normal=Normal on_narrow=Narrow", *_YES_NO),
                      *lines("off=Off none=Neither", *_YES_NO)),
             constraints=(Below("kc_scalar_narrow", "kc_scalar_normal"),
                          Below("kc_scalar_normal", "kc_scalar_wide"))),
    momentum("STC", "Schaff trend cycle", "0 to 100: MACD's place in its cycle; turns sooner than MACD.",
             whole("tclength", 10, "Cycle length"), whole("fast", 12, "Fast length"),
             whole("slow", 26, "Slow length"),
             number("factor", 0.5, "Smoothing", 0.05, 1.0), function=_stc, constraints=_FAST_SLOW,
             outputs=(*lines("stc=STC", 0.0, 100.0), *lines("macd=MACD"),
                      *lines("stochastic=Stochastic", 0.0, 100.0)),
             memory=lambda p: 1.5 * ema(p["slow"]) + 2 * p["tclength"] + 3 * settled(p["factor"])),
    momentum("TD_SEQ", "Tom DeMark sequential",
             "How many bars in a row closed above (up) or below (down) the close "
             "four bars before; 9 warns of a turn. Counts to 13.",
             outputs=lines("up=Up down=Down", 0.0, 13.0), function=_td_seq, library="pandas-ta-classic",
             memory=lambda _: 18,
             aliases="DeMark"),
    momentum("TRIXH", "TRIX histogram", "TRIX, its signal line and their distance.",
             whole("length", 18), whole("signal", 9, "Signal length"),
             number("scalar", 100.0, "Scale", 1.0, 1e6),
             outputs=lines("trix=TRIX signal=Signal histogram=Histogram"),
             memory=lambda p: 1 + ema(p["length"], 3) + ema(p["signal"])),
    momentum("VWMACD", "Volume weighted MACD", "MACD of volume weighted averages.",
             whole("fast", 12, "Fast length"), whole("slow", 26, "Slow length"),
             whole("signal", 9, "Signal length"),
             inputs="source volume", outputs=lines("macd=MACD histogram=Histogram signal=Signal"),
             memory=bars("slow", "signal"), constraints=_FAST_SLOW),
)
