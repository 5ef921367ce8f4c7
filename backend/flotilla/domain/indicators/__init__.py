"""The indicator catalogue. Everything that is known of an indicator is said once, in its entry.

Forms, validation and charts are generated from it; `compute` is the only way to its numbers.
"""

from flotilla.domain.indicators.catalogue import (
    CATALOGUE,
    Indicator,
    IndicatorUse,
    Output,
    Parameter,
    compute,
    problems,
    warm_up,
)

__all__ = [
    "CATALOGUE",
    "Indicator",
    "IndicatorUse",
    "Output",
    "Parameter",
    "compute",
    "problems",
    "warm_up",
]
