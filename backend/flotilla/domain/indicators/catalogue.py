"""The catalogue, and the questions that are asked of it: what is wrong, how much history, which values.

Values are NaN until they are known and where they are not defined. No indicator looks ahead: appending
bars never changes an earlier value (a property test holds every entry to it).
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import get_args

import numpy as np

from flotilla.domain.errors import Problem
from flotilla.domain.indicators import restarts
from flotilla.domain.indicators.averages import AVERAGES
from flotilla.domain.indicators.cycle import CYCLE, PRICE
from flotilla.domain.indicators.entry import (
    UNBOUNDED,
    Columns,
    Indicator,
    IndicatorUse,
    Output,
    Parameter,
    Source,
    Values,
)
from flotilla.domain.indicators.momentum import MOMENTUM
from flotilla.domain.indicators.oscillators import OSCILLATORS
from flotilla.domain.indicators.overlap import OVERLAP
from flotilla.domain.indicators.patterns import PATTERNS
from flotilla.domain.indicators.statistic import STATISTIC
from flotilla.domain.indicators.trend import TREND
from flotilla.domain.indicators.volatility import VOLATILITY
from flotilla.domain.indicators.volume import VOLUME
from flotilla.domain.market import FloatArray, Series, Timeframe, local_days

CATALOGUE: Mapping[str, Indicator] = {
    entry.name: entry
    for entry in (
        *OVERLAP,
        *AVERAGES,
        *MOMENTUM,
        *OSCILLATORS,
        *TREND,
        *VOLATILITY,
        *VOLUME,
        *CYCLE,
        *STATISTIC,
        *PRICE,
        *PATTERNS,
    )
}
SOURCES: tuple[Source, ...] = get_args(Source)


def problems(use: IndicatorUse, path: str) -> list[Problem]:
    """What is wrong with one use of an indicator; an empty list when nothing is."""
    entry = CATALOGUE.get(use.name)
    if entry is None:
        return [Problem(f"{path}.name", f"There is no indicator called {use.name!r}.")]
    known = {parameter.name for parameter in entry.parameters}
    found = [
        Problem(f"{path}.params.{name}", f"{entry.name} has no parameter {name!r}.")
        for name in use.params
        if name not in known
    ]
    found += _source_problems(entry, use, path)
    for parameter in entry.parameters:
        wrong = _wrong_value(parameter, use.params.get(parameter.name, parameter.default))
        if wrong is not None:
            found.append(Problem(f"{path}.params.{parameter.name}", wrong))
    return found or _broken_constraints(entry, use, path)


def compute(use: IndicatorUse, series: Series) -> dict[str, FloatArray]:
    """Compute an indicator over `series`: output name -> array of the series' length.

    Raises KeyError for an unknown indicator; `problems` is there to be asked first.
    """
    entry = CATALOGUE[use.name]
    arrays = raw(use, series)
    return {output.name: _tidy(output, array) for output, array in zip(entry.outputs, arrays, strict=True)}


def raw(use: IndicatorUse, series: Series) -> Columns:
    """The function's own numbers, restarted where it must be: one array per output.

    A bar without a number (which no history should have) ends what is known: after it the indicator
    begins anew, where TA-Lib would give zeros or the value before.
    """
    entry = CATALOGUE[use.name]
    p = complete(entry, use)
    columns = columns_of(entry, use.source, series)
    usable = np.isfinite(columns[0])
    for column in columns[1:]:
        usable &= np.isfinite(column)
    with np.errstate(all="ignore"):
        if usable.all():
            return _restarted(entry, columns, p, series)
        found = tuple(np.full(len(series), np.nan) for _ in entry.outputs)
        for start, end in restarts.pieces(np.cumsum(~usable)):
            rows = slice(start + (not usable[start]), end)  # a piece begins with the bar that ended the last
            part = _restarted(entry, tuple(column[rows] for column in columns), p, series.cut(rows))
            for whole, column in zip(found, part, strict=True):
                whole[rows] = column
        return found


def _restarted(entry: Indicator, columns: Columns, p: Values, series: Series) -> Columns:
    if entry.anchored:
        return restarts.by_session(entry.function, columns, p, series)
    if entry.memory(p) == UNBOUNDED:
        return restarts.by_epoch(entry.function, columns, p, series)
    return entry.function(columns, p)


def warm_up(
    uses: Sequence[IndicatorUse], timeframe: Timeframe = Timeframe.MINUTE_1, day_minutes: int = 390
) -> int:
    """Bars that must be known before all of `uses` have settled values.

    From a window of so many bars of its timeframe (the use's own, else `timeframe`) the newest value is
    that of the whole history. `day_minutes` is the length of a trading day: 390 for the exchange's
    session, 960 with extended hours, 1440 for coins.
    """
    return max((_warm_up(use, use.timeframe or timeframe, day_minutes) for use in uses), default=1)


def label(use: IndicatorUse) -> str:
    """The use in words: "RSI(14)", "SMA(200, hl2)"."""
    return _label(use.name, use.source, tuple(use.params.items()))


@lru_cache(maxsize=4096)  # every decision is explained in words
def _label(name: str, source: Source, params: tuple[tuple[str, float | str], ...]) -> str:
    entry = CATALOGUE[name]
    words = [_word(value) for value in complete(entry, IndicatorUse("", name, dict(params))).values()]
    if entry.source is not None and source != entry.source:
        words.append(source)
    return f"{entry.name}({', '.join(words)})" if words else entry.name


def complete(entry: Indicator, use: IndicatorUse) -> dict[str, int | float | str]:
    """Every parameter of `entry` in its order, with the use's value or the default."""
    return {p.name: _typed(p, use.params.get(p.name, p.default)) for p in entry.parameters}


def _typed(parameter: Parameter, value: float | str) -> int | float | str:
    match parameter.type:
        case "int":
            return int(value)
        case "float":
            return float(value)
        case "choice":
            return str(value)


def _word(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _tidy(output: Output, array: FloatArray) -> FloatArray:
    """The column without infinities (divisions by nothing) and what rounding put over a limit."""
    column = np.asarray(array, np.float64)
    if output.minimum is not None or output.maximum is not None:
        column = np.clip(column, output.minimum, output.maximum)
        if output.minimum is not None and output.maximum is not None:
            return column
    infinite = np.isinf(column)
    return np.where(infinite, np.nan, column) if infinite.any() else column


def _warm_up(use: IndicatorUse, timeframe: Timeframe, day_minutes: int) -> int:
    entry = CATALOGUE[use.name]
    if entry.anchored:
        return restarts.session_bars(timeframe, day_minutes)
    memory = entry.memory(complete(entry, use))
    if memory == UNBOUNDED:
        return restarts.epoch_bars(timeframe, day_minutes)
    return math.ceil(memory)


def columns_of(entry: Indicator, source: Source, series: Series) -> Columns:
    return tuple(_column(source if name == "source" else name, series) for name in entry.inputs)


def _column(name: str, series: Series) -> FloatArray:
    match name:
        case "hl2":
            return (series.high + series.low) / 2.0
        case "hlc3":
            return (series.high + series.low + series.close) / 3.0
        case "ohlc4":
            return (series.open + series.high + series.low + series.close) / 4.0
        case "day":
            return local_days(series.start, series.clock).astype(np.float64)
        case _:
            column: FloatArray = getattr(series, name)
            return column


def _source_problems(entry: Indicator, use: IndicatorUse, path: str) -> list[Problem]:
    if use.source not in SOURCES:
        return [Problem(f"{path}.source", f"Choose one of {', '.join(SOURCES)}.")]
    if entry.source is None and use.source != "close":
        return [
            Problem(f"{path}.source", f"{entry.name} always reads the same prices; leave the source out.")
        ]
    return []


def _wrong_value(parameter: Parameter, value: object) -> str | None:
    """What a person reads when `value` cannot be this parameter's; None when it can."""
    if parameter.type == "choice":
        right = value in parameter.choices
        return None if right else f"{parameter.label} must be one of {', '.join(parameter.choices)}."
    kind = "a whole number" if parameter.type == "int" else "a number"
    wanted = f"{parameter.label} must be {kind} from {parameter.minimum:g} to {parameter.maximum:g}."
    if isinstance(value, bool) or not isinstance(value, int | float):
        return wanted
    if parameter.minimum is None or parameter.maximum is None:
        raise TypeError(f"{parameter.name} has no range")
    if not parameter.minimum <= value <= parameter.maximum:
        return wanted
    return wanted if parameter.type == "int" and value != int(value) else None


def _broken_constraints(entry: Indicator, use: IndicatorUse, path: str) -> list[Problem]:
    values = complete(entry, use)
    labels = {parameter.name: parameter.label for parameter in entry.parameters}
    found = []
    for rule in entry.constraints:
        lower, upper = float(values[rule.lower]), float(values[rule.upper])
        if lower < upper or (rule.or_equal and lower == upper):
            continue
        relation = "must not be above" if rule.or_equal else "must be below"
        words = f"{labels[rule.lower]} {relation} {labels[rule.upper][0].lower()}{labels[rule.upper][1:]}."
        found.append(Problem(f"{path}.params.{rule.lower}", words))
    return found
