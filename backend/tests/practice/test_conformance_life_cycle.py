"""The contract's checklist: the life of an order (50-64)."""

from decimal import Decimal

import pytest
from trading_account import BRACKET, LIMIT, MARKET, TERMINAL, Json, TradingAccount


def test_c50_cancel_one(client: TradingAccount) -> None:
    order = client.submit(LIMIT)
    reply = client.ask("DELETE", f"/v2/orders/{order['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    canceled = client.order(order["id"])
    assert canceled["status"] == "canceled"
    assert canceled["canceled_at"]


def test_c51_cancel_of_a_filled_order(client: TradingAccount) -> None:
    order = client.submit(MARKET)
    assert client.order(order["id"])["status"] == "filled"
    reply = client.ask("DELETE", f"/v2/orders/{order['id']}")
    assert (reply.status_code, reply.json()["code"]) == (422, 42210000)
    assert reply.json()["message"] == 'order is already in "filled" state'


def test_c52_cancel_all(client: TradingAccount) -> None:
    orders = [client.submit(LIMIT) for _ in range(3)]
    reply = client.ask("DELETE", "/v2/orders")
    assert reply.status_code == 207
    assert {row["id"] for row in reply.json()} == {order["id"] for order in orders}
    assert {row["status"] for row in reply.json()} == {200}
    assert client.ask("DELETE", "/v2/orders").json() == []


def test_c53_replace(client: TradingAccount) -> None:
    old = client.submit(LIMIT)
    new = client.ask("PATCH", f"/v2/orders/{old['id']}", json={"limit_price": "51", "qty": 2}).json()
    assert new["id"] != old["id"]
    assert (new["replaces"], new["limit_price"], new["qty"]) == (old["id"], "51", "2")
    replaced = client.order(old["id"])
    assert (replaced["status"], replaced["replaced_by"]) == ("replaced", new["id"])
    assert replaced["replaced_at"]


@pytest.mark.parametrize("time_in_force", ["ioc", "fok"])
def test_c53_a_replacement_may_have_to_fill_at_once(client: TradingAccount, time_in_force: str) -> None:
    old = client.submit(LIMIT)
    path = f"/v2/orders/{old['id']}"
    new = client.ask("PATCH", path, json={"limit_price": "9000", "time_in_force": time_in_force}).json()
    assert new["status"] in ("accepted", "pending_new", "new")
    assert client.order(new["id"])["status"] == "filled"


def test_c53_a_replacement_cannot_be_what_a_new_order_could_not(client: TradingAccount) -> None:
    (leg, *_) = client.submit(BRACKET)["legs"]
    limit = client.submit({**LIMIT, "qty": "0.5"})
    for order_id, body, status in (
        (leg["id"], {"time_in_force": "ioc"}, 422),
        (leg["id"], {"qty": "2"}, 422),
        (leg["id"], {"limit_price": "91.001"}, 422),
        (limit["id"], {"time_in_force": "gtc"}, 422),
        (limit["id"], {"qty": "0.7"}, 422),
        (limit["id"], {"time_in_force": "opg"}, 422),
        (client.submit(LIMIT)["id"], {"time_in_force": "opg"}, 403),
    ):
        reply = client.ask("PATCH", f"/v2/orders/{order_id}", json=body)
        assert reply.status_code == status, (body, reply.text)
    repriced = client.ask("PATCH", f"/v2/orders/{leg['id']}", json={"limit_price": "91"}).json()
    assert (repriced["status"], repriced["limit_price"], repriced["replaces"]) == ("held", "91", leg["id"])


def test_c54_replace_of_a_terminal_order(client: TradingAccount) -> None:
    def refusal(order_id: str) -> str:
        reply = client.ask("PATCH", f"/v2/orders/{order_id}", json={"qty": "2"})
        assert (reply.status_code, reply.json()["code"]) == (422, 42210000)
        message: str = reply.json()["message"]
        return message

    assert refusal(client.submit(MARKET)["id"]) == "cannot replace order in filled status"
    order = client.submit(LIMIT)
    client.ask("PATCH", f"/v2/orders/{order['id']}", json={"qty": "3"})
    assert refusal(order["id"]) == "order already replaced"


def test_c56_notional_orders_keep_qty_null(fresh: TradingAccount) -> None:
    body = {**{k: v for k, v in MARKET.items() if k != "qty"}, "notional": "1000"}
    order = fresh.order(fresh.submit(body)["id"])
    assert (order["qty"], order["notional"], order["status"]) == (None, "1000", "filled")
    spent = Decimal(order["filled_qty"]) * Decimal(order["filled_avg_price"])
    assert 900 < spent <= 1000


def test_c58_bracket_and_its_cancel(client: TradingAccount) -> None:
    order = client.submit(BRACKET)
    assert [leg["status"] for leg in order["legs"]] == ["held", "held"]
    assert {leg["side"] for leg in order["legs"]} == {"sell"}
    client.ask("DELETE", f"/v2/orders/{order['id']}")
    assert [one["status"] for one in client.orders("status=all")] == ["canceled"] * 3


def filled_bracket(fresh: TradingAccount) -> Json:
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


def test_c59_the_target_of_a_bracket_cancels_the_stop(fresh: TradingAccount) -> None:
    order = filled_bracket(fresh)
    for _ in range(200):
        target, stop = fresh.order(order["id"], "?nested=true")["legs"]
        if target["status"] in TERMINAL:
            break
        fresh.server.step()
    assert (target["status"], stop["status"]) == ("filled", "canceled")


def test_c60_one_of_an_oco_cancels_the_other(fresh: TradingAccount) -> None:
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
    (stop,) = order["legs"]
    assert (stop["status"], fresh.order(stop["id"])["status"]) == ("held", "held")
    for _ in range(200):
        found = fresh.order(order["id"], "?nested=true")
        if found["status"] in TERMINAL:
            break
        fresh.server.step()
    assert found["status"] == "filled"
    assert [leg["status"] for leg in found["legs"]] == ["canceled"]


def test_c61_a_trailing_stop_follows_the_market(fresh: TradingAccount) -> None:
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


def test_c62_ioc_and_fok(client: TradingAccount) -> None:
    for time_in_force in ("ioc", "fok"):
        missed = client.submit({**LIMIT, "time_in_force": time_in_force})
        assert client.order(missed["id"])["status"] == "canceled"
        met = client.submit({**LIMIT, "time_in_force": time_in_force, "limit_price": "9000"})
        assert client.order(met["id"])["status"] == "filled"


def test_c63_a_day_order_waits_for_the_open_and_expires_at_the_close(fresh: TradingAccount) -> None:
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


def test_c64_a_stock_market_order_fills_in_the_session(client: TradingAccount) -> None:
    assert client.order(client.submit(MARKET)["id"])["status"] == "filled"
