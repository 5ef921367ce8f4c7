"""How fast and how one-sidedly the price moves: TA-Lib's."""

from functools import partial

import numpy as np
import talib

from flotilla.domain.indicators.declare import (
    average,
    bars,
    constant,
    ema,
    ema_of_changes,
    length,
    lines,
    ma,
    rma,
    whole,
)
from flotilla.domain.indicators.entry import Below, Columns, Output, Parameter, Values
from flotilla.domain.indicators.with_talib import call, entry

momentum = partial(entry, "momentum")

_FAST_SLOW = (Below("fastperiod", "slowperiod"),)
_MACD = lines("macd=MACD signal=Signal histogram=Histogram")


def _fast_slow(fast: int, slow: int) -> tuple[Parameter, Parameter]:
    return whole("fastperiod", fast, "Fast length"), whole("slowperiod", slow, "Slow length")


def _signal(default: int) -> Parameter:
    return whole("signalperiod", default, "Signal length", 1)


def _kind(name: str, label: str, default: str) -> Parameter:
    return average(default, name, f"{label} average")


def _rsi(columns: Columns, p: Values) -> Columns:
    """RSI; 50 until the price has moved at all, where TA-Lib says 0 and rules would read "oversold"."""
    (close,) = columns
    found = talib.RSI(close, p["timeperiod"])
    moved = close != close[:1]
    first = int(np.argmax(moved)) if len(close) else 0
    still = found if first == 0 and not moved.any() else found[:first]
    still[~np.isnan(still)] = 50.0
    return (found,)


def _mfi(columns: Columns, p: Values) -> Columns:
    """MFI; 50 where no money flowed in the window, where TA-Lib says 0.

    TA-Lib takes a flow of less than one unit for none, which coins traded by the thousandth fall
    under; the index does not depend on volume's unit, so it is given a smaller one.
    """
    high, low, close, volume = columns
    found = talib.MFI(high, low, close, volume * 1e9, p["timeperiod"])
    typical = (high + low + close) / 3.0
    flowed = np.zeros(len(close), np.int64)
    flowed[1:] = (np.diff(typical) != 0.0) & (volume[1:] > 0.0)
    total = np.cumsum(flowed)
    n = p["timeperiod"]
    found[n:][total[n:] == total[:-n]] = 50.0
    return (found,)


def _fractal(columns: Columns, p: Values) -> Columns:
    known = p["leftbars"] + p["rightbars"]
    found = [column.astype(np.float64) for column in call("FRACTAL", columns, *p.values())]
    for column in found:
        column[:known] = np.nan
    return tuple(found)


def _macd_ext(p: Values) -> float:
    """TA-Lib starts the quicker average where the slower one begins: their memories add up."""
    return sum(ma(p[f"{line}matype"], p[f"{line}period"]) for line in ("fast", "slow", "signal"))


