"""The unmodified alpaca-py TradingClient against a running practice market."""

import json
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetClass,
    OrderClass,
    OrderSide,
    OrderStatus,
    QueryOrderStatus,
    TimeInForce,
)
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    OrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)
from practice_server import ThreadServer

ALL = QueryOrderStatus.ALL


def price_of(server: ThreadServer, symbol: str) -> float:
    """Return the last price, after a minute has passed."""
    server.step()
    trade = server.request("GET", f"/v2/stocks/{symbol}/trades/latest").json()["trade"]
    return float(trade["p"])


def market(symbol: str = "SPY", qty: float = 10, side: OrderSide = OrderSide.BUY) -> MarketOrderRequest:
    return MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=TimeInForce.DAY)


def limit(price: float, qty: float = 10, **options: object) -> LimitOrderRequest:
    return LimitOrderRequest(
        symbol="SPY",
        qty=qty,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.GTC,
        limit_price=round(price, 2),
        **options,
    )


def bracket(low: float, high: float) -> MarketOrderRequest:
    return MarketOrderRequest(
        symbol="SPY",
        qty=10,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfitRequest(limit_price=round(high, 2)),
        stop_loss=StopLossRequest(stop_price=round(low, 2)),
    )


@pytest.fixture
def client(server: ThreadServer, key: str) -> TradingClient:
    return server.trading(key)


def submitted(client: TradingClient, request: MarketOrderRequest | LimitOrderRequest) -> Order:
    order = client.submit_order(request)
    assert isinstance(order, Order)
    return order


def again(client: TradingClient, order: Order) -> Order:
    found = client.get_order_by_id(order.id)
    assert isinstance(found, Order)
    return found


def test_account_clock_and_calendar(server: ThreadServer, client: TradingClient) -> None:
    account = client.get_account()
    assert (account.status, account.cash, account.equity) == ("ACTIVE", "100000", "100000")
    assert (account.multiplier, account.buying_power) == ("4", "400000")
    clock = client.get_clock()
    assert clock.is_open
    assert clock.timestamp < clock.next_close < clock.next_open
    assert clock.timestamp.utcoffset() == timedelta(hours=-5)
    days = client.get_calendar(GetCalendarRequest(start=date(2016, 11, 23), end=date(2016, 11, 28)))
    assert [(day.date.day, day.close.hour) for day in days] == [(23, 16), (25, 13), (28, 16)]


def test_assets(client: TradingClient) -> None:
    found = client.get_all_assets(GetAssetsRequest(asset_class=AssetClass.US_EQUITY))
    assert {"AAPL", "MSFT", "SPY", "QQQ", "TSLA", "FAKEPACA"} <= {asset.symbol for asset in found}
    apple = client.get_asset("AAPL")
    assert client.get_asset(str(apple.id)) == apple
    assert str(apple.id) == "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415"
    with pytest.raises(APIError) as caught:
        client.get_asset("NOPE")
    assert (caught.value.status_code, caught.value.code) == (404, 40410000)


def test_a_market_order_becomes_a_position_cash_and_an_activity(
    server: ThreadServer, client: TradingClient
) -> None:
    order = submitted(client, market())
    assert (order.status, order.filled_qty, order.qty) == (OrderStatus.PENDING_NEW, "0", "10")
    filled = again(client, order)
    assert filled.status is OrderStatus.FILLED
    price = float(filled.filled_avg_price or 0)
    (position,) = client.get_all_positions()
    assert (position.symbol, position.qty, position.qty_available) == ("SPY", "10", "10")
    assert float(position.avg_entry_price) == price
    account = client.get_account()
    assert float(account.cash) == pytest.approx(100_000 - 10 * price, abs=0.01)
    assert float(account.equity) == pytest.approx(
        float(account.cash) + float(account.long_market_value), abs=0.01
    )
    (activity,) = client.get("/account/activities/FILL", {})
    assert activity["order_id"] == str(order.id)
    assert (activity["price"], activity["qty"]) == (filled.filled_avg_price, "10")
    closing = client.close_position("SPY")
    assert isinstance(closing, Order)
    assert again(client, closing).status is OrderStatus.FILLED
    with pytest.raises(APIError) as caught:
        client.get_open_position("SPY")
    assert (caught.value.status_code, caught.value.message) == (404, "position does not exist")


