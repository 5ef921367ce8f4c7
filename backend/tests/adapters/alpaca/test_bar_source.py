"""Whole histories, page by page, from a server that says what it is told."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flotilla.adapters.alpaca.bar_source import AlpacaBarSource, practice_name
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.domain.adjustment import ActionKind, CorporateAction
from flotilla.domain.errors import Unavailable
from flotilla.domain.market import Timeframe
from tests.adapters.alpaca.test_client import Venue
from tests.adapters.alpaca.test_client import venue as venue
from tests.adapters.alpaca.test_history import row
from tests.fakes import FixedClock

START, END = datetime(2026, 3, 10, 13, 30, tzinfo=UTC), datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
BARS, COIN_BARS, ACTIONS = "/v2/stocks/bars", "/v1beta3/crypto/us/bars", "/v1/corporate-actions"


class Waits:
    """Instead of the wall's time: what was waited, and what the venue says from then on."""

    def __init__(self, venue: Venue, then: tuple[int, Any] | None) -> None:
        self.venue, self.then = venue, then
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if self.then and len(self.seconds) == 2:
            self.venue.says(*self.then)


@pytest.fixture
async def client(venue: Venue) -> AsyncIterator[AlpacaClient]:
    config = AlpacaConfig("K", "S", data_url=f"http://127.0.0.1:{venue.server_port}")
    client = AlpacaClient(config, resend=False)
    yield client
    client.close()
    for one in (client.data, client.coins):
        one._session.close()


async def fetched(source: AlpacaBarSource, symbol: str = "AAPL") -> list[tuple[list[int], list[float]]]:
    pages = source.pages(symbol, Timeframe.MINUTE_1, START, END)
    return [(page.start.tolist(), page.close.tolist()) async for page in pages]


def query(asked: tuple[str, str, Any]) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(asked[1]).query).items()}


async def test_pages_are_raw_bars_of_the_feed_and_end_with_the_token(
    venue: Venue, client: AlpacaClient
) -> None:
    venue.says(200, {"bars": {"AAPL": [row(START, 5.0)]}, "next_page_token": None})
    source = AlpacaBarSource(client, FixedClock(), feed="sip")
    assert await fetched(source) == [([int(START.timestamp())], [5.0])]
    asked = query(venue.asked[0])
    assert asked == {
        "symbols": "AAPL",
        "timeframe": "1Min",
        "start": "2026-03-10T13:30:00Z",
        "end": "2026-03-10T19:59:59Z",  # Alpaca's end is included
        "limit": "10000",
        "feed": "sip",
        "adjustment": "raw",
    }
    assert await source.name() == "alpaca-sip"


async def test_coins_have_a_path_and_a_clock_of_their_own(venue: Venue, client: AlpacaClient) -> None:
    venue.answers[COIN_BARS] = {"bars": {"BTC/USD": [row(START)]}, "next_page_token": None}
    source = AlpacaBarSource(client, FixedClock())
    pages = [page async for page in source.pages("BTC/USD", Timeframe.MINUTE_1, START, END)]
    assert (len(pages), pages[0].clock) == (1, UTC)
    assert "feed" not in query(venue.asked[0])
    assert await source.actions("BTC/USD", date(2026, 1, 1), date(2026, 2, 1)) == []


async def test_a_value_that_is_none_is_not_a_number(venue: Venue, client: AlpacaClient) -> None:
    bad = row(START) | {"c": None, "h": "x"}
    venue.says(200, {"bars": {"AAPL": [bad]}, "next_page_token": None})
    [(_, [close])] = await fetched(AlpacaBarSource(client, FixedClock()))
    assert close != close


@pytest.mark.parametrize("bars", [{"AAPL": [{"o": 1}]}, {"AAPL": [7]}, ["AAPL"]])
async def test_an_answer_that_is_none_is_said(venue: Venue, client: AlpacaClient, bars: Any) -> None:
    venue.says(200, {"bars": bars, "next_page_token": None})
    with pytest.raises(Unavailable, match="cannot be read"):
        await fetched(AlpacaBarSource(client, FixedClock()))


@pytest.mark.parametrize("status", [429, 503])
async def test_too_many_requests_are_waited_for(venue: Venue, client: AlpacaClient, status: int) -> None:
    venue.says(status, {"code": 42910000, "message": "rate limit exceeded"})
    waits = Waits(venue, then=(200, {"bars": {}, "next_page_token": None}))
    assert await fetched(AlpacaBarSource(client, FixedClock(), wait=waits)) == [([], [])]
    assert waits.seconds == [1, 2]
    assert len(venue.asked) == 3


async def test_without_an_answer_it_gives_up_after_two_minutes(venue: Venue, client: AlpacaClient) -> None:
    venue.says(500, "<html></html>")
    waits = Waits(venue, then=None)
    with pytest.raises(Unavailable):
        await fetched(AlpacaBarSource(client, FixedClock(), wait=waits))
    assert sum(waits.seconds) > 120


async def test_a_refusal_is_not_asked_again(venue: Venue, client: AlpacaClient) -> None:
    venue.says(403, {"code": 42210000, "message": "subscription does not permit querying recent SIP data"})
    waits = Waits(venue, then=None)
    with pytest.raises(Unavailable, match="does not permit"):
        await fetched(AlpacaBarSource(client, FixedClock(), wait=waits))
    assert waits.seconds == []


async def test_splits_and_dividends(venue: Venue, client: AlpacaClient) -> None:
    day = {"ex_date": "2026-03-10"}
    venue.answers[ACTIONS] = {
        "corporate_actions": {
            "forward_splits": [{**day, "new_rate": 3, "old_rate": 2}],
            "reverse_splits": [{**day, "new_rate": 1, "old_rate": 20}],
            "stock_dividends": [{**day, "rate": 0.05}],
            "cash_dividends": [{**day, "rate": 0.26}],
        },
        "next_page_token": None,
    }
    source = AlpacaBarSource(client, FixedClock())
    found = await source.actions("AAPL", date(2026, 1, 1), date(2026, 4, 1))
    on = date(2026, 3, 10)
    assert found == [
        CorporateAction(on, ActionKind.DIVIDEND, 0.26),
        CorporateAction(on, ActionKind.SPLIT, 0.05),
        CorporateAction(on, ActionKind.SPLIT, 1.05),
        CorporateAction(on, ActionKind.SPLIT, 1.5),
    ]
    assert query(venue.asked[0])["start"] == "2026-01-01"


async def test_what_may_still_be_corrected_is_not_asked_for(client: AlpacaClient) -> None:
    clock = FixedClock()
    horizon = await AlpacaBarSource(client, clock).horizon()
    assert horizon <= clock.now() - timedelta(minutes=20)
    assert horizon.second == 0


def test_every_practice_market_has_a_name_of_its_own() -> None:
    identities = [
        "synthetic:0",
        "synthetic:7",
        "synthetic:7+scenario:ab",
        "replay:/data/bars",
        "replay:/data-bars",
        "replay:/other/bars",
    ]
    names = [practice_name(one) for one in identities]
    assert len(set(names)) == len(names)
    assert names[0] == "practice-synthetic-0"
