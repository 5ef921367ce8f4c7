"""The catalogue on the wire: forms, validation and charts are generated from it."""

from typing import Literal

from pydantic import Field

from flotilla.domain.indicators import Indicator, Source, warm_up
from flotilla.domain.indicators.entry import Group, Library
from flotilla.domain.indicators.entry import IndicatorUse as Use
from flotilla.wire.base import Model


class ParameterOut(Model):
    name: str
    label: str
    type: Literal["int", "float", "choice"]
    default: int | float | str
    minimum: float | None = Field(description="Smallest value allowed; none for a choice.")
    maximum: float | None
    choices: list[str] = Field(description="The names to choose from; empty for numbers.")


class ConstraintOut(Model):
    """The parameter `lower` must be less than `upper` (or equal to it, where `or_equal`)."""

    lower: str
    upper: str
    or_equal: bool


class OutputOut(Model):
    name: str
    label: str
    minimum: float | None = Field(description="What its values can never be below.")
    maximum: float | None
    kind: Literal["line", "pattern"]


class IndicatorOut(Model):
    name: str
    title: str
    group: Group
    explanation: str
    library: Library
    aliases: list[str] = Field(description="Other names that people search for.")
    overlay: bool = Field(description="Drawn over the price; else in a pane of its own.")
    anchored: bool = Field(description="Starts anew with each session (on daily bars: each year).")
    inputs: list[str] = Field(description="The prices it reads; `source` is the one that may be chosen.")
    source: Source | None = Field(description="What it reads by default; none where there is no choice.")
    parameters: list[ParameterOut]
    constraints: list[ConstraintOut]
    outputs: list[OutputOut]
    warm_up: int = Field(
        description="Bars to its first settled value with default parameters, 1-minute bars."
    )


def indicator_out(entry: Indicator) -> IndicatorOut:
    """An entry as the page reads it."""
    known = {name: getattr(entry, name) for name in IndicatorOut.model_fields if hasattr(entry, name)}
    known["inputs"] = [name for name in entry.inputs if name != "day"]
    known["warm_up"] = warm_up([Use(entry.name, entry.name)])
    return IndicatorOut.model_validate(known, from_attributes=True)
