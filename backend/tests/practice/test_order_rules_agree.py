"""The order rules that a bot is held against, and the practice market's own: one verdict of two programs."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
import requests
from practice_server import ThreadServer

from flotilla.adapters.alpaca import mapping
from flotilla.domain.market import Instrument
from flotilla.domain.order_rules import OrderClass, OrderKind, TimeInForce, Type, refusal

# A usual stock, one that is neither lent nor traded in parts, a pair of coins.
SYMBOLS = ("AAPL", "FAKEPACA", "BTC/USD")


class Market:
    """A market that is closed (but for coins), and one account of it."""

    def __init__(self, server: ThreadServer, key: str) -> None:
        self.session = requests.Session()
        self.session.headers.update({"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": "secret"})
        self.url = server.url
        self.instruments = {symbol: self._instrument(symbol) for symbol in SYMBOLS}
        self.prices = {symbol: self._price(symbol) for symbol in SYMBOLS}

    def _instrument(self, symbol: str) -> Instrument:
        return mapping.instrument(self.session.get(f"{self.url}/v2/assets/{symbol.replace('/', '')}").json())

    def _price(self, symbol: str) -> Decimal:
        coin = "/" in symbol
        path = "/v1beta3/crypto/us/latest/bars" if coin else "/v2/stocks/bars/latest"
        found = self.session.get(self.url + path, params={"symbols": symbol}).json()["bars"]
        return Decimal(str(round(found[symbol]["c"], 2)))

    def verdict(self, symbol: str, kind: OrderKind) -> str | None:
        """What the market says against an order; None when it takes it (it is taken back then)."""
        answer = self.session.post(f"{self.url}/v2/orders", json=self._body(symbol, kind))
        if answer.status_code != 200:
            assert answer.status_code in (403, 422), answer.text
            reason = str(answer.json()["message"])
            # Auctions have their hours: that is of the moment, not of the kind of order.
            return None if "must be submitted after" in reason else reason
        gone = self.session.delete(f"{self.url}/v2/orders/{answer.json()['id']}")
        assert gone.status_code == 204 or (gone.status_code == 422 and "/" in symbol), gone.text
        return None

    def _body(self, symbol: str, kind: OrderKind) -> dict[str, Any]:
        price, sign = self.prices[symbol], -1 if kind.opens_short else 1
        body: dict[str, Any] = {
            "symbol": symbol,
            "side": "sell" if kind.opens_short else "buy",
            "qty": ("0.02" if "/" in symbol else "2")
            if kind.whole
            else ("0.002" if "/" in symbol else "0.5"),
            "type": kind.type,
            "time_in_force": kind.time_in_force,
            "order_class": kind.order_class,
            "extended_hours": kind.extended_hours,
        }
        if kind.type in (Type.LIMIT, Type.STOP_LIMIT):
            body["limit_price"] = str(price)
        if kind.type in (Type.STOP, Type.STOP_LIMIT):
            body["stop_price"] = str(price)
        if kind.type is Type.TRAILING_STOP:
            body["trail_percent"] = "5"
        if kind.order_class is not OrderClass.SIMPLE:
            body["stop_loss"] = {"stop_price": str(round(price * (1 - sign * Decimal("0.2")), 2))}
        if kind.order_class is OrderClass.BRACKET:
            body["take_profit"] = {"limit_price": str(round(price * (1 + sign * Decimal("0.2")), 2))}
        return body


@pytest.fixture(scope="module")
def closed(copy_of_closed_market: Callable[[], str]) -> Iterator[ThreadServer]:
    server = ThreadServer(copy_of_closed_market(), accounts=2 * len(SYMBOLS) + 1)
    yield server
    server.stop()


@pytest.fixture
def market(closed: ThreadServer) -> Iterator[Market]:
    found = Market(closed, closed.fresh_account())
    yield found
    found.session.close()


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("opens_short", [False, True], ids=["buy", "short"])
def test_the_verdicts_are_the_same(market: Market, symbol: str, opens_short: bool) -> None:
    differ = []
    for parts in product(Type, TimeInForce, OrderClass, (True, False), (False, True)):
        type_, lasts, class_, whole, extended = parts
        kind = OrderKind(type_, lasts, class_, whole, opens_short, extended)
        ours, theirs = refusal(kind, market.instruments[symbol]), market.verdict(symbol, kind)
        if (ours is None) != (theirs is None):
            differ.append((kind, ours, theirs))
    assert differ == []
