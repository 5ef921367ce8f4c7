"""Each indicator's entry: name, parameters, outputs, warm-up length and its function.

Values are NaN until an indicator has seen its warm-up. No indicator may look ahead: appending bars
never changes an earlier value (a property test holds every entry to it).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import talib

from flotilla.domain.errors import Problem
from flotilla.domain.market import FloatArray, Series, Timeframe

Parameters = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole-number parameter, its allowed range and default."""

    name: str
    label: str
    minimum: int
    maximum: int
    default: int


@dataclass(frozen=True, slots=True)
class Output:
    """One line of an indicator; `minimum`/`maximum` where its values can never leave them."""

    name: str
    label: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """A catalogue entry. `function` maps columns to one array per output, each of the bars' length.

    `warm_up(parameters)` is the number of bars after which the values are settled: for recursive
    averages, after which the influence of the start is below 1e-9 of the value.
    """

    name: str
    title: str
    group: Literal["overlap", "momentum"]
    explanation: str
    overlay: bool
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    function: Callable[[Series, Parameters], tuple[FloatArray, ...]] = field(repr=False)
    warm_up: Callable[[Parameters], int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class IndicatorUse:
    """An indicator as a bot uses it; `id` is what the bot's rules call it.

    `timeframe`: the bars it is computed on, the bot's own when None. (Who computes it has them at hand.)
    """

    id: str
    name: str
    params: Mapping[str, float]
    timeframe: Timeframe | None = None


def _settled(alpha: float) -> int:
    """Bars after which a recursive average (weight `alpha`) has forgotten its start to 1e-9."""
    return int(np.ceil(np.log(1e-9) / np.log(1.0 - alpha)))


def _length(default: int, *, name: str = "timeperiod", label: str = "Length") -> Parameter:
    return Parameter(name, label, 2, 500, default)


def _ema_warm_up(length: float) -> int:
    return int(length) + _settled(2.0 / (length + 1.0))


def _macd(series: Series, p: Parameters) -> tuple[FloatArray, ...]:
    macd, signal, histogram = talib.MACD(
        series.close, int(p["fastperiod"]), int(p["slowperiod"]), int(p["signalperiod"])
    )
    return macd, signal, histogram


CATALOGUE: Mapping[str, Indicator] = {
    entry.name: entry
    for entry in (
        Indicator(
            name="SMA",
            title="Simple moving average",
            group="overlap",
            explanation="The mean of the last closes; a slow line through the price.",
            overlay=True,
            parameters=(_length(20),),
            outputs=(Output("sma", "SMA", minimum=0.0),),
            function=lambda s, p: (talib.SMA(s.close, int(p["timeperiod"])),),
            warm_up=lambda p: int(p["timeperiod"]),
        ),
        Indicator(
            name="EMA",
            title="Exponential moving average",
            group="overlap",
            explanation="A mean of the closes in which the newest count most; faster than SMA.",
            overlay=True,
            parameters=(_length(20),),
            outputs=(Output("ema", "EMA", minimum=0.0),),
            function=lambda s, p: (talib.EMA(s.close, int(p["timeperiod"])),),
            warm_up=lambda p: _ema_warm_up(p["timeperiod"]),
        ),
        Indicator(
            name="RSI",
            title="Relative strength index",
            group="momentum",
            explanation="0 to 100: how one-sided recent moves were. Below 30 is called oversold, "
            "above 70 overbought.",
            overlay=False,
            parameters=(_length(14),),
            outputs=(Output("rsi", "RSI", minimum=0.0, maximum=100.0),),
            function=lambda s, p: (talib.RSI(s.close, int(p["timeperiod"])),),
            warm_up=lambda p: int(p["timeperiod"]) + 1 + _settled(1.0 / p["timeperiod"]),
        ),
        Indicator(
            name="MACD",
            title="Moving average convergence/divergence",
            group="momentum",
            explanation="The distance of a fast and a slow EMA, and a signal line through it.",
            overlay=False,
            parameters=(
                _length(12, name="fastperiod", label="Fast length"),
                _length(26, name="slowperiod", label="Slow length"),
                Parameter("signalperiod", "Signal length", 1, 500, 9),
            ),
            outputs=(
                Output("macd", "MACD"),
                Output("signal", "Signal"),
                Output("histogram", "Histogram"),
            ),
            function=_macd,
            warm_up=lambda p: (
                _ema_warm_up(max(p["slowperiod"], p["fastperiod"]))
                + _ema_warm_up(max(2.0, p["signalperiod"]))
            ),
        ),
    )
}


def problems(use: IndicatorUse, path: str) -> list[Problem]:
    """What is wrong with one use of an indicator; an empty list when nothing is."""
    entry = CATALOGUE.get(use.name)
    if entry is None:
        return [Problem(f"{path}.name", f"There is no indicator called {use.name!r}.")]
    found = []
    known = {parameter.name: parameter for parameter in entry.parameters}
    for name in use.params:
        if name not in known:
            found.append(Problem(f"{path}.params.{name}", f"{entry.name} has no parameter {name!r}."))
    for parameter in entry.parameters:
        value = use.params.get(parameter.name, parameter.default)
        if not parameter.minimum <= value <= parameter.maximum or value != int(value):
            found.append(
                Problem(
                    f"{path}.params.{parameter.name}",
                    f"{parameter.label} must be a whole number from {parameter.minimum} "
                    f"to {parameter.maximum}.",
                )
            )
    if not found and entry.name == "MACD":
        full = _complete(entry, use.params)
        if full["fastperiod"] >= full["slowperiod"]:
            found.append(
                Problem(f"{path}.params.fastperiod", "The fast length must be below the slow length.")
            )
    return found


def compute(use: IndicatorUse, series: Series) -> dict[str, FloatArray]:
    """Compute an indicator over `series`: output name -> array of the series' length.

    Raises KeyError for an unknown indicator; `problems` is there to be asked first.
    """
    entry = CATALOGUE[use.name]
    arrays = entry.function(series, _complete(entry, use.params))
    return {output.name: array for output, array in zip(entry.outputs, arrays, strict=True)}


def warm_up(uses: Sequence[IndicatorUse]) -> int:
    """Bars that must be known before all of `uses` have settled values."""
    return max(
        (CATALOGUE[use.name].warm_up(_complete(CATALOGUE[use.name], use.params)) for use in uses),
        default=1,
    )


def _complete(entry: Indicator, params: Mapping[str, float]) -> dict[str, float]:
    return {p.name: params.get(p.name, p.default) for p in entry.parameters}
