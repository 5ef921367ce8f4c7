"""Sums over windows that neither library offers as fast."""

import numpy as np

from flotilla.domain.market import FloatArray


def weighted(column: FloatArray, weights: FloatArray) -> FloatArray:
    """The last values times `weights` (the first for the oldest), summed; NaN until there are so many."""
    found = np.full(len(column), np.nan)
    if len(column) >= len(weights):
        found[len(weights) - 1 :] = np.convolve(column, weights[::-1], "valid")
    return found


def triangle(count: int) -> FloatArray:
    """Weights that rise to the middle and fall again, their sum 1: 1 2 2 1 over 6."""
    rising = np.arange(1, count + 1, dtype=np.float64)
    weights: FloatArray = np.minimum(rising, rising[::-1])
    return weights / float(weights.sum())


def carried(column: FloatArray) -> FloatArray:
    """The column with unknown values replaced by the last known one."""
    known = np.maximum.accumulate(np.where(np.isnan(column), 0, np.arange(len(column))))
    return column[known] if len(column) else column


# 10^k by a number's binary exponent, such that number * 10^k has twelve or thirteen digits before the point.
_SCALES: FloatArray = np.power(10.0, np.clip(13 - np.ceil(np.arange(-80, 81) * np.log10(2.0)), -12, 22))


def steadied(column: FloatArray) -> FloatArray:
    """The column to twelve or thirteen significant digits.

    A running mean carries rounding errors from where it began: over a window it differs in the last
    digits from the same mean over the whole history. Prices come in cents, so a close often lies exactly
    on the average, and "is above" must not depend on those digits.
    """
    _, exponents = np.frexp(column)
    scales = _SCALES[np.clip(exponents, -80, 80) + 80]
    rounded: FloatArray = np.rint(column * scales) / scales
    return rounded