def test_a_position_is_closed_in_part_by_quantity_and_percentage(client: TradingClient) -> None:
    submitted(client, market())
    client.close_position("SPY", ClosePositionRequest(qty="3"))
    assert client.get_open_position("SPY").qty == "7"
    client.close_position("SPY", ClosePositionRequest(percentage="50"))
    assert client.get_open_position("SPY").qty == "3.5"
    (closed,) = client.close_all_positions(cancel_orders=True)
    assert closed.status == 200
    assert client.get_all_positions() == []


def test_a_resting_limit_order_holds_buying_power_until_it_is_canceled(
    server: ThreadServer, client: TradingClient
) -> None:
    price = price_of(server, "SPY")
    order = submitted(client, limit(price * 0.5))
    assert again(client, order).status is OrderStatus.NEW
    held = float(client.get_account().buying_power)
    assert held == pytest.approx(400_000 - 10 * round(price * 0.5, 2), abs=0.01)
    client.cancel_order_by_id(order.id)
    canceled = again(client, order)
    assert canceled.status is OrderStatus.CANCELED
    assert canceled.canceled_at is not None
    assert float(client.get_account().buying_power) == 400_000
    with pytest.raises(APIError) as caught:
        client.cancel_order_by_id(order.id)
    assert (caught.value.status_code, caught.value.code) == (422, 42210000)
    assert caught.value.message == 'order is already in "canceled" state'


def test_a_bracket_nested_and_flat(server: ThreadServer, client: TradingClient) -> None:
    price = price_of(server, "SPY")
    order = submitted(client, bracket(price * 0.5, price * 1.5))
    assert [leg.status for leg in order.legs or ()] == [OrderStatus.HELD, OrderStatus.HELD]
    flat = client.get_orders(GetOrdersRequest(status=ALL, nested=False))
    assert len(flat) == 3
    assert all(row.legs is None for row in flat)
    (nested,) = client.get_orders(GetOrdersRequest(status=ALL, nested=True))
    assert nested.id == order.id
    assert [leg.status for leg in nested.legs or ()] == [OrderStatus.NEW, OrderStatus.HELD]
    with pytest.raises(APIError) as caught:
        submitted(client, market(side=OrderSide.SELL))
    assert (caught.value.status_code, caught.value.code) == (403, 40310000)
    assert len(client.cancel_orders()) == 2
    assert client.get_orders() == []
    assert client.get_open_position("SPY").qty_available == "10"


def test_a_stop_leg_is_replaced(server: ThreadServer, client: TradingClient) -> None:
    price = price_of(server, "SPY")
    order = submitted(client, bracket(price * 0.5, price * 1.5))
    _, stop = order.legs or ()
    new = client.replace_order_by_id(stop.id, ReplaceOrderRequest(stop_price=round(price * 0.6, 2)))
    assert isinstance(new, Order)
    assert (new.replaces, float(new.stop_price or 0)) == (stop.id, round(price * 0.6, 2))
    old = again(client, stop)
    assert (old.status, old.replaced_by) == (OrderStatus.REPLACED, new.id)
    client.cancel_order_by_id(new.id)
    assert client.get_orders() == []


def test_a_client_order_id_is_found_and_never_used_twice(client: TradingClient) -> None:
    name = f"bot-{uuid.uuid4()}"
    request = market(qty=1)
    request.client_order_id = name
    order = submitted(client, request)
    assert client.get_order_by_client_id(name).id == order.id
    with pytest.raises(APIError) as caught:
        submitted(client, request)
    assert (caught.value.status_code, caught.value.code) == (422, 40010001)
    assert caught.value.message == "client_order_id must be unique"
    with pytest.raises(APIError) as caught:
        client.get_order_by_client_id("nobody")
    assert (caught.value.status_code, caught.value.code) == (404, 40410000)


