"""Histories from the bar store, which is filled first with what it lacks.

`ensure` fetches only ranges that are not known yet, writes as the pages come, and can be cancelled or
killed at any moment: what was written counts, the rest is fetched next time. `load` reads, and says
beside each series what is missing of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from flotilla.domain.adjustment import Adjustment
from flotilla.domain.errors import Invalid, NotFound, Problem
from flotilla.domain.market import Series, Timeframe
from flotilla.domain.time_ranges import TimeRanges
from flotilla.ports.bar_history import BarSource
from flotilla.ports.bar_store import BarStore, Coverage, SeriesKey
from flotilla.ports.calendar import SessionCalendar
from flotilla.research.fetch import Fetch, Fetched, FetchProgress
from flotilla.research.marks import Gaps, HistoryMarks, coin_gaps, counted, stock_gaps, within_sessions


@dataclass(frozen=True, slots=True)
class SymbolHistory:
    """A symbol's bars (restated as asked for), and what to say beside a result made of them."""

    symbol: str
    bars: Series
    marks: HistoryMarks


class BarLibrary:
    """The bar store, the sources that fill it, and the calendar that it is held against."""

    def __init__(self, store: BarStore, calendar: SessionCalendar) -> None:
        self._store = store
        self._calendar = calendar

    async def ensure(
        self,
        source: BarSource,
        symbols: Sequence[str],
        start: datetime,
        end: datetime,
        *,
        timeframe: Timeframe = Timeframe.MINUTE_1,
        refresh_actions: bool = False,
        progress: Callable[[FetchProgress], None] = lambda _: None,
    ) -> tuple[str, list[Fetched]]:
        """Fetch what is missing of [start, end); return the source's name for `load`, and what was done.

        A symbol that has no minutes in the range gets its days instead. Splits and dividends are asked
        for when bars were missing, or by `refresh_actions`. Raises Unavailable, Invalid.
        """
        _check_range(start, end)
        name, horizon = await source.name(), await source.horizon()
        done: list[Fetched] = []
        for symbol in symbols:
            for length in dict.fromkeys((timeframe, Timeframe.DAY_1)):
                fetch = Fetch(self._store, source, SeriesKey(name, symbol, length), progress)
                done.append(await fetch.run(start, min(end, _final(fetch.key, horizon)), refresh_actions))
                if await asyncio.to_thread(self._has_bars, fetch.key, start, end):
                    break
        return name, done

    def load(
        self,
        source: str,
        symbols: Sequence[str],
        start: datetime,
        end: datetime,
        *,
        adjustment: Adjustment = Adjustment.SPLIT,
        as_of: date | None = None,
        extended_hours: bool = False,
        marks_from: datetime | None = None,
    ) -> dict[str, SymbolHistory]:
        """Read the finest bars that the store has of each symbol within [start, end).

        Stocks' minutes outside regular hours are left out unless `extended_hours`. The marks are of
        [marks_from, end): bars before that only warm indicators up. Raises NotFound
        (`NO_BARS`) where a symbol has none, Invalid, BarsDamaged.
        """
        _check_range(start, end)
        return {
            symbol: self._history(
                source, symbol, (start, marks_from or start, end), adjustment, as_of, extended_hours
            )
            for symbol in symbols
        }

    def gaps(self, key: SeriesKey, bars: Series, known: TimeRanges) -> Gaps:
        """Hold a series' bars against the calendar, within the ranges that are known."""
        found = [self._gaps_within(key, bars, *map(_moment, one)) for one in known]
        return Gaps(
            sum(one.expected_bars for one in found),
            sum(one.missing_bars for one in found),
            max((one.longest_gap for one in found), default=0),
            tuple(day for one in found for day in one.missing_sessions),
        )

    def _history(
        self,
        source: str,
        symbol: str,
        within: tuple[datetime, datetime, datetime],
        adjustment: Adjustment,
        as_of: date | None,
        extended_hours: bool,
    ) -> SymbolHistory:
        start, marks_from, end = within
        for timeframe in sorted(Timeframe, key=lambda one: one.minutes):
            key = SeriesKey(source, symbol, timeframe)
            coverage = self._store.coverage(key)
            if not _may_hold(coverage, start, end):
                continue
            bars = self._store.read(key, start, end, adjustment=adjustment, as_of=as_of)
            if not (extended_hours or key.is_coin or timeframe.is_daily):
                bars = within_sessions(bars, self._calendar.sessions(_day(start, key), _day(end, key)))
            if len(bars):
                judged = bars.cut(slice(int(np.searchsorted(bars.start, marks_from.timestamp())), None))
                return SymbolHistory(symbol, bars, self._marks(key, coverage, judged, marks_from, end))
        raise NotFound(
            f"There are no bars of {symbol} from {start:%Y-%m-%d} to {end:%Y-%m-%d} in {source}; "
            "`flotilla bars fetch` or `flotilla bars import` brings them.",
            code="NO_BARS",
        )

    def _marks(
        self, key: SeriesKey, coverage: Coverage, bars: Series, start: datetime, end: datetime
    ) -> HistoryMarks:
        asked = TimeRanges.of([(int(start.timestamp()), int(end.timestamp()))])
        return HistoryMarks(
            timeframe=key.timeframe,
            bars=len(bars),
            coarse=key.timeframe is not Timeframe.MINUTE_1,
            gaps=self.gaps(key, bars, coverage.known & asked),
            unknown=self._with_trading(key, asked - coverage.known),
            faults=counted(coverage.faults, start, end),
            provider_adjusted=coverage.adjusted,
        )

    def _with_trading(self, key: SeriesKey, ranges: TimeRanges) -> TimeRanges:
        """Only the ranges in which there is trading: a night that nobody asked for is no gap."""
        if key.is_coin or not ranges:
            return ranges
        return TimeRanges.of(
            one for one in ranges if self._gaps_within(key, _NOTHING, *map(_moment, one)).expected_bars
        )

    def _gaps_within(self, key: SeriesKey, bars: Series, start: datetime, end: datetime) -> Gaps:
        if key.is_coin:
            return coin_gaps(bars, start, end)
        return stock_gaps(bars, self._calendar.sessions(_day(start, key), _day(end, key)), start, end)

    def _has_bars(self, key: SeriesKey, start: datetime, end: datetime) -> bool:
        return len(self._store.read(key, start, end, adjustment=Adjustment.SPLIT)) > 0


def _final(key: SeriesKey, horizon: datetime) -> datetime:
    """Days are final when they are over."""
    if not key.timeframe.is_daily:
        return horizon
    return horizon.astimezone(key.clock).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _check_range(start: datetime, end: datetime) -> None:
    if start >= end:
        raise Invalid([Problem("end", "must be after start")], "The range of the history is empty.")


def _may_hold(coverage: Coverage, start: datetime, end: datetime) -> bool:
    if coverage.first is None or coverage.last is None:
        return False
    return coverage.first < end and coverage.last >= start


_NOTHING = Series.from_bars([])


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _day(moment: datetime, key: SeriesKey) -> date:
    return moment.astimezone(key.clock).date()
