"""What statistics says of the last bars, returns and drawdown among it."""

import math
from functools import partial

import numpy as np
import talib as ta
from numpy.lib.stride_tricks import sliding_window_view

from flotilla.domain.indicators.declare import bars, choice, length, lines, number, whole
from flotilla.domain.indicators.entry import Columns, Input, Values
from flotilla.domain.indicators.with_pandas_ta import entry as pandas_entry
from flotilla.domain.indicators.with_talib import entry
from flotilla.domain.market import FloatArray

talib = partial(entry, "statistic")
pandas_ta = partial(pandas_entry, "statistic")
performance = partial(pandas_entry, "performance")

_FIELDS: tuple[Input, ...] = ("open", "high", "low", "close", "volume")
_AGAINST = choice("against", "volume", "Second series", *_FIELDS)
_DEVIATIONS = number("nbdev", 1.0, "Deviations", 0.1, 10.0)


def _pair(name: str, columns: Columns, p: Values) -> Columns:
    """A function of two series: the source and one of the bar's fields."""
    source, *fields = columns
    return (getattr(ta, name)(source, fields[_FIELDS.index(p["against"])], p["timeperiod"]),)


def _stderr(columns: Columns, p: Values) -> Columns:
    """The sample deviation over the root of n, which is the population's over the root of n - 1.

    The library's running deviation is off by 5e-10 after a year of minutes, TA-Lib's by nothing to see.
    """
    return (ta.STDDEV(columns[0], p["length"]) / math.sqrt(p["length"] - 1),)


def _moments(column: FloatArray, n: int, power: int) -> tuple[FloatArray, FloatArray]:
    """The sums of squares, and of this power, of the window's distances from its mean; NaN for flat ones."""
    squares, powers = np.full((2, len(column)), np.nan)
    if len(column) >= n:
        windows = sliding_window_view(column, n)
        mean = windows.mean(axis=1, keepdims=True)
        distances = windows - mean
        second = distances * distances
        summed = second.sum(axis=1)
        squares[n - 1 :] = np.where(summed > 1e-24 * n * mean[:, 0] ** 2, summed, np.nan)
        powers[n - 1 :] = (second * (distances if power == 3 else second)).sum(axis=1)
    return squares, powers


def _skew(columns: Columns, p: Values) -> Columns:
    """The adjusted Fisher-Pearson coefficient, as the library's, which takes half a second for a year."""
    n = p["length"]
    squares, cubes = _moments(columns[0], n, 3)
    return (n * math.sqrt(n - 1) / (n - 2) * cubes / squares**1.5,)


def _kurtosis(columns: Columns, p: Values) -> Columns:
    """The adjusted excess kurtosis, as the library's, which takes half a second for a year."""
    n = p["length"]
    squares, fourths = _moments(columns[0], n, 4)
    usual = 3.0 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    return (n * (n + 1) * (n - 1) / ((n - 2) * (n - 3)) * fourths / squares**2 - usual,)


def _drawdown(columns: Columns, _: Values) -> Columns:
    (close,) = columns
    highest = np.maximum.accumulate(close)
    return highest - close, np.log(highest / close), 1.0 - close / highest


