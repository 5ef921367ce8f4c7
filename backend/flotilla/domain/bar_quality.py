"""Which bars can be used: sorted, one a period, with prices that a market can have had.

What cannot be used is left out and counted by its fault, never repaired.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from flotilla.domain.market import Series, TimeArray

Mask = npt.NDArray[np.bool_]


class BarFault(StrEnum):
    """Why a bar was left out; `UNSORTED` alone is only a mark: the bar was put in its place."""

    NOT_A_NUMBER = "not_a_number"
    PRICE_NOT_POSITIVE = "price_not_positive"
    HIGH_BELOW_LOW = "high_below_low"
    NEGATIVE_VOLUME = "negative_volume"
    OFF_THE_MINUTE = "off_the_minute"
    DUPLICATE = "duplicate"
    UNSORTED = "unsorted"


# The starts (seconds since 1970 UTC) of the bars with each fault.
Faults = Mapping[BarFault, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Screened:
    """The bars that can be used, and the starts of the others by fault."""

    bars: Series
    faults: Faults


def screen(bars: Series) -> Screened:
    """Sort the bars, leave out those that cannot be used.

    A bar with several faults counts once, by the first in the order of `BarFault`. Of several bars with
    the same start the last one given is kept: it is the correction.
    """
    faults: dict[BarFault, tuple[int, ...]] = {}
    left = np.ones(len(bars), bool)
    for fault, bad in _unusable(bars):
        _note(faults, fault, bars.start[left & bad])
        left &= ~bad
    kept = bars.cut(left)
    if len(kept) and np.any(np.diff(kept.start) <= 0):
        late = np.r_[False, kept.start[1:] < np.maximum.accumulate(kept.start)[:-1]]
        _note(faults, BarFault.UNSORTED, kept.start[late])
        kept = kept.cut(np.argsort(kept.start, kind="stable"))
        repeated = np.r_[kept.start[1:] == kept.start[:-1], False]
        _note(faults, BarFault.DUPLICATE, kept.start[repeated])
        kept = kept.cut(~repeated)
    return Screened(kept, faults)


def is_clean(bars: Series) -> bool:
    """Whether `screen` would leave the bars as they are."""
    return bool(np.all(np.diff(bars.start) > 0)) and not any(bad.any() for _, bad in _unusable(bars))


def _unusable(bars: Series) -> Iterable[tuple[BarFault, Mask]]:
    prices = np.stack([bars.open, bars.high, bars.low, bars.close])
    finite = np.isfinite(np.vstack([prices, bars.volume]))
    yield BarFault.NOT_A_NUMBER, np.asarray(~finite.all(axis=0))
    with np.errstate(invalid="ignore"):
        yield BarFault.PRICE_NOT_POSITIVE, np.asarray((prices <= 0).any(axis=0))
        beyond = (bars.high < prices.max(axis=0)) | (bars.low > prices.min(axis=0))
        yield BarFault.HIGH_BELOW_LOW, beyond
        yield BarFault.NEGATIVE_VOLUME, bars.volume < 0
    yield BarFault.OFF_THE_MINUTE, bars.start % 60 != 0


def _note(faults: dict[BarFault, tuple[int, ...]], fault: BarFault, starts: TimeArray) -> None:
    if len(starts):
        faults[fault] = tuple(starts.tolist())
