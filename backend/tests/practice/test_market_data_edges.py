"""Market data over REST where clients differ or err: pairs and stocks, dates, old addresses, compression."""

from typing import Any

import pytest
import requests
from practice_server import ThreadServer

DAYS = "timeframe=1Day&start=2015-06-01&end=2015-06-03"


def reply(server: ThreadServer, path: str) -> requests.Response:
    return server.request("GET", path)


@pytest.mark.parametrize("path", ["bars", "trades", "quotes", "bars/latest", "snapshots", "auctions"])
def test_a_pair_of_coins_is_no_stock(server: ThreadServer, path: str) -> None:
    refused = reply(server, f"/v2/stocks/{path}?symbols=SPY,BTC/USD&timeframe=1Min")
    assert (refused.status_code, refused.json()) == (400, {"message": "invalid symbol: BTC/USD"})


def test_a_date_is_midnight_where_the_market_is(server: ThreadServer) -> None:
    coins = reply(server, f"/v1beta3/crypto/us/bars?symbols=BTC/USD&{DAYS}").json()["bars"]["BTC/USD"]
    stocks = reply(server, f"/v2/stocks/SPY/bars?{DAYS}").json()["bars"]
    assert [bar["t"] for bar in coins] == [f"2015-06-0{day}T00:00:00Z" for day in (1, 2, 3)]
    assert [bar["t"] for bar in stocks] == [f"2015-06-0{day}T04:00:00Z" for day in (1, 2, 3)]


def test_volumes_of_coins_have_nine_decimals(server: ThreadServer) -> None:
    query = "symbols=BTC/USD&timeframe=1Hour&start=2015-06-01&end=2015-06-02"
    for bar in reply(server, f"/v1beta3/crypto/us/bars?{query}").json()["bars"]["BTC/USD"]:
        assert bar["v"] == round(bar["v"], 9)


@pytest.mark.parametrize("prefix", ["/v1beta1/crypto", "/v1beta2/crypto", "/v1beta3/crypto/eu-1"])
def test_older_addresses_of_coins(server: ThreadServer, prefix: str) -> None:
    for path in (f"bars?{DAYS}&", "trades?limit=1&", "latest/quotes?", "latest/orderbooks?", "snapshots?"):
        answer = requests.get(f"{server.url}{prefix}/{path}symbols=BTC%2FUSD", timeout=30)
        assert answer.status_code == 200, path
        (member,) = set(answer.json()) - {"next_page_token"}
        assert list(answer.json()[member]) == ["BTC/USD"]


def test_asof_is_a_date_or_a_dash(server: ThreadServer) -> None:
    path = f"/v2/stocks/SPY/bars?{DAYS}&asof="
    assert [reply(server, path + asof).status_code for asof in ("-", "2015-06-01", "", "soon")] == [
        200,
        200,
        200,
        400,
    ]


@pytest.mark.parametrize("start", ["2015-06-01T13:30:00.000000000Z", "2015-06-01T09:30:00-04:00"])
def test_times_of_any_precision_and_zone(server: ThreadServer, start: str) -> None:
    path = f"/v2/stocks/SPY/bars?timeframe=1Min&limit=1&start={start}"
    assert reply(server, path).json()["bars"][0]["t"] == "2015-06-01T13:30:00Z"


def test_movers_of_coins(server: ThreadServer) -> None:
    body: dict[str, Any] = reply(server, "/v1beta1/screener/crypto/movers?top=5").json()
    assert body["market_type"] == "crypto"
    assert {row["symbol"] for row in body["gainers"] + body["losers"]} == {"BTC/USD", "ETH/USD"}


def test_large_replies_are_compressed_for_who_asks(server: ThreadServer) -> None:
    address = f"{server.url}/v2/stocks/SPY/bars?timeframe=1Min&start=2015-06-01"
    headers = {"APCA-API-KEY-ID": "K0", "APCA-API-SECRET-KEY": "secret"}
    packed = requests.get(address, headers={**headers, "Accept-Encoding": "gzip"}, timeout=30)
    plain = requests.get(address, headers={**headers, "Accept-Encoding": "identity"}, timeout=30)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_a_refused_request_counts_and_says_so(new_database: Any) -> None:
    practice = ThreadServer(new_database(), rate_limit=3)
    try:
        paths = ("/v2/orders/nothing", "/v2/positions/SPY", "/v2/account", "/v2/account")
        answers = [practice.request("GET", path) for path in paths]
        assert [answer.status_code for answer in answers] == [422, 404, 200, 429]
        assert [answer.headers.get("X-RateLimit-Remaining") for answer in answers] == ["2", "1", "0", None]
    finally:
        practice.stop()
