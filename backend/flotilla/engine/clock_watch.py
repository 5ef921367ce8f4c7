"""How far this machine's clock is from the broker's: data is judged by its age, so the clock must be right.

Measured with the broker's own clock, as in SNTP (RFC 5905): its time against the middle of the request, which
is wrong by half the time that the answer took at most.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

log = structlog.get_logger(__name__)

_REPORTED = timedelta(seconds=1)
_REFUSED = timedelta(seconds=5)
_SLOW = timedelta(seconds=2)  # an answer that took longer says too little


@dataclass(slots=True)
class ClockWatch:
    """`offset` is the broker's clock less ours; None until it was measured, and on a practice account.

    The practice market's clock is its own: it runs at any speed, and ours has nothing to do with it.
    """

    offset: timedelta | None = None
    _reported: bool = False

    def measured(self, asked: datetime, told: datetime, answered: datetime) -> None:
        """Take in that the broker said `told`, asked at `asked` and answered at `answered` (wall time)."""
        if answered - asked > _SLOW:
            return
        self.offset = told - (asked + (answered - asked) / 2)
        off = abs(self.offset) > _REPORTED
        if off and not self._reported:
            log.warning("clock_off", seconds=self.offset.total_seconds(), entries_refused=self.is_too_far)
        elif self._reported and not off:
            log.info("clock_right_again", seconds=self.offset.total_seconds())
        self._reported = off

    @property
    def seconds(self) -> float | None:
        """The offset, in seconds."""
        return None if self.offset is None else self.offset.total_seconds()

    @property
    def is_too_far(self) -> bool:
        """Whether bars cannot be told from stale ones: nothing is entered."""
        return self.offset is not None and abs(self.offset) > _REFUSED
