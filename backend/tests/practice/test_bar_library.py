"""The bar store filled over the wire: whole histories of a running practice market."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from alpaca.data.enums import Adjustment as TheirAdjustment
from alpaca.data.requests import StockBarsRequest
from alpaca.data.timeframe import TimeFrame
from practice_server import ThreadServer

from flotilla.adapters.alpaca.bar_source import AlpacaBarSource
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.calendar import ExchangeCalendar
from flotilla.adapters.clock import SystemClock
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.adjustment import Adjustment
from flotilla.domain.market import Timeframe
from flotilla.research.history import BarLibrary

# Two months, so that there are pages (10,000 bars) and months; ends where market time stands.
START, NOW = datetime(2015, 11, 2, tzinfo=UTC), datetime(2016, 1, 4, 14, 30, tzinfo=UTC)
SESSIONS = 20 + 22


def source_of(server: ThreadServer) -> tuple[AlpacaClient, AlpacaBarSource]:
    config = AlpacaConfig.for_practice(server.url, key_id="K0", secret_key="secret")
    client = AlpacaClient(config, resend=False)
    return client, AlpacaBarSource(client, SystemClock())


@pytest.fixture
async def source(new_server: ThreadServer) -> AsyncIterator[AlpacaBarSource]:
    client, source = source_of(new_server)
    yield source
    close(client)


def close(client: AlpacaClient) -> None:
    client.close()
    for one in (client.trading, client.data, client.coins):
        one._session.close()


@pytest.fixture
def library(tmp_path: Path) -> BarLibrary:
    return BarLibrary(ParquetBarStore(tmp_path), ExchangeCalendar())


async def test_two_months_of_minutes_are_those_of_the_market(
    new_server: ThreadServer, source: AlpacaBarSource, library: BarLibrary
) -> None:
    name, [done] = await library.ensure(source, ["SPY"], START, NOW + timedelta(days=9))
    assert name == "practice-synthetic-0"
    history = library.load(name, ["SPY"], START, NOW)["SPY"]
    assert done.bars == len(history.bars) > 10_000
    assert history.marks.gaps.missing_sessions == ()
    assert not history.marks.unknown
    first = new_server.data().get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols="SPY",
            timeframe=TimeFrame.Minute,
            start=START,
            limit=500,
            adjustment=TheirAdjustment.RAW,
        )
    )
    theirs: list[Any] = first.data["SPY"]
    assert history.bars.start[:500].tolist() == [int(bar.timestamp.timestamp()) for bar in theirs]
    assert history.bars.close[:500].tolist() == [bar.close for bar in theirs]
    # What lies after market time was not taken for known.
    later = library.load(name, ["SPY"], START, NOW + timedelta(days=1))["SPY"]
    assert [start for start, _ in later.marks.unknown] == [int(NOW.timestamp())]


async def test_coins_of_a_day(source: AlpacaBarSource, library: BarLibrary) -> None:
    day = datetime(2015, 12, 24, tzinfo=UTC)
    name, _ = await library.ensure(source, ["BTC/USD"], day, day + timedelta(days=1))
    history = library.load(name, ["BTC/USD"], day, day + timedelta(days=1))["BTC/USD"]
    assert history.bars.clock is UTC
    assert len(history.bars) + history.marks.gaps.missing_bars == 1440
    assert len(history.bars) > 1000


async def test_a_symbol_that_is_not_listed_has_no_bars(source: AlpacaBarSource, library: BarLibrary) -> None:
    _, done = await library.ensure(source, ["NOPE"], NOW - timedelta(days=5), NOW)
    assert [(one.key.timeframe, one.bars) for one in done] == [
        (Timeframe.MINUTE_1, 0),
        (Timeframe.DAY_1, 0),
    ]


@pytest.fixture
def replayed(
    new_database: Any, calendar: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ThreadServer]:
    """Give a market of three days of ABC: 100, then split to 50, then a dividend of 0.50."""
    folder = Path(tmp_path_factory.mktemp("bars", numbered=True))
    write_bars(folder, {"2020-03-02": 100.0, "2020-03-03": 50.0, "2020-03-04": 49.5})
    (folder / "actions.csv").write_text(
        "symbol,ex_date,type,value\nABC,2020-03-03,split,2\nABC,2020-03-04,dividend,0.5\n"
    )
    server = ThreadServer(new_database(), bars=folder)
    yield server
    server.stop()


async def test_a_split_restates_what_was_stored_before_it(
    replayed: ThreadServer, library: BarLibrary
) -> None:
    client, source = source_of(replayed)
    start, end = datetime(2020, 3, 1, tzinfo=UTC), datetime(2020, 3, 6, tzinfo=UTC)

    async def closes(adjustment: Adjustment) -> list[float]:
        name, _ = await library.ensure(source, ["ABC"], start, end)
        bars = library.load(name, ["ABC"], start, end, adjustment=adjustment)["ABC"].bars
        return [float(close) for close in bars.close[::3]]

    replayed.step(5)
    assert await closes(Adjustment.SPLIT) == [100]
    for _ in range(2):
        replayed.request("POST", "/practice/next-session")
    replayed.step(3)
    assert await closes(Adjustment.SPLIT) == [50, 50, 49.5]
    assert await closes(Adjustment.ALL) == [49.5, 49.5, 49.5]
    assert await closes(Adjustment.RAW) == [100, 50, 49.5]
    assert (await source.name()).startswith("practice-replay-")
    first = await source.actions("ABC", date(2020, 1, 1), date(2020, 3, 3))
    assert [one.ex_date for one in first] == [date(2020, 3, 3)]
    close(client)


def write_bars(folder: Path, days: dict[str, float]) -> None:
    """Three minutes of one price for each day."""
    stamps = [datetime.fromisoformat(f"{day}T14:3{m}:00+00:00") for day in days for m in range(3)]
    prices = [price for price in days.values() for _ in range(3)]
    columns = dict.fromkeys(("open", "high", "low", "close"), prices)
    table = pa.table({"timestamp": stamps, **columns, "volume": [1000.0] * len(prices)})
    pq.write_table(table, folder / "ABC.parquet")
