"""The requests that a broker lets an account make in a minute, spent by priority.

The log of the last minute's requests is exact: never more than the limit in any minute, however the
broker cuts its windows; a token bucket of the same limit would let nearly twice as many through at once.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import count

import structlog

log = structlog.get_logger(__name__)

MINUTE = 60.0
REQUESTS_A_MINUTE = 200  # Alpaca's limit per account
_WAIT_AFTER_REFUSAL = 5.0  # wall seconds, where a 429 does not say how long


class Priority(IntEnum):
    """Who goes first when requests are short."""

    KILL_SWITCH = 0
    EXIT = 1
    PROTECTION = 2
    ENTRY = 3
    HOUSEKEEPING = 4


# The share of the limit that must be left over for the more urgent.
_RESERVES = {
    Priority.KILL_SWITCH: 0.0,
    Priority.EXIT: 0.05,
    Priority.PROTECTION: 0.10,
    Priority.ENTRY: 0.25,
    Priority.HOUSEKEEPING: 0.35,
}
_PRIORITY: ContextVar[Priority] = ContextVar("request_priority", default=Priority.HOUSEKEEPING)


@contextmanager
def spending(priority: Priority) -> Iterator[None]:
    """Make the requests inside with this priority, unless they are made with a more urgent one."""
    token = _PRIORITY.set(min(priority, _PRIORITY.get()))
    try:
        yield
    finally:
        _PRIORITY.reset(token)


def current_priority() -> Priority:
    """The priority of the request that is being made."""
    return _PRIORITY.get()


class WaitedTooLong(Exception):
    """The request was not made: what it was for is over."""


@dataclass(slots=True)
class _Waiter:
    """A request in the queue. `is_stale` says whether it has lost its purpose, `cost` in requests."""

    priority: Priority
    place: int
    cost: int
    is_stale: Callable[[], bool] | None
    granted: asyncio.Future[None]

    @property
    def rank(self) -> tuple[int, int]:
        return self.priority, self.place


@dataclass(slots=True)
class MarketTime:
    """The account's market clock as the engine hears of it, between what it hears by its rate."""

    heard: datetime | None = None
    rate: float = 1.0
    _at: float = 0.0

    def hear(self, now: datetime, rate: float, wall: float) -> None:
        """It is `now` in the market at this wall second; time never goes back."""
        known = self.at(wall)
        self.heard = now if known is None else max(now, known)
        self.rate, self._at = rate, wall

    def at(self, wall: float) -> datetime | None:
        """What time it is; None before it was heard. Without a finite rate it stands between reports."""
        if self.heard is None:
            return None
        passed = (wall - self._at) * self.rate if math.isfinite(self.rate) else 0.0
        return self.heard + timedelta(seconds=passed)


@dataclass(slots=True)
class RequestBudget:
    """One account's requests. `limit` 0: without limit.

    A request is forgotten a minute of market time after it was made, or a minute of the wall's: a
    practice market counts by its own clock (and, where it stands still, by ours).
    """

    limit: int = REQUESTS_A_MINUTE
    market: MarketTime = field(default_factory=MarketTime)
    _made: deque[tuple[float, datetime | None]] = field(default_factory=deque)
    _waiting: list[_Waiter] = field(default_factory=list)
    _places: Iterator[int] = field(default_factory=count)
    _closed_until: float = 0.0
    _timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def used(self) -> int:
        """Requests of the last minute."""
        self._forget(self._wall())
        return len(self._made)

    @property
    def is_short(self) -> bool:
        """Whether housekeeping would have to wait."""
        now = self._wall()
        self._forget(now)
        reserve = math.floor(self.limit * _RESERVES[Priority.HOUSEKEEPING])
        full = self.limit > 0 and len(self._made) >= self.limit - reserve
        return bool(self._waiting) or now < self._closed_until or full

    def market_now(self) -> datetime | None:
        """What time it is in the market; None before it was heard."""
        return self.market.at(self._wall())

    def market_heard(self) -> datetime | None:
        """What time it was in the market when it was last heard: never ahead of it."""
        return self.market.heard

    # --- what is heard --------------------------------------------------------------------------

    def hear_time(self, now: datetime, rate: float | None = None) -> None:
        """It is `now` in the market."""
        self.market.hear(now, self.market.rate if rate is None else rate, self._wall())
        self._dispatch()

    def hear_allowance(self, limit: int | None, remaining: int | None) -> None:
        """The broker says how many requests a minute it lets the account make, and how many are left:
        others may spend from the same account.
        """
        if limit is not None:
            self.limit = limit
        if remaining is None or not self.limit:
            return
        now = self._wall()
        self._forget(now)
        unknown = self.limit - remaining - len(self._made)
        self._made.extend([(now, self.market.at(now))] * max(0, unknown))

    def hear_refusal(self, seconds: float | None) -> None:
        """The broker refused for too many requests: none is made for that many wall seconds."""
        wait = _WAIT_AFTER_REFUSAL if seconds is None else max(0.0, seconds)
        self._closed_until = max(self._closed_until, self._wall() + min(wait, MINUTE))
        log.warning("too_many_requests", wait=wait, used=len(self._made))

    def review(self) -> None:
        """Something has changed that may have made waiting requests stale: they go."""
        for waiter in [one for one in self._waiting if one.is_stale is not None and one.is_stale()]:
            self._waiting.remove(waiter)
            _settle(waiter.granted, WaitedTooLong())

    # --- requests -------------------------------------------------------------------------------

    async def spend(
        self, priority: Priority, *, cost: int = 1, is_stale: Callable[[], bool] | None = None
    ) -> None:
        """Wait for the right to make `cost` requests. Raises WaitedTooLong when the wait outlived it."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(priority, next(self._places), cost, is_stale, loop.create_future())
        self._waiting.append(waiter)
        self._waiting.sort(key=lambda one: one.rank)
        self._dispatch()
        try:
            await waiter.granted
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                self._dispatch()

    def _dispatch(self) -> None:
        """Let pass whoever may, the most urgent first; whoever waits for nothing any more goes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._wall()
        self._forget(now)
        while self._waiting and now >= self._closed_until and self._has_room(self._waiting[0]):
            waiter = self._waiting.pop(0)
            self._made.extend([(now, self.market.at(now))] * waiter.cost)
            _settle(waiter.granted, None)
        self.review()
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(self._until_next(now), self._dispatch)

    def _has_room(self, waiter: _Waiter) -> bool:
        if not self.limit:
            return True
        allowed = self.limit - math.floor(self.limit * _RESERVES[waiter.priority])
        # A request that costs more than there can be is made when nothing else was.
        return len(self._made) + waiter.cost <= allowed or not self._made

    def _forget(self, now: float) -> None:
        market = self.market.at(now)
        while self._made:
            wall, moment = self._made[0]
            passed = market is not None and moment is not None and market - moment >= timedelta(minutes=1)
            if not passed and now - wall < MINUTE:
                return
            self._made.popleft()

    def _until_next(self, now: float) -> float:
        """Wall seconds until the oldest request is forgotten, or the broker may be asked again."""
        wait = self._closed_until - now
        if self._made and wait <= 0.0:
            rate = self.market.rate if math.isfinite(self.market.rate) else 1.0
            wait = (self._made[0][0] + MINUTE / max(1.0, rate)) - now
        return min(max(wait, 0.01), 1.0)

    def _wall(self) -> float:
        return asyncio.get_running_loop().time()


def _settle(granted: asyncio.Future[None], error: Exception | None) -> None:
    if granted.done():
        return  # whoever waited was cancelled
    if error is None:
        granted.set_result(None)
    else:
        granted.set_exception(error)
