"""The newest one-minute bars of a symbol as contiguous columns that grow at the end."""

from collections.abc import Sequence

import numpy as np

from flotilla.domain.market import Bar, Series


class BarBuffer:
    """Keeps at least the newest `capacity` bars; appending is constant time on average."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._starts = np.empty(2 * capacity, np.int64)
        self._values = np.empty((5, 2 * capacity), np.float64)
        self._size = 0

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
            keep = slice(self._size - self.capacity, self._size)
            self._starts[: self.capacity] = self._starts[keep].copy()
            self._values[:, : self.capacity] = self._values[:, keep].copy()
            self._size = self.capacity
        self._starts[self._size] = start
        self._values[:, self._size] = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        self._size += 1
        return True

    def merge(self, bars: Sequence[Bar]) -> None:
        """Bring in bars of the past: what is missing is added in its place, what is there stays."""
        known = set(self._starts[: self._size].tolist())
        missing = [bar for bar in bars if int(bar.start.timestamp()) not in known]
        if not missing:
            return
        added = Series.from_bars(missing)
        starts = np.concatenate([self._starts[: self._size], added.start])
        values = np.concatenate(
            [
                self._values[:, : self._size],
                np.stack([added.open, added.high, added.low, added.close, added.volume]),
            ],
            axis=1,
        )
        order = np.argsort(starts, kind="stable")[-2 * self.capacity :]
        self._size = len(order)
        self._starts[: self._size] = starts[order]
        self._values[:, : self._size] = values[:, order]

    def grown(self, capacity: int) -> "BarBuffer":
        """A buffer of at least `capacity` with the same bars."""
        larger = BarBuffer(capacity)
        count = min(self._size, 2 * capacity)
        larger._starts[:count] = self._starts[self._size - count : self._size]
        larger._values[:, :count] = self._values[:, self._size - count : self._size]
        larger._size = count
        return larger

    def series(self) -> Series:
        """The bars as columns: copies, so that a later minute does not change what was read."""
        return Series(
            self._starts[: self._size].copy(),
            *(self._values[row, : self._size].copy() for row in range(5)),
        )