# fmt: off
STATISTIC = (
    talib("STDDEV", "Standard deviation", "How far the values of the window usually are from their mean.",
          length(5), _DEVIATIONS, outputs=lines("stddev=Deviation", 0.0), memory=bars("timeperiod"),
          aliases="stdev"),
    talib("VAR", "Variance", "The square of the standard deviation.",
          length(5), outputs=lines("var=Variance", 0.0), memory=bars("timeperiod"),
          function=lambda c, p: (ta.VAR(c[0], p["timeperiod"]),), aliases="variance"),
    talib("AVGDEV", "Mean absolute deviation", "The mean distance of the window's values from their mean.",
          length(14), outputs=lines("avgdev=Deviation", 0.0), memory=bars("timeperiod"), aliases="MAD, MD"),
    talib("BETA", "Beta", "How much one series' changes move with another's.",
          length(5, 3), _AGAINST, inputs=("source", *_FIELDS), function=partial(_pair, "BETA"),
          memory=bars("timeperiod", extra=1)),
    talib("CORREL", "Correlation", "-1 to 1: how closely two series rise and fall together.",
          length(30, 3), _AGAINST, inputs=("source", *_FIELDS), function=partial(_pair, "CORREL"),
          outputs=lines("correl=r", -1.0, 1.0), memory=bars("timeperiod"), aliases="Pearson"),
    talib("LINEARREG", "Linear regression", "The end of the straight line through the window's values.",
          length(14), steady=True, memory=bars("timeperiod"), overlay=True,
          aliases="linreg, LSMA, least squares moving average"),
    talib("LINEARREG_ANGLE", "Linear regression angle",
          "The angle of the line through the window, in degrees.",
          length(14), outputs=lines("linearreg_angle=Angle", -90.0, 90.0), memory=bars("timeperiod")),
    talib("LINEARREG_INTERCEPT", "Linear regression intercept", "Where the line through the window begins.",
          length(14), steady=True, memory=bars("timeperiod"), overlay=True),
    talib("LINEARREG_SLOPE", "Linear regression slope",
          "How much the line through the window rises in a bar.",
          length(14), memory=bars("timeperiod")),
    talib("TSF", "Time series forecast", "The line through the window, drawn one bar further.",
          length(14), steady=True, memory=bars("timeperiod"), overlay=True),
    talib("PERCENTILE", "Percentile", "The value that a share of the window's values is at or below.",
          length(30), number("percentile", 50.0, "Percentile", 0.0, 100.0),
          outputs=lines("percentile=PERCENTILE", 0.0), memory=bars("timeperiod"),
          overlay=True),
    talib("PERCENTRANK", "Percent rank",
          "0 to 100: the share of the values before that are at or below this one.",
          length(100), outputs=lines("percentrank=Rank", 0.0, 100.0), memory=bars("timeperiod", extra=1)),
    pandas_ta("ENTROPY", "Entropy", "How evenly the window's prices are spread; low when one stands out.",
              whole("length", 10, most=200), number("base", 2.0, "Base", 1.1, 100.0), memory=bars("length")),
    pandas_ta("KURTOSIS", "Kurtosis", "How heavy the tails are: high when a few values lie far out.",
              whole("length", 30, least=4, most=200), function=_kurtosis, memory=bars("length")),
    pandas_ta("SKEW", "Skewness", "Which side has the longer tail.",
              whole("length", 30, least=3, most=200), function=_skew, memory=bars("length")),
    pandas_ta("MEDIAN", "Median", "The middle value of the window.", whole("length", 30, most=200),
              outputs=lines("median=MEDIAN", 0.0), memory=bars("length"),
              overlay=True),
    pandas_ta("QUANTILE", "Quantile", "The value below which a share of the window lies, interpolated.",
              whole("length", 30, most=200), number("q", 0.5, "Share", 0.01, 0.99),
              outputs=lines("quantile=QUANTILE", 0.0), memory=bars("length"),
              overlay=True),
    pandas_ta("STDERR", "Standard error",
              "How sure the window's mean is: the deviation over the root of the length.",
              whole("length", 14), function=_stderr, outputs=lines("stderr=Error", 0.0),
              memory=bars("length")),
    pandas_ta("ZSCORE", "Z-score", "How many standard deviations the value is from the window's mean.",
              whole("length", 30, most=200), number("std", 1.0, "Deviations", 1.0, 10.0),
              memory=bars("length")),
    performance("DRAWDOWN", "Drawdown", "How far the close is under the session's highest close.",
                outputs=(*lines("drawdown=Drawdown log=Log", 0.0), *lines("share=Share", 0.0, 1.0)),
                function=_drawdown, memory=lambda _: 1, anchored=True),
    performance("LOG_RETURN", "Log return", "The logarithm of the change since some bars ago.",
                whole("length", 1, least=1), memory=bars("length", extra=1)),
    performance("PERCENT_RETURN", "Return", "The change since some bars ago; 0.01 is one percent.",
                whole("length", 1, least=1), memory=bars("length", extra=1)),
)
