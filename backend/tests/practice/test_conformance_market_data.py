"""The contract's checklist: market data over REST (78-86)."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from practice_server import ThreadServer

from flotilla.practice.calendar import TradingCalendar

RANGE = "start=2015-06-01T13:30:00Z&end=2015-06-01T14:00:00Z"
BAR = {"t", "o", "h", "l", "c", "v", "n", "vw"}
TRADE = {"t", "x", "p", "s", "c", "i", "z"}
QUOTE = {"t", "ax", "ap", "as", "bx", "bp", "bs", "c", "z"}


def rows(server: ThreadServer, path: str) -> Any:
    reply = server.request("GET", path)
    assert reply.status_code == 200, reply.text
    return reply.json()


def walked(server: ThreadServer, path: str, kind: str) -> list[tuple[str, Any]]:
    """Return the rows of all pages, each with its symbol."""
    found: list[tuple[str, Any]] = []
    token: str | None = ""
    while token is not None:
        body = rows(server, f"{path}&page_token={token}")
        found += [(symbol, row) for symbol, several in body[kind].items() for row in several]
        token = body["next_page_token"]
    return found


@pytest.mark.parametrize(("kind", "keys"), [("bars", BAR), ("trades", TRADE), ("quotes", QUOTE)])
def test_c78_series_single_and_multi(server: ThreadServer, kind: str, keys: set[str]) -> None:
    query = f"{RANGE}&timeframe=1Min&limit=10000&feed=iex"
    multi = rows(server, f"/v2/stocks/{kind}?symbols=SPY,AAPL&{query}")
    single = rows(server, f"/v2/stocks/SPY/{kind}?{query}")
    assert set(multi) == {kind, "next_page_token"}
    assert list(multi[kind]) == ["AAPL", "SPY"]
    assert (single["symbol"], single[kind]) == ("SPY", multi[kind]["SPY"])
    stamps = [row["t"] for row in single[kind]]
    assert stamps == sorted(stamps)
    assert stamps[0] >= "2015-06-01T13:30:00"
    assert stamps[-1] <= "2015-06-01T14:00:00Z"
    assert all(set(row) == keys for row in single[kind])


def test_c78_trades_and_quotes_are_those_of_the_bars(server: ThreadServer) -> None:
    bars = rows(server, f"/v2/stocks/SPY/bars?{RANGE}&timeframe=1Min")["bars"]
    trades = rows(server, f"/v2/stocks/SPY/trades?{RANGE}&limit=10000")["trades"]
    quotes = rows(server, f"/v2/stocks/SPY/quotes?{RANGE}&limit=10000")["quotes"]
    for bar in bars[:-1]:  # the last begins at the end of the range
        minute = [t for t in trades if t["t"][:16] == bar["t"][:16]]
        assert sum(t["s"] for t in minute) == bar["v"]
        assert max(t["p"] for t in minute) == bar["h"]
        assert min(t["p"] for t in minute) == bar["l"]
    assert all(q["bp"] < q["ap"] for q in quotes)
    assert len({t["i"] for t in trades}) == len(trades)


@pytest.mark.parametrize("kind", ["bars", "trades", "quotes"])
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_c79_small_pages_make_up_one_large(server: ThreadServer, kind: str, sort: str) -> None:
    path = f"/v2/stocks/{kind}?symbols=SPY,AAPL&{RANGE}&timeframe=5Min&sort={sort}"
    whole = walked(server, f"{path}&limit=10000", kind)
    assert len(whole) >= 12
    assert walked(server, f"{path}&limit=5", kind) == whole
    for wrong in ("limit=10001", "limit=0", "limit=x", "page_token=%%%", "sort=up", "feed=nyse"):
        reply = server.request("GET", f"{path.replace(f'&sort={sort}', '')}&{wrong}")
        assert reply.status_code == 400, wrong
        assert set(reply.json()) == {"message"}


def test_c80_descending_is_the_reverse(server: ThreadServer) -> None:
    path = f"/v2/stocks/SPY/bars?{RANGE}&timeframe=1Min"
    up, down = (rows(server, f"{path}&sort={sort}")["bars"] for sort in ("asc", "desc"))
    assert down == up[::-1]


def test_c81_unknown_symbol_and_timeframe(server: ThreadServer) -> None:
    path = f"/v2/stocks/bars?symbols=NOPE&{RANGE}"
    assert rows(server, f"{path}&timeframe=1Min") == {"bars": {}, "next_page_token": None}
    for wrong in ("60Min", "24Hour", "5Month", "2Day", "2Week", "0Min", "", "1min"):
        reply = server.request("GET", f"{path}&timeframe={wrong}")
        assert reply.status_code == 400, wrong
    for good in ("59Min", "1T", "23Hour", "2H", "1Day", "1D", "1Week", "1W", "1Month", "6M", "12Month"):
        assert server.request("GET", f"{path}&timeframe={good}").status_code == 200, good


def test_c82_latest_and_snapshots(server: ThreadServer) -> None:
    for kind, noun, keys in (("bars", "bar", BAR), ("trades", "trade", TRADE), ("quotes", "quote", QUOTE)):
        multi = rows(server, f"/v2/stocks/{kind}/latest?symbols=SPY,NOPE")
        single = rows(server, f"/v2/stocks/SPY/{kind}/latest")
        assert list(multi) == [kind]
        assert list(multi[kind]) == ["SPY"]
        assert set(single) == {"symbol", noun}
        assert set(single[noun]) == keys
        assert server.request("GET", f"/v2/stocks/NOPE/{kind}/latest").status_code == 404
    members = {"latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar"}
    assert set(rows(server, "/v2/stocks/snapshots?symbols=SPY")["SPY"]) == members
    assert set(rows(server, "/v2/stocks/SPY/snapshot")) == {*members, "symbol"}
    assert server.request("GET", "/v2/stocks/snapshots").status_code == 400


def test_c84_news_screener_and_corporate_actions(server: ThreadServer) -> None:
    assert rows(server, "/v1beta1/news?symbols=SPY&limit=50") == {"news": [], "next_page_token": None}
    assert server.request("GET", "/v1beta1/news?limit=51").status_code == 400
    actives = rows(server, "/v1beta1/screener/stocks/most-actives?by=volume&top=3")
    volumes = [row["volume"] for row in actives["most_actives"]]
    assert volumes == sorted(volumes, reverse=True)
    assert len(volumes) == 3
    assert "last_updated" in actives
    movers = rows(server, "/v1beta1/screener/stocks/movers?top=5")
    assert set(movers) == {"gainers", "losers", "market_type", "last_updated"}
    assert all(row["change"] > 0 for row in movers["gainers"])
    assert all(row["change"] < 0 for row in movers["losers"])
    empty = {"corporate_actions": {}, "next_page_token": None}
    assert rows(server, "/v1/corporate-actions?symbols=SPY") == empty
    assert rows(server, "/v1beta1/corporate-actions?symbols=SPY") == empty
    auctions = rows(server, "/v2/stocks/SPY/auctions?start=2015-06-01&end=2015-06-03")["auctions"]
    assert [row["d"] for row in auctions] == ["2015-06-01", "2015-06-02", "2015-06-03"]
    assert auctions[0]["o"][0]["t"] == "2015-06-01T13:30:00Z"
    assert "V" in rows(server, "/v2/stocks/meta/exchanges")
    assert "@" in rows(server, "/v2/stocks/meta/conditions/trade?tape=A")


def test_c85_day_bars_of_stocks_begin_at_midnight_in_new_york(server: ThreadServer) -> None:
    path = "/v2/stocks/SPY/bars?timeframe=1Day"
    winter = rows(server, f"{path}&start=2015-01-05&end=2015-01-07")["bars"]
    summer = rows(server, f"{path}&start=2015-07-06&end=2015-07-08")["bars"]
    assert [bar["t"] for bar in winter] == [f"2015-01-0{day}T05:00:00Z" for day in (5, 6, 7)]
    assert [bar["t"] for bar in summer] == [f"2015-07-0{day}T04:00:00Z" for day in (6, 7, 8)]


# Adjustment, with a file of corporate actions beside the bars ----------------------------------

ACTIONS = """symbol,ex_date,type,value
ABC,2020-03-03,split,2
ABC,2020-03-04,dividend,0.5
"""


@pytest.fixture(scope="module")
def replayed(new_database: Any, calendar: TradingCalendar, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a market of three days of ABC: 100, then split to 50, then a dividend of 0.50."""
    folder = Path(tmp_path_factory.mktemp("bars", numbered=True))
    write_bars(folder, "ABC", {"2020-03-02": 100.0, "2020-03-03": 50.0, "2020-03-04": 49.5})
    (folder / "actions.csv").write_text(ACTIONS)
    practice = ThreadServer(new_database(), bars=folder)
    yield practice
    practice.stop()


