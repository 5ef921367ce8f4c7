"""Averages that lie on the price: pandas-ta-classic's."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from flotilla.domain.indicators import trailing
from flotilla.domain.indicators.declare import bars, choice, ema, lines, number, settled, unbounded, whole
from flotilla.domain.indicators.entry import Columns, Function, Values
from flotilla.domain.indicators.volatility import HOLT_WINTER, holt_winter
from flotilla.domain.indicators.windows import triangle, weighted
from flotilla.domain.indicators.with_pandas_ta import entry
from flotilla.domain.market import FloatArray

overlap = partial(entry, "overlap", overlay=True)

_FOUR_AVERAGES = ("sma", "ema", "wma", "rma")


def _weighted(weights: Callable[[Values], FloatArray]) -> Function:
    """A mean with these weights, the first for the oldest value.

    The library multiplies all windows at once as one matrix, whose last digits depend on how many there
    are: an appended bar would change earlier values by a rounding.
    """

    def average(columns: Columns, p: Values) -> Columns:
        shares = weights(p)
        return (weighted(columns[0], shares / shares.sum()),)

    return average


def _bell(p: Values) -> FloatArray:
    """Legoux and Kouzis-Loukas (2009): exp(-(i - m)^2 / 2 s^2), m the lean, s length over sharpness."""
    n = p["length"]
    places = np.arange(n) - p["distribution_offset"] * (n - 1)
    weights: FloatArray = np.exp(-(places**2) / (2.0 * (n / p["sigma"]) ** 2))
    return weights


def _fibonacci(p: Values) -> FloatArray:
    numbers = [1.0, 1.0]
    while len(numbers) < p["length"]:
        numbers.append(numbers[-1] + numbers[-2])
    return np.array(numbers[: p["length"]])


def _pascal(p: Values) -> FloatArray:
    return np.array([math.comb(p["length"] - 1, i) for i in range(p["length"])], np.float64)


def _half_sine(p: Values) -> FloatArray:
    weights: FloatArray = np.sin(np.arange(1, p["length"] + 1) * math.pi / (p["length"] + 1))
    return weights


def _ssf(p: Values) -> float:
    """The poles' radius is exp(-sqrt(2) pi / n) with two of them, exp(-pi / 2n) with three."""
    rate = math.sqrt(2.0) * math.pi if p["poles"] == 2 else math.pi / 2.0
    return float(p["length"] * (1.0 + 27.0 / rate) + 5)


def _jma(p: Values) -> float:
    """Its bands forget at `bet`, its averages at `beta` (Jurik's constants); ten and 65 bars are summed."""
    half = 0.5 * (p["length"] - 1)
    stretch = max(math.log2(math.sqrt(half)) + 2.0, 0.0) * math.sqrt(half)
    bands = settled(1.0 / (stretch + 1.0)) if stretch else 0
    beta = 0.45 * (p["length"] - 1) / (0.45 * (p["length"] - 1) + 2.0)
    return 100 + 2 * bands + 5 * settled(1.0 - beta)


def _ribbon(p: Values) -> float:
    return ema(p["length"] + 5 * p["step"])


# fmt: off
AVERAGES = (
    overlap("ALMA", "Arnaud Legoux moving average",
            "A mean under a bell curve that leans to the newest bars.",
            whole("length", 10), number("sigma", 6.0, "Sharpness", 0.5, 20.0),
            number("distribution_offset", 0.85, "Lean", 0.01, 1.0), function=_weighted(_bell),
            memory=bars("length")),
    overlap("FWMA", "Fibonacci weighted average", "A mean weighted by the Fibonacci numbers.",
            whole("length", 10, most=100), function=_weighted(_fibonacci), memory=bars("length")),
    overlap("PWMA", "Pascal weighted average",
            "A mean weighted by a row of Pascal's triangle; a soft bell curve.",
            whole("length", 10, most=50), function=_weighted(_pascal), memory=bars("length")),
    overlap("SINWMA", "Sine weighted average", "A mean weighted by half a sine wave.",
            whole("length", 14), function=_weighted(_half_sine), memory=bars("length")),
    overlap("SWMA", "Symmetric weighted average", "A mean weighted by a triangle, the middle most.",
            whole("length", 10, most=100), function=_weighted(lambda p: triangle(p["length"])),
            memory=bars("length")),
    overlap("HWMA", "Holt-Winter moving average",
            "A forecast of the price from its level, speed and acceleration.",
            *HOLT_WINTER, memory=holt_winter),
    overlap("JMA", "Jurik moving average", "A smooth average that speeds up when the price breaks out.",
            whole("length", 7, most=100), number("phase", 0.0, "Phase", -100.0, 100.0), memory=_jma),
    overlap("MCGD", "McGinley dynamic", "An average that adjusts its own speed to the price's.",
            whole("length", 10), number("c", 1.0, "Speed", 0.1, 1.0), inputs="close",
            memory=lambda p: 1.5 * settled(1.0 / max(1.01, p["c"] * p["length"])) + 50),
    overlap("VIDYA", "Variable index dynamic average",
            "An EMA that is quick when the price moves one way, and stands still when it does not.",
            whole("length", 14, most=100), function=trailing.vidya, memory=unbounded),
    overlap("SSF", "Super smoother",
            "Ehlers' filter: what is faster than the window disappears, with little delay.",
            whole("length", 10), whole("poles", 2, "Poles", 2, 3), memory=_ssf, aliases="Ehlers"),
    overlap("HILO", "Gann HiLo activator",
            "Follows under rising prices and over falling ones; a close beyond it flips it.",
            whole("high_length", 13, "High length", most=100),
            whole("low_length", 21, "Low length", most=100),
            choice("mamode", "sma", "Average", *_FOUR_AVERAGES),
            inputs="high low close", function=trailing.hilo, memory=unbounded,
            aliases="Gann"),
    overlap("MMAR", "Moving average ribbon",
            "Six EMAs of rising length; spread out in a trend, tangled without one.",
            whole("length", 10), whole("step", 5, "Step", 1, 50),
            outputs=lines(" ".join(f"ema{i}=EMA_{i}" for i in range(1, 7))), memory=_ribbon,
            aliases="ribbon"),
    overlap("RAINBOW", "Rainbow", "Ten averages, each of the one before; colours fan out in a trend.",
            whole("length", 2, most=50), outputs=lines(" ".join(f"band{i}=Band_{i}" for i in range(1, 11))),
            memory=lambda p: 10 * p["length"]),
    overlap("ICHIMOKU", "Ichimoku cloud",
            "Two midpoints (tenkan, kijun) and a cloud (spans A and B) drawn from what was known one kijun "
            "ago. The lagging span, which shows a later close, is left out.",
            whole("tenkan", 9, "Tenkan length"), whole("kijun", 26, "Kijun length"),
            whole("senkou", 52, "Senkou length"), inputs="high low close",
            fixed={"as_dataframe": True, "include_chikou": False},
            outputs=lines("span_a=Span_A span_b=Span_B tenkan=Tenkan kijun=Kijun"),
            memory=lambda p: max(p["tenkan"], p["kijun"], p["senkou"]) + p["kijun"], aliases="cloud"),
)
