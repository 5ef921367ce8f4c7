"""The wall clock: timeouts, backoff, heartbeats, logs. Decisions use the market's own clock."""

from datetime import datetime
from typing import Protocol


class WallClock(Protocol):
    def now(self) -> datetime:
        """The wall time, aware UTC."""
        ...
