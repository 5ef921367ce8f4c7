"""What the traded volume says about the price. Sums over volume start anew with each session."""

from functools import partial

import numpy as np
import talib as ta

from flotilla.domain.indicators.declare import (
    average,
    bars,
    ema,
    ema_of_changes,
    length,
    lines,
    ma,
    number,
    whole,
)
from flotilla.domain.indicators.entry import Below, Columns, Values
from flotilla.domain.indicators.with_pandas_ta import entry as pandas_entry
from flotilla.domain.indicators.with_talib import entry

talib = partial(entry, "volume")
pandas_ta = partial(pandas_entry, "volume")

_FAST_SLOW = (Below("fastperiod", "slowperiod"),)


def _session(_: Values) -> float:
    return 1


def _aobv(columns: Columns, p: Values) -> Columns:
    """On-balance volume, two EMAs of it, and whether the fast one has risen or fallen for two bars."""
    close, volume = columns
    obv = ta.OBV(close, volume)
    fast, slow = ta.EMA(obv, p["fast"]), ta.EMA(obv, p["slow"])
    change = np.full(len(obv), np.nan)
    change[2:] = fast[2:] - fast[:-2]
    change[np.isnan(slow)] = np.nan
    unknown = np.isnan(change)
    return obv, fast, slow, np.where(unknown, np.nan, change > 0), np.where(unknown, np.nan, change < 0)


def _vfi(columns: Columns, p: Values) -> Columns:
    """Katsanos (2004): volume counts by the sign of moves that are large against the usual one.

    The library compares a price's change with a fifth of the price itself, which no bar reaches.
    """
    price, volume = columns
    n = p["length"]
    change = np.full(len(price), np.nan)
    change[1:] = np.diff(price)
    returns = np.full(len(price), np.nan)
    returns[1:] = np.diff(np.log(price))
    cutoff = p["coef"] * ta.STDDEV(returns, 30) * price
    usual = np.full(len(price), np.nan)
    usual[1:] = ta.SMA(volume, n)[:-1]
    capped = np.minimum(volume, usual * p["vcoef"])
    signed = np.where(change > cutoff, capped, np.where(change < -cutoff, -capped, 0.0))
    signed[np.isnan(cutoff) | np.isnan(usual)] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        flow = ta.SUM(signed, n) / usual
    flow[~np.isfinite(flow)] = 0.0
    known = 2 * n + 30
    flow[:known] = np.nan
    return (ta.EMA(flow, 3),)


