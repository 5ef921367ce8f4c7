"""The contract's checklist: both kinds of stream (73-77, 87-96)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import pytest
from practice_server import ThreadServer
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

MSGPACK = {"Content-Type": "application/msgpack"}
ORDER = {"symbol": "SPY", "qty": "2", "side": "buy", "type": "market", "time_in_force": "day"}
LIMIT = {**ORDER, "type": "limit", "limit_price": "50"}
CRYPTO_CHANNELS = {"trades", "quotes", "bars", "updatedBars", "dailyBars", "orderbooks"}


@contextmanager
def opened(server: ThreadServer, path: str, **headers: str) -> Iterator[ClientConnection]:
    with connect(server.ws_url + path, additional_headers=headers, open_timeout=30) as socket:
        yield socket


def heard(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=30))


def said(socket: ClientConnection, message: Any) -> Any:
    socket.send(json.dumps(message))
    return heard(socket)


@contextmanager
def data_stream(server: ThreadServer, path: str, key: str) -> Iterator[ClientConnection]:
    with opened(server, path) as socket:
        assert heard(socket) == [{"T": "success", "msg": "connected"}]
        reply = said(socket, {"action": "auth", "key": key, "secret": "secret"})
        assert reply == [{"T": "success", "msg": "authenticated"}]
        yield socket


@contextmanager
def updates(server: ThreadServer, key: str, path: str = "/stream") -> Iterator[ClientConnection]:
    with opened(server, path) as socket:
        auth = {"action": "authenticate", "data": {"key_id": key, "secret_key": "secret"}}
        assert said(socket, auth)["data"]["status"] == "authorized"
        said(socket, {"action": "listen", "data": {"streams": ["trade_updates"]}})
        yield socket


# trade_updates ---------------------------------------------------------------------------------


def test_c73_wrong_and_right_secret_then_listen(server: ThreadServer, key: str) -> None:
    with opened(server, "/stream") as socket:
        for secret, status in (("wrong", "unauthorized"), ("secret", "authorized")):
            auth = {"action": "authenticate", "data": {"key_id": key, "secret_key": secret}}
            reply = said(socket, auth)
            assert reply["stream"] == "authorization"
            assert reply["data"] == {"status": status, "action": "authenticate"}
        for _ in range(2):
            reply = said(socket, {"action": "listen", "data": {"streams": ["trade_updates"]}})
            assert reply == {"stream": "listening", "data": {"streams": ["trade_updates"]}}


def test_c74_an_order_is_told_until_its_fill(server: ThreadServer, key: str) -> None:
    with updates(server, key) as socket:
        order = server.request("POST", "/v2/orders", key, json=ORDER).json()
        told = []
        while not told or told[-1]["event"] != "fill":
            told.append(heard(socket)["data"])
        assert told[0]["event"] in ("pending_new", "accepted", "new")
        fill = told[-1]
        assert fill["order"]["id"] == order["id"]
        assert (fill["qty"], fill["position_qty"]) == ("2", "2")
        assert float(fill["price"]) > 0
        assert {"execution_id", "timestamp", "event_id", "at"} <= set(fill)


def test_c75_cancel(server: ThreadServer, key: str) -> None:
    with updates(server, key) as socket:
        order = server.request("POST", "/v2/orders", key, json=LIMIT).json()
        server.request("DELETE", f"/v2/orders/{order['id']}", key)
        data = heard(socket)["data"]
        while data["event"] != "canceled":
            data = heard(socket)["data"]
        assert data["order"]["id"] == order["id"]
        assert data["order"]["canceled_at"]
        assert data["order"]["cancel_requested_at"]


def test_c76_replace(server: ThreadServer, key: str) -> None:
    with updates(server, key) as socket:
        order = server.request("POST", "/v2/orders", key, json=LIMIT).json()
        new = server.request("PATCH", f"/v2/orders/{order['id']}", key, json={"limit_price": "51"}).json()
        data = heard(socket)["data"]
        while data["event"] != "replaced":
            data = heard(socket)["data"]
        assert data["order"]["id"] == order["id"]
        assert data["order"]["replaced_by"] == new["id"]
        assert heard(socket)["data"]["order"]["replaces"] == order["id"]


@pytest.mark.parametrize("path", ["/stream", "/stream/"])
def test_c77_both_addresses_and_an_object_data_in_every_frame(
    server: ThreadServer, key: str, path: str
) -> None:
    with opened(server, path) as socket:
        for message in (
            {"action": "nonsense"},
            {"action": "listen", "data": {"streams": ["trade_updates"]}},
            {"action": "auth", "key": key, "secret": "secret"},
            {"action": "listen", "data": {"streams": ["trade_updates"]}},
            {"action": "listen", "data": 7},
        ):
            assert isinstance(said(socket, message)["data"], dict), message


def test_trade_updates_in_msgpack_when_asked(server: ThreadServer, key: str) -> None:
    with opened(server, "/stream", **MSGPACK) as socket:
        socket.send(msgpack.packb({"action": "auth", "key": key, "secret": "secret"}))
        assert msgpack.unpackb(socket.recv(timeout=30))["data"]["status"] == "authorized"
        socket.send(msgpack.packb({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        msgpack.unpackb(socket.recv(timeout=30))
        order = server.request("POST", "/v2/orders", key, json=ORDER).json()
        assert msgpack.unpackb(socket.recv(timeout=30))["data"]["order"]["id"] == order["id"]


# Market data -----------------------------------------------------------------------------------


def test_c87_fragments_and_msgpack_timestamps(server: ThreadServer, key: str) -> None:
    with opened(server, "/v2/iex", **MSGPACK) as socket:
        assert msgpack.unpackb(socket.recv(timeout=30))[0]["msg"] == "connected"
        socket.send(msgpack.packb({"action": "auth", "key": key, "secret": "secret"}))
        assert msgpack.unpackb(socket.recv(timeout=30))[0]["msg"] == "authenticated"
        subscribe = msgpack.packb({"action": "subscribe", "trades": ["SPY"], "bars": ["SPY"]})
        socket.send([subscribe[:5], subscribe[5:9], subscribe[9:], b""])
        (state,) = msgpack.unpackb(socket.recv(timeout=30))
        assert state["corrections"] == state["trades"] == ["SPY"]
        assert len(state) == 11
        server.step()
        for kind in ("t", "b"):
            for message in msgpack.unpackb(socket.recv(timeout=30)):
                assert next(iter(message)) == "T"
                assert message["T"] == kind
                assert isinstance(message["t"], msgpack.Timestamp)


def test_c88_wrong_key(server: ThreadServer) -> None:
    with opened(server, "/v2/iex") as socket:
        heard(socket)
        reply = said(socket, {"action": "auth", "key": "nobody", "secret": "secret"})
        assert reply == [{"T": "error", "code": 402, "msg": "auth failed"}]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=30)


def test_c89_no_authentication_in_time(new_database: Any) -> None:
    practice = ThreadServer(new_database(), authentication_seconds=0.2)
    try:
        with opened(practice, "/v2/iex") as socket:
            heard(socket)
            assert heard(socket) == [{"T": "error", "code": 404, "msg": "auth timeout"}]
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=30)
    finally:
        practice.stop()


def test_c90_second_connection(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/iex", key), opened(server, "/v2/iex") as second:
        heard(second)
        reply = said(second, {"action": "auth", "key": key, "secret": "secret"})
        assert reply == [{"T": "error", "code": 406, "msg": "connection limit exceeded"}]


def test_c91_stock_quotes_trades_and_bars_arrive(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/iex", key) as socket:
        said(socket, {"action": "subscribe", "trades": ["SPY"], "quotes": ["SPY"], "bars": ["SPY"]})
        server.step()
        prints, (bar,) = heard(socket), heard(socket)
        assert {one["T"] for one in prints} == {"q", "t"}
        stamps = [one["t"] for one in prints]
        assert stamps == sorted(stamps)
        trades = [one for one in prints if one["T"] == "t"]
        assert set(trades[0]) == {"T", "S", "i", "x", "p", "s", "c", "t", "z"}
        assert (trades[0]["p"], trades[-1]["p"]) == (bar["o"], bar["c"])
        assert sum(trade["s"] for trade in trades) == bar["v"]
        quote = next(one for one in prints if one["T"] == "q")
        assert set(quote) == {"T", "S", "ax", "ap", "as", "bx", "bp", "bs", "c", "t", "z"}
        assert all(bar["t"] <= stamp for stamp in stamps)


def test_c92_unsubscribe(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/iex", key) as socket:
        said(socket, {"action": "subscribe", "bars": ["SPY", "QQQ"], "statuses": ["*"]})
        (state,) = said(socket, {"action": "unsubscribe", "bars": ["QQQ"], "statuses": ["*"]})
        assert (state["bars"], state["statuses"], state["quotes"]) == (["SPY"], [], [])


def test_c93_json_and_bad_syntax(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/iex", key) as socket:
        said(socket, {"action": "subscribe", "bars": ["SPY"]})
        socket.send("{")
        assert heard(socket) == [{"T": "error", "code": 400, "msg": "invalid syntax"}]
        server.step()
        frame = socket.recv(timeout=30)
        assert isinstance(frame, str)
        assert json.loads(frame)[0]["T"] == "b"


def test_c94_daily_bars(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/iex", key) as socket:
        said(socket, {"action": "subscribe", "dailyBars": ["SPY"], "bars": ["SPY"]})
        server.step()
        (bar,), (day,) = heard(socket), heard(socket)
        assert set(day) == set(bar)
        assert day["T"] == "d"
        assert day["t"].endswith(("T04:00:00Z", "T05:00:00Z"))
        assert day["h"] >= bar["h"]
        assert day["v"] >= bar["v"]
        assert day["c"] == bar["c"]


def test_c94_daily_bars_of_coins(new_database: Any) -> None:
    practice = ThreadServer(new_database())
    try:
        with data_stream(practice, "/v1beta3/crypto/us", "K0") as socket:
            said(socket, {"action": "subscribe", "dailyBars": ["BTC/USD"]})
            practice.step()
            (day,) = heard(socket)
            assert (day["T"], day["S"], day["t"]) == ("d", "BTC/USD", "2016-01-04T00:00:00Z")
    finally:
        practice.stop()


def test_limit_bands_follow_the_price(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/iex", key) as socket:
        said(socket, {"action": "subscribe", "lulds": ["SPY"], "bars": ["SPY"]})
        time = server.step()["time"]
        (bar,), (band,) = heard(socket), heard(socket)
        assert set(band) == {"T", "S", "u", "d", "i", "t", "z"}
        assert (band["T"], band["S"], band["t"]) == ("l", "SPY", time)
        assert band["d"] < bar["c"] < band["u"]
        assert band["u"] - band["d"] == pytest.approx(0.1 * bar["c"], rel=0.05)


def test_c95_the_test_feed(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/test", key) as socket:
        (state,) = said(socket, {"action": "subscribe", "trades": ["FAKEPACA"], "quotes": ["FAKEPACA"]})
        assert state["trades"] == ["FAKEPACA"]
        messages = heard(socket)
        assert [one["T"] for one in messages] == ["q", "t"]
        assert {one["S"] for one in messages} == {"FAKEPACA"}


@pytest.mark.parametrize(
    "path", ["/v1beta1/crypto", "/v1beta2/crypto", "/v1beta3/crypto/us", "/v1beta3/crypto/eu-1"]
)
def test_c96_crypto_addresses(server: ThreadServer, key: str, path: str) -> None:
    with data_stream(server, path, key) as socket:
        (state,) = said(socket, {"action": "subscribe", "bars": ["BTC/USD"], "trades": ["ETH/USD"]})
        assert set(state) == {"T", *CRYPTO_CHANNELS}
        assert (state["bars"], state["trades"]) == (["BTC/USD"], ["ETH/USD"])


def test_news_stream(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v1beta1/news", key) as socket:
        assert said(socket, {"action": "subscribe", "news": ["*"]}) == [{"T": "subscription", "news": ["*"]}]
        assert said(socket, {"action": "subscribe", "bars": ["SPY"]})[0]["code"] == 410


def test_symbol_limits(server: ThreadServer, key: str) -> None:
    with data_stream(server, "/v2/iex", key) as socket:
        many = [f"S{number}" for number in range(20)]
        assert said(socket, {"action": "subscribe", "trades": many})[0]["T"] == "subscription"
        refused = said(socket, {"action": "subscribe", "quotes": many})
        assert refused == [{"T": "error", "code": 405, "msg": "symbol limit exceeded"}]
        (state,) = said(socket, {"action": "subscribe", "quotes": many[:10], "bars": many * 5})
        assert (len(state["trades"]), len(state["quotes"]), len(state["bars"])) == (20, 10, 20)


def test_c91_crypto_quotes_trades_books_and_bars_arrive(new_database: Any) -> None:
    practice = ThreadServer(new_database())
    try:
        with data_stream(practice, "/v1beta3/crypto/us", "K0") as socket:
            channels = ("trades", "quotes", "orderbooks", "bars")
            said(socket, {"action": "subscribe", **{channel: ["BTC/USD"] for channel in channels}})
            practice.step()
            prints, (bar,) = heard(socket), heard(socket)
            assert {one["T"] for one in prints} == {"t", "q", "o"}
            by_kind = {one["T"]: one for one in prints}
            assert set(by_kind["t"]) == {"T", "S", "p", "s", "t", "i", "tks"}
            assert set(by_kind["q"]) == {"T", "S", "bp", "bs", "ap", "as", "t"}
            assert set(by_kind["o"]) == {"T", "S", "t", "b", "a", "r"}
            assert (bar["T"], bar["S"]) == ("b", "BTC/USD")
            assert isinstance(bar["v"], float)
    finally:
        practice.stop()


def test_c94_an_updated_bar_follows_one_that_lacked_a_trade(new_database: Any) -> None:
    practice = ThreadServer(new_database())
    try:
        with data_stream(practice, "/v2/iex", "K0") as socket:
            said(socket, {"action": "subscribe", "bars": ["SPY"], "updatedBars": ["SPY"]})
            every = {"kind": "corrected_bar", "count": len(practice.state()["symbols"])}
            assert practice.request("POST", "/practice/faults", json=every).status_code == 200
            practice.step(2)
            (bar,), _, (updated,) = heard(socket), heard(socket), heard(socket)
            assert set(updated) == set(bar)
            assert (updated["T"], updated["t"]) == ("u", bar["t"])
            assert updated["v"] > bar["v"]
    finally:
        practice.stop()