def test_orders_are_listed_by_every_filter(server: ThreadServer, client: TradingClient) -> None:
    price = price_of(server, "SPY")
    first = submitted(client, limit(price * 0.5))
    server.step()
    second = submitted(client, limit(price * 0.4))
    server.step()
    third = submitted(client, market("AAPL", 1))

    def listed(**asked: object) -> list[object]:
        return [order.id for order in client.get_orders(GetOrdersRequest(**asked))]

    assert listed() == [second.id, first.id]
    assert listed(status=ALL) == [third.id, second.id, first.id]
    assert listed(status=QueryOrderStatus.CLOSED) == [third.id]
    assert listed(status=ALL, direction="asc", limit=2) == [first.id, second.id]
    assert listed(status=ALL, symbols=["AAPL"]) == [third.id]
    assert listed(status=ALL, side=OrderSide.SELL) == []
    assert listed(status=ALL, after=first.submitted_at) == [third.id, second.id]
    assert listed(status=ALL, until=third.submitted_at) == [second.id, first.id]


def test_activities_are_paged_by_the_last_rows_id(client: TradingClient) -> None:
    for _ in range(5):
        submitted(client, market(qty=1))
    everything = client.get("/account/activities", {"activity_types": "FILL"})
    paged, token = [], ""
    while page := client.get("/account/activities/FILL", {"page_size": 2, "page_token": token}):
        paged += page
        token = page[-1]["id"]
    assert paged == everything
    assert len(paged) == 5
    oldest_first = client.get("/account/activities/FILL", {"direction": "asc", "page_size": 1})
    assert oldest_first == everything[-1:]
    one = client.get("/account/activities/FILL", {"order_id": everything[0]["order_id"]})
    assert one == everything[:1]


def test_a_fractional_order_is_simple_and_for_the_day(client: TradingClient) -> None:
    order = submitted(client, market(qty=0.25))
    assert again(client, order).filled_qty == "0.25"


def test_a_day_order_expires_and_a_queued_one_fills_at_the_next_open(
    server: ThreadServer, client: TradingClient
) -> None:
    price = price_of(server, "SPY")
    asked = limit(price * 0.5)
    asked.time_in_force = TimeInForce.DAY
    day = submitted(client, asked)
    while server.state()["is_open"]:
        server.step()
    assert again(client, day).status is OrderStatus.EXPIRED
    clock = client.get_clock()
    assert not clock.is_open
    assert clock.timestamp < clock.next_open < clock.next_close
    queued = submitted(client, market())
    assert queued.status is OrderStatus.ACCEPTED
    server.request("POST", "/practice/next-session")  # also past the hours around a session
    server.step()
    filled = again(client, queued)
    assert filled.status is OrderStatus.FILLED
    assert filled.filled_at == clock.next_open
    first = server.request("GET", "/v2/stocks/SPY/bars/latest").json()["bar"]
    assert float(filled.filled_avg_price or 0) == first["o"]


# The orders that every other client places too (test_other_clients.py).
EVERY_ORDER: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "clients" / "orders.json").read_text()
)
REQUESTS: dict[str, type[OrderRequest]] = {
    "market": MarketOrderRequest,
    "limit": LimitOrderRequest,
    "stop": StopOrderRequest,
    "stop_limit": StopLimitOrderRequest,
    "trailing_stop": TrailingStopOrderRequest,
}


def test_every_order_type_and_class(new_server: ThreadServer) -> None:
    client = new_server.trading()
    for name, asked in EVERY_ORDER.items():
        placed = client.submit_order(REQUESTS[asked["type"]](**asked))
        assert isinstance(placed, Order)
        assert placed.type is not None
        assert (placed.type.value, placed.symbol) == (asked["type"], asked["symbol"]), name
        assert len(placed.legs or ()) == {"bracket": 2, "oto": 1, "oco": 1}.get(name, 0), name
        if client.get_orders():
            client.cancel_order_by_id(placed.id)
        done = client.get_order_by_id(placed.id)
        assert isinstance(done, Order)
        assert done.status.value == ("filled" if asked["type"] == "market" else "canceled"), name
