"""How much the price moves, in whichever direction."""

from functools import partial

import numpy as np

from flotilla.domain.indicators.declare import (
    bars,
    choice,
    ema,
    ema_of_changes,
    length,
    lines,
    ma,
    number,
    rma,
    whole,
)
from flotilla.domain.indicators.entry import Output, Values
from flotilla.domain.indicators.with_pandas_ta import entry as pandas_entry
from flotilla.domain.indicators.with_talib import entry

talib = partial(entry, "volatility")
pandas_ta = partial(pandas_entry, "volatility")

_HIGH_LOW_CLOSE = "high low close"


def holt_winter(p: Values) -> float:
    """The memory of the linear recursion of HWMA: until its slowest mode is below 1e-9.

    With F, V, A the level, speed and acceleration of one bar, those of the next are M (F, V, A) plus a
    share of the price; the slowest mode is M's largest eigenvalue.
    """
    a, b, c = p["na"], p["nb"], p["nc"]
    level = np.array([1.0 - a, 1.0 - a, 0.5 * (1.0 - a)])
    speed = (1.0 - b) * np.array([0.0, 1.0, 1.0]) + b * (level - [1.0, 0.0, 0.0])
    acceleration = (1.0 - c) * np.array([0.0, 0.0, 1.0]) + c * (speed - [0.0, 1.0, 0.0])
    radius = float(np.abs(np.linalg.eigvals(np.array([level, speed, acceleration]))).max())
    return 10 + np.log(1e-11) / np.log(radius) if radius < 1.0 else np.inf


# fmt: off
# Outside of these ranges the recursion hardly forgets, or grows without bound.
HOLT_WINTER = (
    number("na", 0.2, "Level", 0.15, 0.95), number("nb", 0.1, "Speed", 0.05, 0.5),
    number("nc", 0.1, "Acceleration", 0.05, 0.1),
)

VOLATILITY = (
    talib("ATR", "Average true range", "How far a bar usually moves, gaps included; the measure for stops.",
          length(14, 1), outputs=lines("atr=ATR", 0.0), memory=lambda p: rma(p["timeperiod"]) + 1),
    talib("NATR", "Normalised average true range", "ATR in percent of the price, to compare symbols.",
          length(14, 1), outputs=lines("natr=NATR", 0.0), memory=lambda p: rma(p["timeperiod"]) + 1),
    talib("TRANGE", "True range", "How far this bar moved, the gap to the close before included.",
          outputs=lines("trange=TR", 0.0), memory=lambda _: 2, aliases="TR"),
    talib("ADR", "Average day range", "The average distance of high and low, gaps left out.",
          length(14, 1), outputs=lines("adr=ADR", 0.0), memory=bars("timeperiod")),
    talib("CVI", "Chaikin volatility", "How much, in percent, the average bar's range has grown.",
          length(10), whole("rocperiod", 10, "Compared with bars ago", 1),
          memory=lambda p: ema_of_changes(p["timeperiod"]) + p["rocperiod"]),
    talib("MASSI", "Mass index", "Rises when ranges widen; above 27 and back under 26.5 it warns of a turn.",
          whole("fastperiod", 9, "EMA length"), whole("slowperiod", 25, "Sum over"),
          memory=lambda p: ema_of_changes(p["fastperiod"], 2) + p["slowperiod"]),
    talib("RVI", "Relative volatility index",
          "0 to 100: whether the price varies more when rising or falling.",
          length(14), whole("stddevperiod", 10, "Deviation length"), outputs=lines("rvi=RVI", 0.0, 100.0),
          memory=lambda p: rma(p["timeperiod"]) + p["stddevperiod"]),
    pandas_ta("ABERRATION", "Aberration", "A moving average with bands one average true range away.",
              whole("length", 5), whole("atr_length", 15, "ATR length"), inputs=_HIGH_LOW_CLOSE, overlay=True,
              outputs=(*lines("middle=Middle upper=Upper lower=Lower"), Output("atr", "ATR", 0.0)),
              memory=lambda p: max(p["length"], rma(p["atr_length"]) + 1)),
    pandas_ta("AVOLUME", "Annualised volatility",
              "The deviation of the closes' changes, scaled to a year of 252 such bars (0.2 is 20 percent).",
              whole("length", 20), outputs=lines("avolume=Volatility", 0.0), memory=bars("length", extra=1)),
    pandas_ta("HVOL", "Historical volatility",
              "The deviation of the closes' changes, scaled to a year, in percent.",
              whole("length", 20), number("annualization", 252.0, "Bars a year", 1.0, 1_000_000.0),
              outputs=lines("hvol=HV", 0.0), memory=bars("length", extra=1), aliases="HV"),
    pandas_ta("CE", "Chandelier exit",
              "Stops that hang a multiple of the ATR under the highest high, or over the lowest low.",
              whole("length", 22), number("multiplier", 3.0, "Multiplier", 0.1, 20.0),
              choice("mamode", "rma", "ATR's average", "rma", "ema", "sma", "wma"), inputs=_HIGH_LOW_CLOSE,
              outputs=lines("long=Long_stop short=Short_stop"), overlay=True,
              memory=lambda p: ma(p["mamode"].upper(), p["length"]) + 2, aliases="chandelier"),
    pandas_ta("HWC", "Holt-Winter channel",
              "A forecast of the price from its speed and acceleration, with bands.",
              *HOLT_WINTER, number("nd", 0.1, "Deviation", 0.05, 0.95),
              number("scalar", 1.0, "Width", 0.1, 10.0), overlay=True,
              outputs=lines("middle=Middle upper=Upper lower=Lower"),
              memory=lambda p: holt_winter(p) + 2.0 * ema(2.0 / p["nd"] - 1.0)),
    pandas_ta("PDIST", "Price distance",
              "The way a bar's price went at least: twice its range and the gap, less its body.",
              inputs="open high low close", memory=lambda _: 2),
    pandas_ta("THERMO", "Elder's thermometer",
              "How far a bar reaches beyond the one before; quiet and hot against its average.",
              whole("length", 20), number("long", 2.0, "Quiet below", 0.1, 10.0),
              number("short", 0.5, "Hot above", 0.1, 10.0), inputs="high low",
              outputs=(*lines("thermo=Thermometer average=Average", 0.0),
                       *lines("quiet=Quiet hot=Hot", 0.0, 1.0)),
              memory=lambda p: ema_of_changes(p["length"]) + 1, first=bars("length", extra=1)),
    pandas_ta("UI", "Ulcer index", "How deep and how long the price lies under the window's highest close.",
              whole("length", 14), outputs=lines("ui=UI", 0.0), memory=lambda p: 2 * p["length"]),
)
