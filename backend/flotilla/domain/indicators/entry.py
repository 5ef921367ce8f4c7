"""What is known of an indicator: its entry in the catalogue, and a bot's use of it.

An entry says everything once: forms, validation, documentation and charts are generated from it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flotilla.domain.market import FloatArray, Timeframe

Group = Literal[
    "overlap",
    "momentum",
    "trend",
    "volatility",
    "volume",
    "cycle",
    "statistic",
    "price",
    "performance",
    "pattern",
]
Source = Literal["open", "high", "low", "close", "hl2", "hlc3", "ohlc4", "volume"]
# What a function reads: "source" is the column that the user chose, "day" the local day's number.
Input = Literal["source", "open", "high", "low", "close", "hlc3", "volume", "day"]
Library = Literal["TA-Lib", "pandas-ta-classic", "Flotilla"]

# An entry's parameters with their values: int, float or (choices) str, as the parameter's type says.
Values = Mapping[str, Any]
Columns = tuple[FloatArray, ...]
Function = Callable[[Columns, Values], Columns]

# The memory of a function that never provably forgets its start (parabolic SAR, SuperTrend, KAMA ...).
UNBOUNDED = math.inf


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number with its allowed range (both ends included), or a choice among names."""

    name: str
    label: str
    type: Literal["int", "float", "choice"]
    default: float | str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Below:
    """A constraint: `lower` must be less than `upper` (or equal to it, where `or_equal`)."""

    lower: str
    upper: str
    or_equal: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One line of an indicator; `minimum`/`maximum` where its values can never leave them.

    A "pattern" is 0 where there is none, positive (100, 200 when confirmed) where it is bullish and
    negative where it is bearish.
    """

    name: str
    label: str
    minimum: float | None = None
    maximum: float | None = None
    kind: Literal["line", "pattern"] = "line"


@dataclass(frozen=True, slots=True)
class Indicator:
    """A catalogue entry. `function` maps its inputs' columns to one column per output, of equal length.

    `memory` is the number of bars after which a value no longer depends on earlier ones (recursive
    averages: by less than 1e-9 of it), or UNBOUNDED. `anchored` entries start anew with each session.
    """

    name: str
    title: str
    group: Group
    explanation: str
    library: Library
    inputs: tuple[Input, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    function: Function = field(repr=False)
    memory: Callable[[Values], float] = field(repr=False)
    overlay: bool = False
    anchored: bool = False
    aliases: tuple[str, ...] = ()
    constraints: tuple[Below, ...] = ()

    @property
    def source(self) -> Source | None:
        """The series that it reads when the user names none; None where there is nothing to choose."""
        return "close" if "source" in self.inputs else None


@dataclass(frozen=True, slots=True)
class IndicatorUse:
    """An indicator as a bot uses it; `id` is what the bot's rules call it.

    `params` names the parameters that differ from their defaults, `source` the series to read, for
    indicators that leave the choice; `timeframe` the bars it is computed on, the bot's own when None.
    (Who computes it has them at hand.)
    """

    id: str
    name: str
    params: Mapping[str, float | str] = field(default_factory=dict)
    source: Source = "close"
    timeframe: Timeframe | None = None
