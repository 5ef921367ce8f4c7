"""The contract's checklist: orders (18-66), and what is special about coins."""

import time
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from practice_server import ThreadServer

MARKET = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
LIMIT = {**MARKET, "type": "limit", "limit_price": "50"}
COIN = {"symbol": "BTC/USD", "qty": "0.01", "side": "buy", "type": "market", "time_in_force": "gtc"}
LEGS = {"take_profit": {"limit_price": "90"}, "stop_loss": {"stop_price": "40"}}
BRACKET = {**LIMIT, "order_class": "bracket", **LEGS}
TERMINAL = {"filled", "canceled", "expired", "rejected", "replaced"}

Json = dict[str, Any]


class Client:
    """One account's requests."""

    def __init__(self, server: ThreadServer, key: str) -> None:
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


@pytest.fixture
def client(server: ThreadServer, key: str) -> Client:
    return Client(server, key)


@pytest.fixture
def fresh(new_database: Callable[[], str]) -> Iterator[Client]:
    """Give a market of its own, at the open of its first session."""
    practice = ThreadServer(new_database())
    practice.step()
    yield Client(practice, "K0")
    practice.stop()


# Acceptance and lookup ---------------------------------------------------------------------------


def test_c18_the_reply_echoes_the_order(client: Client) -> None:
    order = client.submit({**LIMIT, "client_order_id": f"mine-{uuid.uuid4()}"})
    assert {name: order[name] for name in LIMIT} == LIMIT
    assert (order["filled_qty"], order["order_type"], order["order_class"]) == ("0", "limit", "")


def test_c19_a_new_order_is_never_filled_in_the_reply(client: Client) -> None:
    assert client.submit(MARKET)["status"] in ("accepted", "pending_new", "new")


def test_c20_types_of_the_members(client: Client) -> None:
    order = client.submit(LIMIT)
    for member in ("qty", "filled_qty", "limit_price"):
        assert isinstance(order[member], str)
    for member in ("created_at", "submitted_at", "updated_at", "expires_at"):
        assert order[member].endswith("Z")
    unset = ("notional", "filled_avg_price", "stop_price", "trail_price", "trail_percent", "hwm", "legs")
    unset = (*unset, "filled_at", "expired_at", "canceled_at", "failed_at", "replaced_at")
    assert all(order[member] is None for member in (*unset, "replaced_by", "replaces", "subtag", "source"))


def test_c21_client_order_id(client: Client) -> None:
    mine = f"mine-{uuid.uuid4()}"
    assert client.submit({**LIMIT, "client_order_id": mine})["client_order_id"] == mine
    assert len(client.submit(LIMIT)["client_order_id"]) == 36


def test_c22_duplicate_client_order_id(client: Client) -> None:
    order = client.submit({**LIMIT, "client_order_id": "twice"})
    for _ in range(2):
        error = client.refused({**LIMIT, "client_order_id": "twice"}, 422)
        assert (error["code"], error["message"]) == (40010001, "client_order_id must be unique")
        client.ask("DELETE", f"/v2/orders/{order['id']}")


def test_c23_client_order_id_of_129_characters(client: Client) -> None:
    client.refused({**LIMIT, "client_order_id": "x" * 129}, 422)
    client.submit({**LIMIT, "client_order_id": "x" * 128})


@pytest.mark.parametrize("path", ["/v2/orders:by_client_order_id", "/v2/orders%3Aby_client_order_id"])
def test_c24_by_id_and_by_client_order_id(client: Client, path: str) -> None:
    order = client.submit({**LIMIT, "client_order_id": "a b/c"})
    found = client.ask("GET", path, params={"client_order_id": "a b/c"}).json()
    assert found == client.order(order["id"])


