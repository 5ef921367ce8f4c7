"""The number of requests a key may make in a minute of the market's own time."""

from dataclasses import dataclass
from datetime import datetime

_MINUTE_SECONDS = 60


@dataclass(slots=True)
class _Window:
    minute: int
    ends: float  # on the wall's clock
    used: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a request; `reset` is in Unix seconds of market time."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool


class RateLimit:
    """Counts per bucket in fixed windows. `limit` 0: without limit.

    A window ends with the minute of market time, or after a minute of the wall's when the market
    stands still: a paused market goes on answering.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._windows: dict[str, _Window] = {}

    def spend(self, bucket: str, now: datetime, wall: float) -> Allowance | None:
        """Count one request at market time `now`; None without limit."""
        if not self.limit:
            return None
        minute = int(now.timestamp()) // _MINUTE_SECONDS
        window = self._windows.get(bucket)
        if window is None or window.minute != minute or wall >= window.ends:
            window = self._windows[bucket] = _Window(minute, wall + _MINUTE_SECONDS)
        window.used += 1
        return Allowance(
            limit=self.limit,
            remaining=max(0, self.limit - window.used),
            reset=(minute + 1) * _MINUTE_SECONDS,
            exceeded=window.used > self.limit,
        )
