"""What a moment allows a bot: its day, its window, the session's end. By the calendar, not by arithmetic."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from flotilla.domain.market import NEW_YORK, Session, Window

MINUTE = timedelta(minutes=1)


@dataclass
class Moment:
    """A tau as a bot sees it. `day` is a number that rises with each trading day."""

    tau: int
    day: int
    in_window: bool
    closing: bool  # no further base minute in the session
    flatten_due: bool
    mode: str
    next_session: bool = False  # orders wait for the next session's first bar


def stock_moment(tau: int, sessions: list[Session], window: Window, flattens: bool, mode: str) -> Moment:
    moment = datetime.fromtimestamp(tau, UTC)
    day = next(n for n, s in enumerate(sessions) if s.open < moment <= s.close)
    session = sessions[day]
    local = moment.astimezone(NEW_YORK).replace(tzinfo=None)
    inside = window.start == window.end or window.start <= local.time() < window.end
    ends = [session.close.astimezone(NEW_YORK).replace(tzinfo=None)]
    if window.start != window.end:
        ends.append(datetime.combine(local.date(), window.end))
    due = flattens and (not inside or local >= min(ends) - MINUTE)
    over = moment >= session.close
    return Moment(tau, day, inside, over, due, mode, over)


def coin_moment(tau: int, window: Window, flattens: bool, mode: str) -> Moment:
    """Around the clock, in days of UTC; a window may wrap past midnight."""
    moment = datetime.fromtimestamp(tau, UTC).replace(tzinfo=None)
    day = (tau - 60) // 86_400  # that of the minute
    now, end = moment.time(), datetime.combine(moment.date(), window.end)
    if window.start == window.end:
        return Moment(tau, day, True, False, False, mode)
    if window.start < window.end:
        inside = window.start <= now < window.end
    else:
        inside = now >= window.start or now < window.end
        if now >= window.start:
            end += timedelta(days=1)
    return Moment(tau, day, inside, False, flattens and (not inside or moment >= end - MINUTE), mode)


def daily_moment(moment: Moment) -> Moment:
    """A bot on daily bars has no window, and decides at the close for the next session."""
    return replace(moment, in_window=True, closing=False, flatten_due=False)


def account_day(tau: int) -> int:
    """The account's day ends at 16:00 New York, whatever its bots trade."""
    local = datetime.fromtimestamp(tau - 60, UTC).astimezone(NEW_YORK)
    return local.toordinal() + (local.hour >= 16)