def test_c25_unknown_and_malformed_ids(client: Client) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        options = {"json": {"qty": "2"}} if method == "PATCH" else {}
        unknown = client.ask(method, f"/v2/orders/{uuid.uuid4()}", **options)
        assert (unknown.status_code, unknown.json()["code"]) == (404, 40410000)
        assert client.ask(method, "/v2/orders/7", **options).status_code == 422
    missing = client.ask("GET", "/v2/orders:by_client_order_id?client_order_id=none")
    assert missing.status_code == 404


def test_c26_list_filters(client: Client) -> None:
    first = client.submit(LIMIT)
    second = client.submit({**LIMIT, "symbol": "AAPL", "limit_price": "10"})
    client.submit({**MARKET, "symbol": "QQQ"})
    sale = client.submit({**LIMIT, "symbol": "QQQ", "side": "sell", "limit_price": "9000"})

    def ids(query: str) -> list[str]:
        return [order["id"] for order in client.orders(query)]

    assert ids("") == [sale["id"], second["id"], first["id"]]
    assert len(ids("status=all")) == 4
    assert len(ids("status=closed")) == 1
    assert ids("symbols=AAPL,MSFT") == ids("symbols=AAPL%2CMSFT") == [second["id"]]
    assert ids("symbols=NOPE") == []
    assert ids("side=sell") == [sale["id"]]
    assert ids("limit=1") == [sale["id"]]
    assert ids("direction=asc") == [first["id"], second["id"], sale["id"]]
    assert ids("asset_class=crypto") == []
    assert len(ids("asset_class=us_equity,crypto")) == 3
    assert ids(f"after_order_id={first['id']}&direction=asc") == [second["id"], sale["id"]]
    assert ids(f"before_order_id={second['id']}") == [first["id"]]
    for wrong in ("status=none", "limit=501", "limit=0", "side=up", "direction=left", "after=x"):
        assert client.ask("GET", f"/v2/orders?{wrong}").status_code == 422, wrong


def test_c27_after_and_until_are_exclusive(fresh: Client) -> None:
    first = fresh.submit(LIMIT)
    fresh.server.step()
    second = fresh.submit(LIMIT)
    at = first["submitted_at"], second["submitted_at"]
    assert at[0] < at[1]

    def ids(query: str) -> list[str]:
        return [order["id"] for order in fresh.orders(query)]

    assert ids(f"after={at[0]}") == [second["id"]]
    assert ids(f"until={at[1]}") == [first["id"]]
    assert ids(f"after={at[0]}&until={at[1]}") == []


def test_c28_nested_and_flat_views(client: Client) -> None:
    order = client.submit(BRACKET)
    (nested,) = client.orders("nested=true&status=all")
    assert [leg["type"] for leg in nested["legs"]] == ["limit", "stop"]
    flat = client.orders("nested=false&status=all")
    assert len(flat) == 3
    assert all(one["legs"] is None for one in flat)
    assert client.order(order["id"])["legs"] is None
    assert len(client.order(order["id"], "?nested=true")["legs"]) == 2


# Refusals ------------------------------------------------------------------------------------------

REFUSALS: list[tuple[str, Json, tuple[int, ...]]] = [
    ("c29", {**MARKET, "type": "limit"}, (422,)),
    ("c29", {**MARKET, "type": "stop"}, (422,)),
    ("c29", {**MARKET, "type": "stop_limit", "stop_price": "1"}, (422,)),
    ("c29", {**MARKET, "type": "iceberg"}, (422,)),
    ("c30", {**MARKET, "notional": "10"}, (422, 400)),
    ("c31", {name: value for name, value in MARKET.items() if name != "qty"}, (422,)),
    ("c32", {**MARKET, "qty": "0"}, (422,)),
    ("c32", {**MARKET, "qty": "-1"}, (422,)),
    ("c37", {**LIMIT, "qty": "0.5", "time_in_force": "gtc"}, (422,)),
    ("c38", {"symbol": "SPY", "notional": "0.99", **{k: MARKET[k] for k in ("side", "type")}}, (422,)),
    ("c40", {**MARKET, "extended_hours": True}, (422,)),
    ("c41", {**COIN, "time_in_force": "day"}, (422,)),
    ("c42", {**COIN, "type": "stop", "stop_price": "1"}, (422,)),
    ("c43", {**COIN, "type": "limit", "limit_price": "1000", "order_class": "bracket", **LEGS}, (422,)),
    (
        "c44",
        {**BRACKET, "take_profit": {"limit_price": "40"}, "stop_loss": {"stop_price": "45"}},
        (422,),
    ),
    ("c46", {**MARKET, "order_class": "mleg", "legs": []}, (422, 403)),
]


