"""One account's requests against a running market, and the orders that the checklist is tried with."""

from decimal import Decimal
from typing import Any

import requests
from practice_server import PracticeServer

MARKET = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
LIMIT = {**MARKET, "type": "limit", "limit_price": "50"}
COIN = {"symbol": "BTC/USD", "qty": "0.01", "side": "buy", "type": "market", "time_in_force": "gtc"}
LEGS = {"take_profit": {"limit_price": "90"}, "stop_loss": {"stop_price": "40"}}
BRACKET = {**LIMIT, "order_class": "bracket", **LEGS}
TERMINAL = {"filled", "canceled", "expired", "rejected", "replaced"}

Json = dict[str, Any]


class TradingAccount:
    """One account's requests."""

    def __init__(self, server: PracticeServer, key: str) -> None:
        self.server = server
        self.key = key

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.server.request(method, path, self.key, **options)

    def submit(self, body: Json) -> Json:
        reply = self.ask("POST", "/v2/orders", json=body)
        assert reply.status_code == 200, reply.text
        order: Json = reply.json()
        return order

    def refused(self, body: Json, *statuses: int) -> Json:
        reply = self.ask("POST", "/v2/orders", json=body)
        assert reply.status_code in statuses, reply.text
        error: Json = reply.json()
        assert isinstance(error["code"], int)
        assert error["message"]
        return error

    def order(self, order_id: str, query: str = "") -> Json:
        found: Json = self.ask("GET", f"/v2/orders/{order_id}{query}").json()
        return found

    def orders(self, query: str = "") -> list[Json]:
        reply = self.ask("GET", f"/v2/orders?{query}")
        assert reply.status_code == 200, reply.text
        found: list[Json] = reply.json()
        return found

    def account(self, member: str) -> Decimal:
        return Decimal(self.ask("GET", "/v2/account").json()[member])

    def last_price(self, symbol: str = "SPY") -> Decimal:
        trade = self.ask("GET", f"/v2/stocks/{symbol}/trades/latest").json()["trade"]
        return Decimal(str(trade["p"]))
