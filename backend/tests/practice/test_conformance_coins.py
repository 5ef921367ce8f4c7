"""The contract's checklist: what is special about coins (6, 16, 17, 55, 65, 66, 83, 85)."""

import time
from decimal import Decimal

import pytest
import requests
from practice_server import ThreadServer
from trading_account import COIN, LIMIT, TERMINAL, TradingAccount


def test_c55_a_coin_market_order_fills(fresh: TradingAccount) -> None:
    order = fresh.submit(COIN)
    deadline = time.monotonic() + 30
    while (found := fresh.order(order["id"]))["status"] not in TERMINAL:
        assert time.monotonic() < deadline
        fresh.server.step()
    assert found["status"] == "filled"
    assert Decimal(found["filled_avg_price"]) > 0
    assert found["filled_at"]


def test_c06_coin_data_needs_no_credentials(server: ThreadServer) -> None:
    path = "/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD"
    assert requests.get(server.url + path, timeout=30).status_code == 200
    wrong = {"APCA-API-KEY-ID": "x", "APCA-API-SECRET-KEY": "y"}
    assert requests.get(server.url + path, headers=wrong, timeout=30).status_code == 401
    stocks = "/v2/stocks/quotes/latest?symbols=SPY"
    assert requests.get(server.url + stocks, timeout=30).status_code == 401


@pytest.mark.parametrize("name", ["BTCUSD", "BTC%2FUSD", "BTC/USD", "276e2673-764b-4ab6-a611-caf665ca6340"])
def test_c16_coin_assets(client: TradingAccount, name: str) -> None:
    asset = client.ask("GET", f"/v2/assets/{name}").json()
    assert (asset["symbol"], asset["class"], asset["exchange"]) == ("BTC/USD", "crypto", "CRYPTO")
    for member in ("min_order_size", "min_trade_increment", "price_increment"):
        assert isinstance(asset[member], str)
    assert not asset["marginable"]
    assert not asset["shortable"]


def test_c17_asset_list_by_class_and_status(client: TradingAccount) -> None:
    def symbols(query: str) -> set[str]:
        return {asset["symbol"] for asset in client.ask("GET", f"/v2/assets?{query}").json()}

    assert {"AAPL", "SPY", "FAKEPACA"} <= symbols("")
    assert "BTC/USD" not in symbols("asset_class=us_equity&status=active")
    assert {"BTC/USD", "ETH/USD"} <= symbols("asset_class=crypto")
    assert symbols("status=inactive") == set()


def test_c26_orders_of_coins_in_the_list(fresh: TradingAccount) -> None:
    order = fresh.submit({**COIN, "type": "limit", "limit_price": "1000", "qty": 0.0200000000001})
    assert order["qty"] == "0.02"
    stock = fresh.submit(LIMIT)

    def ids(query: str) -> list[str]:
        return [one["id"] for one in fresh.orders(query)]

    assert ids("asset_class=crypto") == ids("symbols=BTC/USD") == ids("symbols=BTCUSD") == [order["id"]]
    assert ids("asset_class=us_equity") == [stock["id"]]
    assert ids("asset_class=us_option") == []
    assert ids("asset_class=all") == ids("asset_class=us_equity,crypto") == [stock["id"], order["id"]]


def test_c65_a_coin_position(fresh: TradingAccount) -> None:
    fresh.submit(COIN)
    (position,) = fresh.ask("GET", "/v2/positions").json()
    assert (position["symbol"], position["side"], position["asset_class"]) == ("BTCUSD", "long", "crypto")
    assert Decimal(position["qty_available"]) <= Decimal(position["qty"])
    for name in ("BTCUSD", "BTC%2FUSD", "BTC/USD", position["asset_id"]):
        assert fresh.ask("GET", f"/v2/positions/{name}").json() == position, name


def test_c66_the_fee_is_taken_in_the_coin(fresh: TradingAccount) -> None:
    order = fresh.order(fresh.submit(COIN)["id"])
    (position,) = fresh.ask("GET", "/v2/positions").json()
    share = 1 - Decimal(position["qty"]) / Decimal(order["filled_qty"])
    assert Decimal("0.0015") <= share <= Decimal("0.0025")


def test_c83_coin_data(server: ThreadServer, client: TradingAccount) -> None:
    base = "/v1beta3/crypto/us"
    query = "symbols=BTC/USD,ETH/USD&start=2016-01-02T00:00:00Z&end=2016-01-02T01:00:00Z"
    bars = client.ask("GET", f"{base}/bars?{query}&timeframe=1Min&limit=10000").json()["bars"]
    assert list(bars) == ["BTC/USD", "ETH/USD"]
    assert len(bars["BTC/USD"]) == 61
    for kind, keys in (("trades", {"t", "p", "s", "i", "tks"}), ("quotes", {"t", "bp", "bs", "ap", "as"})):
        several = client.ask("GET", f"{base}/{kind}?{query}&limit=50").json()
        assert all(set(row) == keys for row in several[kind]["BTC/USD"])
        assert several["next_page_token"]
        latest = client.ask("GET", f"{base}/latest/{kind}?symbols=BTC/USD").json()[kind]
        assert set(latest["BTC/USD"]) == keys
    book = client.ask("GET", f"{base}/latest/orderbooks?symbols=BTC/USD").json()["orderbooks"]["BTC/USD"]
    assert book["b"][0]["p"] < book["a"][0]["p"]
    snapshots = client.ask("GET", f"{base}/snapshots?symbols=BTC/USD").json()["snapshots"]
    assert set(snapshots["BTC/USD"]) >= {"latestTrade", "latestQuote", "minuteBar", "dailyBar"}
    assert client.ask("GET", f"/v1beta2/crypto/bars?{query}&timeframe=1Hour").status_code == 200
    wrong = client.ask("GET", f"{base}/bars?symbols=BTCUSD&timeframe=1Min")
    assert wrong.status_code == 400
    assert wrong.json()["message"] == "invalid symbol: BTCUSD does not match ^[A-Z]+x?/[A-Z]+$"


def test_c85_day_bars_of_coins_begin_at_midnight_utc(client: TradingAccount) -> None:
    query = "symbols=BTC/USD&timeframe=1Day&start=2016-01-01T00:00:00Z&end=2016-01-03T00:00:00Z"
    bars = client.ask("GET", f"/v1beta3/crypto/us/bars?{query}").json()["bars"]["BTC/USD"]
    assert [bar["t"] for bar in bars] == [f"2016-01-0{day}T00:00:00Z" for day in (1, 2, 3)]
