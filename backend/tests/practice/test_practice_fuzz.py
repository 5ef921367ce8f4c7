"""Nonsense in bodies, queries, paths and on the sockets: refused in Alpaca's form, never a 500."""

import json
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from practice_server import ThreadServer
from websockets.sync.client import connect

HEADERS = {"APCA-API-KEY-ID": "K0", "APCA-API-SECRET-KEY": "secret"}
SLOW_IS_FINE = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
# Mostly right, so that nonsense gets far.
order_member = {
    "symbol": st.sampled_from(["SPY", "BTC/USD", "btcusd", "", "NOPE"]),
    "side": st.sampled_from(["buy", "sell"]),
    "type": st.sampled_from(["market", "limit", "stop", "stop_limit", "trailing_stop"]),
    "time_in_force": st.sampled_from(["day", "gtc", "ioc", "fok", "opg", "cls"]),
    "order_class": st.sampled_from(["", "simple", "bracket", "oco", "oto", "mleg"]),
    "extended_hours": st.booleans(),
    **{
        name: st.sampled_from(["1", 1, 0.5, "1e9", "1e-12", -3, "NaN", "100.001", 10**30, "Infinity"])
        for name in ("qty", "notional", "limit_price", "stop_price", "trail_price", "trail_percent")
    },
    "take_profit": st.fixed_dictionaries({}, optional={"limit_price": st.sampled_from(["9000", "1", "x"])}),
    "stop_loss": st.fixed_dictionaries({}, optional={"stop_price": st.sampled_from(["2", "8000", None])}),
    "client_order_id": st.text(max_size=5),
}
order_bodies = st.fixed_dictionaries(
    {}, optional={name: strategy | json_values for name, strategy in order_member.items()}
)
queries = st.dictionaries(
    st.sampled_from(
        [
            "status",
            "limit",
            "after",
            "until",
            "direction",
            "nested",
            "symbols",
            "side",
            "asset_class",
            "start",
            "end",
            "timeframe",
            "sort",
            "page_token",
            "page_size",
            "date",
            "category",
            "activity_types",
            "period",
            "feed",
            "adjustment",
            "top",
            "by",
            "loc",
            "markets",
            "intraday_reporting",
            "name",
            "order_id",
            "after_order_id",
            "qty",
            "percentage",
        ]
    ),
    st.sampled_from(
        [
            *("", "1", "-1", "true", "all", "SPY", "BTC/USD", "1Min", "1Day", "2016-01-04", "x" * 300),
            *("%", "\x00", "9999-12-31T23:59:59Z", "0001-01-01", "99999999999999999999", "desc", "1A"),
            *("QUFQTHx4", "💥"),
        ]
    )
    | st.text(max_size=10),
    max_size=5,
)
READS = [
    "/v2/account",
    "/v2/account/activities",
    "/v2/account/activities/FILL",
    "/v2/account/portfolio/history",
    "/v2/orders",
    "/v2/orders:by_client_order_id",
    "/v2/positions",
    "/v2/assets",
    "/v2/calendar",
    "/v3/clock",
    "/v3/calendar/NYSE",
    "/v2/watchlists:by_name",
    "/v2/stocks/bars",
    "/v2/stocks/SPY/trades",
    "/v2/stocks/quotes/latest",
    "/v2/stocks/snapshots",
    "/v2/stocks/auctions",
    "/v1beta3/crypto/us/bars",
    "/v1beta3/crypto/us/latest/orderbooks",
    "/v1beta1/news",
    "/v1beta1/screener/stocks/movers",
    "/v1/corporate-actions",
]


@pytest.fixture(scope="module")
def server(new_server: ThreadServer) -> ThreadServer:
    new_server.step()
    return new_server


def checked(reply: requests.Response) -> None:
    assert reply.status_code < 500, reply.text
    if reply.status_code >= 400:
        body = reply.json()
        assert isinstance(body["message"], str)
        assert body["message"]
        assert isinstance(body.get("code", 0), int)


@SLOW_IS_FINE
@given(order_bodies)
def test_order_bodies(server: ThreadServer, body: dict[str, Any]) -> None:
    content = json.dumps(body)
    reply = requests.post(f"{server.url}/v2/orders", data=content, headers=HEADERS, timeout=30)
    checked(reply)
    if reply.status_code == 200:
        change = requests.patch(
            f"{server.url}/v2/orders/{reply.json()['id']}", data=content, headers=HEADERS, timeout=30
        )
        checked(change)


@SLOW_IS_FINE
@given(
    st.sampled_from(
        [
            ("POST", "/v2/orders"),
            ("PATCH", "/v2/account/configurations"),
            ("POST", "/v2/watchlists"),
            ("POST", "/practice/faults"),
            ("POST", "/practice/accounts/K0/deposit"),
        ]
    ),
    st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()),
)
def test_bodies_of_any_kind(server: ThreadServer, target: tuple[str, str], content: bytes) -> None:
    method, path = target
    checked(requests.request(method, server.url + path, data=content, headers=HEADERS, timeout=30))
    requests.delete(f"{server.url}/practice/faults", timeout=30)


@SLOW_IS_FINE
@given(st.sampled_from(READS), queries)
def test_queries(server: ThreadServer, path: str, query: dict[str, str]) -> None:
    checked(requests.get(server.url + path, params=query, headers=HEADERS, timeout=60))


@SLOW_IS_FINE
@given(st.sampled_from(["/v2/orders/", "/v2/positions/", "/v2/assets/", "/v2/stocks/", "/v2/"]), st.text())
def test_paths(server: ThreadServer, prefix: str, rest: str) -> None:
    path = prefix + requests.utils.quote(rest, safe="")
    checked(requests.get(server.url + path, headers=HEADERS, timeout=30))


@pytest.mark.parametrize("path", ["/v2/iex", "/stream"])
def test_rubbish_on_the_sockets(server: ThreadServer, path: str) -> None:
    with connect(server.ws_url + path, open_timeout=30) as socket:
        if path == "/v2/iex":
            socket.recv(timeout=30)

        @settings(SLOW_IS_FINE, max_examples=100)
        @given(st.binary(max_size=60) | st.text(max_size=40) | json_values.map(json.dumps))
        def every(message: bytes | str) -> None:
            socket.send(message)
            answer = json.loads(socket.recv(timeout=30))
            if path == "/v2/iex":
                assert answer[0]["T"] == "error"
            else:
                assert isinstance(answer["data"], dict)

        every()


def test_a_body_that_is_too_large(server: ThreadServer) -> None:
    content = b'{"symbol": "' + b"x" * 1_100_000 + b'"}'
    reply = requests.post(f"{server.url}/v2/orders", data=content, headers=HEADERS, timeout=30)
    assert reply.status_code == 413
    assert reply.json()["message"] == "request body too large"
