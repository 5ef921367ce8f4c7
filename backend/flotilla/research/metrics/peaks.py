"""Where a curve stood at its highest value so far, and how deep it fell in between.

A running maximum walks every sample, and that alone takes longer than all other figures together. But
a block of samples whose own highest stays below the peak before it cannot move that peak, and one that
lies flat at the peak (no position is open) neither: its highest and lowest say all. Others are walked.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from flotilla.domain.market import FloatArray
from flotilla.research.metrics.curves import IndexArray

_BLOCK = 64  # samples


@dataclass(frozen=True)
class Peaks:
    """The running maximum of `values` (samples,), which starts at `initial`.

    `before` holds the peak before each block, `lowest` its lowest value; `flat` are the blocks that stay
    at that peak. The blocks that reach it otherwise (`walked`) are laid out as rows: `index` of their
    samples (the last one repeated where the last block is short), `inside` their values and `peak` the
    running maximum there.
    """

    values: FloatArray
    before: FloatArray
    lowest: FloatArray
    flat: npt.NDArray[np.bool_]
    walked: IndexArray
    index: IndexArray
    inside: FloatArray
    peak: FloatArray

    @classmethod
    def of(cls, values: FloatArray, initial: float) -> "Peaks":
        """Of at least one value."""
        starts = np.arange(0, len(values), _BLOCK)
        highest = np.maximum.reduceat(values, starts)
        before = np.maximum.accumulate(np.concatenate(([initial], highest[:-1])))
        lowest = np.minimum.reduceat(values, starts)
        flat = (lowest == before) & (highest == before)
        walked = np.flatnonzero((highest >= before) & ~flat)
        index = starts[walked, np.newaxis] + np.arange(_BLOCK)
        if starts[-1] + _BLOCK > len(values):
            np.minimum(index, len(values) - 1, out=index)
        inside = values[index]
        peak = np.maximum(np.maximum.accumulate(inside, axis=1), before[walked, np.newaxis])
        return cls(values, before, lowest, flat, walked, index, inside, peak)

    @cached_property
    def at(self) -> IndexArray:
        """The samples at the running maximum, ascending."""
        reached = np.repeat(self.flat, _BLOCK)[: len(self.values)]
        reached[self.index[self.inside >= self.peak]] = True
        return np.flatnonzero(reached)

    @cached_property
    def trough(self) -> int:
        """The sample of the deepest fall, as a fraction of its peak (> 0); the first of equals."""
        depth = (self.before - self.lowest) / self.before
        depth[self.walked] = ((self.peak - self.inside) / self.peak).max(axis=1)
        deepest = int(depth.argmax())
        row = int(np.searchsorted(self.walked, deepest))
        if row < len(self.walked) and self.walked[row] == deepest:
            return int(self.index[row, ((self.peak[row] - self.inside[row]) / self.peak[row]).argmax()])
        first = deepest * _BLOCK
        return first + int(self.values[first : first + _BLOCK].argmin())

    @cached_property
    def last_before(self) -> int | None:
        """The last sample at the peak from which the deepest fall began; None when that is `initial`."""
        known = int(np.searchsorted(self.at, self.trough, side="right"))
        return int(self.at[known - 1]) if known else None

    @cached_property
    def first_after(self) -> int | None:
        """The first sample back at the peak after the deepest fall; None when it never came back."""
        known = int(np.searchsorted(self.at, self.trough, side="right"))
        return int(self.at[known]) if known < len(self.at) else None

    @cached_property
    def depth(self) -> float:
        """The deepest fall as a fraction of its peak, 0 when there was none; above 1 below zero."""
        start = self.last_before
        top = float(self.before[0] if start is None else self.values[start])
        return (top - float(self.values[self.trough])) / top

    @cached_property
    def largest_fall(self) -> float:
        """The largest distance below the running maximum, in the unit of the values."""
        fall = self.before - self.lowest
        fall[self.walked] = (self.peak - self.inside).max(axis=1)
        return float(fall.max())

    def running(self) -> FloatArray:
        """The running maximum at every sample: `np.maximum.accumulate`, with `initial` before it."""
        running = np.repeat(self.before, _BLOCK)[: len(self.values)]
        running[self.index] = self.peak
        return running


def max_drawdown(values: FloatArray, initial: float) -> float:
    """The deepest fall as a fraction of its peak, in 0..1; `initial` > 0."""
    return min(Peaks.of(values, initial).depth, 1.0)


def running_peak(values: FloatArray, initial: float) -> FloatArray:
    """The highest of `initial` and all of `values` up to each sample."""
    return Peaks.of(values, initial).running()
