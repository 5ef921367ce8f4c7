"""Averages, bands and stops that lie on the price: TA-Lib's."""

from functools import partial

import numpy as np
import talib

from flotilla.domain.indicators.declare import (
    average,
    bars,
    ema,
    length,
    lines,
    ma,
    number,
    rma,
    unbounded,
    whole,
)
from flotilla.domain.indicators.entry import Below, Columns, Values
from flotilla.domain.indicators.with_talib import MA_TYPES, call, entry

overlap = partial(entry, "overlap", overlay=True)

_BANDS = lines("upper=Upper middle=Middle lower=Lower")


def _mavp(columns: Columns, p: Values) -> Columns:
    """Take each bar's window from the dominant cycle, which is what a variable period is for."""
    (close,) = columns
    cycle = talib.HT_DCPERIOD(close)
    shortest, longest, kind = p["minperiod"], p["maxperiod"], MA_TYPES[p["matype"]]
    (found,) = call("MAVP", (close, np.nan_to_num(cycle)), shortest, longest, kind)
    found[np.isnan(cycle)] = np.nan
    return (found,)


def _hull(p: Values) -> float:
    return ma("HMA", p["timeperiod"])


def _supertrend(columns: Columns, p: Values) -> Columns:
    line, trend = call("SUPERTREND", columns, *p.values())
    return line, np.where(np.isnan(line), np.nan, trend)


