"""The exchange's sessions from 1970 to 2100, early closes included."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np

from flotilla.practice.session import Session

NEW_YORK = ZoneInfo("America/New_York")

# Given explicitly: exchange_calendars otherwise ends a year from today.
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2100, 12, 31)
_EXTENDED = (time(4, 0), time(20, 0))  # New York


class TradingCalendar:
    """The New York Stock Exchange's sessions, in order."""

    def __init__(self) -> None:
        schedule = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY, end=LAST_DAY).schedule
        self._days = [label.date() for label in schedule.index]
        self._opens = _epoch_seconds(schedule["open"])
        self._closes = _epoch_seconds(schedule["close"])

    def on(self, day: date) -> Session | None:
        """Return the session of `day`, None on a weekend or holiday."""
        index = bisect_left(self._days, day)
        return self._at(index) if index < len(self._days) and self._days[index] == day else None

    def after(self, day: date) -> Session | None:
        """Return the first session later than `day`."""
        index = bisect_right(self._days, day)
        return self._at(index) if index < len(self._days) else None

    def before(self, day: date) -> Session | None:
        """Return the last session earlier than `day`."""
        index = bisect_left(self._days, day)
        return self._at(index - 1) if index > 0 else None

    def between(self, first: date, last: date) -> list[Session]:
        """Return the sessions of `first` to `last`, both included, ascending."""
        begin, end = bisect_left(self._days, first), bisect_right(self._days, last)
        return [self._at(index) for index in range(begin, end)]

    def _at(self, index: int) -> Session:
        return Session(
            self._days[index],
            datetime.fromtimestamp(self._opens[index], UTC),
            datetime.fromtimestamp(self._closes[index], UTC),
        )


def _epoch_seconds(times: object) -> list[int]:
    seconds = np.asarray(times, dtype="datetime64[s]").astype(np.int64)
    return [int(second) for second in seconds]


def new_york_day(moment: datetime) -> date:
    """Return the calendar day of `moment` in New York."""
    return moment.astimezone(NEW_YORK).date()


def extended_hours(day: date) -> tuple[datetime, datetime]:
    """Return when the trading before the regular hours of `day` begins and the one after them ends, UTC."""
    first, last = (datetime.combine(day, at, NEW_YORK).astimezone(UTC) for at in _EXTENDED)
    return first, last
