"""Entries whose numbers are TA-Lib's; the only module that calls it.

Inputs and the order of parameters come from TA-Lib's own metadata; names of outputs, ranges and words
are for people and declared by hand. TA-Lib answers short and all-NaN input with NaN (candlesticks
with 0, which is why the first bars of a pattern are blanked here).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import talib
from talib import abstract

from flotilla.domain.indicators.declare import MOVING_AVERAGES
from flotilla.domain.indicators.entry import (
    Below,
    Columns,
    Function,
    Group,
    Indicator,
    Input,
    Output,
    Parameter,
    Values,
)
from flotilla.domain.indicators.windows import steadied
from flotilla.domain.market import FloatArray

MA_TYPES = {name: int(getattr(talib.MA_Type, name)) for name in MOVING_AVERAGES}  # type: ignore[attr-defined]


def _about(name: str) -> Any:
    """TA-Lib's description of a function."""
    return abstract.Function(name)  # type: ignore[attr-defined]


def talib_inputs(name: str) -> tuple[Input, ...]:
    """The columns that a function reads, in order; its one free series is the "source"."""
    found: list[Input] = []
    for declared in _about(name).input_names.values():
        found.extend(["source"] if isinstance(declared, str) else declared)
    return tuple(found)


def call(name: str, columns: Columns, *parameters: float) -> Columns:
    """Call a TA-Lib function: its outputs, as a tuple even when there is one."""
    result = getattr(talib, name)(*columns, *parameters)
    return result if isinstance(result, tuple) else (result,)


def average(kind: str, column: FloatArray, count: int) -> FloatArray:
    """A moving average by its catalogue name."""
    return steadied(call("MA", (column,), count, MA_TYPES[kind])[0])


def plain(name: str, parameters: tuple[Parameter, ...]) -> Function:
    """The function that hands its columns and parameters to TA-Lib as they are."""
    names = tuple(parameter.name for parameter in parameters)
    function = getattr(talib, name)
    choices = {p.name for p in parameters if p.type == "choice"}

    def compute(columns: Columns, p: Values) -> Columns:
        given = [MA_TYPES[p[n]] if n in choices else p[n] for n in names]
        result: Any = function(*columns, *given)
        return result if isinstance(result, tuple) else (result,)

    return compute


def _steady(function: Function) -> Function:
    return lambda columns, p: tuple(steadied(column) for column in function(columns, p))


def entry(
    group: Group,
    name: str,
    title: str,
    explanation: str,
    *parameters: Parameter,
    memory: Callable[[Values], float],
    outputs: tuple[Output, ...] | None = None,
    function: Function | None = None,
    inputs: tuple[Input, ...] | None = None,
    aliases: str = "",
    overlay: bool = False,
    anchored: bool = False,
    constraints: tuple[Below, ...] = (),
    steady: bool = False,
) -> Indicator:
    """An entry of a TA-Lib function; `aliases` are parted by commas.

    `steady` ones lie on the price and are running sums: see `steadied`.
    """
    computed = function or plain(name, parameters)
    return Indicator(
        name=name,
        title=title,
        group=group,
        explanation=explanation,
        library="TA-Lib",
        inputs=inputs or talib_inputs(name),
        parameters=parameters,
        outputs=outputs or (Output(name.lower(), name),),
        function=_steady(computed) if steady else computed,
        memory=memory,
        overlay=overlay,
        anchored=anchored,
        aliases=tuple(word.strip() for word in aliases.split(",") if word.strip()),
        constraints=constraints,
    )


def pattern(name: str, title: str, explanation: str, *parameters: Parameter, aliases: str = "") -> Indicator:
    """An entry of a candlestick pattern."""
    lookback = int(_about(name).lookback)
    found = plain(name, parameters)

    def function(columns: Columns, p: Values) -> Columns:
        column = found(columns, p)[0].astype(np.float64)
        column[:lookback] = np.nan
        return (column,)

    return entry(
        "pattern",
        name,
        title,
        explanation,
        *parameters,
        memory=lambda _: lookback + 1,
        outputs=(Output(name.lower(), title, -200.0, 200.0, "pattern"),),
        function=function,
        aliases=aliases,
    )