# fmt: off
OVERLAP = (
    overlap("SMA", "Simple moving average", "The mean of the last closes; a slow line through the price.",
            length(20), outputs=lines("sma=SMA", 0.0), steady=True, memory=bars("timeperiod"),
            aliases="moving average, MA"),
    overlap("EMA", "Exponential moving average",
            "A mean of the closes in which the newest count most; faster than SMA.",
            length(20), outputs=lines("ema=EMA", 0.0), memory=lambda p: ema(p["timeperiod"])),
    overlap("WMA", "Weighted moving average",
            "A mean in which each newer close counts one step more than the one before it.",
            length(30), outputs=lines("wma=WMA", 0.0), steady=True, memory=bars("timeperiod"),
            aliases="linear weighted moving average, LWMA"),
    overlap("DEMA", "Double exponential moving average",
            "An EMA with half of its delay taken out; hugs the price more closely.",
            length(30), memory=lambda p: ema(p["timeperiod"], 2)),
    overlap("TEMA", "Triple exponential moving average",
            "An EMA with most of its delay taken out; quick, and overshoots at turns.",
            length(30), memory=lambda p: ema(p["timeperiod"], 3)),
    overlap("TRIMA", "Triangular moving average",
            "A mean in which the middle of the window counts most; very smooth, late.",
            length(30), outputs=lines("trima=TRIMA", 0.0), steady=True, memory=bars("timeperiod")),
    overlap("T3", "T3 moving average",
            "Tillson's six-fold smoothed EMA; smooth and still quick.",
            length(5), number("vfactor", 0.7, "Volume factor", 0.0, 1.0),
            memory=lambda p: ema(p["timeperiod"], 6), aliases="Tillson T3"),
    overlap("HMA", "Hull moving average",
            "A weighted mean built to turn almost without delay.",
            length(20), memory=_hull),
    overlap("ZLEMA", "Zero-lag exponential moving average",
            "An EMA of a price that was pushed ahead by what the average lags behind.",
            length(30), memory=lambda p: ma("ZLEMA", p["timeperiod"]), aliases="zero lag, ZLMA"),
    overlap("RMA", "Wilder's moving average",
            "The slow average inside RSI, ATR and ADX.",
            length(30), outputs=lines("rma=RMA", 0.0), memory=lambda p: rma(p["timeperiod"]),
            aliases="SMMA, smoothed moving average"),
    overlap("VWMA", "Volume weighted moving average",
            "A mean of the closes in which bars with much volume count more.",
            length(30), outputs=lines("vwma=VWMA", 0.0), steady=True, memory=bars("timeperiod")),
    overlap("KAMA", "Kaufman adaptive moving average",
            "Quick while the price moves one way, nearly still while it goes sideways.",
            length(30, most=100), outputs=lines("kama=KAMA", 0.0), memory=unbounded),
    overlap("MAMA", "MESA adaptive moving average",
            "An average that speeds up and slows down with the market's cycle; FAMA follows it.",
            number("fastlimit", 0.5, "Fast limit", 0.01, 0.99),
            number("slowlimit", 0.05, "Slow limit", 0.01, 0.99),
            outputs=lines("mama=MAMA fama=FAMA"), memory=unbounded,
            constraints=(Below("slowlimit", "fastlimit"),), aliases="FAMA"),
    overlap("MA", "Moving average of a chosen kind",
            "One of the moving averages, chosen by its name.",
            length(30), average("SMA"), steady=True, memory=lambda p: ma(p["matype"], p["timeperiod"])),
    overlap("MAVP", "Moving average with variable period",
            "A moving average whose length follows the market's dominant cycle, within limits.",
            whole("minperiod", 2, "Shortest"), whole("maxperiod", 30, "Longest"),
            average("SMA"), function=_mavp, inputs=("source",), memory=unbounded,
            constraints=(Below("minperiod", "maxperiod", or_equal=True),)),
    overlap("MIDPOINT", "Midpoint", "Half-way between the highest and the lowest close of the window.",
            length(14), outputs=lines("midpoint=MIDPOINT", 0.0), memory=bars("timeperiod")),
    overlap("MIDPRICE", "Midprice", "Half-way between the window's highest high and lowest low.",
            length(14), outputs=lines("midprice=MIDPRICE", 0.0), memory=bars("timeperiod")),
    overlap("HT_TRENDLINE", "Hilbert transform trendline",
            "The price with its dominant cycle taken out; what remains is trend.",
            memory=unbounded, aliases="instantaneous trendline"),
    overlap("BBANDS", "Bollinger Bands",
            "A moving average with bands a number of standard deviations above and below it.",
            length(20), number("nbdevup", 2.0, "Deviations up", 0.1, 10.0),
            number("nbdevdn", 2.0, "Deviations down", 0.1, 10.0), average("SMA"),
            outputs=_BANDS, steady=True,
            memory=lambda p: max(p["timeperiod"], ma(p["matype"], p["timeperiod"])),
            aliases="BB, Bollinger"),
    overlap("KC", "Keltner Channels",
            "An EMA with bands a multiple of the average true range above and below it.",
            length(20), whole("atrperiod", 10, "ATR length", 1),
            number("nbdev", 2.0, "Multiplier", 0.1, 10.0),
            outputs=_BANDS, memory=lambda p: max(ema(p["timeperiod"]), rma(p["atrperiod"])),
            aliases="Keltner"),
    overlap("DONCHIAN", "Donchian Channels",
            "The highest high and the lowest low of the window; the turtle traders' breakout lines.",
            length(20), outputs=_BANDS, memory=bars("timeperiod"), aliases="DC, turtle, price channel"),
    overlap("ACCBANDS", "Acceleration Bands",
            "Bands that widen with each bar's own range; closes outside them mark acceleration.",
            length(20), outputs=_BANDS, steady=True, memory=bars("timeperiod")),
    overlap("SAR", "Parabolic SAR",
            "A stop that follows the price and flips to its other side when touched.",
            number("acceleration", 0.02, "Step", 0.001, 1.0),
            number("maximum", 0.2, "Largest step", 0.001, 1.0),
            memory=unbounded, constraints=(Below("acceleration", "maximum", or_equal=True),),
            aliases="PSAR, stop and reverse"),
    overlap("SAREXT", "Parabolic SAR, extended",
            "Parabolic SAR with steps of its own for long and short; negative while it is above the price.",
            number("startvalue", 0.0, "Start value", 0.0, 0.0),
            number("offsetonreverse", 0.0, "Offset on reverse", 0.0, 1.0),
            number("accelerationinitlong", 0.02, "First step, long", 0.001, 1.0),
            number("accelerationlong", 0.02, "Step, long", 0.001, 1.0),
            number("accelerationmaxlong", 0.2, "Largest step, long", 0.001, 1.0),
            number("accelerationinitshort", 0.02, "First step, short", 0.001, 1.0),
            number("accelerationshort", 0.02, "Step, short", 0.001, 1.0),
            number("accelerationmaxshort", 0.2, "Largest step, short", 0.001, 1.0),
            memory=unbounded,
            constraints=tuple(
                Below(f"acceleration{step}{side}", f"accelerationmax{side}", or_equal=True)
                for side in ("long", "short") for step in ("init", "")
            )),
    overlap("SUPERTREND", "SuperTrend",
            "A trailing line a multiple of the ATR away: under the price in an uptrend, else over it.",
            length(10, most=100), number("multiplier", 3.0, "Multiplier", 0.1, 20.0),
            function=_supertrend, memory=unbounded,
            outputs=(*lines("line=SuperTrend"), *lines("trend=Trend", -1.0, 1.0)), aliases="super trend"),
)