@pytest.mark.parametrize(("item", "body", "statuses"), REFUSALS)
def test_c29_c30_c31_c32_c37_c38_c40_c41_c42_c43_c44_c46_refusals(
    client: Client, item: str, body: Json, statuses: tuple[int, ...]
) -> None:
    client.refused(body, *statuses)
    assert client.orders("status=all") == [], item


def test_c33_sub_penny_price(client: Client) -> None:
    error = client.refused({**LIMIT, "limit_price": "50.001"}, 422)
    assert error["code"] == 42210000
    assert "sub-penny increment does not fulfill minimum pricing criteria" in error["message"]
    client.submit({**LIMIT, "limit_price": "0.1234"})


def test_c34_unknown_symbol(client: Client) -> None:
    error = client.refused({**MARKET, "symbol": "NOPE"}, 422)
    assert (error["code"], error["message"]) == (42210000, 'asset "NOPE" not found')


def test_c35_insufficient_funds(client: Client) -> None:
    error = client.refused({**MARKET, "qty": "1000000"}, 403)
    assert (error["code"], error["message"]) == (40310000, "insufficient buying power")
    assert {"buying_power", "cost_basis"} <= set(error)


def test_c36_coins_cannot_be_sold_above_the_holding(fresh: Client) -> None:
    error = fresh.refused({**COIN, "side": "sell"}, 403)
    assert error["code"] == 40310000
    assert "insufficient" in error["message"]


def test_c39_notional_needs_a_fractionable_asset(client: Client) -> None:
    """Every listed asset is fractionable here: the fractional switch of the account stands for it."""
    client.ask("PATCH", "/v2/account/configurations", json={"fractional_trading": False})
    body = {**{k: v for k, v in MARKET.items() if k != "qty"}, "notional": "100"}
    assert client.refused(body, 403)["code"] == 40310000


def test_c45_oco_without_a_position(client: Client) -> None:
    body = {**LIMIT, "side": "sell", "order_class": "oco", **LEGS}
    assert client.refused(body, 422)["message"] == "oco orders must be exit orders"


def test_c47_wash_trade(fresh: Client) -> None:
    bought = fresh.submit(COIN)
    assert bought["symbol"] == "BTC/USD"
    resting = fresh.submit({**COIN, "type": "limit", "limit_price": "1000", "qty": "0.02"})
    error = fresh.refused({**COIN, "side": "sell", "qty": "0.001"}, 403)
    assert error["code"] == 40310000
    assert error["message"] == "potential wash trade detected. use complex orders"
    assert error["existing_order_id"] == resting["id"]


def test_c48_auction_orders_outside_their_windows(fresh: Client) -> None:
    error = fresh.refused({**MARKET, "time_in_force": "opg"}, 403)
    assert error["message"] == "opg orders must be submitted after 7:00pm and before 9:28am"
    minutes = 389 - 1  # 15:59 in New York
    fresh.server.step(minutes)
    error = fresh.refused({**MARKET, "time_in_force": "cls"}, 403)
    assert error["message"].startswith("cls orders must be submitted after 7:00pm and before 3:5")


def test_c49_short_sales_of_fractions(client: Client) -> None:
    client.refused({**MARKET, "side": "sell", "qty": "0.5"}, 422, 403)
    client.ask("PATCH", "/v2/account/configurations", json={"no_shorting": True})
    client.refused({**MARKET, "side": "sell"}, 403)


