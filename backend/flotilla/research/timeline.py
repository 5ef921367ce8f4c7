"""The minutes of a backtest: which sessions they are of, and what each allows a bot."""

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
    s, midnight, known, change = 0, _midnight(opens[0], offsets[0]), 0, tau[0]
    for t in range(len(tau)):
        while s < len(closes) - 1 and tau[t] > closes[s]:
            s += 1
            midnight, change = _midnight(opens[s], offsets[s]), tau[t]
        if tau[t] >= change:
            known = tau_flags(tau[t] - midnight, closes[s] - tau[t], start, end, flattens, daily)
            change = _next_change(tau[t], midnight, closes[s], start, end)
        day[t] = s
        since_open[t] = tau[t] - opens[s]
        flags[t] = known


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
