"""A starting bot's past: from the store what is final, from the broker the newest, fetched once."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flotilla.adapters.calendar import ExchangeCalendar
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.adjustment import CorporateAction
from flotilla.domain.errors import Unavailable
from flotilla.domain.market import MINUTE, Bar, Series, Timeframe
from flotilla.research.history import BarLibrary
from flotilla.research.warm_up import StoredHistory
from tests.fakes import FakeBarHistory

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
FINAL = NOW - timedelta(minutes=20)


def minutes(symbol: str, days: int) -> list[Bar]:
    """Every minute of New York's regular hours (or of every hour) of so many days up to now."""
    start, found = NOW - timedelta(days=days), []
    while start < NOW:
        opened = start.replace(hour=14 if start < datetime(2026, 3, 8, 7, tzinfo=UTC) else 13, minute=30)
        inside = start.weekday() < 5 and opened <= start < opened + timedelta(hours=6.5)
        if "/" in symbol or inside:
            found.append(Bar(symbol, start, 1.0, 2.0, 0.5, float(len(found)), 100.0))
        start += MINUTE
    return found


class Provider:
    """`ports.bar_history.BarSource` over some bars; remembers what it was asked for."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = bars
        self.asked: list[tuple[datetime, datetime]] = []

    async def name(self) -> str:
        return "test"

    async def horizon(self) -> datetime:
        return FINAL

    async def pages(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> AsyncGenerator[Series, None]:
        self.asked.append((start, end))
        inside = [bar for bar in self.bars if bar.symbol == symbol and start <= bar.start < end]
        yield Series.from_bars(inside if timeframe is Timeframe.MINUTE_1 else [])

    async def actions(self, symbol: str, first: date, last: date) -> Sequence[CorporateAction]:
        return []


class Past:
    def __init__(self, folder: Path, symbol: str, days: int) -> None:
        self.symbol, self.bars = symbol, minutes(symbol, days)
        self.provider = Provider(self.bars)
        self.direct = FakeBarHistory({symbol: self.bars}, now=NOW)
        self.folder = folder
        self.libraries = 0

    def library(self) -> BarLibrary:
        self.libraries += 1
        return BarLibrary(ParquetBarStore(self.folder), ExchangeCalendar())

    async def newest(self, limit: int) -> Sequence[Bar]:
        history = StoredHistory(self.library, self.provider, self.direct)
        return (await history.bars([self.symbol], limit=limit))[self.symbol]


def damage(folder: Path) -> None:
    for file in folder.rglob("*.parquet"):
        file.write_bytes(b"not a parquet file")


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USD"])
async def test_a_long_past_is_fetched_once_and_ends_now(tmp_path: Path, symbol: str) -> None:
    past = Past(tmp_path, symbol, 60)
    first = await past.newest(3000)
    assert first == past.bars[-3000:]
    assert past.provider.asked[0][1] == FINAL
    past.provider.asked.clear()
    assert await past.newest(3000) == first
    assert past.provider.asked == []


async def test_a_short_past_and_a_gap_are_asked_for_directly(tmp_path: Path) -> None:
    past = Past(tmp_path, "AAPL", 60)
    assert await past.newest(1000) == past.bars[-1000:]
    history = StoredHistory(past.library, past.provider, past.direct)
    gap = await history.bars(["AAPL"], start=NOW - 5 * MINUTE, limit=3000)
    assert gap["AAPL"] == past.bars[-5:]
    assert (past.provider.asked, past.libraries) == ([], 0)


async def test_a_young_symbol_has_what_there_is(tmp_path: Path) -> None:
    past = Past(tmp_path, "AAPL", 4)
    assert await past.newest(3000) == past.bars


async def test_a_damaged_store_is_no_reason_not_to_start(tmp_path: Path) -> None:
    past = Past(tmp_path, "AAPL", 60)
    await past.newest(3000)
    damage(tmp_path)
    assert await past.newest(3000) == past.bars[-3000:]


async def test_without_an_answer_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    past = Past(tmp_path, "AAPL", 60)

    async def away() -> datetime:
        raise Unavailable("away")

    monkeypatch.setattr(past.provider, "horizon", away)
    with pytest.raises(Unavailable):
        await past.newest(3000)
