"""The local store of bars: what has been fetched or imported once is never asked for again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Protocol

from flotilla.domain.adjustment import Adjustment, CorporateAction
from flotilla.domain.bar_quality import Faults
from flotilla.domain.errors import Conflict
from flotilla.domain.market import NEW_YORK, Series, Timeframe
from flotilla.domain.time_ranges import NO_TIME, TimeRanges


class BarsDamaged(Conflict):
    """A file of the store is missing or cannot be read; `flotilla bars check` says more."""

    code = "BARS_DAMAGED"


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What is never mixed: where the bars come from (the feed is a part of it), symbol and timeframe.

    `source` is, say, `alpaca-iex`, `practice-synthetic-0` or `import`.
    """

    source: str
    symbol: str
    timeframe: Timeframe = Timeframe.MINUTE_1

    @property
    def is_coin(self) -> bool:
        return "/" in self.symbol

    @property
    def clock(self) -> tzinfo:
        """The clock that days go by: UTC for pairs of coins, else New York's."""
        return UTC if self.is_coin else NEW_YORK


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of a series. `known` holds the ranges that were fetched, empty ones too.

    `adjusted`: the prices were restated for splits before we got them, and raw ones are not to be had.
    `faults`: the starts of bars that came and could not be used.
    """

    known: TimeRanges = NO_TIME
    bars: int = 0
    first: datetime | None = None
    last: datetime | None = None
    adjusted: bool = False
    faults: Faults | None = None


class BarStore(Protocol):
    """Blocking, safe in threads and between processes. Every method may raise BarsDamaged."""

    def coverage(self, key: SeriesKey) -> Coverage:
        """What is known of the series; an unknown one has an empty coverage."""
        ...

    def read(
        self,
        key: SeriesKey,
        start: datetime,
        end: datetime,
        *,
        adjustment: Adjustment = Adjustment.SPLIT,
        as_of: date | None = None,
    ) -> Series:
        """The bars with start <= bar start < end, oldest first, all hours of the day.

        Raises Conflict for raw prices of a series that was adjusted before it came here.
        """
        ...

    def write(
        self,
        key: SeriesKey,
        bars: Series,
        start: datetime,
        end: datetime,
        *,
        faults: Faults | None = None,
        adjusted: bool = False,
    ) -> None:
        """Put what is known of [start, end) in place of what was: all of it, or nothing.

        `bars` are clean (see domain/bar_quality.py) and lie in the range, else ValueError. Raises
        Conflict where raw and adjusted prices would be mixed.
        """
        ...

    def mark_known(self, key: SeriesKey, ranges: TimeRanges) -> None:
        """Say that what is stored of these ranges is all there is."""
        ...

    def actions(self, source: str, symbol: str) -> Sequence[CorporateAction]:
        """The splits and dividends known of a symbol, oldest first."""
        ...

    def write_actions(self, source: str, symbol: str, actions: Sequence[CorporateAction]) -> bool:
        """Put these in place of those known; whether that changed anything."""
        ...

    def version(self, source: str, symbol: str) -> str:
        """Another word whenever anything of a symbol was written, by any process; cheap to ask."""
        ...

    def series(self) -> Sequence[SeriesKey]:
        """Every series in the store, by source, symbol and length of its bars."""
        ...

    def problems(self, key: SeriesKey) -> Sequence[str]:
        """Read every file of a series whole, and say what is wrong with it, a sentence each."""
        ...
