"""What the practice market refuses, with Alpaca's status, code and words; never a 500."""

from typing import Any

import pytest
import requests
from practice_server import ThreadServer

ORDER = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


def order(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**ORDER, **changes}.items() if value is not ...}


LIMIT = order(type="limit", limit_price="1")
BRACKET = order(order_class="bracket", take_profit={"limit_price": 9999}, stop_loss={"stop_price": "1"})
PARAMETER, RULE, REFUSED = (422, 40010001), (422, 42210000), (403, 40310000)

REFUSALS: list[tuple[dict[str, Any], tuple[int, int], str]] = [
    (order(qty=...), PARAMETER, "qty or notional is required"),
    (order(notional="5"), PARAMETER, "only one of qty or notional is accepted"),
    (order(qty="0"), PARAMETER, "qty must be > 0"),
    (order(qty=-1), PARAMETER, "qty must be > 0"),
    (order(qty="many"), PARAMETER, "invalid qty"),
    (order(qty=True), PARAMETER, "invalid qty"),
    (order(qty=[1]), PARAMETER, "invalid qty"),
    (order(qty="NaN"), PARAMETER, "invalid qty"),
    (order(qty="1e400"), PARAMETER, "qty is too large"),
    (order(qty="0.00000000001"), PARAMETER, "qty must have at most 9 decimal places"),
    (order(side="hold"), PARAMETER, "invalid side"),
    (order(side=...), PARAMETER, "invalid side"),
    (order(type="magic"), PARAMETER, "invalid order type"),
    (order(time_in_force="never"), PARAMETER, "invalid time_in_force"),
    (order(type="limit"), PARAMETER, "limit orders require a limit price"),
    (order(type="stop"), PARAMETER, "stop orders require a stop price"),
    (order(limit_price="5"), PARAMETER, "market orders require no stop or limit price"),
    (order(type="limit", limit_price="0"), PARAMETER, "limit price must be > 0"),
    (order(symbol=...), PARAMETER, "symbol is required"),
    (order(client_order_id="x" * 129), PARAMETER, "client_order_id must be no more than 128 characters"),
    (order(client_order_id="a\u0000b"), PARAMETER, "invalid client_order_id"),
    (order(client_order_id=7), PARAMETER, "invalid client_order_id"),
    (order(symbol="NOPE"), RULE, 'asset "NOPE" not found'),
    (order(type="limit", limit_price="1.005"), RULE, "invalid limit_price 1.005. sub-penny"),
    (order(qty="1.5", time_in_force="gtc"), RULE, "fractional orders must be DAY orders"),
    ({**BRACKET, "qty": "1.5"}, RULE, "fractional orders must be simple orders"),
    (order(extended_hours=True), RULE, "extended hours order must be DAY or GTC limit orders"),
    ({**BRACKET, "take_profit": {"limit_price": "0.5"}}, RULE, "take_profit.limit_price must be >"),
    ({**BRACKET, "stop_loss": {"stop_price": "9998"}}, RULE, "stop_loss.stop_price must be <="),
    ({**BRACKET, "stop_loss": None}, PARAMETER, "bracket orders require"),
    ({**BRACKET, "stop_loss": "1"}, PARAMETER, "invalid stop_loss"),
    ({**BRACKET, "order_class": "oto"}, PARAMETER, "oto orders require either"),
    ({**BRACKET, "order_class": "simple"}, PARAMETER, "simple orders accept no take_profit"),
    (order(order_class="mleg"), RULE, "mleg orders must have at least 2 legs"),
    (order(order_class="mleg", legs=[{}, {}]), REFUSED, "submit mleg order is disabled"),
    (order(qty="1000000"), REFUSED, "insufficient buying power"),
]


@pytest.mark.parametrize(("asked", "expected", "message"), REFUSALS)
def test_an_order_is_refused(
    server: ThreadServer, asked: dict[str, Any], expected: tuple[int, int], message: str
) -> None:
    reply = server.request("POST", "/v2/orders", json=asked)
    body = reply.json()
    assert (reply.status_code, body["code"]) == expected
    assert body["message"].startswith(message)
    assert server.request("GET", "/v2/orders").json() == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 100_000, b'{"qty": Infinity}'],
)
def test_a_body_that_is_no_json_object_is_400(server: ThreadServer, content: bytes) -> None:
    reply = server.request("POST", "/v2/orders", data=content)
    assert (reply.status_code, reply.json()["code"]) == (400, 40010001)


