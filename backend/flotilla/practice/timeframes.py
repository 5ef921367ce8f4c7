"""Bars of every timeframe out of minute bars, aligned to the New York clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

import numpy as np

from flotilla.practice.calendar import NEW_YORK
from flotilla.practice.session import MINUTE, Bar
from flotilla.practice.sources.source import SessionBars

_PATTERN = re.compile(r"(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)")
_LONG_NAMES = {"T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}
_MONTHS = (1, 2, 3, 4, 6, 12)
_MINUTES_AN_HOUR = 60
_COIN_DECIMALS = 9


class Unit(StrEnum):
    MINUTE = "Min"
    HOUR = "Hour"
    DAY = "Day"
    WEEK = "Week"
    MONTH = "Month"


@dataclass(frozen=True, slots=True)
class Timeframe:
    amount: int
    unit: Unit

    @property
    def minutes(self) -> int | None:
        """The length of an intraday timeframe, None for days and longer."""
        if self.unit is Unit.MINUTE:
            return self.amount
        return self.amount * _MINUTES_AN_HOUR if self.unit is Unit.HOUR else None

    def first_day(self, day: date) -> date:
        """Return the day on which the (daily or longer) bar that holds `day` begins."""
        if self.unit is Unit.WEEK:
            return day - timedelta(days=day.weekday())
        if self.unit is Unit.MONTH:
            return day.replace(month=(day.month - 1) // self.amount * self.amount + 1, day=1)
        return day


ONE_MINUTE = Timeframe(1, Unit.MINUTE)


def parse_timeframe(text: str) -> Timeframe | None:
    """Read "5Min", "1Hour", "1Day", "1Week", "3Month" or the short forms; None when it is none."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    amount, unit = int(match[1]), Unit(_LONG_NAMES.get(match[2], match[2]))
    allowed = {
        Unit.MINUTE: 1 <= amount <= 59,
        Unit.HOUR: 1 <= amount <= 23,
        Unit.DAY: amount == 1,
        Unit.WEEK: amount == 1,
        Unit.MONTH: amount in _MONTHS,
    }
    return Timeframe(amount, unit) if allowed[unit] else None


def midnight(day: date) -> datetime:
    """Return midnight in New York of `day`, aware UTC."""
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)


def utc_midnight(day: date) -> datetime:
    """Return midnight in UTC of `day`: where a day of coins begins."""
    return datetime.combine(day, time(), UTC)


def intraday(bars: SessionBars, count: int, minutes: int, day_start: datetime) -> list[tuple[datetime, Bar]]:
    """Aggregate the session's first `count` bars into bars of `minutes`, stamped with their start and
    aligned to `day_start`."""
    if not count:
        return []
    if minutes == 1:
        return [(bars.start_of(index), bars.rows[index]) for index in range(count)]
    opened = int((bars.session.open - day_start) / MINUTE)
    buckets = (bars.minutes[:count] + opened) // minutes
    begins = np.flatnonzero(np.diff(buckets, prepend=-1))
    starts = [day_start + int(bucket) * minutes * MINUTE for bucket in buckets[begins]]
    ends = [*begins[1:].tolist(), count]
    spans = zip(begins.tolist(), ends, strict=True)
    merged = [merge(bars.rows[begin:end]) for begin, end in spans]
    return list(zip(starts, merged, strict=True))


def merge(bars: list[Bar]) -> Bar:
    """Merge consecutive bars (at least one) into one."""
    volume = round(sum(bar.volume for bar in bars), _COIN_DECIMALS)
    traded = sum(bar.vwap * bar.volume for bar in bars)
    return Bar(
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=volume,
        trade_count=sum(bar.trade_count for bar in bars),
        vwap=round(traded / volume, 6) if volume else bars[-1].close,
    )


def merge_first(bars: SessionBars, count: int) -> Bar:
    """Merge the session's first `count` bars (at least one): like `merge`, without making rows of them."""
    volume = round(bars.volume[:count].sum().item(), _COIN_DECIMALS)
    traded = float(bars.vwap[:count] @ bars.volume[:count])
    return Bar(
        open=bars.open[0].item(),
        high=bars.high[:count].max().item(),
        low=bars.low[:count].min().item(),
        close=bars.close[count - 1].item(),
        volume=volume,
        trade_count=bars.trade_count[:count].sum().item(),
        vwap=round(traded / volume, 6) if volume else bars.close[count - 1].item(),
    )
