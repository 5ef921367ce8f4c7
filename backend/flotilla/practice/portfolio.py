"""What an account was worth over time, on an even grid, out of the points stored when it changed."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from flotilla.db.session import Database
from flotilla.practice.calendar import NEW_YORK, TradingCalendar, new_york_day
from flotilla.practice.session import MINUTE, Session
from flotilla.practice.tables import equity_points as table
from flotilla.practice.timeframes import midnight

TIMEFRAMES = {"1Min": 1, "5Min": 5, "15Min": 15, "1H": 60, "1D": None}
REPORTING = ("market_hours", "extended_hours", "continuous")
MOST_POINTS = 20_000

_PERIOD = re.compile(r"([1-9][0-9]{0,3})(D|W|M|A)")
_DAYS = {"D": 1, "W": 7, "M": 30, "A": 365}
_EXTENDED = (time(4, 0), time(20, 0))  # New York

Point = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class PortfolioRequest:
    """`step`: minutes between points, None for one a session. `per_day`: profit since the last
    session's close, otherwise since the beginning."""

    start: datetime
    end: datetime
    step: int | None
    reporting: str
    per_day: bool


@dataclass(frozen=True, slots=True)
class PortfolioHistory:
    points: list[Point]
    profits: list[float]
    ratios: list[float | None]
    base_value: float


def period_days(text: str) -> int | None:
    """Read "5D", "2W", "1M", "1A"; None when it is none."""
    match = _PERIOD.fullmatch(text)
    return int(match[1]) * _DAYS[match[2]] if match else None


class Portfolio:
    def __init__(self, database: Database, calendar: TradingCalendar) -> None:
        self._database = database
        self._calendar = calendar

    async def history(
        self, account_id: str, asked: PortfolioRequest, now: datetime, equity: float
    ) -> PortfolioHistory:
        """Return the equity from `start` to `end`; `equity` is what the account is worth now."""
        end = min(asked.end, now)
        stored = await self._stored(account_id, end)
        first = stored[0][1] if stored else equity
        known = [*stored, (now, equity)]
        times = self._grid(asked, end)
        moments = [at for at, _ in known]
        points = [(at, _at(known, moments, at, first)) for at in times]
        base = _at(known, moments, asked.start, first)
        bases = self._day_bases(known, moments, times, base) if asked.per_day else [base] * len(points)
        profits = [round(value - b, 2) for (_, value), b in zip(points, bases, strict=True)]
        ratios = [round(p / b, 6) if b else None for p, b in zip(profits, bases, strict=True)]
        return PortfolioHistory(points, profits, ratios, base)

    async def _stored(self, account_id: str, end: datetime) -> list[Point]:
        columns = table.c
        statement = select(columns.at, columns.equity).where(
            columns.account_id == account_id, columns.at <= end
        )
        async with self._database.transaction() as session:
            rows = await session.execute(statement.order_by(columns.at))
            return [(row.at, float(row.equity)) for row in rows]

    def _grid(self, asked: PortfolioRequest, end: datetime) -> list[datetime]:
        sessions = self._calendar.between(new_york_day(asked.start), new_york_day(end))
        if asked.step is None:
            closes = [min(session.close, end) for session in sessions if session.open <= end]
            return [at for at in closes if asked.start <= at]
        step = asked.step * MINUTE
        if asked.reporting == "continuous":
            return _every(step, asked.start, end)
        found: list[datetime] = []
        for session in sessions:
            first, last = _hours(session, asked.reporting)
            found += [at for at in _every(step, first, min(last, end)) if at >= asked.start]
        return found

    def _day_bases(
        self, known: Sequence[Point], moments: Sequence[datetime], times: Sequence[datetime], base: float
    ) -> list[float]:
        """Return what the account was worth at the start of each point's day."""
        by_day: dict[date, float] = {}
        for at in times:
            day = new_york_day(at)
            if day not in by_day:
                by_day[day] = _at(known, moments, midnight(day), base)
        return [by_day[new_york_day(at)] for at in times]


def _at(known: Sequence[Point], moments: Sequence[datetime], at: datetime, first: float) -> float:
    index = bisect_right(moments, at)
    return known[index - 1][1] if index else first


def _every(step: timedelta, first: datetime, last: datetime) -> list[datetime]:
    count = int((last - first) / step) + 1 if last >= first else 0
    return [first + index * step for index in range(min(count, MOST_POINTS))]


def _hours(session: Session, reporting: str) -> tuple[datetime, datetime]:
    if reporting == "market_hours":
        return session.open, session.close
    first, last = (datetime.combine(session.day, at, NEW_YORK) for at in _EXTENDED)
    return first.astimezone(session.open.tzinfo), last.astimezone(session.open.tzinfo)