# fmt: off
MOMENTUM = (
    momentum("RSI", "Relative strength index",
             "0 to 100: how one-sided recent moves were. Below 30 is called oversold, above 70 overbought.",
             length(14), outputs=lines("rsi=RSI", 0.0, 100.0), function=_rsi,
             memory=lambda p: rma(p["timeperiod"])),
    momentum("MACD", "Moving average convergence/divergence",
             "The distance of a fast and a slow EMA, and a signal line through it.",
             *_fast_slow(12, 26), _signal(9), outputs=_MACD, constraints=_FAST_SLOW,
             memory=lambda p: ema(p["slowperiod"]) + ema(max(2, p["signalperiod"]))),
    momentum("MACDEXT", "MACD with chosen averages",
             "MACD in which each of the three averages is of a kind you choose.",
             whole("fastperiod", 12, "Fast length"), _kind("fastmatype", "Fast", "SMA"),
             whole("slowperiod", 26, "Slow length"), _kind("slowmatype", "Slow", "SMA"),
             _signal(9), _kind("signalmatype", "Signal", "SMA"),
             outputs=_MACD, memory=_macd_ext, constraints=_FAST_SLOW),
    momentum("MACDFIX", "MACD 12/26",
             "MACD with the classic lengths 12 and 26 and Appel's original smoothing.",
             _signal(9), outputs=_MACD, memory=lambda p: ema(26) + ema(max(2, p["signalperiod"]))),
    momentum("STOCH", "Stochastic",
             "0 to 100: where the close lies in the window's range; D is K smoothed.",
             whole("fastk_period", 5, "K length"), whole("slowk_period", 3, "K smoothing", 1),
             _kind("slowk_matype", "K", "SMA"), whole("slowd_period", 3, "D length", 1),
             _kind("slowd_matype", "D", "SMA"), outputs=lines("k=K d=D"),
             memory=lambda p: p["fastk_period"] + ma(p["slowk_matype"], p["slowk_period"])
             + ma(p["slowd_matype"], p["slowd_period"]), aliases="slow stochastic, Stoch"),
    momentum("STOCHF", "Fast stochastic",
             "0 to 100: where the close lies in the window's range, unsmoothed; D is its average.",
             whole("fastk_period", 5, "K length"), whole("fastd_period", 3, "D length", 1),
             _kind("fastd_matype", "D", "SMA"),
             outputs=(*lines("k=K", 0.0, 100.0), *lines("d=D")),
             memory=lambda p: p["fastk_period"] + ma(p["fastd_matype"], p["fastd_period"])),
    momentum("STOCHRSI", "Stochastic RSI",
             "0 to 100: where RSI lies in its own recent range; quicker than RSI.",
             length(14), whole("fastk_period", 5, "K length"), whole("fastd_period", 3, "D length", 1),
             _kind("fastd_matype", "D", "SMA"),
             outputs=(*lines("k=K", 0.0, 100.0), *lines("d=D")),
             memory=lambda p: 1.3 * rma(p["timeperiod"]) + p["fastk_period"]
             + ma(p["fastd_matype"], p["fastd_period"])),
    momentum("KDJ", "KDJ",
             "A stochastic with a third line, J, that runs ahead of K and D.",
             whole("fastk_period", 9, "K length"), whole("slowk_period", 3, "K smoothing", 1),
             _kind("slowk_matype", "K", "RMA"), whole("slowd_period", 3, "D length", 1),
             _kind("slowd_matype", "D", "RMA"), outputs=lines("k=K d=D j=J"),
             memory=lambda p: p["fastk_period"] + ma(p["slowk_matype"], p["slowk_period"])
             + ma(p["slowd_matype"], p["slowd_period"])),
    momentum("SMI", "Stochastic momentum index",
             "-100 to 100: how far the close lies from the middle of the window's range, smoothed twice.",
             length(13), whole("fastperiod", 2, "First smoothing"),
             whole("slowperiod", 25, "Second smoothing"),
             whole("signalperiod", 9, "Signal length"),
             outputs=(*lines("smi=SMI", -100.0, 100.0), *lines("signal=Signal", -100.0, 100.0)),
             memory=lambda p: p["timeperiod"] + ema_of_changes(p["fastperiod"])
             + ema_of_changes(p["slowperiod"]) + ema(p["signalperiod"])),
    momentum("WILLR", "Williams %R",
             "-100 to 0: where the close lies in the window's range; above -20 is called overbought.",
             length(14), outputs=lines("willr=%R", -100.0, 0.0), memory=bars("timeperiod"),
             aliases="Williams percent range, W%R"),
    momentum("CCI", "Commodity channel index",
             "How far the price is from its average, in units of its usual distance.",
             length(14), memory=bars("timeperiod")),
    momentum("MFI", "Money flow index",
             "0 to 100: RSI's idea with volume; money flowing in against money flowing out.",
             length(14), outputs=lines("mfi=MFI", 0.0, 100.0), function=_mfi,
             memory=bars("timeperiod", extra=1)),
    momentum("ULTOSC", "Ultimate oscillator",
             "0 to 100: buying pressure over three windows at once.",
             whole("timeperiod1", 7, "Short length", 1), whole("timeperiod2", 14, "Middle length", 1),
             whole("timeperiod3", 28, "Long length", 1), outputs=lines("ultosc=UO", 0.0, 100.0),
             memory=lambda p: max(p.values()) + 1, aliases="UO",
             constraints=(Below("timeperiod1", "timeperiod2"), Below("timeperiod2", "timeperiod3"))),
    momentum("CMO", "Chande momentum oscillator",
             "-100 to 100: gains less losses over their sum, with Wilder's smoothing.",
             length(14), outputs=lines("cmo=CMO", -100.0, 100.0), memory=lambda p: rma(p["timeperiod"])),
    momentum("CMOU", "Chande momentum oscillator, unsmoothed",
             "-100 to 100: the window's gains less its losses over their sum, as Chande defined it.",
             length(14), outputs=lines("cmou=CMO", -100.0, 100.0), memory=bars("timeperiod", extra=1)),
    momentum("IMI", "Intraday momentum index",
             "0 to 100: RSI's idea between each bar's own open and close.",
             length(14), outputs=lines("imi=IMI", 0.0, 100.0), memory=bars("timeperiod")),
    momentum("TSI", "True strength index",
             "-100 to 100: the price's changes, smoothed twice, against their size.",
             whole("firstperiod", 25, "First smoothing"), whole("secondperiod", 13, "Second smoothing"),
             outputs=lines("tsi=TSI", -100.0, 100.0),
             memory=lambda p: 1 + ema_of_changes(p["firstperiod"]) + ema_of_changes(p["secondperiod"])),
    momentum("ADX", "Average directional index",
             "0 to 100: how strong the trend is, whatever its direction; above 25 is called a trend.",
             length(14), outputs=lines("adx=ADX", 0.0, 100.0), memory=lambda p: rma(p["timeperiod"], 2)),
    momentum("ADXR", "Average directional index rating",
             "ADX averaged with its own value some bars ago; slower.",
             length(14), outputs=lines("adxr=ADXR", 0.0, 100.0),
             memory=lambda p: rma(p["timeperiod"], 2) + p["timeperiod"]),
    momentum("DX", "Directional movement index",
             "0 to 100: how much one direction outweighs the other; ADX before its last smoothing.",
             length(14), outputs=lines("dx=DX", 0.0, 100.0), memory=lambda p: rma(p["timeperiod"])),
    momentum("PLUS_DI", "Plus directional indicator",
             "0 to 100: the share of the range that was gained upwards.",
             length(14, 1), outputs=lines("plus_di=+DI", 0.0, 100.0), memory=lambda p: rma(p["timeperiod"]),
             aliases="DI+, DMI"),
    momentum("MINUS_DI", "Minus directional indicator",
             "0 to 100: the share of the range that was gained downwards.",
             length(14, 1), outputs=lines("minus_di=-DI", 0.0, 100.0), memory=lambda p: rma(p["timeperiod"]),
             aliases="DI-, DMI"),
    momentum("PLUS_DM", "Plus directional movement", "Wilder's sum of how far highs rose above highs before.",
             length(14, 1), outputs=lines("plus_dm=+DM", 0.0), memory=lambda p: rma(p["timeperiod"]),
             aliases="DM"),
    momentum("MINUS_DM", "Minus directional movement", "Wilder's sum of how far lows fell below lows before.",
             length(14, 1), outputs=lines("minus_dm=-DM", 0.0), memory=lambda p: rma(p["timeperiod"]),
             aliases="DM"),
    momentum("AROON", "Aroon",
             "0 to 100: how recent the window's highest high (up) and lowest low (down) are.",
             length(14), outputs=lines("down=Down up=Up", 0.0, 100.0), memory=bars("timeperiod", extra=1)),
    momentum("AROONOSC", "Aroon oscillator",
             "-100 to 100: Aroon up less Aroon down; above 0 highs are the more recent.",
             length(14), outputs=lines("aroonosc=Aroon", -100.0, 100.0), memory=bars("timeperiod", extra=1)),
    momentum("MOM", "Momentum", "The close less the close some bars ago.",
             length(10, 1), memory=bars("timeperiod", extra=1)),
    momentum("ROC", "Rate of change", "The change since some bars ago, in percent.",
             length(10, 1), memory=bars("timeperiod", extra=1)),
    momentum("ROCP", "Rate of change, fraction", "The change since some bars ago, 0.01 being one percent.",
             length(10, 1), memory=bars("timeperiod", extra=1)),
    momentum("ROCR", "Rate of change, ratio", "The close divided by the close some bars ago.",
             length(10, 1), memory=bars("timeperiod", extra=1)),
    momentum("ROCR100", "Rate of change, ratio x 100", "The close in percent of the close some bars ago.",
             length(10, 1), memory=bars("timeperiod", extra=1)),
    momentum("APO", "Absolute price oscillator",
             "The distance of a fast and a slow moving average, in price.",
             *_fast_slow(12, 26), average("EMA"), constraints=_FAST_SLOW,
             memory=lambda p: ma(p["matype"], p["slowperiod"])),
    momentum("PPO", "Percentage price oscillator",
             "The distance of a fast and a slow moving average, in percent of the slow one.",
             *_fast_slow(12, 26), average("EMA"), constraints=_FAST_SLOW,
             memory=lambda p: ma(p["matype"], p["slowperiod"])),
    momentum("AO", "Awesome oscillator", "Momentum as a fast less a slow average of the bars' midpoints.",
             *_fast_slow(5, 34), constraints=_FAST_SLOW, memory=bars("slowperiod")),
    momentum("AC", "Accelerator oscillator", "How fast the awesome oscillator itself changes.",
             *_fast_slow(5, 34), whole("signalperiod", 5, "Signal length"), constraints=_FAST_SLOW,
             memory=bars("slowperiod", "signalperiod")),
    momentum("BOP", "Balance of power",
             "-1 to 1: how much of the bar's range lies between its open and its close.",
             outputs=lines("bop=BOP", -1.0, 1.0), memory=constant(1)),
    momentum("COPPOCK", "Coppock curve",
             "A weighted average of two rates of change; turns up after long falls.",
             whole("wmaperiod", 10, "Average length"), whole("roc1period", 11, "First rate", 1),
             whole("roc2period", 14, "Second rate", 1),
             memory=lambda p: p["wmaperiod"] + max(p["roc1period"], p["roc2period"])),
    momentum("DPO", "Detrended price oscillator",
             "The price some bars ago less the average of the window; shows cycles without the trend. "
             "Not shifted back into the past, as some charts do.",
             length(20), memory=lambda p: p["timeperiod"] + p["timeperiod"] // 2 + 2),
    momentum("ER", "Kaufman efficiency ratio",
             "0 to 1: how straight the way was; 1 is a straight line.",
             length(10), outputs=lines("er=ER", 0.0, 1.0), memory=bars("timeperiod", extra=1)),
    momentum("ERI", "Elder ray index", "How far the high (bulls) and the low (bears) reach beyond an EMA.",
             length(13), outputs=lines("bull=Bull_power bear=Bear_power"),
             memory=lambda p: ema(p["timeperiod"]), aliases="bull power, bear power"),
    momentum("FOSC", "Forecast oscillator",
             "How far, in percent, the close is from what a straight line through the past foretold.",
             length(5), memory=bars("timeperiod", extra=1)),
    momentum("FRACTAL", "Williams fractal",
             "100 at the bar that confirms a swing high or low: the extreme lies as many bars back as it "
             "takes to confirm it.",
             whole("leftbars", 2, "Bars before", 1, 100), whole("rightbars", 2, "Bars after", 1, 100),
             outputs=tuple(Output(side, f"Swing {side}", 0.0, 100.0, "pattern") for side in ("high", "low")),
             function=_fractal, memory=bars("leftbars", "rightbars", extra=1), aliases="swing, pivot"),
    momentum("QSTICK", "Qstick", "The average of close less open; above 0 bars tend to rise.",
             length(10), memory=bars("timeperiod")),
    momentum("TRIX", "TRIX", "The change, in percent, of an EMA smoothed three times.",
             length(30), memory=lambda p: 1 + ema(p["timeperiod"], 3)),
    momentum("VHF", "Vertical horizontal filter",
             "How much of the way was trend: high in trends, low sideways.",
             length(28), outputs=lines("vhf=VHF", 0.0, 1.0), memory=bars("timeperiod", extra=1)),
    momentum("VORTEX", "Vortex indicator",
             "Upward and downward movement against the true range; a cross is a turn.",
             length(14), outputs=lines("plus=VI+ minus=VI-", 0.0), memory=bars("timeperiod", extra=1)),
)
