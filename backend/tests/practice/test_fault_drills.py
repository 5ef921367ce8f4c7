"""Faults switched on while the market runs, as a client meets them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from practice_server import ThreadServer
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

ORDER = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


@pytest.fixture
def market(new_server: ThreadServer) -> Iterator[ThreadServer]:
    """Give the module's market without faults, before and after."""
    yield new_server
    new_server.request("DELETE", "/practice/faults")


def switch_on(market: ThreadServer, kind: str, **options: Any) -> None:
    reply = market.request("POST", "/practice/faults", json={"kind": kind, **options})
    assert reply.status_code == 200, reply.text


@contextmanager
def updates(market: ThreadServer) -> Iterator[ClientConnection]:
    with connect(market.ws_url + "/stream", open_timeout=30) as socket:
        for message in (
            {"action": "auth", "key": "K0", "secret": "secret"},
            {"action": "listen", "data": {"streams": ["trade_updates"]}},
        ):
            socket.send(json.dumps(message))
            socket.recv(timeout=30)
        yield socket


def events(socket: ClientConnection, count: int) -> list[str]:
    return [json.loads(socket.recv(timeout=30))["data"]["event"] for _ in range(count)]


@contextmanager
def bars(market: ThreadServer, *channels: str) -> Iterator[ClientConnection]:
    with connect(market.ws_url + "/v2/iex", open_timeout=30) as socket:
        socket.recv(timeout=30)
        subscribe = {"action": "subscribe", **{channel: ["SPY"] for channel in channels}}
        for message in ({"action": "auth", "key": "K0", "secret": "secret"}, subscribe):
            socket.send(json.dumps(message))
            socket.recv(timeout=30)
        yield socket


def recv_until_closed(socket: ClientConnection) -> None:
    while True:
        socket.recv(timeout=30)


def test_errors_by_count(market: ThreadServer) -> None:
    switch_on(market, "server_error", count=2, status=503, path="/v2/account")
    statuses = [market.request("GET", "/v2/account").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    switch_on(market, "rate_limited", count=1)
    limited = market.request("GET", "/v2/account")
    assert (limited.status_code, limited.json()["code"]) == (429, 42910000)
    assert limited.headers["X-Request-ID"]
    (first, second) = market.request("GET", "/practice/faults").json()["faults"]
    assert (first["struck"], second["struck"]) == (2, 1)
    off = market.request("DELETE", "/practice/faults/server_error").json()["faults"]
    assert [fault["kind"] for fault in off] == ["rate_limited"]


def test_probability(market: ThreadServer) -> None:
    switch_on(market, "server_error", probability=0.5)
    statuses = [market.request("GET", "/v2/clock").status_code for _ in range(60)]
    assert {200, 500} == set(statuses)
    assert 15 <= statuses.count(500) <= 45
    switch_on(market, "server_error", probability=0)
    assert market.request("GET", "/v2/clock").status_code == 200


def test_a_timeout_after_the_order_was_accepted(market: ThreadServer) -> None:
    switch_on(market, "timeout_after_accept", count=1)
    body = {**ORDER, "client_order_id": "timed-out"}
    assert market.request("POST", "/v2/orders", json=body).status_code == 504
    found = market.request("GET", "/v2/orders:by_client_order_id?client_order_id=timed-out")
    assert found.json()["symbol"] == "SPY"
    again = market.request("POST", "/v2/orders", json=body)
    assert (again.status_code, again.json()["message"]) == (422, "client_order_id must be unique")


def test_a_dropped_connection(market: ThreadServer) -> None:
    switch_on(market, "dropped_connection", count=1, target="rest")
    with pytest.raises(requests.ConnectionError):
        market.request("GET", "/v2/account")
    assert market.request("GET", "/v2/account").status_code == 200


def test_a_dropped_stream(market: ThreadServer) -> None:
    with updates(market) as socket:
        switch_on(market, "dropped_connection", count=1, target="trade_updates")
        assert market.request("POST", "/v2/orders", json=ORDER).status_code == 200
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv(timeout=30)
        assert closed.value.rcvd is None  # no closing frame
    with updates(market) as socket:
        market.request("POST", "/v2/orders", json=ORDER)
        assert events(socket, 1) == ["pending_new"]


def test_a_mute_stream(market: ThreadServer) -> None:
    with updates(market) as socket, bars(market, "bars") as data:
        switch_on(market, "mute_stream")
        market.request("POST", "/v2/orders", json=ORDER)
        market.step()
        market.request("DELETE", "/practice/faults")
        market.request("POST", "/v2/orders", json=ORDER)
        assert events(socket, 3) == ["pending_new", "new", "fill"]
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0)
        with pytest.raises(TimeoutError):
            data.recv(timeout=0)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("duplicated_update", ["pending_new", "pending_new", "new", "fill"]),
        ("reordered_update", ["new", "pending_new", "fill"]),
        ("delayed_update", ["new", "fill", "pending_new"]),
    ],
)
def test_updates_that_come_otherwise(market: ThreadServer, kind: str, expected: list[str]) -> None:
    with updates(market) as socket:
        switch_on(market, kind, count=1)
        market.request("POST", "/v2/orders", json=ORDER)
        market.step()
        assert events(socket, len(expected)) == expected


