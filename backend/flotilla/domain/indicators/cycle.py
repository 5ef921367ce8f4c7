"""Cycles in the price, and prices made of the bar's own."""

import math
from functools import partial

import numpy as np

from flotilla.domain.indicators.declare import constant, ema, lines, settled, unbounded, whole
from flotilla.domain.indicators.entry import Columns, Values
from flotilla.domain.indicators.with_pandas_ta import call as library
from flotilla.domain.indicators.with_pandas_ta import entry as pandas_entry
from flotilla.domain.indicators.with_pandas_ta import ewm
from flotilla.domain.indicators.with_talib import call, entry

talib = partial(entry, "cycle", memory=unbounded)
pandas_ta = partial(pandas_entry, "cycle")
price = partial(entry, "price", overlay=True)

_HT_LOOKBACK = 63


def _trend_mode(columns: Columns, _: Values) -> Columns:
    found = call("HT_TRENDMODE", columns)[0].astype(np.float64)
    found[:_HT_LOOKBACK] = np.nan
    return (found,)


def _ebsw(columns: Columns, p: Values) -> Columns:
    """Ehlers, Cycle Analytics for Traders (2013), chapter 12: a high-pass filter, then a super smoother.

    The library takes Ehlers' degrees for radians, which for some lengths grows without bound.
    """
    (close,) = columns
    turn = 2.0 * math.pi / p["length"]
    alpha = (1.0 - math.sin(turn)) / math.cos(turn)
    change = np.diff(close, prepend=close[:1])
    high_pass = ewm(0.5 * (1.0 + alpha) / (1.0 - alpha) * change, 1.0 - alpha)
    pairs = 0.5 * (high_pass + np.r_[high_pass[:1], high_pass[:-1]])
    (smooth,) = library("ssf", 1, ("source",), (pairs,), length=p["bars"])
    before = np.r_[np.full(2, np.nan), smooth]
    recent = np.stack([before[2:], before[1:-1], before[:-2]])
    power = np.mean(recent**2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        wave = np.where(power > 0.0, np.mean(recent, axis=0) / np.sqrt(power), 0.0)
    wave[: p["length"]] = np.nan
    return (wave,)


def _ebsw_memory(p: Values) -> float:
    turn = 2.0 * math.pi / p["length"]
    alpha = (1.0 - math.sin(turn)) / math.cos(turn)
    return float(p["length"] + 1.4 * (settled(1.0 - alpha) + 4.7 * p["bars"]) + 5)


def _msw(columns: Columns, p: Values) -> Columns:
    """Mesa sine wave: the phase of the window's one full cycle (Tulip Indicators, msw)."""
    (close,) = columns
    n = p["period"]
    sine = np.full(len(close), np.nan)
    lead = sine.copy()
    if len(close) <= n:
        return sine, lead
    angles = 2.0 * math.pi * np.arange(n) / n
    real = np.convolve(close, np.cos(angles), "valid")[1:]
    imaginary = np.convolve(close, np.sin(angles), "valid")[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        phase = np.arctan(imaginary / real)
    phase = np.where(np.abs(real) > 0.001, phase, math.pi * np.where(imaginary < 0.0, -1.0, 1.0))
    phase = np.where(real < 0.0, phase + math.pi, phase) + math.pi / 2.0
    sine[n:], lead[n:] = np.sin(phase), np.sin(phase + math.pi / 4.0)
    return sine, lead


# fmt: off
CYCLE = (
    talib("HT_DCPERIOD", "Dominant cycle period",
          "How many bars the market's present cycle takes, up and down.",
          aliases="Hilbert transform", outputs=lines("ht_dcperiod=Bars")),
    talib("HT_DCPHASE", "Dominant cycle phase", "Where in its cycle the market is, in degrees.",
          aliases="Hilbert transform", outputs=lines("ht_dcphase=Phase")),
    talib("HT_PHASOR", "Phasor components", "The cycle as two lines a quarter apart.",
          aliases="Hilbert transform", outputs=lines("inphase=In_phase quadrature=Quadrature")),
    talib("HT_SINE", "Sine wave", "The cycle as a sine and one that runs ahead; they cross before turns.",
          aliases="Hilbert transform", outputs=lines("sine=Sine lead=Lead", -1.0, 1.0)),
    talib("HT_TRENDMODE", "Trend or cycle", "1 while the market trends, 0 while it swings in a cycle.",
          aliases="Hilbert transform", outputs=lines("ht_trendmode=Trend", 0.0, 1.0), function=_trend_mode),
    pandas_ta("DSP", "Detrended synthetic price", "The price less its EMA: what is left is cycle.",
              whole("length", 14), memory=lambda p: ema(p["length"])),
    pandas_ta("EBSW", "Even better sine wave",
              "-1 to 1: near 1 in the cycle's upper half, near -1 in the lower.",
              whole("length", 40, least=10), whole("bars", 10, "Smoothing"), function=_ebsw,
              outputs=lines("ebsw=Wave", -1.0, 1.0), memory=_ebsw_memory),
    pandas_ta("MSW", "Mesa sine wave",
              "A sine of the window's phase and one that runs ahead; flat in trends.",
              whole("period", 5), function=_msw, outputs=lines("sine=Sine lead=Lead", -1.0, 1.0),
              memory=lambda p: p["period"] + 1),
)

PRICE = (
    price("AVGPRICE", "Average price", "The mean of open, high, low and close.",
          outputs=lines("avgprice=AVGPRICE", 0.0), memory=constant(1),
          aliases="OHLC4"),
    price("MEDPRICE", "Median price", "Half-way between high and low.",
          outputs=lines("medprice=MEDPRICE", 0.0), memory=constant(1), aliases="HL2"),
    price("TYPPRICE", "Typical price", "The mean of high, low and close.",
          outputs=lines("typprice=TYPPRICE", 0.0), memory=constant(1),
          aliases="HLC3"),
    price("WCLPRICE", "Weighted close", "High, low and twice the close, over four.",
          outputs=lines("wclprice=WCLPRICE", 0.0), memory=constant(1),
          aliases="HLCC4, WCP"),
    price("HA", "Heikin-Ashi", "Smoothed candles: fewer changes of colour in a trend.",
          outputs=lines("open=Open high=High low=Low close=Close"), memory=constant(settled(0.5) + 5),
          aliases="Heikin Ashi candles"),
)
