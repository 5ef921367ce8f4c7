"""What a moment allows a bot: its trading window, the session's end, and when to be flat."""

from flotilla.domain import codes
from flotilla.domain.kernel.compiled import inlined

_MINUTE = 60


@inlined
def tau_flags(local: int, until_close: int, start: int, end: int, flattens: bool, daily: bool) -> int:
    """The `Market.flags` of a tau; all arguments in seconds.

    `local` is the time of day on the window's clock, `until_close` what is left of the session (a
    large number for coins), `start` and `end` the window (equal: all day; end below start: past
    midnight). Flattening is due from one minute before the window's or the session's end. A bot on
    `daily` bars has no window: what it decides at the close waits for the next session.
    """
    if daily:
        return codes.IN_WINDOW | (codes.NEXT_SESSION if until_close <= 0 else 0)
    flags = 0
    if until_close <= 0:
        flags |= codes.CLOSING
    left = until_close
    if start == end:
        inside = True
    elif start < end:
        inside = start <= local < end
        left = min(left, end - local)
    else:
        inside = local >= start or local < end
        left = min(left, end - local if local < end else end + 86_400 - local)
    if inside:
        flags |= codes.IN_WINDOW
    if flattens and (not inside or left <= _MINUTE):
        flags |= codes.FLATTEN_DUE
    return flags
