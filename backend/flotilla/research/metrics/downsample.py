"""Fewer points for the screen, without losing what a person looks for: the extremes."""

import numpy as np

from flotilla.domain.market import FloatArray, TimeArray
from flotilla.research.metrics.curves import IndexArray
from flotilla.research.metrics.peaks import Peaks

_FIXED = 4  # first, last, and peak and trough of the deepest fall
_PER_BUCKET = 2  # lowest and highest
SMALLEST_LIMIT = _FIXED + 2 * _PER_BUCKET


def downsample(times: TimeArray, values: FloatArray, limit: int = 2000) -> tuple[TimeArray, FloatArray]:
    """At most `limit` points of a curve, in order; see `downsample_indices`."""
    kept = downsample_indices(values, limit)
    return times[kept], values[kept]


def downsample_indices(values: FloatArray, limit: int = 2000) -> IndexArray:
    """Which samples to draw, ascending and at most `limit`; all of them when they are that few.

    Kept are the first and the last sample, the peak and the trough of the deepest fall (relative to a
    peak above zero, else absolute), and the lowest and highest of equally many neighbours each, so the
    curve's own extremes too. `values` must be finite. Raises ValueError for a `limit` below 8.

    (LTTB, the other usual choice, keeps the shape for the eye but may drop the worst minute of a fall.)
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"limit must be at least {SMALLEST_LIMIT}, not {limit}")
    size = len(values)
    if size <= limit:
        return np.arange(size)
    width = -(-size // ((limit - _FIXED) // _PER_BUCKET))
    whole = size - size % width
    buckets = values[:whole].reshape(-1, width)
    offsets = np.arange(0, whole, width)
    kept = [buckets.argmin(axis=1) + offsets, buckets.argmax(axis=1) + offsets]
    if whole < size:
        rest = values[whole:]
        kept.append(np.array([whole + rest.argmin(), whole + rest.argmax()]))
    kept.append(np.array([0, size - 1, *_deepest_fall(values)]))
    return np.unique(np.concatenate(kept))


def _deepest_fall(values: FloatArray) -> tuple[int, int]:
    """The samples of the peak (the last at its height) and the trough of the deepest fall."""
    peaks = Peaks.of(values, float(values[0]))
    if values[0] > 0.0:
        return peaks.last_before or 0, peaks.trough
    trough = int((peaks.running() - values).argmax())
    return trough - int(values[trough::-1].argmax()), trough
