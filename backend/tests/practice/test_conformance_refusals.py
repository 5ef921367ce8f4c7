"""The contract's checklist: orders that are refused (29-49)."""

import pytest
from trading_account import BRACKET, COIN, LEGS, LIMIT, MARKET, Json, TradingAccount

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
    client: TradingAccount, item: str, body: Json, statuses: tuple[int, ...]
) -> None:
    client.refused(body, *statuses)
    assert client.orders("status=all") == [], item


def test_c33_sub_penny_price(client: TradingAccount) -> None:
    error = client.refused({**LIMIT, "limit_price": "50.001"}, 422)
    assert error["code"] == 42210000
    assert "sub-penny increment does not fulfill minimum pricing criteria" in error["message"]
    assert client.refused({**LIMIT, "limit_price": 50.30000000000001}, 422)["code"] == 42210000
    client.submit({**LIMIT, "limit_price": "0.1234"})


def test_c34_unknown_symbol(client: TradingAccount) -> None:
    error = client.refused({**MARKET, "symbol": "NOPE"}, 422)
    assert (error["code"], error["message"]) == (42210000, 'asset "NOPE" not found')


def test_c35_insufficient_funds(client: TradingAccount) -> None:
    error = client.refused({**MARKET, "qty": "1000000"}, 403)
    assert (error["code"], error["message"]) == (40310000, "insufficient buying power")
    assert {"buying_power", "cost_basis"} <= set(error)


def test_c36_coins_cannot_be_sold_above_the_holding(fresh: TradingAccount) -> None:
    error = fresh.refused({**COIN, "side": "sell"}, 403)
    assert error["code"] == 40310000
    assert "insufficient" in error["message"]


@pytest.mark.parametrize("amount", [{"notional": "100"}, {"qty": "0.5"}])
def test_c39_notional_needs_a_fractionable_asset(client: TradingAccount, amount: Json) -> None:
    assert client.ask("GET", "/v2/assets/FAKEPACA").json()["fractionable"] is False
    body = {**{k: v for k, v in MARKET.items() if k != "qty"}, "symbol": "FAKEPACA", **amount}
    error = client.refused(body, 403)
    assert (error["code"], error["message"]) == (40310000, 'asset "FAKEPACA" is not fractionable')
    client.submit({**MARKET, "symbol": "FAKEPACA"})


def test_c45_oco_without_a_position(client: TradingAccount) -> None:
    body = {**LIMIT, "side": "sell", "order_class": "oco", **LEGS}
    assert client.refused(body, 422)["message"] == "oco orders must be exit orders"


def test_c47_wash_trade(fresh: TradingAccount) -> None:
    bought = fresh.submit(COIN)
    assert bought["symbol"] == "BTC/USD"
    resting = fresh.submit({**COIN, "type": "limit", "limit_price": "1000", "qty": "0.02"})
    error = fresh.refused({**COIN, "side": "sell", "qty": "0.001"}, 403)
    assert error["code"] == 40310000
    assert error["message"] == "potential wash trade detected. use complex orders"
    assert error["existing_order_id"] == resting["id"]


def test_c48_auction_orders_outside_their_windows(fresh: TradingAccount) -> None:
    error = fresh.refused({**MARKET, "time_in_force": "opg"}, 403)
    assert error["message"] == "opg orders must be submitted after 7:00pm and before 9:28am"
    minutes = 389 - 1  # 15:59 in New York
    fresh.server.step(minutes)
    error = fresh.refused({**MARKET, "time_in_force": "cls"}, 403)
    assert error["message"].startswith("cls orders must be submitted after 7:00pm and before 3:5")


def test_c49_short_sales_of_fractions_and_of_what_cannot_be_borrowed(client: TradingAccount) -> None:
    client.refused({**MARKET, "side": "sell", "qty": "0.5"}, 422, 403)
    assert client.ask("GET", "/v2/assets/FAKEPACA").json()["shortable"] is False
    error = client.refused({**MARKET, "symbol": "FAKEPACA", "side": "sell"}, 422)
    assert (error["code"], error["message"]) == (42210000, 'asset "FAKEPACA" cannot be sold short')
    client.ask("PATCH", "/v2/account/configurations", json={"no_shorting": True})
    client.refused({**MARKET, "side": "sell"}, 403)
