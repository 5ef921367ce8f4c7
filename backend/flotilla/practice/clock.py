"""The pace of market time between two minute boundaries."""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from flotilla.practice.session import MINUTE

MAX_SPEED = math.inf
_TICK = timedelta(microseconds=1)


class Pace:
    """Market time runs `rate` times as fast as the wall; 0 is paused, infinity does not wait.

    Between boundaries it flows; it never passes a boundary by itself: the venue moves it across
    with `arrive` when it has done what happens there.
    """

    def __init__(self, now: datetime, rate: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._market = now
        self._wall = monotonic()
        self._rate = rate
        self._changed = asyncio.Event()

    @property
    def rate(self) -> float:
        return self._rate

    def now(self, boundary: datetime) -> datetime:
        """Return market time, always before `boundary`."""
        if self._rate in (0, MAX_SPEED):
            return self._market
        elapsed = timedelta(seconds=(self._monotonic() - self._wall) * self._rate)
        return max(self._market, min(self._market + elapsed, boundary - _TICK))

    def arrive(self, boundary: datetime) -> None:
        """Market time is `boundary` now. A late arrival of less than a minute is made up for."""
        wall = self._monotonic()
        if self._rate not in (0, MAX_SPEED):
            due = self._wall + (boundary - self._market).total_seconds() / self._rate
            if due <= wall < due + MINUTE.total_seconds() / self._rate:
                wall = due
        self._market, self._wall = boundary, wall

    def jump(self, moment: datetime) -> None:
        """Market time is `moment` at once: closed hours pass."""
        self._market, self._wall = moment, self._monotonic()

    def set_rate(self, rate: float, boundary: datetime) -> None:
        self._market, self._wall = self.now(boundary), self._monotonic()
        self._rate = rate
        self._changed.set()

    def is_due(self, boundary: datetime) -> bool:
        """Say whether market time has come to `boundary` by itself."""
        if self._rate == MAX_SPEED:
            return True
        wait = self._seconds_until(boundary)
        return wait is not None and wait <= 0

    async def reach(self, boundary: datetime | None) -> None:
        """Return when market time is due at `boundary` or the speed was changed.

        Without a boundary, or while paused, only a change of speed ends the wait.
        """
        self._changed.clear()
        if boundary is not None and self._rate == MAX_SPEED:
            await asyncio.sleep(0)
            return
        wait = None if boundary is None else self._seconds_until(boundary)
        try:
            await asyncio.wait_for(self._changed.wait(), None if wait is None else max(0.0, wait))
        except TimeoutError:
            return

    def _seconds_until(self, boundary: datetime) -> float | None:
        if self._rate == 0:
            return None
        due = self._wall + (boundary - self._market).total_seconds() / self._rate
        return due - self._monotonic()