# fmt: off
VOLUME = (
    talib("VWAP", "Volume weighted average price",
          "The session's average price, each trade counted by its size; what the day's buyers paid.",
          outputs=lines("vwap=VWAP", 0.0), memory=_session, anchored=True, overlay=True),
    talib("OBV", "On-balance volume",
          "Volume added when the close rises and taken off when it falls, over the session.",
          inputs=("close", "volume"), memory=_session, anchored=True),
    talib("AD", "Accumulation/distribution line",
          "Volume added by where the close lies in the bar's range, over the session.",
          memory=_session, anchored=True, aliases="ADL, Chaikin A/D"),
    talib("ADOSC", "Chaikin oscillator", "A fast less a slow EMA of the session's accumulation line.",
          whole("fastperiod", 3, "Fast length"), whole("slowperiod", 10, "Slow length"),
          memory=_session, anchored=True, constraints=_FAST_SLOW, aliases="Chaikin A/D oscillator"),
    talib("PVT", "Price volume trend", "Volume added in proportion to the price's change, over the session.",
          memory=_session, anchored=True, aliases="VPT"),
    talib("NVI", "Negative volume index",
          "How the price moved on bars with less volume than before; 1,000 at the open.",
          memory=_session, anchored=True),
    talib("PVI", "Positive volume index",
          "How the price moved on bars with more volume than before; 1,000 at the open.",
          memory=_session, anchored=True),
    talib("WAD", "Williams accumulation/distribution",
          "The session's sum of closes over the true low when rising, under the true high when falling.",
          memory=_session, anchored=True),
    talib("CMF", "Chaikin money flow",
          "-1 to 1: buying (closes near highs) against selling pressure in the window.",
          length(20), outputs=lines("cmf=CMF", -1.0, 1.0), memory=bars("timeperiod")),
    talib("EFI", "Elder's force index", "The price's change times volume, smoothed.",
          length(13), memory=lambda p: 1 + ema_of_changes(p["timeperiod"]), aliases="force index"),
    talib("MARKETFI", "Market facilitation index", "The range that a unit of volume moved.",
          outputs=lines("marketfi=MFI", 0.0), memory=lambda _: 1, aliases="BW MFI"),
    talib("PVO", "Percentage volume oscillator",
          "A fast less a slow average of volume, in percent of the slow one.",
          whole("fastperiod", 12, "Fast length"), whole("slowperiod", 26, "Slow length"), average("EMA"),
          memory=lambda p: ma(p["matype"], p["slowperiod"]), constraints=_FAST_SLOW),
    talib("RVOL", "Relative volume",
          "This bar's volume against the average of the bars before; 2 is twice as much.",
          length(20), outputs=lines("rvol=RVOL", 0.0), memory=bars("timeperiod", extra=1)),
    pandas_ta("AOBV", "Archer on-balance volume",
              "On-balance volume of the session with two averages, and whether the fast one rises or falls.",
              whole("fast", 4, "Fast length"), whole("slow", 12, "Slow length"), inputs="close volume",
              outputs=(*lines("obv=OBV fast=Fast slow=Slow"), *lines("long=Up short=Down", 0.0, 1.0)),
              function=_aobv, memory=_session, anchored=True, constraints=(Below("fast", "slow"),)),
    pandas_ta("EMV", "Ease of movement, one bar", "How far the price went on how little volume.",
              inputs="high low volume", memory=lambda _: 2),
    pandas_ta("EOM", "Ease of movement", "How far the price goes on how little volume, averaged.",
              whole("length", 14), number("divisor", 100_000_000.0, "Divisor", 1.0, 1e12),
              inputs="high low close volume", memory=bars("length", extra=1)),
    pandas_ta("KVO", "Klinger volume oscillator",
              "Volume signed by the price's direction, a fast less a slow EMA.",
              whole("fast", 34, "Fast length"), whole("slow", 55, "Slow length"),
              whole("signal", 13, "Signal length"),
              inputs="high low close volume", outputs=lines("kvo=KVO signal=Signal"),
              memory=lambda p: 1 + ema_of_changes(p["slow"]) + ema_of_changes(p["signal"]),
              constraints=(Below("fast", "slow"),),
              aliases="Klinger"),
    pandas_ta("PVOL", "Price-volume", "The money that changed hands: close times volume.",
              inputs="close volume", outputs=lines("pvol=PVOL", 0.0), memory=lambda _: 1,
              aliases="dollar volume"),
    pandas_ta("PVR", "Price volume rank", "1 price and volume up, 2 price up, 3 volume up, 4 both down.",
              inputs="close volume", outputs=lines("pvr=PVR", 1.0, 4.0), memory=lambda _: 2),
    pandas_ta("VFI", "Volume flow indicator",
              "Volume on up-moves less volume on down-moves, small moves left out.",
              whole("length", 130), number("coef", 0.2, "Smallest move", 0.0, 5.0),
              number("vcoef", 2.5, "Volume cap", 0.5, 20.0), inputs="hlc3 volume", function=_vfi,
              memory=lambda p: 2 * p["length"] + 31 + ema(3)),
    pandas_ta("VOSC", "Volume oscillator", "A fast less a slow average of volume, in percent.",
              whole("fast", 14, "Fast length"), whole("slow", 28, "Slow length"), inputs="volume",
              memory=bars("slow"), constraints=(Below("fast", "slow"),)),
)
