"""Arithmetic that says None where a figure is undefined."""

import math

import numpy as np
import numpy.typing as npt

# Below this, a deviation of returns is rounding, not risk: constant returns computed from prices
# differ in their last bits, and a Sharpe ratio of 1e14 would be reported.
NO_DEVIATION = 1e-12


def ratio(numerator: float, denominator: float) -> float | None:
    """numerator / denominator; None over zero, or when it leaves the range of a float."""
    if denominator == 0.0:
        return None
    value = float(numerator) / float(denominator)
    return value if math.isfinite(value) else None


def mean(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> float | None:
    """The arithmetic mean; None of no values."""
    return float(values.mean()) if len(values) else None
