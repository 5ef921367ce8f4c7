"""The two WebSocket protocols frame by frame, JSON and MessagePack."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import pytest
from practice_server import ThreadServer
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect

MSGPACK = {"Content-Type": "application/msgpack"}
CHANNELS = {
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
    "imbalances",
}


@contextmanager
def opened(server: ThreadServer, path: str, **headers: str) -> Iterator[ClientConnection]:
    with connect(server.ws_url + path, additional_headers=headers, open_timeout=30) as socket:
        yield socket


def said(socket: ClientConnection, *messages: Any) -> Any:
    """Send the messages as JSON; return the next frame, parsed."""
    for message in messages:
        socket.send(json.dumps(message))
    return json.loads(socket.recv(timeout=30))


def authenticated(socket: ClientConnection, key: str) -> None:
    assert said(socket) == [{"T": "success", "msg": "connected"}]
    reply = said(socket, {"action": "auth", "key": key, "secret": "secret"})
    assert reply == [{"T": "success", "msg": "authenticated"}]


def recv_until_closed(socket: ClientConnection) -> None:
    while True:
        socket.recv(timeout=30)


# trade_updates --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/stream", "/stream/"])
@pytest.mark.parametrize("form", ["nested", "flat"])
def test_authenticate_and_listen(server: ThreadServer, key: str, path: str, form: str) -> None:
    message = {
        "nested": {"action": "authenticate", "data": {"key_id": key, "secret_key": "secret"}},
        "flat": {"action": "auth", "key": key, "secret": "secret"},
    }[form]
    with opened(server, path) as socket:
        assert said(socket, message) == {
            "stream": "authorization",
            "data": {"status": "authorized", "action": "authenticate"},
        }
        for streams, listening in (
            (["trade_updates"], ["trade_updates"]),
            (["trade_updates", "account_updates"], ["trade_updates"]),
            (["unknown"], []),
            ([], []),
        ):
            reply = said(socket, {"action": "listen", "data": {"streams": streams}})
            assert reply == {"stream": "listening", "data": {"streams": listening}}


def test_nobody_listens_without_the_secret(server: ThreadServer, key: str) -> None:
    with opened(server, "/stream") as socket:
        refused = {"stream": "authorization", "data": {"status": "unauthorized", "action": "listen"}}
        listen = {"action": "listen", "data": {"streams": ["trade_updates"]}}
        assert said(socket, listen) == refused
        wrong = {"action": "authenticate", "data": {"key_id": key, "secret_key": "wrong"}}
        assert said(socket, wrong)["data"]["status"] == "unauthorized"
        assert said(socket, listen) == refused


@pytest.mark.parametrize("rubbish", ["", "{", "[]", "7", "\x00", b"\xff\x00\x81", '{"action": 1}'])
def test_rubbish_gets_an_error_with_an_object_data(server: ThreadServer, rubbish: str | bytes) -> None:
    with opened(server, "/stream") as socket:
        socket.send(rubbish)
        assert "error_message" in json.loads(socket.recv(timeout=30))["data"]


def listening(socket: ClientConnection, key: str) -> None:
    said(socket, {"action": "auth", "key": key, "secret": "secret"})
    said(socket, {"action": "listen", "data": {"streams": ["trade_updates"]}})


def test_updates_are_binary_frames_of_the_own_account_only(server: ThreadServer, key: str) -> None:
    with opened(server, "/stream") as socket, opened(server, "/stream") as stranger:
        listening(socket, key)
        listening(stranger, server.fresh_account())
        body = {"symbol": "SPY", "qty": 2, "side": "buy", "type": "market", "time_in_force": "day"}
        order = server.request("POST", "/v2/orders", key, json=body).json()
        frames = [socket.recv(timeout=30) for _ in range(3)]
        assert all(isinstance(frame, bytes) for frame in frames)
        updates = [json.loads(frame)["data"] for frame in frames]
        assert [u["event"] for u in updates] == ["pending_new", "new", "fill"]
        assert [u["order"]["status"] for u in updates] == ["pending_new", "new", "filled"]
        assert {u["order"]["id"] for u in updates} == {order["id"]}
        ids = [u["event_id"] for u in updates]
        assert ids == sorted(ids)
        assert {len(i) for i in ids} == {26}
        assert ids[-1] == server.state()["last_event_id"]
        fill = updates[-1]
        assert (fill["qty"], fill["position_qty"]) == ("2", "2")
        assert fill["price"] == fill["order"]["filled_avg_price"]
        assert {"execution_id", "timestamp", "at", "settle_date"} <= set(fill)
        assert {"subtag", "source"} & set(fill["order"]) == set()
        with pytest.raises(TimeoutError):
            stranger.recv(timeout=0)


# Market data ----------------------------------------------------------------------------------


def test_subscriptions_add_up_and_name_every_channel(server: ThreadServer, key: str) -> None:
    with opened(server, "/v2/iex") as socket:
        authenticated(socket, key)
        (state,) = said(socket, {"action": "subscribe", "bars": ["SPY"], "trades": ["AAPL"]})
        assert set(state) == {"T", *CHANNELS}
        assert state["T"] == "subscription"
        assert state["corrections"] == state["cancelErrors"] == state["trades"] == ["AAPL"]
        (state,) = said(socket, {"action": "subscribe", "bars": ["QQQ", "SPY"], "quotes": ["*"]})
        assert (state["bars"], state["quotes"]) == (["SPY", "QQQ"], ["*"])
        (state,) = said(socket, {"action": "unsubscribe", "bars": ["SPY"], "trades": ["AAPL"]})
        assert (state["bars"], state["trades"], state["corrections"]) == (["QQQ"], [], [])


def test_the_bars_of_a_minute_come_in_one_frame(server: ThreadServer, key: str) -> None:
    server.step()
    with opened(server, "/v2/sip") as socket:
        authenticated(socket, key)
        said(socket, {"action": "subscribe", "bars": ["*"]})
        time = server.step()["time"]
        frame = socket.recv(timeout=30)
        assert isinstance(frame, str)
        bars = json.loads(frame)
        assert {bar["S"] for bar in bars} == set(server.state()["symbols"])
        for bar in bars:
            assert next(iter(bar)) == "T"
            assert set(bar) == {"T", "S", "o", "h", "l", "c", "v", "n", "vw", "t"}
            assert bar["T"] == "b"
            assert bar["t"] < time
        latest = server.request("GET", "/v2/stocks/SPY/bars/latest").json()["bar"]
        (spy,) = [bar for bar in bars if bar["S"] == "SPY"]
        assert {name: spy[name] for name in latest} == latest


def test_msgpack_frames_carry_timestamp_extensions(server: ThreadServer, key: str) -> None:
    with opened(server, "/v2/iex", **MSGPACK) as socket:
        hello = socket.recv(timeout=30)
        assert isinstance(hello, bytes)
        assert msgpack.unpackb(hello) == [{"T": "success", "msg": "connected"}]
        socket.send(msgpack.packb({"action": "auth", "key": key, "secret": "secret"}))
        assert msgpack.unpackb(socket.recv(timeout=30))[0]["msg"] == "authenticated"
        subscribe = msgpack.packb({"action": "subscribe", "bars": ["SPY"]})
        socket.send([subscribe[:5], subscribe[5:], b""])  # fragmented, as alpaca-py sends it
        assert msgpack.unpackb(socket.recv(timeout=30))[0]["bars"] == ["SPY"]
        server.step()
        (bar,) = msgpack.unpackb(socket.recv(timeout=30))
        assert (bar["T"], bar["S"]) == ("b", "SPY")
        assert isinstance(bar["t"], msgpack.Timestamp)


def test_key_headers_authenticate_at_once(server: ThreadServer, key: str) -> None:
    headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": "secret"}
    with opened(server, "/v2/iex", **headers) as socket:
        assert said(socket) == [{"T": "success", "msg": "connected"}]
        assert said(socket) == [{"T": "success", "msg": "authenticated"}]
        again = said(socket, {"action": "auth", "key": key, "secret": "secret"})
        assert again == [{"T": "error", "code": 403, "msg": "already authenticated"}]


def test_a_wrong_secret_is_402_and_the_end(server: ThreadServer, key: str) -> None:
    with opened(server, "/v2/iex") as socket:
        said(socket)
        reply = said(socket, {"action": "auth", "key": key, "secret": "wrong"})
        assert reply == [{"T": "error", "code": 402, "msg": "auth failed"}]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=30)


def test_the_second_connection_to_an_endpoint_is_406(server: ThreadServer, key: str) -> None:
    auth = {"action": "auth", "key": key, "secret": "secret"}
    with opened(server, "/v2/iex") as first:
        authenticated(first, key)
        with opened(server, "/v2/iex") as second:
            said(second)
            assert said(second, auth) == [{"T": "error", "code": 406, "msg": "connection limit exceeded"}]
            with pytest.raises(ConnectionClosed):
                second.recv(timeout=30)
        with opened(server, "/v2/sip") as other_endpoint:
            authenticated(other_endpoint, key)
        (state,) = said(first, {"action": "subscribe", "bars": ["SPY"]})
        assert state["bars"] == ["SPY"]


@pytest.mark.parametrize(
    ("rubbish", "code"),
    [
        ("{", 400),
        ("[]", 400),
        (b"\xc1\xc1", 400),
        (b"", 400),
        ('{"action": "dance"}', 400),
        ('{"action": "subscribe", "bars": ["SPY"]}', 401),
    ],
)
def test_rubbish_on_the_data_socket_leaves_it_open(
    server: ThreadServer, key: str, rubbish: str | bytes, code: int
) -> None:
    with opened(server, "/v2/iex") as socket:
        said(socket)
        socket.send(rubbish)
        assert json.loads(socket.recv(timeout=30))[0]["code"] == code
        reply = said(socket, {"action": "auth", "key": key, "secret": "secret"})
        assert reply[0]["msg"] == "authenticated"
        assert said(socket, {"action": "subscribe", "bars": "SPY"})[0]["code"] == 400


@pytest.mark.parametrize("path", ["/v2/nonsense", "/v2/opra", "/practice/state"])
def test_an_address_without_a_stream_is_404(server: ThreadServer, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(server, path):
        pass
    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body)["code"] == 40410000


def test_a_hundred_thousand_symbols_come_and_go(server: ThreadServer, key: str) -> None:
    symbols = [f"S{number}" for number in range(100_000)]
    with opened(server, "/v2/iex") as socket:
        authenticated(socket, key)
        (state,) = said(socket, {"action": "subscribe", "bars": symbols})
        assert state["bars"] == symbols
        (state,) = said(socket, {"action": "unsubscribe", "bars": symbols[1:]})
        assert state["bars"] == symbols[:1]


def test_a_message_of_more_than_a_megabyte_ends_the_connection(server: ThreadServer) -> None:
    for path in ("/v2/iex", "/stream"):
        with opened(server, path) as socket:
            socket.send("x" * 1_100_000)
            with pytest.raises(ConnectionClosedError) as closed:
                recv_until_closed(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_whoever_authenticates_anew_hears_no_more_of_the_account_before(
    server: ThreadServer, key: str
) -> None:
    order = {"symbol": "SPY", "qty": 1, "side": "buy", "type": "market", "time_in_force": "day"}
    with opened(server, "/stream") as socket:
        listening(socket, key)
        again = said(socket, {"action": "auth", "key": key, "secret": "secret"})
        assert again["data"]["status"] == "authorized"
        server.request("POST", "/v2/orders", key, json=order)
        assert said(socket)["data"]["event"] == "pending_new"  # the same account: it still listens
        for _ in range(2):
            said(socket)
        refused = said(socket, {"action": "auth", "key": key, "secret": "wrong"})
        assert refused["data"]["status"] == "unauthorized"
        server.request("POST", "/v2/orders", key, json=order)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0)


def test_who_comes_late_hears_nothing_of_before(new_database: Any) -> None:
    practice = ThreadServer(new_database(), speed=1)
    try:
        # The price at the open was traded before anybody listened.
        while practice.state()["now"] < "2016-01-04T14:30:00.2":
            pass
        with opened(practice, "/v2/iex") as socket:
            authenticated(socket, "K0")
            said(socket, {"action": "subscribe", "trades": ["*"], "quotes": ["*"]})
            with pytest.raises(TimeoutError):
                socket.recv(timeout=0.2)
    finally:
        practice.stop()
