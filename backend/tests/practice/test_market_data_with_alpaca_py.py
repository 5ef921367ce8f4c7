"""The unmodified alpaca-py StockHistoricalDataClient against a running practice market."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alpaca.common.enums import Sort
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from practice_server import ThreadServer

LONG_AGO = datetime(2013, 1, 1, tzinfo=UTC)
OPEN = datetime(2016, 1, 4, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(new_server: ThreadServer) -> ThreadServer:
    """The first ten minutes have passed."""
    new_server.step(10)
    return new_server


def bars(server: ThreadServer, **asked: Any) -> dict[str, list[Any]]:
    asked.setdefault("timeframe", TimeFrame.Minute)
    asked.setdefault("symbol_or_symbols", ["SPY", "AAPL"])
    found: dict[str, list[Any]] = server.data().get_stock_bars(StockBarsRequest(**asked)).data
    return found


def test_minute_bars_of_the_day_end_at_market_time(server: ThreadServer) -> None:
    found = bars(server)
    assert set(found) == {"SPY", "AAPL"}
    assert [bar.timestamp for bar in found["SPY"]] == [OPEN + timedelta(minutes=index) for index in range(10)]
    for bar in found["SPY"]:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0
        assert bar.trade_count > 0
        assert bar.low <= bar.vwap <= bar.high


def test_pages_joined_are_the_whole(server: ThreadServer) -> None:
    query = "/v2/stocks/bars?symbols=SPY,AAPL&timeframe=1Min&start=2015-12-31"
    whole = server.request("GET", query).json()
    assert whole["next_page_token"] is None
    for sort in ("asc", "desc"):
        joined: dict[str, list[Any]] = {}
        token = ""
        while token is not None:
            page = server.request("GET", f"{query}&limit=7&sort={sort}&page_token={token}").json()
            assert sum(len(rows) for rows in page["bars"].values()) <= 7
            for symbol, rows in page["bars"].items():
                joined.setdefault(symbol, []).extend(rows)
            token = page["next_page_token"]
        turned = {s: rows[::-1] if sort == "desc" else rows for s, rows in joined.items()}
        assert turned == whole["bars"]


def test_limit_sort_and_range(server: ThreadServer) -> None:
    newest = bars(server, symbol_or_symbols="SPY", start=LONG_AGO, limit=3, sort=Sort.DESC)
    assert [bar.timestamp for bar in newest["SPY"]] == [
        OPEN + timedelta(minutes=index) for index in (9, 8, 7)
    ]
    ranged = bars(
        server,
        symbol_or_symbols="SPY",
        start=OPEN + timedelta(minutes=2),
        end=OPEN + timedelta(minutes=4),
    )
    assert len(ranged["SPY"]) == 3


def test_days_of_two_years_of_history(server: ThreadServer) -> None:
    found = bars(server, symbol_or_symbols="SPY", timeframe=TimeFrame.Day, start=LONG_AGO)
    days = found["SPY"]
    assert len(days) == 505
    assert days[0].timestamp == datetime(2014, 1, 2, 5, tzinfo=UTC)
    assert days[-1].timestamp == datetime(2016, 1, 4, 5, tzinfo=UTC)


def test_hours_and_odd_minutes(server: ThreadServer) -> None:
    start = datetime(2015, 12, 31, 14, tzinfo=UTC)
    hours = bars(server, symbol_or_symbols="SPY", timeframe=TimeFrame.Hour, start=start, end=OPEN)
    assert len(hours["SPY"]) == 8  # seven of the day before, and the one that forms
    odd = TimeFrame(7, TimeFrameUnit.Minute)
    assert bars(server, symbol_or_symbols="SPY", timeframe=odd)["SPY"][0].timestamp <= OPEN


def test_an_unknown_symbol_is_an_empty_map(server: ThreadServer) -> None:
    body = server.request("GET", "/v2/stocks/bars?symbols=NOPE&timeframe=1Min").json()
    assert body == {"bars": {}, "next_page_token": None}
    body = server.request("GET", "/v2/stocks/NOPE/bars?timeframe=1Min").json()
    assert body == {"bars": [], "symbol": "NOPE", "next_page_token": None}


def test_bars_after_market_time_are_never_visible(server: ThreadServer) -> None:
    future = "/v2/stocks/SPY/bars?timeframe=1Min&start=2016-01-04T14:40:00Z&end=2030-01-01"
    assert server.request("GET", future).json()["bars"] == []


def test_the_latest_bar_trade_quote_and_snapshot(server: ThreadServer) -> None:
    data = server.data()
    last = bars(server)["SPY"][-1]
    symbols = ["SPY", "NOPE"]
    latest = data.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=symbols))
    assert latest == {"SPY": last}
    trades = data.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=symbols))
    quotes = data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=symbols))
    assert quotes["SPY"].bid_price <= trades["SPY"].price <= quotes["SPY"].ask_price
    snapshot = data.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=symbols))["SPY"]
    assert snapshot.minute_bar == last
    assert snapshot.daily_bar.timestamp == datetime(2016, 1, 4, 5, tzinfo=UTC)
    assert snapshot.previous_daily_bar.timestamp == datetime(2015, 12, 31, 5, tzinfo=UTC)
    server.step()
    assert trades["SPY"].price == bars(server)["SPY"][-1].open  # of the minute that was in progress
