"""Bars of the past: the newest closed minutes of the regular session, oldest first."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.alpaca.history import AlpacaBarHistory
from flotilla.domain.errors import Unavailable
from flotilla.domain.market import Timeframe
from tests.adapters.alpaca.test_client import Venue
from tests.adapters.alpaca.test_client import venue as venue

# A Tuesday after New York's clock was set forward, and the Friday before it.
OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)
FRIDAY_CLOSE = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
BARS = "/v2/stocks/bars"


@pytest.fixture
async def history(venue: Venue) -> AsyncIterator[AlpacaBarHistory]:
    config = AlpacaConfig.for_practice(f"http://127.0.0.1:{venue.server_port}", key_id="K", secret_key="S")
    client = AlpacaClient(config)
    venue.answers["/v2/calendar"] = [
        {"date": "2026-03-06", "open": "09:30", "close": "16:00"},
        {"date": "2026-03-10", "open": "09:30", "close": "16:00"},
    ]
    yield AlpacaBarHistory(client, AlpacaBroker(client))
    client.close()
    client.trading._session.close()
    client.data._session.close()


def row(start: datetime, close: float = 1.0) -> dict[str, Any]:
    at = start.isoformat().replace("+00:00", "Z")
    return {"t": at, "o": close, "h": close, "l": close, "c": close, "v": 10, "n": 1, "vw": close}


def has(venue: Venue, starts: list[datetime], *, now: datetime) -> None:
    """Let the venue have minutes at `starts`; it gives the newest first, as it is asked to."""
    rows = [row(start, float(n)) for n, start in enumerate(starts)]
    venue.answers[BARS] = {"bars": {"AAPL": rows[::-1]} if rows else {}, "next_page_token": None}
    venue.answers["/practice/state"] = {"now": now.isoformat(), "rate": 1}


def minutes(first: datetime, count: int) -> list[datetime]:
    return [first + timedelta(minutes=n) for n in range(count)]


async def test_the_newest_come_oldest_first(venue: Venue, history: AlpacaBarHistory) -> None:
    has(venue, minutes(OPEN, 6), now=OPEN + timedelta(minutes=6))
    found = (await history.bars(["AAPL"], limit=4))["AAPL"]
    assert [bar.start for bar in found] == minutes(OPEN + timedelta(minutes=2), 4)
    assert [bar.close for bar in found] == [2.0, 3.0, 4.0, 5.0]
    asked = parse_qs(urlsplit(venue.asked[1][1]).query)
    assert (asked["timeframe"], asked["sort"]) == (["1Min"], ["desc"])


async def test_a_minute_that_has_not_ended_is_left_out(venue: Venue, history: AlpacaBarHistory) -> None:
    has(venue, minutes(OPEN, 3), now=OPEN + timedelta(minutes=2, seconds=59))
    assert len((await history.bars(["AAPL"], limit=9))["AAPL"]) == 2
    has(venue, minutes(OPEN, 3), now=OPEN + timedelta(minutes=3))
    assert len((await history.bars(["AAPL"], limit=9))["AAPL"]) == 3


async def test_minutes_outside_the_session_are_left_out(venue: Venue, history: AlpacaBarHistory) -> None:
    last, before = FRIDAY_CLOSE - timedelta(minutes=1), OPEN - timedelta(minutes=1)
    has(venue, [last, FRIDAY_CLOSE, before, OPEN], now=OPEN + timedelta(minutes=1))
    found = (await history.bars(["AAPL"], limit=9))["AAPL"]
    assert [bar.start for bar in found] == [last, OPEN]


async def test_a_symbol_without_bars_has_an_empty_list(venue: Venue, history: AlpacaBarHistory) -> None:
    has(venue, [], now=OPEN)
    assert await history.bars(["AAPL", "MSFT"], limit=5) == {"AAPL": [], "MSFT": []}


async def test_where_there_are_few_it_looks_as_far_back_as_there_is_data(
    venue: Venue, history: AlpacaBarHistory
) -> None:
    has(venue, minutes(OPEN, 2), now=OPEN + timedelta(minutes=2))
    await history.bars(["AAPL"], limit=5)
    starts = [parse_qs(urlsplit(path).query)["start"][0] for _, path, _ in venue.asked if BARS in path]
    assert len(starts) == 2
    assert starts[1].startswith("1990")
    venue.asked.clear()
    await history.bars(["AAPL"], start=OPEN, limit=5)
    assert len([path for _, path, _ in venue.asked if BARS in path]) == 1


async def test_longer_bars_are_whole(venue: Venue, history: AlpacaBarHistory) -> None:
    has(venue, minutes(OPEN + timedelta(minutes=2), 15), now=OPEN + timedelta(minutes=17))
    found = await history.latest("AAPL", Timeframe.MINUTE_5, 2)
    assert [bar.start for bar in found] == [OPEN + timedelta(minutes=5), OPEN + timedelta(minutes=10)]
    assert [(bar.open, bar.close, bar.volume) for bar in found] == [(3.0, 7.0, 50.0), (8.0, 12.0, 50.0)]
    assert {bar.symbol for bar in found} == {"AAPL"}


async def test_coins_have_the_minutes_of_every_hour_and_days_of_utc(
    venue: Venue, history: AlpacaBarHistory
) -> None:
    midnight = datetime(2026, 3, 14, tzinfo=UTC)  # a Saturday
    starts = minutes(midnight - timedelta(minutes=3), 6)
    rows = [row(start, float(n)) for n, start in enumerate(starts)][::-1]
    venue.answers["/v1beta3/crypto/us/bars"] = {"bars": {"BTC/USD": rows}, "next_page_token": None}
    venue.answers["/practice/state"] = {"now": (midnight + timedelta(minutes=2)).isoformat(), "rate": 1}
    found = (await history.bars(["BTC/USD"], limit=4))["BTC/USD"]
    assert [bar.start for bar in found] == minutes(midnight - timedelta(minutes=2), 4)
    (day,) = await history.latest("BTC/USD", Timeframe.DAY_1, 1)
    assert (day.start, day.open, day.close) == (midnight - timedelta(days=1), 0.0, 2.0)


async def test_without_an_answer_it_says_so(venue: Venue, history: AlpacaBarHistory) -> None:
    venue.says(500, "<html></html>")
    with pytest.raises(Unavailable):
        await history.bars(["AAPL"], end=OPEN, limit=5)
