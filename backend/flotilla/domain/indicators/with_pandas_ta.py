"""Entries whose numbers are pandas-ta-classic's; the only module that knows pandas.

The library wants Series and keyword arguments, answers short input with None, names its columns after
the parameters and gives booleans before there is anything to compare. All of that ends here: columns
go in, float columns come out, in the order in which the library returns them.

Importing it here costs 8 ms (pandas itself comes with TA-Lib's wrapper) and no function is loaded before
its first use, so that no lazy import is needed.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pandas_ta_classic as ta

from flotilla.domain.indicators.entry import (
    Below,
    Columns,
    Function,
    Group,
    Indicator,
    Input,
    Library,
    Output,
    Parameter,
    Values,
)
from flotilla.domain.market import FloatArray

_KEYWORDS = {"source": "close", "open": "open_", "hlc3": "close"}


def call(
    name: str, outputs: int, inputs: tuple[str, ...], columns: Columns, **parameters: float | str | bool
) -> Columns:
    """Call a function of the library: its first `outputs` columns; NaN where it has no answer.

    It answers None while one of several lines lacks bars, although the others are known: short columns
    are lengthened by their last value, which changes no earlier one, and cut again.
    """
    rows = len(columns[0])
    wanted = 10 * max((v for v in parameters.values() if isinstance(v, int)), default=1)
    longer = max(0, wanted - rows) if rows else 0
    series = {
        _KEYWORDS.get(key, key): pd.Series(np.pad(column, (0, longer), "edge") if longer else column)
        for key, column in zip(inputs, columns, strict=True)
    }
    with np.errstate(all="ignore"):
        result = getattr(ta, name)(**series, **parameters) if rows else None
    if result is None:
        return tuple(np.full(rows, np.nan) for _ in range(outputs))
    if isinstance(result, pd.Series):
        return (result.to_numpy(np.float64, copy=True)[:rows],)
    return tuple(result.iloc[:, i].to_numpy(np.float64, copy=True)[:rows] for i in range(outputs))


def ewm(column: FloatArray, alpha: float) -> FloatArray:
    """y[t] = (1 - alpha) y[t-1] + alpha x[t], from the first value that is known."""
    smooth = pd.Series(column).ewm(alpha=alpha, adjust=False).mean().to_numpy(np.float64, copy=True)
    smooth[np.isnan(column)] = np.nan
    return smooth


def extremes(column: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """The lowest and the highest of the last `count` values, NaN until there are so many."""
    rolling = pd.Series(column).rolling(count)
    return rolling.min().to_numpy(np.float64), rolling.max().to_numpy(np.float64)


def entry(
    group: Group,
    name: str,
    title: str,
    explanation: str,
    *parameters: Parameter,
    memory: Callable[[Values], float],
    inputs: str = "source",
    outputs: tuple[Output, ...] | None = None,
    call_as: str = "",
    fixed: Values | None = None,
    first: Callable[[Values], float] | None = None,
    aliases: str = "",
    overlay: bool = False,
    anchored: bool = False,
    constraints: tuple[Below, ...] = (),
    function: Function | None = None,
    library: Library | None = None,
) -> Indicator:
    """An entry of a function of the library (`call_as`, by default the name in lower case).

    `inputs` are words parted by spaces; `fixed` are arguments that are not the user's to choose; `first`
    is the number of bars until there is a value, for functions that answer 0 or the price before.
    `function` replaces the call; `library` says whose numbers it gives when they are not ours.
    """
    shown = outputs or (Output(name.lower(), name),)
    reads: tuple[Input, ...] = tuple(inputs.split())  # type: ignore[arg-type]

    def compute(columns: Columns, p: Values) -> Columns:
        found = call(call_as or name.lower(), len(shown), reads, columns, **{**p, **(fixed or {})})
        for column in found if first else ():
            column[: int(first(p)) - 1] = np.nan  # type: ignore[misc]
        return found

    return Indicator(
        name=name,
        title=title,
        group=group,
        explanation=explanation,
        library=library or ("Flotilla" if function else "pandas-ta-classic"),
        inputs=reads,
        parameters=parameters,
        outputs=shown,
        function=function or compute,
        memory=memory,
        overlay=overlay,
        anchored=anchored,
        aliases=tuple(word.strip() for word in aliases.split(",") if word.strip()),
        constraints=constraints,
    )