def test_late_and_corrected_bars(market: ThreadServer) -> None:
    def heard(socket: ClientConnection) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(socket.recv(timeout=30))
        return found

    with bars(market, "bars", "updatedBars") as socket:
        switch_on(market, "late_bar", count=len(market.state()["symbols"]))
        market.step(2)
        (on_time,), (late,) = heard(socket), heard(socket)
        assert on_time["t"] > late["t"]
        switch_on(market, "corrected_bar", count=len(market.state()["symbols"]))
        market.step(2)
        (wrong,), (_next,), (update,) = heard(socket), heard(socket), heard(socket)
        assert (wrong["T"], update["T"], update["t"]) == ("b", "u", wrong["t"])
        assert wrong["v"] < update["v"]
        true = market.request("GET", f"/v2/stocks/SPY/bars?timeframe=1Min&start={wrong['t']}&limit=1").json()
        assert true["bars"][0]["c"] == update["c"]


def test_trades_that_are_taken_back(market: ThreadServer) -> None:
    with bars(market, "trades") as socket:
        switch_on(market, "corrected_trade", count=1)
        switch_on(market, "canceled_trade", count=1)
        market.step()
        sent, corrections = (json.loads(socket.recv(timeout=30)) for _ in range(2))
        (correction, cancel) = corrections
        wrong, _, never, *_ = sent
        keys = {f"{side}{name}" for side in "oc" for name in "ipsc"}
        assert set(correction) == {"T", "S", "x", *keys, "t", "z"}
        assert (correction["T"], correction["oi"], correction["op"]) == ("c", wrong["i"], wrong["p"])
        assert set(cancel) == {"T", "S", "i", "x", "p", "s", "a", "t", "z"}
        assert (cancel["T"], cancel["i"], cancel["p"], cancel["a"]) == ("x", never["i"], never["p"], "C")
        start = wrong["t"].replace("+00:00", "Z")
        true = market.request("GET", f"/v2/stocks/SPY/trades?start={start}&limit=4").json()["trades"]
        assert (
            (correction["ci"], correction["cp"]) == (true[0]["i"], true[0]["p"]) != (wrong["i"], wrong["p"])
        )
        assert cancel["i"] not in {trade["i"] for trade in true}


def test_a_dropped_test_feed(market: ThreadServer) -> None:
    with connect(market.ws_url + "/v2/test", open_timeout=30) as socket:
        socket.recv(timeout=30)
        subscribe = {"action": "subscribe", "trades": ["FAKEPACA"]}
        for message in ({"action": "auth", "key": "K0", "secret": "secret"}, subscribe):
            socket.send(json.dumps(message))
            socket.recv(timeout=30)
        switch_on(market, "dropped_connection", target="market_data")
        with pytest.raises(ConnectionClosedError):
            recv_until_closed(socket)


def test_a_slow_cancel(market: ThreadServer) -> None:
    switch_on(market, "slow_cancel", count=1)
    body = {**ORDER, "type": "limit", "limit_price": "50"}
    order = market.request("POST", "/v2/orders", json=body).json()
    assert market.request("DELETE", f"/v2/orders/{order['id']}").status_code == 204
    (pending,) = market.request("GET", "/v2/orders?status=open").json()
    assert (pending["id"], pending["status"]) == (order["id"], "pending_cancel")
    market.step()
    assert market.request("GET", f"/v2/orders/{order['id']}").json()["status"] == "canceled"


def test_a_rejected_order(market: ThreadServer) -> None:
    with updates(market) as socket:
        switch_on(market, "rejected_order", count=1, reason="no stock to borrow")
        order = market.request("POST", "/v2/orders", json=ORDER).json()
        assert order["status"] == "pending_new"
        assert events(socket, 1) == ["pending_new"]
        rejected = json.loads(socket.recv(timeout=30))["data"]
        assert (rejected["event"], rejected["reason"]) == ("rejected", "no stock to borrow")
        stored = market.request("GET", f"/v2/orders/{order['id']}").json()
        assert stored["status"] == "rejected"
        assert stored["failed_at"]


def test_nonsense_is_refused(market: ThreadServer) -> None:
    for body in (
        {"kind": "flood"},
        {},
        {"kind": "server_error", "status": 200},
        {"kind": "server_error", "probability": 2},
        {"kind": "server_error", "color": "red"},
        {"kind": "mute_stream", "target": "moon"},
    ):
        assert market.request("POST", "/practice/faults", json=body).status_code == 422, body
    assert market.request("DELETE", "/practice/faults/flood").status_code == 422