def write_bars(folder: Path, symbol: str, days: dict[str, float]) -> None:
    """Write three minutes of one price for each day."""
    stamps = [datetime.fromisoformat(f"{day}T14:3{m}:00+00:00") for day in days for m in range(3)]
    prices = [price for price in days.values() for _ in range(3)]
    columns = dict.fromkeys(("open", "high", "low", "close"), prices)
    table = pa.table({"timestamp": stamps, **columns, "volume": [1000.0] * len(prices)})
    pq.write_table(table, folder / f"{symbol}.parquet")


def test_adjusted_bars_are_restated(replayed: ThreadServer) -> None:
    replayed.step(2 * 390 + 3)

    def closes(adjustment: str) -> list[float]:
        query = f"timeframe=1Day&start=2020-03-01&end=2020-03-05&adjustment={adjustment}"
        return [bar["c"] for bar in rows(replayed, f"/v2/stocks/ABC/bars?{query}")["bars"]]

    assert closes("raw") == [100, 50, 49.5]
    assert closes("split") == [50, 50, 49.5]
    assert closes("dividend") == [99, 49.5, 49.5]
    assert closes("all") == [49.5, 49.5, 49.5]
    assert closes("split,dividend") == closes("all")
    assert replayed.request("GET", "/v2/stocks/ABC/bars?timeframe=1Day&adjustment=x").status_code == 400
    query = "types=forward_split,cash_dividend&start=2020-03-01&end=2020-03-05"
    actions = rows(replayed, f"/v1/corporate-actions?{query}")["corporate_actions"]
    assert actions["forward_splits"][0]["new_rate"] == 2
    assert actions["cash_dividends"][0]["rate"] == 0.5
