"""Nonsense in bodies, queries, paths and on the sockets: refused in Alpaca's form, never a 500."""

import importlib
import json
import pkgutil
import re
from typing import Any

import msgpack
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from practice_server import ThreadServer
from websockets.sync.client import ClientConnection, connect

from flotilla.practice import rest
from flotilla.practice.publishing.feeds import FEEDS

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
# Every route there is, but the one that starts the market anew.
ROUTES = [
    (method, route.path)
    for module in pkgutil.iter_modules(rest.__path__)
    for route in getattr(importlib.import_module(f"{rest.__name__}.{module.name}"), "ROUTES", ())
    for method in sorted(route.methods)
    if route.path != "/practice/source"
]
READS = [path for method, path in ROUTES if method == "GET"]
path_parts = st.sampled_from(
    ["SPY", "BTCUSD", "NOPE", "us", "NYSE", "trade", "FILL", "server_error", "K0", "js", "%00", "..", "%2F"]
) | st.text(min_size=1, max_size=8)
credentials = st.sampled_from(
    [
        *[HEADERS] * 4,
        {},
        {"APCA-API-KEY-ID": "K0"},
        {"APCA-API-KEY-ID": "K0", "APCA-API-SECRET-KEY": "\xe9"},
        {"Authorization": "Basic ////"},
        {"Authorization": "Bearer"},
    ]
)
symbols = st.sampled_from(["SPY", "BTC/USD", "*", "", "spy", "\x00", "💥", "S" * 300])
channels = st.sampled_from(["trades", "quotes", "bars", "updatedBars", "orderbooks", "news", "lulds", "x"])
subscriptions = st.builds(
    lambda action, asked: {"action": action, **asked},
    st.sampled_from(["subscribe", "unsubscribe"]) | json_values,
    st.dictionaries(channels, st.lists(symbols | json_values, max_size=4) | json_values, max_size=4),
)
listens = st.builds(
    lambda action, data: {"action": action, "data": data},
    st.just("listen") | json_values,
    json_values
    | st.fixed_dictionaries({"streams": st.lists(st.just("trade_updates") | json_values) | json_values}),
)


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


@settings(SLOW_IS_FINE, max_examples=300)
@given(st.sampled_from(READS), path_parts, queries)
def test_queries(server: ThreadServer, path: str, part: str, query: dict[str, str]) -> None:
    checked(requests.get(server.url + filled(path, part), params=query, headers=HEADERS, timeout=60))


@settings(SLOW_IS_FINE, max_examples=300)
@given(
    st.sampled_from(ROUTES),
    path_parts,
    st.sampled_from(["", "", "PATCH", "PUT", "DELETE", "OPTIONS"]),
    credentials,
    st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()),
)
def test_every_route(
    server: ThreadServer,
    route: tuple[str, str],
    part: str,
    other: str,
    headers: dict[str, str],
    content: bytes,
) -> None:
    """Any route, by its own method or another, with any credentials and any body."""
    address = server.url + filled(route[1], part)
    reply = requests.request(other or route[0], address, data=content, headers=headers, timeout=60)
    if route[0] != "HEAD" or other:
        checked(reply)
    requests.delete(f"{server.url}/practice/faults", timeout=30)


def filled(path: str, part: str) -> str:
    """Return the route's path with `part` in the place of its parameters."""
    return re.sub(r"\{[^}]+\}", lambda _: requests.utils.quote(part, safe="%"), path)


@pytest.mark.parametrize("content", [b'{"bars": 7}', b'{"seed": "x"}', b'{"symbols": {}}', b"[]", b"\xff"])
def test_nonsense_does_not_start_the_market_anew(server: ThreadServer, content: bytes) -> None:
    reply = server.request("POST", "/practice/source", data=content)
    checked(reply)
    assert reply.status_code in (400, 422)


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

        @settings(SLOW_IS_FINE, max_examples=150)
        @given(st.binary(max_size=60) | st.text(max_size=40) | json_values.flatmap(encodings))
        def every(message: bytes | str) -> None:
            socket.send(message)
            answer = json.loads(socket.recv(timeout=30))
            if path == "/v2/iex":
                assert answer[0]["T"] == "error"
            else:
                assert isinstance(answer["data"], dict)

        every()


def encodings(message: Any) -> st.SearchStrategy[bytes | str]:
    """Give the message as JSON text, JSON bytes and, where it can be said in it, MessagePack."""
    text = json.dumps(message)
    try:
        return st.sampled_from([text, text.encode(), msgpack.packb(message)])
    except (OverflowError, UnicodeEncodeError):
        return st.just(text)


@pytest.mark.parametrize("path", sorted(FEEDS))
def test_subscriptions_of_any_kind(server: ThreadServer, path: str) -> None:
    """Each message has one answer, an array of one; the connection stays open."""
    with connect(server.ws_url + path, open_timeout=30) as socket:
        assert json.loads(socket.recv(timeout=30))[0]["msg"] == "connected"
        auth = {"action": "auth", "key": "K0", "secret": "secret"}
        assert answered(socket, json.dumps(auth))[0]["msg"] == "authenticated"
        assert answered(socket, json.dumps(auth))[0]["code"] == 403

        @settings(SLOW_IS_FINE, max_examples=60)
        @given(subscriptions.flatmap(encodings))
        def every(message: bytes | str) -> None:
            (answer,) = answered(socket, message)
            assert answer["T"] in ("subscription", "error")
            assert answer["T"] == "subscription" or answer["code"] in (400, 405, 410)

        every()


def answered(socket: ClientConnection, message: bytes | str) -> Any:
    """Return the next control message: FAKEPACA trades on the wall's time between them."""
    socket.send(message)
    while True:
        answer = json.loads(socket.recv(timeout=30))
        if answer[0]["T"] in ("success", "subscription", "error"):
            return answer


def test_what_is_listened_to_of_any_kind(server: ThreadServer) -> None:
    with connect(server.ws_url + "/stream", open_timeout=30) as socket:
        socket.send(json.dumps({"action": "auth", "key": "K0", "secret": "secret"}))
        assert json.loads(socket.recv(timeout=30))["data"]["status"] == "authorized"

        @settings(SLOW_IS_FINE, max_examples=100)
        @given(listens.flatmap(encodings))
        def every(message: bytes | str) -> None:
            socket.send(message)
            assert isinstance(json.loads(socket.recv(timeout=30))["data"], dict)

        every()


def test_a_body_that_is_too_large(server: ThreadServer) -> None:
    content = b'{"symbol": "' + b"x" * 1_100_000 + b'"}'
    reply = requests.post(f"{server.url}/v2/orders", data=content, headers=HEADERS, timeout=30)
    assert reply.status_code == 413
    assert reply.json()["message"] == "request body too large"
