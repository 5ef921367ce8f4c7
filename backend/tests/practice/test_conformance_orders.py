"""The contract's checklist: orders are accepted and looked up (18-28)."""

import uuid

import pytest
from trading_account import BRACKET, LIMIT, MARKET, TradingAccount


def test_c18_the_reply_echoes_the_order(client: TradingAccount) -> None:
    order = client.submit({**LIMIT, "client_order_id": f"mine-{uuid.uuid4()}"})
    assert {name: order[name] for name in LIMIT} == LIMIT
    assert (order["filled_qty"], order["order_type"], order["order_class"]) == ("0", "limit", "")


def test_c19_a_new_order_is_never_filled_in_the_reply(client: TradingAccount) -> None:
    assert client.submit(MARKET)["status"] in ("accepted", "pending_new", "new")


def test_c20_types_of_the_members(client: TradingAccount) -> None:
    order = client.submit(LIMIT)
    for member in ("qty", "filled_qty", "limit_price"):
        assert isinstance(order[member], str)
    for member in ("created_at", "submitted_at", "updated_at", "expires_at"):
        assert order[member].endswith("Z")
    unset = ("notional", "filled_avg_price", "stop_price", "trail_price", "trail_percent", "hwm", "legs")
    unset = (*unset, "filled_at", "expired_at", "canceled_at", "failed_at", "replaced_at")
    assert all(order[member] is None for member in (*unset, "replaced_by", "replaces", "subtag", "source"))


def test_c21_client_order_id(client: TradingAccount) -> None:
    mine = f"mine-{uuid.uuid4()}"
    assert client.submit({**LIMIT, "client_order_id": mine})["client_order_id"] == mine
    assert len(client.submit(LIMIT)["client_order_id"]) == 36


def test_c22_duplicate_client_order_id(client: TradingAccount) -> None:
    order = client.submit({**LIMIT, "client_order_id": "twice"})
    for _ in range(2):
        error = client.refused({**LIMIT, "client_order_id": "twice"}, 422)
        assert (error["code"], error["message"]) == (40010001, "client_order_id must be unique")
        client.ask("DELETE", f"/v2/orders/{order['id']}")


def test_c23_client_order_id_of_129_characters(client: TradingAccount) -> None:
    client.refused({**LIMIT, "client_order_id": "x" * 129}, 422)
    client.submit({**LIMIT, "client_order_id": "x" * 128})


@pytest.mark.parametrize("path", ["/v2/orders:by_client_order_id", "/v2/orders%3Aby_client_order_id"])
def test_c24_by_id_and_by_client_order_id(client: TradingAccount, path: str) -> None:
    order = client.submit({**LIMIT, "client_order_id": "a b/c"})
    found = client.ask("GET", path, params={"client_order_id": "a b/c"}).json()
    assert found == client.order(order["id"])


def test_c25_unknown_and_malformed_ids(client: TradingAccount) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        options = {"json": {"qty": "2"}} if method == "PATCH" else {}
        unknown = client.ask(method, f"/v2/orders/{uuid.uuid4()}", **options)
        assert (unknown.status_code, unknown.json()["code"]) == (404, 40410000)
        assert client.ask(method, "/v2/orders/7", **options).status_code == 422
    missing = client.ask("GET", "/v2/orders:by_client_order_id?client_order_id=none")
    assert missing.status_code == 404


def test_c26_list_filters(client: TradingAccount) -> None:
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
    one, other = f"before_order_id={second['id']}", f"after_order_id={first['id']}"
    for both in (f"{one}&{other}", f"{one}&after=2016-01-01", f"{other}&until=2016-01-01"):
        assert client.ask("GET", f"/v2/orders?{both}").status_code == 422, both
    for wrong in (
        "status=none",
        "limit=501",
        "limit=0",
        "side=up",
        "direction=left",
        "after=x",
        "asset_class=bond",
    ):
        assert client.ask("GET", f"/v2/orders?{wrong}").status_code == 422, wrong


def test_c27_after_and_until_are_exclusive(fresh: TradingAccount) -> None:
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


def test_c28_nested_and_flat_views(client: TradingAccount) -> None:
    order = client.submit(BRACKET)
    (nested,) = client.orders("nested=true&status=all")
    assert [leg["type"] for leg in nested["legs"]] == ["limit", "stop"]
    flat = client.orders("nested=false&status=all")
    assert len(flat) == 3
    assert all(one["legs"] is None for one in flat)
    assert client.order(order["id"])["legs"] is None
    assert len(client.order(order["id"], "?nested=true")["legs"]) == 2


def test_c28_a_replaced_entry_is_not_among_the_open_groups(client: TradingAccount) -> None:
    old = client.submit(BRACKET)
    new = client.ask("PATCH", f"/v2/orders/{old['id']}", json={"limit_price": "51"}).json()
    (found,) = client.orders("nested=true")
    assert (found["id"], len(found["legs"])) == (new["id"], 2)
    assert [row["id"] for row in client.orders("nested=true&status=all")] == [new["id"], old["id"]]