def test_an_oversized_body_is_413(server: ThreadServer) -> None:
    reply = server.request("POST", "/v2/orders", data=b"x" * 1_100_000)
    assert reply.status_code == 413
    assert "message" in reply.json()


@pytest.mark.parametrize("path", ["/v2/account", "/v2/clock", "/v2/orders", "/v2/stocks/bars"])
def test_without_the_right_secret_there_is_nothing_to_see(server: ThreadServer, path: str) -> None:
    wrong = {"APCA-API-KEY-ID": "K0", "APCA-API-SECRET-KEY": "wrong"}
    for headers in ({}, wrong, {"Authorization": "Basic !!"}, {"Authorization": "Bearer x"}):
        reply = requests.get(server.url + path, headers=headers, timeout=30)
        assert (reply.status_code, reply.json()["message"]) == (401, "unauthorized.")
    assert requests.get(server.url + path, auth=("K0", "secret"), timeout=30).status_code != 401


PATHS = [
    ("GET", "/v2/nonsense", 404, 40410000),
    ("GET", "/v2/account/", 404, 40410000),
    ("GET", "/stream", 404, 40410000),
    ("PUT", "/v2/orders", 405, 40510000),
    ("GET", "/v2/orders/not-a-uuid", 422, 40010001),
    ("GET", "/v2/orders/00000000-0000-0000-0000-000000000000", 404, 40410000),
    ("DELETE", "/v2/orders/00000000-0000-0000-0000-000000000000", 404, 40410000),
    ("PATCH", "/v2/orders/00000000-0000-0000-0000-000000000000", 400, 40010001),
    ("GET", "/v2/orders:by_client_order_id", 404, 40410000),
    ("GET", "/v2/orders%3Aby_client_order_id?client_order_id=%00", 404, 40410000),
    ("GET", "/v2/orders?limit=501", 422, 40010001),
    ("GET", "/v2/orders?limit=99999999999999999999", 422, 40010001),
    ("GET", "/v2/orders?status=whatever", 422, 40010001),
    ("GET", "/v2/orders?after=yesterday", 422, 40010001),
    ("GET", "/v2/orders?after=0001-01-01T00:00:00%2B14:00", 422, 40010001),
    ("GET", "/v2/orders?nested=perhaps", 422, 40010001),
    ("GET", "/v2/positions/SPY", 404, 40410000),
    ("GET", "/v2/positions/NOPE", 404, 40410000),
    ("DELETE", "/v2/positions/SPY", 404, 40410000),
    ("GET", "/v2/calendar?start=soon", 422, 40010001),
    ("GET", "/v2/account/activities?page_size=0", 422, 40010001),
    ("GET", "/v2/account/activities?page_token=x", 422, 40010001),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), PATHS)
def test_a_wrong_path_or_parameter_gets_alpacas_error(
    server: ThreadServer, method: str, path: str, status: int, code: int
) -> None:
    reply = server.request(method, path)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


MARKET_DATA = [
    "/v2/stocks/bars",
    "/v2/stocks/bars?symbols=SPY",
    "/v2/stocks/bars?symbols=SPY&timeframe=60Min",
    "/v2/stocks/bars?symbols=SPY&timeframe=5Month",
    "/v2/stocks/bars?symbols=SPY&timeframe=1Min&limit=10001",
    "/v2/stocks/bars?symbols=SPY&timeframe=1Min&limit=x",
    "/v2/stocks/bars?symbols=SPY&timeframe=1Min&start=2016-01-05&end=2016-01-04",
    "/v2/stocks/bars?symbols=SPY&timeframe=1Min&start=9999-12-31",
    "/v2/stocks/bars?symbols=SPY&timeframe=1Min&page_token=%00",
    "/v2/stocks/bars?symbols=SPY&timeframe=1Min&page_token=c29tZXRoaW5n",
    "/v2/stocks/bars?symbols=SPY&timeframe=1Min&sort=sideways",
    "/v2/stocks/snapshots",
]


@pytest.mark.parametrize("path", MARKET_DATA)
def test_market_data_errors_are_400_with_a_message_only(server: ThreadServer, path: str) -> None:
    reply = server.request("GET", path)
    assert reply.status_code == 400
    assert list(reply.json()) == ["message"]
