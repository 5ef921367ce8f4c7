"""What the metrics are computed from: the equity curve of a run, and its closed trades as columns."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from flotilla.domain.market import FloatArray, TimeArray

IndexArray = npt.NDArray[np.intp]

STOCK_DAYS = 252  # trading days a year of US stocks
COIN_DAYS = 365
_DAY = 86_400  # seconds


@dataclass(frozen=True)
class EquityCurve:
    """The account at the end of every base minute, oldest first; no cash flows in or out.

    `times` are the ends of the base minutes, strictly ascending; `equity` and `exposure` (gross) are
    USD at those times; `initial` is the equity before the first of them (> 0); `day_ends` holds the
    index of the last sample of each day (session, or UTC day for coins), so its last entry is the last
    index; `benchmark` is the value of the alternative at the same times (> 0, any scale).

    Raises ValueError for columns of different lengths, no samples, times or days out of order, or
    values that are not finite.
    """

    times: TimeArray
    equity: FloatArray
    exposure: FloatArray
    initial: float
    day_ends: IndexArray
    days_per_year: int = STOCK_DAYS
    benchmark: FloatArray | None = None

    def __post_init__(self) -> None:
        size = len(self.times)
        if size == 0:
            raise ValueError("an equity curve needs at least one sample")
        if len(self.equity) != size or len(self.exposure) != size:
            raise ValueError("times, equity and exposure differ in length")
        if not (self.times[1:] > self.times[:-1]).all():
            raise ValueError("times are not strictly ascending")
        if not (np.isfinite(self.equity).all() and np.isfinite(self.exposure).all()):
            raise ValueError("equity or exposure is not finite")
        if not (np.isfinite(self.initial) and self.initial > 0.0 and self.days_per_year > 0):
            raise ValueError("initial equity and days per year must be above zero")
        self._check_days()
        self._check_benchmark()

    def _check_days(self) -> None:
        ends = self.day_ends
        if len(ends) == 0 or ends[0] < 0 or ends[-1] != len(self.times) - 1:
            raise ValueError("day_ends must end with the last sample")
        if not (ends[1:] > ends[:-1]).all():
            raise ValueError("day_ends are not strictly ascending")

    def _check_benchmark(self) -> None:
        if self.benchmark is None:
            return
        if len(self.benchmark) != len(self.times):
            raise ValueError("benchmark and times differ in length")
        if not (np.isfinite(self.benchmark).all() and (self.benchmark > 0.0).all()):
            raise ValueError("benchmark must be finite and above zero")

    @property
    def days(self) -> int:
        return len(self.day_ends)

    @property
    def years(self) -> float:
        """The length by which figures are annualised: days / days a year."""
        return self.days / self.days_per_year

    @cached_property
    def ruined_on(self) -> int | None:
        """The day (its number from 0) at whose end equity was zero or below for the first time."""
        ruined = self.equity[self.day_ends] <= 0.0
        return int(ruined.argmax()) if ruined.any() else None

    @cached_property
    def daily_returns(self) -> FloatArray:
        """Simple returns from day's end to day's end, the first one from `initial`.

        They stop with the day of ruin, whose return is -1: a return on nothing is undefined, and one
        below -1 would turn the sign of everything compounded after it.
        """
        closes = np.concatenate(([self.initial], self.equity[self.day_ends]))
        if self.ruined_on is not None:
            closes = closes[: self.ruined_on + 2]
        return np.maximum(closes[1:] / closes[:-1] - 1.0, -1.0)

    @cached_property
    def benchmark_daily_returns(self) -> FloatArray | None:
        """The benchmark's returns of the same days as `daily_returns`, bought at the first sample."""
        if self.benchmark is None:
            return None
        closes = np.concatenate((self.benchmark[:1], self.benchmark[self.day_ends]))
        return (closes[1:] / closes[:-1] - 1.0)[: len(self.daily_returns)]


@dataclass(frozen=True, slots=True)
class ClosedTrades:
    """Closed trades (a position from flat to flat) as columns of equal length, in any order.

    `entry_time` and `exit_time` in seconds since 1970 UTC; `side` +1 long, -1 short; prices USD;
    `profit` USD net of `fees`; `mae` <= 0 and `mfe` >= 0: the worst and best open profit of the whole
    trade, USD; `risk`: what its stop put at stake at entry, USD, NaN without a stop; `bars_held` counts
    bars of the bot's timeframe. Raises ValueError for columns of different lengths, or a profit or a
    fee that is not finite.
    """

    entry_time: TimeArray
    exit_time: TimeArray
    side: npt.NDArray[np.int8]
    quantity: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    profit: FloatArray
    fees: FloatArray
    mae: FloatArray
    mfe: FloatArray
    risk: FloatArray
    bars_held: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len({len(getattr(self, column.name)) for column in fields(self)}) != 1:
            raise ValueError("the columns of the trades differ in length")
        if not (np.isfinite(self.profit).all() and np.isfinite(self.fees).all()):
            raise ValueError("a profit or a fee is not finite")

    def __len__(self) -> int:
        return len(self.profit)

    def where(self, mask: npt.NDArray[np.bool_]) -> "ClosedTrades":
        """The trades that `mask` selects, such as `trades.where(trades.side > 0)`."""
        return ClosedTrades(**{column.name: getattr(self, column.name)[mask] for column in fields(self)})


def utc_day_ends(times: TimeArray) -> IndexArray:
    """The index of the last sample of each UTC day: `day_ends` for coins.

    `times` are ends of minutes, so midnight belongs to the day before it.
    """
    day = (times - 1) // _DAY
    return np.append(np.flatnonzero(day[1:] != day[:-1]), len(times) - 1)
