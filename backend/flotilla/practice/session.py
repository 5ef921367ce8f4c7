"""One trading session of the exchange, and one minute of it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """The regular hours of one day; `open` and `close` are aware UTC, early closes included."""

    day: date
    open: datetime
    close: datetime

    @property
    def minutes(self) -> int:
        return int((self.close - self.open) / MINUTE)


class Bar(NamedTuple):
    """One symbol's trades over a period. Prices are dollars, volume shares, vwap dollars."""

    open: float
    high: float
    low: float
    close: float
    volume: float  # whole shares, or coins
    trade_count: int
    vwap: float


@dataclass(frozen=True, slots=True)
class Minute:
    """The minute that begins at `start`, with the bars of the symbols that trade in it.

    `extended`: stocks trade in it although it lies outside the regular hours.
    """

    start: datetime
    bars: dict[str, Bar] = field(default_factory=dict)
    extended: bool = False
