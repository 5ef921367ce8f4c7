"""Killed at any moment, the practice market comes back with every accepted order and every fill."""

import json
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import requests
from practice_server import PracticeServer, ProcessServer, ThreadServer
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

MARKET = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


def everything(server: PracticeServer) -> dict[str, Any]:
    """Return all that an account can see of itself."""
    paths = ("account", "positions", "orders?status=all&limit=500", "account/activities/FILL")
    seen = {path: server.request("GET", f"/v2/{path}").json() for path in paths}
    state = server.state()
    return {**seen, "now": state["now"], "last_event_id": state["last_event_id"]}


def test_a_killed_market_is_what_it_was(new_database: Callable[[], str]) -> None:
    address = new_database()
    killed = ProcessServer(address)
    killed.step(3)
    price = float(killed.request("GET", "/v2/stocks/SPY/trades/latest").json()["trade"]["p"])
    legs = {
        "order_class": "bracket",
        "take_profit": {"limit_price": f"{price * 1.5:.2f}"},
        "stop_loss": {"stop_price": f"{price * 0.5:.2f}"},
    }
    killed.request("POST", "/v2/orders", json={**MARKET, "time_in_force": "gtc", **legs})
    resting = {**MARKET, "type": "limit", "limit_price": f"{price * 0.4:.2f}"}
    order = killed.request("POST", "/v2/orders", json=resting).json()
    killed.step(2)
    before = everything(killed)
    killed.kill()

    server = ThreadServer(address)
    assert everything(server) == before
    duplicate = {**MARKET, "client_order_id": order["client_order_id"]}
    assert server.request("POST", "/v2/orders", json=duplicate).status_code == 422
    held = server.request("POST", "/v2/orders", json={**MARKET, "side": "sell"})
    assert held.status_code == 403  # the legs hold the share
    server.step()
    assert server.state()["now"] > before["now"]
    open_orders = server.request("GET", "/v2/orders").json()
    assert [row["status"] for row in open_orders] == ["new", "held", "new"]
    assert server.request("DELETE", "/v2/orders").status_code == 207
    assert server.request("DELETE", "/v2/positions/SPY").status_code == 200
    assert server.request("GET", "/v2/positions").json() == []
    server.stop()


def test_nothing_acknowledged_or_published_is_lost(new_database: Callable[[], str]) -> None:
    """It is killed at full speed, in the middle of a hail of orders."""
    address = new_database()
    killed = ProcessServer(address)
    acknowledged: list[str] = []
    published: SimpleQueue[str] = SimpleQueue()
    trading = threading.Thread(target=_trade_until_it_dies, args=(killed, acknowledged))
    watching = threading.Thread(target=_watch_until_it_dies, args=(killed, published))
    watching.start()
    killed.wait_for_listeners(trade_updates=1)
    killed.request("POST", "/practice/speed", json={"rate": "max"})
    trading.start()
    seen = {published.get(timeout=30) for _ in range(40)}
    killed.kill()
    trading.join(30)
    watching.join(30)
    while not published.empty():
        seen.add(published.get())

    server = ThreadServer(address)
    orders = server.request("GET", "/v2/orders?status=all&limit=500").json()
    activities = _activities(server)
    assert set(acknowledged) <= {row["client_order_id"] for row in orders}
    assert seen <= {row["id"].partition("::")[2] for row in activities}
    filled = [row["id"] for row in orders if row["status"] == "filled"]
    assert sorted(filled) == sorted(row["order_id"] for row in activities)
    bought = sum(float(row["price"]) * float(row["qty"]) for row in activities)
    account = server.request("GET", "/v2/account").json()
    assert abs(100_000 - bought - float(account["cash"])) < 0.01
    server.stop()


def _activities(server: PracticeServer) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    token = ""
    while page := server.request("GET", f"/v2/account/activities/FILL?page_token={token}").json():
        rows += page
        token = page[-1]["id"]
    return rows


def _trade_until_it_dies(server: PracticeServer, acknowledged: list[str]) -> None:
    for number in range(400):
        name = f"order-{number}"
        try:
            reply = server.request("POST", "/v2/orders", json={**MARKET, "client_order_id": name})
        except requests.ConnectionError:
            return
        assert reply.status_code == 200, reply.text
        acknowledged.append(name)


def _watch_until_it_dies(server: PracticeServer, published: "SimpleQueue[str]") -> None:
    with connect(server.ws_url + "/stream") as socket:
        socket.send(json.dumps({"action": "auth", "key": "K0", "secret": "secret"}))
        socket.recv(timeout=30)
        socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        socket.recv(timeout=30)
        try:
            while True:
                update = json.loads(socket.recv(timeout=30))["data"]
                if update["event"] == "fill":
                    published.put(update["execution_id"])
        except ConnectionClosed:
            return
