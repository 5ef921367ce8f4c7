"""How far, and for how long, equity was below its highest value so far."""

from dataclasses import dataclass

import numpy as np

from flotilla.domain.market import FloatArray, TimeArray
from flotilla.research.metrics.curves import EquityCurve, IndexArray
from flotilla.research.metrics.peaks import Peaks, running_peak
from flotilla.research.metrics.ratios import ratio


@dataclass(frozen=True, slots=True)
class DrawdownMetrics:
    """The deepest fall (as a fraction of its peak, at most 1), the largest in USD, and the longest.

    The deepest fall goes from `peak_time` (last sample at the peak; the first sample when equity never
    reached the initial one) over `trough_time` to `recovery_time` (first sample back at the peak), None
    while unrecovered; `duration` runs from peak to recovery, or to the end of the run.
    `longest_duration` is that of the longest fall, perhaps another one. The times are None, and the
    durations 0, when equity never fell. `time_under_water` is the share of samples below the peak.
    `calmar`: CAGR / maximum drawdown (T. W. Young, Futures 20, 1991), None without either.
    """

    max_drawdown: float
    max_drawdown_usd: float
    peak_time: int | None
    trough_time: int | None
    recovery_time: int | None
    recovered: bool
    duration: int
    longest_duration: int
    time_under_water: float
    calmar: float | None


_NEVER_FELL = DrawdownMetrics(0.0, 0.0, None, None, None, True, 0, 0, 0.0, None)


def drawdown_metrics(curve: EquityCurve, *, cagr: float | None) -> DrawdownMetrics:
    """All of them; `cagr` is the run's, for the Calmar ratio."""
    times, peaks = curve.times, Peaks.of(curve.equity, curve.initial)
    if len(peaks.at) == len(times):
        return _NEVER_FELL
    depth = min(peaks.depth, 1.0)
    start, end = peaks.last_before or 0, peaks.first_after
    back = int(times[-1] if end is None else times[end])
    return DrawdownMetrics(
        max_drawdown=depth,
        max_drawdown_usd=peaks.largest_fall,
        peak_time=int(times[start]),
        trough_time=int(times[peaks.trough]),
        recovery_time=None if end is None else back,
        recovered=end is not None,
        duration=back - int(times[start]),
        longest_duration=_longest(times, peaks.at),
        time_under_water=1.0 - len(peaks.at) / len(times),
        calmar=None if cagr is None else ratio(cagr, depth),
    )


def drawdown_curve(equity: FloatArray, initial: float) -> FloatArray:
    """(peak so far - equity) / peak so far at every sample, in 0..1; the first peak is `initial` (> 0).

    With equity below zero the loss exceeds the peak; the curve stays at 1.
    """
    peak = running_peak(equity, initial)
    return np.minimum((peak - equity) / peak, 1.0)


def _longest(times: TimeArray, at_peak: IndexArray) -> int:
    """The longest time from a peak to the first sample back at it (or to the last sample), seconds.

    `at_peak` are the samples at the running maximum; at least one sample is below it.
    """
    last = len(times) - 1
    below_at_first = len(at_peak) == 0 or at_peak[0] > 0
    below_at_last = len(at_peak) == 0 or at_peak[-1] < last
    bounds = np.concatenate(([0] if below_at_first else [], at_peak, [last] if below_at_last else []))
    bounds = bounds.astype(np.intp)
    fell = np.diff(bounds) > 1
    if len(fell):
        fell[0] |= below_at_first
        fell[-1] |= below_at_last
    return int(np.diff(times[bounds])[fell].max(initial=0))