# Life cycle --------------------------------------------------------------------------------------


def test_c50_cancel_one(client: Client) -> None:
    order = client.submit(LIMIT)
    reply = client.ask("DELETE", f"/v2/orders/{order['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    canceled = client.order(order["id"])
    assert canceled["status"] == "canceled"
    assert canceled["canceled_at"]


def test_c51_cancel_of_a_filled_order(client: Client) -> None:
    order = client.submit(MARKET)
    assert client.order(order["id"])["status"] == "filled"
    reply = client.ask("DELETE", f"/v2/orders/{order['id']}")
    assert (reply.status_code, reply.json()["code"]) == (422, 42210000)
    assert reply.json()["message"] == 'order is already in "filled" state'


def test_c52_cancel_all(client: Client) -> None:
    orders = [client.submit(LIMIT) for _ in range(3)]
    reply = client.ask("DELETE", "/v2/orders")
    assert reply.status_code == 207
    assert {row["id"] for row in reply.json()} == {order["id"] for order in orders}
    assert {row["status"] for row in reply.json()} == {200}
    assert client.ask("DELETE", "/v2/orders").json() == []


def test_c53_replace(client: Client) -> None:
    old = client.submit(LIMIT)
    new = client.ask("PATCH", f"/v2/orders/{old['id']}", json={"limit_price": "51", "qty": 2}).json()
    assert new["id"] != old["id"]
    assert (new["replaces"], new["limit_price"], new["qty"]) == (old["id"], "51", "2")
    replaced = client.order(old["id"])
    assert (replaced["status"], replaced["replaced_by"]) == ("replaced", new["id"])
    assert replaced["replaced_at"]


def test_c54_replace_of_a_terminal_order(client: Client) -> None:
    order = client.submit(MARKET)
    reply = client.ask("PATCH", f"/v2/orders/{order['id']}", json={"qty": "2"})
    assert (reply.status_code, reply.json()["code"]) == (422, 42210000)


def test_c55_a_coin_market_order_fills(fresh: Client) -> None:
    order = fresh.submit(COIN)
    deadline = time.monotonic() + 30
    while (found := fresh.order(order["id"]))["status"] not in TERMINAL:
        assert time.monotonic() < deadline
        fresh.server.step()
    assert found["status"] == "filled"
    assert Decimal(found["filled_avg_price"]) > 0
    assert found["filled_at"]


def test_c56_notional_orders_keep_qty_null(fresh: Client) -> None:
    body = {**{k: v for k, v in MARKET.items() if k != "qty"}, "notional": "1000"}
    order = fresh.order(fresh.submit(body)["id"])
    assert (order["qty"], order["notional"], order["status"]) == (None, "1000", "filled")
    spent = Decimal(order["filled_qty"]) * Decimal(order["filled_avg_price"])
    assert 900 < spent <= 1000


def test_c58_bracket_and_its_cancel(client: Client) -> None:
    order = client.submit(BRACKET)
    assert [leg["status"] for leg in order["legs"]] == ["held", "held"]
    assert {leg["side"] for leg in order["legs"]} == {"sell"}
    client.ask("DELETE", f"/v2/orders/{order['id']}")
    assert [one["status"] for one in client.orders("status=all")] == ["canceled"] * 3


def filled_bracket(fresh: Client) -> Json:
    """Enter with a target a cent above the market, which the next minutes meet, and a far stop."""
    price = fresh.last_price()
    return fresh.submit(
        {
            **MARKET,
            "order_class": "bracket",
            "take_profit": {"limit_price": str(price + Decimal("0.01"))},
            "stop_loss": {"stop_price": str((price / 2).quantize(Decimal("0.01")))},
        }
    )


def test_c59_the_target_of_a_bracket_cancels_the_stop(fresh: Client) -> None:
    order = filled_bracket(fresh)
    for _ in range(200):
        target, stop = fresh.order(order["id"], "?nested=true")["legs"]
        if target["status"] in TERMINAL:
            break
        fresh.server.step()
    assert (target["status"], stop["status"]) == ("filled", "canceled")


def test_c60_one_of_an_oco_cancels_the_other(fresh: Client) -> None:
    fresh.submit(MARKET)
    price = fresh.last_price()
    order = fresh.submit(
        {
            "symbol": "SPY",
            "qty": "1",
            "side": "sell",
            "type": "limit",
            "time_in_force": "gtc",
            "order_class": "oco",
            "take_profit": {"limit_price": str(price + Decimal("0.02"))},
            "stop_loss": {"stop_price": str((price / 2).quantize(Decimal("0.01")))},
        }
    )
    for _ in range(200):
        found = fresh.order(order["id"], "?nested=true")
        if found["status"] in TERMINAL:
            break
        fresh.server.step()
    assert found["status"] == "filled"
    assert [leg["status"] for leg in found["legs"]] == ["canceled"]


def test_c61_a_trailing_stop_follows_the_market(fresh: Client) -> None:
    fresh.submit(MARKET)
    body = {"symbol": "SPY", "qty": "1", "side": "sell", "type": "trailing_stop", "trail_price": "50"}
    order = fresh.submit({**body, "time_in_force": "gtc"})
    marks = []
    for _ in range(30):
        fresh.server.step()
        found = fresh.order(order["id"])
        assert Decimal(found["hwm"]) - Decimal(found["stop_price"]) == 50
        marks.append(Decimal(found["hwm"]))
    assert marks == sorted(marks)
    assert marks[-1] > Decimal(order["hwm"])


def test_c62_ioc_and_fok(client: Client) -> None:
    for time_in_force in ("ioc", "fok"):
        missed = client.submit({**LIMIT, "time_in_force": time_in_force})
        assert client.order(missed["id"])["status"] == "canceled"
        met = client.submit({**LIMIT, "time_in_force": time_in_force, "limit_price": "9000"})
        assert client.order(met["id"])["status"] == "filled"


def test_c63_a_day_order_waits_for_the_open_and_expires_at_the_close(fresh: Client) -> None:
    fresh.server.step(389)
    assert not fresh.server.state()["is_open"]
    order = fresh.submit(LIMIT)
    assert order["status"] == "accepted"
    assert order["expires_at"] == "2016-01-05T21:00:00Z"
    fresh.server.step()
    assert fresh.order(order["id"])["status"] == "new"
    fresh.server.step(389)
    expired = fresh.order(order["id"])
    assert expired["status"] == "expired"
    assert expired["expired_at"]


def test_c64_a_stock_market_order_fills_in_the_session(client: Client) -> None:
    assert client.order(client.submit(MARKET)["id"])["status"] == "filled"


# Coins -------------------------------------------------------------------------------------------


def test_c06_coin_data_needs_no_credentials(server: ThreadServer) -> None:
    path = "/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD"
    assert requests.get(server.url + path, timeout=30).status_code == 200
    wrong = {"APCA-API-KEY-ID": "x", "APCA-API-SECRET-KEY": "y"}
    assert requests.get(server.url + path, headers=wrong, timeout=30).status_code == 401
    stocks = "/v2/stocks/quotes/latest?symbols=SPY"
    assert requests.get(server.url + stocks, timeout=30).status_code == 401


@pytest.mark.parametrize("name", ["BTCUSD", "BTC%2FUSD", "BTC/USD", "276e2673-764b-4ab6-a611-caf665ca6340"])
def test_c16_coin_assets(client: Client, name: str) -> None:
    asset = client.ask("GET", f"/v2/assets/{name}").json()
    assert (asset["symbol"], asset["class"], asset["exchange"]) == ("BTC/USD", "crypto", "CRYPTO")
    for member in ("min_order_size", "min_trade_increment", "price_increment"):
        assert isinstance(asset[member], str)
    assert not asset["marginable"]
    assert not asset["shortable"]


def test_c17_asset_list_by_class_and_status(client: Client) -> None:
    def symbols(query: str) -> set[str]:
        return {asset["symbol"] for asset in client.ask("GET", f"/v2/assets?{query}").json()}

    assert {"AAPL", "SPY", "FAKEPACA"} <= symbols("")
    assert "BTC/USD" not in symbols("asset_class=us_equity&status=active")
    assert {"BTC/USD", "ETH/USD"} <= symbols("asset_class=crypto")
    assert symbols("status=inactive") == set()


def test_c65_a_coin_position(fresh: Client) -> None:
    fresh.submit(COIN)
    (position,) = fresh.ask("GET", "/v2/positions").json()
    assert (position["symbol"], position["side"], position["asset_class"]) == ("BTCUSD", "long", "crypto")
    assert Decimal(position["qty_available"]) <= Decimal(position["qty"])
    for name in ("BTCUSD", "BTC%2FUSD", "BTC/USD", position["asset_id"]):
        assert fresh.ask("GET", f"/v2/positions/{name}").json() == position, name


def test_c66_the_fee_is_taken_in_the_coin(fresh: Client) -> None:
    order = fresh.order(fresh.submit(COIN)["id"])
    (position,) = fresh.ask("GET", "/v2/positions").json()
    share = 1 - Decimal(position["qty"]) / Decimal(order["filled_qty"])
    assert Decimal("0.0015") <= share <= Decimal("0.0025")


def test_c83_coin_data(server: ThreadServer, client: Client) -> None:
    base = "/v1beta3/crypto/us"
    query = "symbols=BTC/USD,ETH/USD&start=2016-01-02T00:00:00Z&end=2016-01-02T01:00:00Z"
    bars = client.ask("GET", f"{base}/bars?{query}&timeframe=1Min&limit=10000").json()["bars"]
    assert list(bars) == ["BTC/USD", "ETH/USD"]
    assert len(bars["BTC/USD"]) == 61
    for kind, keys in (("trades", {"t", "p", "s", "i", "tks"}), ("quotes", {"t", "bp", "bs", "ap", "as"})):
        several = client.ask("GET", f"{base}/{kind}?{query}&limit=50").json()
        assert all(set(row) == keys for row in several[kind]["BTC/USD"])
        assert several["next_page_token"]
        latest = client.ask("GET", f"{base}/latest/{kind}?symbols=BTC/USD").json()[kind]
        assert set(latest["BTC/USD"]) == keys
    book = client.ask("GET", f"{base}/latest/orderbooks?symbols=BTC/USD").json()["orderbooks"]["BTC/USD"]
    assert book["b"][0]["p"] < book["a"][0]["p"]
    snapshots = client.ask("GET", f"{base}/snapshots?symbols=BTC/USD").json()["snapshots"]
    assert set(snapshots["BTC/USD"]) >= {"latestTrade", "latestQuote", "minuteBar", "dailyBar"}
    assert client.ask("GET", f"/v1beta2/crypto/bars?{query}&timeframe=1Hour").status_code == 200
    wrong = client.ask("GET", f"{base}/bars?symbols=BTCUSD&timeframe=1Min")
    assert wrong.status_code == 400
    assert wrong.json()["message"] == "invalid symbol: BTCUSD does not match ^[A-Z]+x?/[A-Z]+$"


def test_c85_day_bars_of_coins_begin_at_midnight_utc(client: Client) -> None:
    query = "symbols=BTC/USD&timeframe=1Day&start=2016-01-01T00:00:00Z&end=2016-01-03T00:00:00Z"
    bars = client.ask("GET", f"/v1beta3/crypto/us/bars?{query}").json()["bars"]["BTC/USD"]
    assert [bar["t"] for bar in bars] == [f"2016-01-0{day}T00:00:00Z" for day in (1, 2, 3)]
