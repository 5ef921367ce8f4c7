"""The indicator catalogue. Everything that is known of an indicator is said once, in its entry.

Forms, validation, documentation and charts are generated from it; `compute` is the only way to its
numbers. Read `entry` (what an entry is), then a table (overlap, momentum, volume ...), then `catalogue`.
"""

from flotilla.domain.indicators.catalogue import (
    CATALOGUE,
    SOURCES,
    compute,
    label,
    problems,
    warm_up,
)
from flotilla.domain.indicators.entry import Below, Indicator, IndicatorUse, Output, Parameter, Source

__all__ = [
    "CATALOGUE",
    "SOURCES",
    "Below",
    "Indicator",
    "IndicatorUse",
    "Output",
    "Parameter",
    "Source",
    "compute",
    "label",
    "problems",
    "warm_up",
]
