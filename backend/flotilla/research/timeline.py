"""The minutes of a backtest: which sessions they are of, and what each allows a bot."""

import numpy as np

from flotilla.domain.kernel.clock import tau_flags
from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.records import ByteArray, IntArray

_ALWAYS = 1 << 40  # seconds until a close that never comes


@compiled
def session_minutes(
    tau: IntArray,
    opens: IntArray,
    closes: IntArray,
    offsets: IntArray,
    start: int,
    end: int,
    flattens: bool,
    daily: bool,
    day: IntArray,
    flags: ByteArray,
    since_open: IntArray,
) -> None:
    """Fill `day`, `flags` and `since_open` (seconds) for every tau; all arrays ascending, in seconds.

    `offsets` is what the window's clock is ahead of UTC in each session, `start` and `end` the
    window's seconds of the day. A tau belongs to the session that its minute is of.
    """
    s, t = 0, 0
    while t < len(tau):
        while s < len(closes) - 1 and tau[t] > closes[s]:
            s += 1
        midnight = _midnight(opens[s], offsets[s])
        known = tau_flags(tau[t] - midnight, closes[s] - tau[t], start, end, flattens, daily)
        change = _next_change(tau[t], midnight, closes[s], start, end)
        if s < len(closes) - 1:
            change = min(change, closes[s] + 1)
        until = _before(tau, t, change)
        opened = opens[s]
        # Unsigned: an index that cannot count from the end needs no check for it.
        for alike in range(np.uint64(t), np.uint64(until)):
            day[alike] = s
        for alike in range(np.uint64(t), np.uint64(until)):
            since_open[alike] = tau[alike] - opened
        for alike in range(np.uint64(t), np.uint64(until)):
            flags[alike] = known
        t = until


@compiled
def _before(tau: IntArray, first: int, change: int) -> int:
    """The end of the columns from `first` on that lie before `change`: as a rule one for each minute."""
    end: int = min(first + (change - tau[first] + 59) // 60, len(tau))
    if tau[end - 1] < change:
        return end
    low = first
    while end - low > 1:
        middle = (low + end) // 2
        if tau[middle] < change:
            low = middle
        else:
            end = middle
    return end


@compiled
def _next_change(tau: int, midnight: int, close: int, start: int, end: int) -> int:
    """The first moment after `tau` at which the flags may be others: an edge, or a minute before one."""
    change = tau + 86_400
    for edge in (midnight + start, midnight + end, close):
        for moment in (edge - 60, edge):
            if tau < moment < change:
                change = moment
    return change


@compiled
def _midnight(opened: int, offset: int) -> int:
    """The local midnight before a session's open."""
    return opened - (opened + offset) % 86_400


@compiled
def clock_minutes(
    tau: IntArray,
    start: int,
    end: int,
    flattens: bool,
    daily: bool,
    day: IntArray,
    flags: ByteArray,
    since_open: IntArray,
) -> None:
    """The same around the clock, in days of UTC: what coins trade in."""
    for t in range(len(tau)):
        before = tau[t] - 60
        day[t] = before // 86_400
        since_open[t] = tau[t] - day[t] * 86_400
        flags[t] = tau_flags(tau[t] % 86_400, _ALWAYS, start, end, flattens, daily)
