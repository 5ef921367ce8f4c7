"""The newest one-minute bars of a symbol as contiguous columns that grow at the end."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

import numpy as np
import numpy.typing as npt

from flotilla.domain.market import NEW_YORK, Bar, Series, TimeArray


class BarBuffer:
    """Keeps at least the newest `capacity` bars; appending is constant time on average.

    What was read stays as it was: columns are only written beyond what a reader has seen, and are
    replaced by new ones where bars have to move.
    """

    def __init__(self, capacity: int, clock: tzinfo = NEW_YORK) -> None:
        """`clock` is the one that the bars' days go by."""
        self.capacity = capacity
        self._clock = clock
        self._replace(np.empty(0, np.int64), np.empty((5, 0), np.float64))

    def __len__(self) -> int:
        return self._size

    @property
    def newest(self) -> int | None:
        """The open time of the newest bar, in seconds since 1970 UTC."""
        return int(self._starts[self._size - 1]) if self._size else None

    def append(self, bar: Bar) -> bool:
        """Add a bar; False (and nothing changed) when it is not newer than the newest."""
        start = int(bar.start.timestamp())
        if self.newest is not None and start <= self.newest:
            return False
        if self._size == len(self._starts):
            self._replace(self._starts[-self.capacity :], self._values[:, -self.capacity :])
        self._starts[self._size] = start
        self._values[:, self._size] = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        self._size += 1
        return True

    def merge(self, bars: Sequence[Bar]) -> None:
        """Bring in bars of the past: what is missing is added in its place, what is there stays."""
        known = set(self._starts[: self._size].tolist())
        missing: dict[int, Bar] = {}
        for bar in bars:
            start = int(bar.start.timestamp())
            if start not in known:
                missing.setdefault(start, bar)
        if not missing:
            return
        added = Series.from_bars(list(missing.values()))
        starts = np.concatenate([self._starts[: self._size], added.start])
        columns = np.stack([added.open, added.high, added.low, added.close, added.volume])
        values = np.concatenate([self._values[:, : self._size], columns], axis=1)
        order = np.argsort(starts, kind="stable")[-2 * self.capacity :]
        self._replace(starts[order], values[:, order])

    def correct(self, bar: Bar) -> None:
        """Put a bar in place of the one with its open time, or where it was missing."""
        start = int(bar.start.timestamp())
        row = int(np.searchsorted(self._starts[: self._size], start))
        if row == self._size or self._starts[row] != start:
            self.merge([bar])
            return
        self._replace(self._starts[: self._size], self._values[:, : self._size])
        self._values[:, row] = (bar.open, bar.high, bar.low, bar.close, bar.volume)

    @property
    def starts(self) -> TimeArray:
        """The open times, ascending, in seconds since 1970 UTC."""
        return self._starts[: self._size]

    def grown(self, capacity: int) -> "BarBuffer":
        """A buffer of at least `capacity` with the same bars."""
        larger = BarBuffer(max(capacity, self.capacity), self._clock)
        larger._replace(self._starts[: self._size], self._values[:, : self._size])
        return larger

    def series(self, *, before: datetime) -> Series:
        """The bars that opened before `before`; later changes of the buffer do not reach them."""
        count = int(np.searchsorted(self._starts[: self._size], int(before.timestamp())))
        columns = (self._values[row, :count] for row in range(5))
        return Series(self._starts[:count], *columns, clock=self._clock)

    def _replace(self, starts: TimeArray, values: npt.NDArray[np.float64]) -> None:
        """Go on in new columns, twice `capacity` long, that begin with these bars."""
        self._size = len(starts)
        self._starts = np.empty(2 * self.capacity, np.int64)
        self._values = np.empty((5, 2 * self.capacity), np.float64)
        self._starts[: self._size] = starts
        self._values[:, : self._size] = values
