"""A stored series held against its manifest and the exchange's calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flotilla.domain.adjustment import Adjustment
from flotilla.domain.market import Series
from flotilla.domain.time_ranges import TimeRanges
from flotilla.ports.bar_store import BarStore, Coverage, SeriesKey
from flotilla.research.history import BarLibrary
from flotilla.research.marks import Gaps


@dataclass(frozen=True, slots=True)
class BarCheck:
    """`problems`: what is damaged. `gaps`: between the first and the last bar, where the ranges are known."""

    key: SeriesKey
    coverage: Coverage
    problems: Sequence[str]
    gaps: Gaps


def check_bars(store: BarStore, library: BarLibrary, key: SeriesKey) -> BarCheck:
    """Read the series whole, and say what is wrong with it; raises nothing for what is damaged."""
    problems = store.problems(key)
    if problems:
        return BarCheck(key, Coverage(), problems, Gaps())
    coverage = store.coverage(key)
    if coverage.first is None or coverage.last is None:
        return BarCheck(key, coverage, problems, Gaps())
    first, end = coverage.first, coverage.last + timedelta(seconds=key.timeframe.seconds)
    held = TimeRanges.of([(int(first.timestamp()), int(end.timestamp()))]) & coverage.known
    bars = _as_stored(store, coverage, key)
    return BarCheck(key, coverage, problems, library.gaps(key, bars, held))


def _as_stored(store: BarStore, coverage: Coverage, key: SeriesKey) -> Series:
    assert coverage.first is not None
    assert coverage.last is not None
    adjustment = Adjustment.SPLIT if coverage.adjusted else Adjustment.RAW
    return store.read(key, coverage.first, coverage.last + timedelta(seconds=1), adjustment=adjustment)
