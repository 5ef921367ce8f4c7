"""Histories: only what is missing is fetched, and what is missing is said."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from flotilla.adapters.calendar import ExchangeCalendar
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.adjustment import ActionKind, Adjustment, CorporateAction
from flotilla.domain.bar_quality import BarFault
from flotilla.domain.errors import Invalid, NotFound, Unavailable
from flotilla.domain.market import NEW_YORK, Series, Timeframe
from flotilla.ports.bar_store import SeriesKey
from flotilla.research.fetch import FetchProgress
from flotilla.research.history import BarLibrary, SymbolHistory

DAY = timedelta(days=1)
# 27 November 2024, 29 (the day after Thanksgiving closes at 13:00), 2 and 3 December.
OPENS = [datetime(2024, *day, 14, 30, tzinfo=UTC) for day in ((11, 27), (11, 29), (12, 2), (12, 3))]
START, END = datetime(2024, 11, 27, 5, tzinfo=UTC), datetime(2024, 12, 4, 5, tzinfo=UTC)
MINUTES = 390 + 210 + 390 + 390


def starts(*days: int) -> list[int]:
    """The minutes of the sessions OPENS[day]."""
    return [
        int(OPENS[day].timestamp()) + 60 * minute
        for day in days or range(4)
        for minute in range(210 if day == 1 else 390)
    ]


def flat(at: Sequence[int], price: float = 100.0, timeframe: Timeframe = Timeframe.MINUTE_1) -> Series:
    one = np.full(len(at), price)
    return Series(np.array(at, np.int64), one, one, one, one, one, timeframe=timeframe)


@dataclass
class Provider:
    """A `BarSource` with what it is given; remembers what it was asked for."""

    bars: dict[Timeframe, Series]
    page: int = 500
    now: datetime = END + DAY
    splits: list[CorporateAction] = field(default_factory=list)
    asked: list[tuple[Timeframe, datetime, datetime]] = field(default_factory=list)
    asked_actions: int = 0
    fails_after: int = 1_000

    async def name(self) -> str:
        return "practice-test"

    async def horizon(self) -> datetime:
        return self.now

    async def pages(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> AsyncGenerator[Series, None]:
        self.asked.append((timeframe, start, end))
        bars = self.bars.get(timeframe, flat([], timeframe=timeframe))
        found = bars.cut((bars.start >= start.timestamp()) & (bars.start < end.timestamp()))
        for number, first in enumerate(range(0, len(found) or 1, self.page)):
            if number >= self.fails_after:
                raise Unavailable("Gone.")
            await asyncio.sleep(0)  # as a real one waits for each page: there a cancel is heard
            yield found.cut(slice(first, first + self.page))

    async def actions(self, symbol: str, first: date, last: date) -> Sequence[CorporateAction]:
        self.asked_actions += 1
        return [one for one in self.splits if first <= one.ex_date <= last]


@pytest.fixture(scope="module")
def calendar() -> ExchangeCalendar:
    return ExchangeCalendar()


@pytest.fixture
def store(tmp_path: Path) -> ParquetBarStore:
    return ParquetBarStore(tmp_path)


@pytest.fixture
def library(store: ParquetBarStore, calendar: ExchangeCalendar) -> BarLibrary:
    return BarLibrary(store, calendar)


def minutes(*days: int) -> Provider:
    return Provider({Timeframe.MINUTE_1: flat(starts(*days))})


def load(library: BarLibrary, start: datetime = START, end: datetime = END, **asked: bool) -> SymbolHistory:
    return library.load("practice-test", ["AAPL"], start, end, **asked)["AAPL"]


async def test_what_is_there_is_not_asked_for_again(library: BarLibrary) -> None:
    provider = minutes()
    name, [done] = await library.ensure(provider, ["AAPL"], OPENS[1], OPENS[2])
    assert (name, done.bars) == ("practice-test", 210)
    assert provider.asked == [(Timeframe.MINUTE_1, OPENS[1], OPENS[2])]
    provider.asked.clear()
    _, [more] = await library.ensure(provider, ["AAPL"], START, END)
    assert provider.asked == [(Timeframe.MINUTE_1, START, OPENS[1]), (Timeframe.MINUTE_1, OPENS[2], END)]
    assert more.bars == MINUTES - 210
    provider.asked.clear()
    provider.asked_actions = 0
    _, [none] = await library.ensure(provider, ["AAPL"], START, END)
    assert (provider.asked, provider.asked_actions, none.bars) == ([], 0, 0)
    assert load(library).bars.start.tolist() == starts()


async def test_a_whole_history_has_no_marks(library: BarLibrary) -> None:
    await library.ensure(minutes(), ["AAPL"], START, END)
    marks = load(library).marks
    assert (marks.bars, marks.coarse, marks.faults) == (MINUTES, False, {})
    assert (marks.gaps.expected_bars, marks.gaps.missing_bars, marks.gaps.longest_gap) == (MINUTES, 0, 0)
    assert not marks.gaps.missing_sessions
    assert not marks.unknown


async def test_missing_minutes_and_sessions_are_marked(library: BarLibrary) -> None:
    lacking = np.delete(np.array(starts(0, 1, 3)), [0, 1, 5, 389, 390, 599])
    await library.ensure(Provider({Timeframe.MINUTE_1: flat(lacking)}), ["AAPL"], START, END)
    gaps = load(library).marks.gaps
    assert gaps.missing_bars == 6
    assert gaps.longest_gap == 2
    assert gaps.missing_sessions == (date(2024, 12, 2),)


async def test_what_was_never_fetched_is_marked_unknown(library: BarLibrary) -> None:
    await library.ensure(minutes(), ["AAPL"], START, OPENS[2])
    marks = load(library).marks
    assert [(start, end) for start, end in marks.unknown] == [
        (int(OPENS[2].timestamp()), int(END.timestamp()))
    ]
    assert marks.gaps.expected_bars == 600
    # The night after what was fetched is no gap.
    night = OPENS[0] + timedelta(hours=12)
    assert not load(library, START, OPENS[2]).marks.unknown
    await library.ensure(minutes(), ["MSFT"], START, OPENS[0] + timedelta(minutes=390))
    held = library.load("practice-test", ["MSFT"], START, night)["MSFT"]
    assert not held.marks.unknown


async def test_no_minute_is_known_before_it_is_final(library: BarLibrary) -> None:
    provider = minutes()
    provider.now = OPENS[2] + timedelta(minutes=30)
    await library.ensure(provider, ["AAPL"], START, END)
    assert provider.asked[0][2] == provider.now
    assert len(load(library).bars) == 600 + 30
    provider.now = END
    await library.ensure(provider, ["AAPL"], START, END)
    assert provider.asked[1][1] == OPENS[2] + timedelta(minutes=30)
    assert load(library).bars.start.tolist() == starts()


async def test_a_fetch_that_breaks_off_keeps_whole_months_and_goes_on(library: BarLibrary) -> None:
    provider = minutes()
    provider.fails_after = 2  # the second page reaches into December
    with pytest.raises(Unavailable):
        await library.ensure(provider, ["AAPL"], START, END)
    assert load(library).bars.start.tolist() == starts(0, 1)
    provider.fails_after = 1_000
    await library.ensure(provider, ["AAPL"], START, END)
    assert provider.asked[1][1] == datetime(2024, 12, 1, tzinfo=UTC)
    assert load(library).bars.start.tolist() == starts()


async def test_a_cancelled_fetch_leaves_what_can_be_gone_on_with(library: BarLibrary) -> None:
    provider = minutes()
    running: asyncio.Task[object] | None = None

    def cancel(progress: FetchProgress) -> None:
        if progress.bars >= 1000:
            assert running is not None
            running.cancel()

    running = asyncio.ensure_future(library.ensure(provider, ["AAPL"], START, END, progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert load(library).bars.start.tolist() == starts(0, 1)
    await library.ensure(provider, ["AAPL"], START, END)
    assert load(library).bars.start.tolist() == starts()


async def test_progress_goes_from_nothing_to_all(library: BarLibrary) -> None:
    told: list[FetchProgress] = []
    await library.ensure(minutes(), ["AAPL"], START, END, progress=told.append)
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert told[-1].done == told[-1].total == (END - START).total_seconds()
    assert [one.bars for one in told][-1] == MINUTES


async def test_bars_that_cannot_be_used_are_left_out_and_counted(library: BarLibrary) -> None:
    bars = flat(starts())
    bars.close[3] = float("nan")
    bars.open[5] = -1
    twice = bars.cut(np.r_[np.arange(10), np.arange(9, len(bars))])
    _, [done] = await library.ensure(Provider({Timeframe.MINUTE_1: twice}), ["AAPL"], START, END)
    faults = {BarFault.NOT_A_NUMBER: 1, BarFault.PRICE_NOT_POSITIVE: 1, BarFault.DUPLICATE: 1}
    assert done.faults == faults
    history = load(library)
    assert (history.marks.faults, history.marks.gaps.missing_bars) == (faults, 2)
    assert load(library, start=OPENS[1]).marks.faults == {}


async def test_minutes_outside_the_session_only_when_asked_for(library: BarLibrary) -> None:
    early = [int(OPENS[2].timestamp()) - 60, int(OPENS[1].timestamp()) + 210 * 60]
    provider = Provider({Timeframe.MINUTE_1: flat(sorted([*starts(), *early]))})
    await library.ensure(provider, ["AAPL"], START, END)
    assert load(library).bars.start.tolist() == starts()
    assert load(library, extended_hours=True).bars.start.tolist() == sorted([*starts(), *early])


async def test_where_there_are_only_days_the_history_is_coarse(library: BarLibrary) -> None:
    midnights = [int(one.astimezone(NEW_YORK).replace(hour=0, minute=0).timestamp()) for one in OPENS]
    provider = Provider({Timeframe.DAY_1: flat(midnights[:3], timeframe=Timeframe.DAY_1)})
    await library.ensure(provider, ["AAPL"], START, END)
    history = load(library)
    assert (history.bars.timeframe, history.marks.coarse) == (Timeframe.DAY_1, True)
    assert history.bars.start.tolist() == midnights[:3]
    assert history.marks.gaps.missing_sessions == (date(2024, 12, 3),)


async def test_a_new_split_is_noticed_by_the_next_fetch_and_restates_what_was_there(
    library: BarLibrary,
) -> None:
    bars = flat(starts(), 400.0)
    provider = Provider({Timeframe.MINUTE_1: bars})
    await library.ensure(provider, ["AAPL"], START, OPENS[2])
    assert load(library).bars.close[0] == 400
    for column in (bars.open, bars.high, bars.low, bars.close):
        column[600:] = 100.0
    provider.splits = [CorporateAction(date(2024, 12, 2), ActionKind.SPLIT, 4.0)]
    _, [done] = await library.ensure(provider, ["AAPL"], START, END)
    assert done.actions_changed
    assert provider.asked[-1][1] == OPENS[2]  # no bar was fetched again
    assert set(load(library).bars.close.tolist()) == {100.0}
    raw = library.load("practice-test", ["AAPL"], START, END, adjustment=Adjustment.RAW)["AAPL"]
    assert set(raw.bars.close.tolist()) == {400.0, 100.0}
    # With every bar there, a correction is heard of when asked for.
    provider.splits = []
    _, [done] = await library.ensure(provider, ["AAPL"], START, END, refresh_actions=True)
    assert done.actions_changed
    assert load(library).bars.close[0] == 400


async def test_coins_trade_around_the_clock(library: BarLibrary, store: ParquetBarStore) -> None:
    key = SeriesKey("import", "BTC/USD")
    first = int(START.timestamp())
    one = flat([first + 60 * n for n in range(1440) if n not in (7, 8, 9)])
    store.write(key, one, START, START + DAY)
    marks = library.load("import", ["BTC/USD"], START, START + DAY)["BTC/USD"].marks
    assert (marks.gaps.expected_bars, marks.gaps.missing_bars, marks.gaps.longest_gap) == (1440, 3, 3)


async def test_an_empty_history_says_what_to_do(library: BarLibrary) -> None:
    with pytest.raises(NotFound, match="flotilla bars fetch") as refused:
        load(library)
    assert refused.value.code == "NO_BARS"
    await library.ensure(Provider({}), ["AAPL"], START, END)
    with pytest.raises(NotFound, match="no bars of AAPL from 2024-11-27"):
        load(library)
    with pytest.raises(Invalid):
        load(library, END, START)
