"""Bars for charts, the symbols that can be traded, the catalogue, and whether all is up."""

from datetime import timedelta

import pytest

from flotilla import __version__
from flotilla.adapters.postgres.store import PostgresStore
from flotilla.domain.indicators import CATALOGUE
from flotilla.domain.market import Bar, Instrument
from flotilla.engine.freshness import Freshness, Source
from flotilla.ports.store import MarketSnapshot
from tests.fakes import NOW
from tests.features.api import Api

MINUTES = [
    Bar("AAPL", NOW - timedelta(minutes=60 - n), 100.0 + n, 101.5 + n, 99.5 + n, 100.5 + n, 1000.0 + n)
    for n in range(60)
]


async def test_bars_are_the_newest_closed_ones_oldest_first(api: Api) -> None:
    api.history.minutes["AAPL"] = MINUTES
    bars = await api.get("/market-data/bars", symbol="AAPL", limit=2)
    assert bars == {
        "symbol": "AAPL",
        "timeframe": "1Min",
        "items": [
            {"start": "2026-03-10T14:58:00Z", "open": 158.0, "high": 159.5, "low": 157.5, "close": 158.5,
             "volume": 1058.0},
            {"start": "2026-03-10T14:59:00Z", "open": 159.0, "high": 160.5, "low": 158.5, "close": 159.5,
             "volume": 1059.0},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(("timeframe", "count"), [("1Min", 60), ("5Min", 12), ("15Min", 4), ("1Hour", 1)])
async def test_longer_bars_are_built_of_minutes(api: Api, timeframe: str, count: int) -> None:
    api.history.minutes["AAPL"] = MINUTES
    bars = await api.get("/market-data/bars", symbol="AAPL", timeframe=timeframe)
    assert len(bars["items"]) == count
    assert sum(bar["volume"] for bar in bars["items"]) == sum(bar.volume for bar in MINUTES)


async def test_a_symbol_without_bars_has_none(api: Api) -> None:
    assert (await api.get("/market-data/bars", symbol="MSFT"))["items"] == []


@pytest.mark.parametrize("symbol", ["NOPE", "GONE", "", "aapl", "\0", "A" * 5000])
async def test_bars_of_an_unknown_symbol_are_not_found(api: Api, symbol: str) -> None:
    response = await api.client.get("/market-data/bars", params={"symbol": symbol})
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_SYMBOL")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["AAPL", "MSFT", "SPY", "TSLA"]),
        ("sp", ["SPY"]),
        ("SPY", ["SPY"]),
        (" apple ", ["AAPL"]),
        ("s", ["SPY", "MSFT", "TSLA"]),
        ("inc", ["AAPL", "TSLA"]),
        ("growers", []),
        ("zzz", []),
        ("\0", []),
        ("%", []),
    ],
)
async def test_symbols_are_found_by_symbol_and_name(api: Api, search: str, found: list[str]) -> None:
    symbols = await api.get("/market-data/symbols", search=search)
    assert [one["symbol"] for one in symbols] == found
    assert len(await api.get("/market-data/symbols", search=search, limit=1)) == min(1, len(found))


async def test_the_broker_is_asked_once_for_its_symbols(api: Api) -> None:
    for search in ("a", "b", "c"):
        await api.get("/market-data/symbols", search=search)
    assert api.broker.instrument_requests == 1


async def test_a_symbol_listed_since_has_bars(api: Api) -> None:
    await api.get("/market-data/symbols")
    api.broker.listed.append(Instrument("NEW", "Newly listed"))
    assert (await api.get("/market-data/bars", symbol="NEW"))["items"] == []


@pytest.mark.parametrize("path", ["/market-data/symbols", "/market-data/bars?symbol=AAPL"])
async def test_without_the_broker_there_is_an_answer_to_try_later(api: Api, path: str) -> None:
    api.broker.reachable = False
    response = await api.client.get(path)
    assert response.status_code == 503
    assert response.json() == {
        "code": "BROKER_UNREACHABLE",
        "detail": "The broker cannot be reached; it is asked again.",
        "errors": [],
    }
    api.broker.reachable = True
    assert (await api.client.get(path)).status_code == 200


async def test_the_catalogue_is_the_domains(api: Api) -> None:
    catalogue = await api.get("/indicators")
    assert [entry["name"] for entry in catalogue] == list(CATALOGUE)
    rsi = next(entry for entry in catalogue if entry["name"] == "RSI")
    assert rsi["parameters"] == [
        {"name": "timeperiod", "label": "Length", "type": "int", "default": 14, "minimum": 2.0,
         "maximum": 500.0, "choices": []}
    ]  # fmt: skip
    assert rsi["outputs"] == [
        {"name": "rsi", "label": "RSI", "minimum": 0.0, "maximum": 100.0, "kind": "line"}
    ]
    assert (rsi["overlay"], rsi["group"], rsi["inputs"], rsi["source"]) == (
        False, "momentum", ["source"], "close"
    )  # fmt: skip
    bands = next(entry for entry in catalogue if "BB" in entry["aliases"])
    assert (bands["name"], bands["title"]) == ("BBANDS", "Bollinger Bands")
    assert bands["parameters"][3]["type"] == "choice"
    assert "EMA" in bands["parameters"][3]["choices"]
    sar = next(entry for entry in catalogue if entry["name"] == "SAR")
    assert sar["constraints"] == [{"lower": "acceleration", "upper": "maximum", "or_equal": True}]
    assert (sar["source"], sar["warm_up"]) == (None, 780)


async def test_health_says_that_the_database_works(api: Api) -> None:
    up = {"status": "ok", "version": __version__, "clock_offset_seconds": None}
    assert await api.get("/health") == up


async def test_what_is_not_there_is_said_in_the_one_shape(api: Api) -> None:
    for path in ("/nowhere", "/bots/x/y/z"):
        response = await api.client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
    response = await api.client.delete("/trades")
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


async def test_nothing_is_known_of_the_streams_before_the_engine_has_spoken(api: Api) -> None:
    assert await api.get("/market-data/state") == {
        "now": None,
        "clock_offset_seconds": None,
        "feeds": [],
        "symbols": [],
    }


async def test_the_age_of_each_symbols_bars_is_told(api: Api) -> None:
    freshness = Freshness()
    freshness.saw("AAPL", NOW - timedelta(seconds=90), Source.STREAM)
    freshness.saw("MSFT", NOW - timedelta(minutes=5), Source.HISTORY)
    freshness.counts.reconnections = 2
    market = MarketSnapshot(
        now=NOW, clock_offset=-1.5, feeds={"stocks": freshness.report(["AAPL", "MSFT", "SPY"])}
    )
    await PostgresStore(api.database).heartbeat(api.account_id, market, NOW)
    state = await api.get("/market-data/state")
    assert state["clock_offset_seconds"] == -1.5
    assert state["feeds"] == [{"feed": "stocks", "reconnections": 2, "late_bars": 0, "corrected_bars": 0}]
    aapl, msft, spy = state["symbols"]
    assert aapl == {
        "symbol": "AAPL",
        "feed": "stocks",
        "until": "2026-03-10T14:58:30Z",
        "age_seconds": 90.0,
        "source": "stream",
        "stale": False,
    }
    assert (msft["source"], msft["age_seconds"], msft["stale"]) == ("history", 300.0, True)
    assert (spy["until"], spy["age_seconds"], spy["source"], spy["stale"]) == (None, None, None, True)
