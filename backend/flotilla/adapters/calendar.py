"""The New York Stock Exchange's sessions, early closes included, from exchange_calendars."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache

import exchange_calendars
import numpy as np

from flotilla.domain.market import Session

# Given explicitly: exchange_calendars otherwise ends a year from today.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2100, 12, 31)


class ExchangeCalendar:
    """`ports.calendar.SessionCalendar`, from 1970 to 2100."""

    def sessions(self, first: date, last: date) -> Sequence[Session]:
        days, opens, closes = _schedule()
        begin, end = bisect_left(days, first), bisect_right(days, last)
        return [
            Session(datetime.fromtimestamp(opens[n], UTC), datetime.fromtimestamp(closes[n], UTC))
            for n in range(begin, end)
        ]


@cache
def _schedule() -> tuple[list[date], list[int], list[int]]:
    """Each session's day, and its open and close in seconds since 1970 UTC."""
    schedule = exchange_calendars.get_calendar("XNYS", start=_FIRST_DAY, end=_LAST_DAY).schedule
    days = [label.date() for label in schedule.index]
    opens, closes = (
        np.asarray(schedule[side], dtype="datetime64[s]").astype(np.int64).tolist()
        for side in ("open", "close")
    )
    return days, opens, closes
