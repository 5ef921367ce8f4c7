"""The contract's checklist: authentication, errors, the account and reference data (1-17, 67-72)."""

import base64
import re
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from practice_server import ThreadServer

TOKEN = "token-of-K0"
ORDER = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


@pytest.fixture(scope="module")
def tokened(new_database: Any) -> Any:
    practice = ThreadServer(new_database(), accounts=2, tokens=((TOKEN, "K0"),))
    yield practice
    practice.stop()


def test_c01_wrong_key_is_401_with_a_message(server: ThreadServer, key: str) -> None:
    headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": "wrong"}
    reply = requests.get(f"{server.url}/v2/account", headers=headers, timeout=30)
    assert reply.status_code == 401
    assert reply.json()["message"] == "unauthorized."
    assert "Bearer" in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/v2/account", "/v2/clock", "/v2/stocks/bars?symbols=SPY&timeframe=1Min"])
def test_c02_missing_keys_are_401(server: ThreadServer, path: str) -> None:
    reply = requests.get(server.url + path, timeout=30)
    assert (reply.status_code, reply.json()["message"]) == (401, "unauthorized.")


def test_c03_bearer_and_basic(tokened: ThreadServer) -> None:
    def status(authorization: str) -> int:
        headers = {"Authorization": authorization}
        return requests.get(f"{tokened.url}/v2/account", headers=headers, timeout=30).status_code

    assert status(f"Bearer {TOKEN}") == 200
    assert status("Bearer wrong") == 401
    assert status("Basic " + base64.b64encode(b"K1:secret").decode()) == 200
    assert status("Basic " + base64.b64encode(b"K1:wrong").decode()) == 401
    assert status("Basic %%%") == 401


def test_c04_unknown_path_is_404(server: ThreadServer, key: str) -> None:
    reply = server.request("GET", "/v2/nothing", key)
    assert (reply.status_code, reply.json()["code"]) == (404, 40410000)


def test_c05_refusals_carry_code_and_message(server: ThreadServer, key: str) -> None:
    replies = [
        server.request("POST", "/v2/orders", key, json={**ORDER, "qty": "1000000"}),
        server.request("GET", f"/v2/orders/{uuid.uuid4()}", key),
        server.request("POST", "/v2/orders", key, json={**ORDER, "side": "hold"}),
    ]
    assert [reply.status_code for reply in replies] == [403, 404, 422]
    for reply in replies:
        assert reply.headers["Content-Type"].startswith("application/json")
        assert isinstance(reply.json()["code"], int)
        assert isinstance(reply.json()["message"], str)


@pytest.mark.parametrize("spelling", ["True", "true", "1", "t", "T", "TRUE"])
def test_c07_true_is_spelled_in_many_ways(server: ThreadServer, key: str, spelling: str) -> None:
    assert server.request("GET", f"/v2/orders?nested={spelling}", key).status_code == 200


@pytest.mark.parametrize("spelling", ["False", "false", "0", "f", "F", "FALSE"])
def test_c07_false_is_spelled_in_many_ways(server: ThreadServer, key: str, spelling: str) -> None:
    assert server.request("GET", f"/v2/orders?nested={spelling}", key).status_code == 200
    assert server.request("GET", "/v2/orders?nested=maybe", key).status_code == 422


@pytest.mark.parametrize("qty", [2, 2.0, "2", "2.0"])
def test_c08_numbers_and_strings_are_decimals(server: ThreadServer, key: str, qty: object) -> None:
    body = {**ORDER, "qty": qty, "type": "limit", "limit_price": 1.5}
    reply = server.request("POST", "/v2/orders", key, json=body)
    assert (reply.json()["qty"], reply.json()["limit_price"]) == ("2", "1.5")


def test_c09_account(server: ThreadServer, key: str) -> None:
    assert server.request("POST", "/v2/orders", key, json=ORDER).status_code == 200
    account = server.request("GET", "/v2/account", key).json()
    assert account["status"] == "ACTIVE"
    assert str(uuid.UUID(account["id"])) == account["id"]
    money = ("cash", "equity", "long_market_value", "short_market_value", "buying_power", "multiplier")
    assert all(isinstance(account[name], str) for name in money)
    parts = sum(Decimal(account[n]) for n in ("cash", "long_market_value", "short_market_value"))
    assert abs(parts - Decimal(account["equity"])) <= Decimal("0.01")
    assert account["portfolio_value"] == account["equity"]


def test_c10_a_resting_buy_holds_buying_power(server: ThreadServer, key: str) -> None:
    def buying_power() -> Decimal:
        return Decimal(server.request("GET", "/v2/account", key).json()["buying_power"])

    before = buying_power()
    body = {**ORDER, "qty": "10", "type": "limit", "limit_price": "50"}
    order = server.request("POST", "/v2/orders", key, json=body).json()
    assert before - buying_power() == 500
    assert server.request("DELETE", f"/v2/orders/{order['id']}", key).status_code == 204
    assert buying_power() == before


def test_c11_configurations(server: ThreadServer, key: str) -> None:
    path = "/v2/account/configurations"
    before = server.request("GET", path, key).json()
    assert set(before) == {
        "disable_overnight_trading",
        "fractional_trading",
        "max_margin_multiplier",
        "max_options_trading_level",
        "no_shorting",
        "ptp_no_exception_entry",
        "suspend_trade",
        "trade_confirm_email",
    }
    nothing = dict.fromkeys(before)
    assert server.request("PATCH", path, key, json=nothing).json() == before
    changed = server.request("PATCH", path, key, json={"no_shorting": True, "unknown": 1}).json()
    assert changed == {**before, "no_shorting": True}
    assert server.request("GET", path, key).json() == changed
    for wrong in ({"no_shorting": "yes"}, {"max_margin_multiplier": "3"}, {"trade_confirm_email": "some"}):
        assert server.request("PATCH", path, key, json=wrong).status_code == 422
    short = server.request("POST", "/v2/orders", key, json={**ORDER, "side": "sell"})
    assert short.status_code == 403


def test_c11_fractions_and_margin_follow_the_configurations(server: ThreadServer, key: str) -> None:
    path = "/v2/account/configurations"
    body = {"fractional_trading": False, "max_margin_multiplier": "2"}
    assert server.request("PATCH", path, key, json=body).status_code == 200
    fraction = server.request("POST", "/v2/orders", key, json={**ORDER, "qty": "0.5"})
    assert (fraction.status_code, fraction.json()["code"]) == (403, 40310000)
    account = server.request("GET", "/v2/account", key).json()
    assert (account["multiplier"], account["buying_power"]) == ("2", "200000")


def test_c12_suspended_trading(server: ThreadServer, key: str) -> None:
    path = "/v2/account/configurations"
    server.request("PATCH", path, key, json={"suspend_trade": True})
    assert server.request("GET", "/v2/account", key).json()["trade_suspended_by_user"] is True
    refused = server.request("POST", "/v2/orders", key, json=ORDER)
    assert (refused.status_code, refused.json()["code"]) == (403, 40310000)
    server.request("PATCH", path, key, json={"suspend_trade": False})
    assert server.request("POST", "/v2/orders", key, json=ORDER).status_code == 200


def test_c13_clock(server: ThreadServer, key: str) -> None:
    clock = server.request("GET", "/v2/clock", key).json()
    now, opens, closes = (
        datetime.fromisoformat(clock[name]) for name in ("timestamp", "next_open", "next_close")
    )
    assert clock["timestamp"][-6:] in ("-04:00", "-05:00")
    assert opens > now
    assert closes > now
    assert (opens > closes) is clock["is_open"]
    assert clock["is_open"] is server.state()["is_open"]


def test_c13_clock_of_version_3(server: ThreadServer, key: str) -> None:
    query = "markets=NYSE&time=2016-01-04T15:00:00Z"
    (clock,) = server.request("GET", f"/v3/clock?{query}", key).json()["clocks"]
    assert (clock["phase"], clock["is_market_day"]) == ("core", True)
    assert clock["phase_until"] == clock["next_market_close"] == "2016-01-04T16:00:00-05:00"
    assert clock["next_market_open"] == "2016-01-05T09:30:00-05:00"
    assert clock["market"]["mic"] == "XNYS"
    assert server.request("GET", "/v3/clock?markets=MARS", key).status_code == 404
    for at, phase in (
        ("08:00", "closed"),
        ("13:00", "pre"),
        ("21:30", "post"),
        ("2016-01-09T15:00", "closed"),
    ):
        moment = at if "T" in at else f"2016-01-04T{at}"
        reply = server.request("GET", f"/v3/clock?time={moment}:00Z", key).json()
        assert reply["clocks"][0]["phase"] == phase, at


def test_c14_calendar(server: ThreadServer, key: str) -> None:
    rows = server.request("GET", "/v2/calendar?start=2016-11-21&end=2016-11-28", key).json()
    assert [row["date"] for row in rows] == [f"2016-11-{day}" for day in (21, 22, 23, 25, 28)]
    assert [row["close"] for row in rows] == ["16:00"] * 3 + ["13:00"] + ["16:00"]
    assert all(re.fullmatch(r"\d\d:\d\d", row["open"]) for row in rows)
    assert all(date.fromisoformat(row["date"]).weekday() < 5 for row in rows)
    (single,) = server.request("GET", "/v2/calendar?start=2016-11-22T00:00:00Z&end=2016-11-22", key).json()
    assert (single["date"], single["settlement_date"]) == ("2016-11-22", "2016-11-23")
    newer = server.request("GET", "/v3/calendar/NYSE?start=2016-11-25&end=2016-11-25", key).json()
    assert newer["calendar"][0]["core_end"] == "2016-11-25T13:00:00-05:00"


def test_c15_assets_by_symbol_and_id(server: ThreadServer, key: str) -> None:
    asset = server.request("GET", "/v2/assets/AAPL", key).json()
    assert server.request("GET", f"/v2/assets/{asset['id']}", key).json() == asset
    assert asset["class"] == "us_equity"
    unknown = server.request("GET", "/v2/assets/NOPE", key)
    assert (unknown.status_code, unknown.json()["code"]) == (404, 40410000)


def test_c67_close_by_percentage_and_quantity(server: ThreadServer, key: str) -> None:
    server.request("POST", "/v2/orders", key, json={**ORDER, "qty": "8"})
    half = server.request("DELETE", "/v2/positions/SPY?percentage=50", key)
    assert (half.status_code, half.json()["qty"], half.json()["side"]) == (200, "4", "sell")
    one = server.request("DELETE", "/v2/positions/SPY?qty=1", key)
    assert one.json()["qty"] == "1"
    assert server.request("DELETE", "/v2/positions/SPY?qty=1&percentage=5", key).status_code == 422
    everything = server.request("DELETE", "/v2/positions?cancel_orders=True", key)
    assert everything.status_code == 207
    (row,) = everything.json()
    assert (row["symbol"], row["status"], row["body"]["qty"]) == ("SPY", 200, "3")


def test_c68_closed_position_is_404(server: ThreadServer, key: str) -> None:
    server.request("POST", "/v2/orders", key, json=ORDER)
    assert server.request("GET", "/v2/positions/SPY", key).status_code == 200
    server.request("DELETE", "/v2/positions/SPY", key)
    gone = server.request("GET", "/v2/positions/SPY", key)
    assert (gone.status_code, gone.json()["code"]) == (404, 40410000)
    assert gone.json()["message"] == "position does not exist"


def test_c69_cash_follows_the_fills(server: ThreadServer, key: str) -> None:
    def cash() -> Decimal:
        return Decimal(server.request("GET", "/v2/account", key).json()["cash"])

    def price(order_id: str) -> Decimal:
        order = server.request("GET", f"/v2/orders/{order_id}", key).json()
        return Decimal(order["filled_avg_price"])

    before = cash()
    bought = server.request("POST", "/v2/orders", key, json={**ORDER, "qty": "3"}).json()
    paid = before - cash()
    assert abs(paid - 3 * price(bought["id"])) <= Decimal("0.01")
    sold = server.request("DELETE", "/v2/positions/SPY", key).json()
    assert abs(cash() - (before - paid + 3 * price(sold["id"]))) <= Decimal("0.02")


def test_c70_activities(server: ThreadServer, key: str) -> None:
    ids = [server.request("POST", "/v2/orders", key, json=ORDER).json()["id"] for _ in range(5)]
    rows = server.request("GET", "/v2/account/activities", key).json()
    assert [row["order_id"] for row in rows] == ids[::-1]
    assert re.fullmatch(r"\d{17}::[0-9a-f-]{36}", rows[0]["id"])
    assert {row["activity_type"] for row in rows} == {"FILL"}
    pages, token = [], ""
    while page := server.request(
        "GET", f"/v2/account/activities/FILL?direction=asc&page_size=2&page_token={token}", key
    ).json():
        pages += page
        token = page[-1]["id"]
    assert pages == rows[::-1]
    for query, count in (
        ("activity_types=FILL,DIV", 5),
        ("activity_types=DIV", 0),
        ("category=trade_activity", 5),
        ("category=non_trade_activity", 0),
        (f"order_id={ids[2]}", 1),
        (f"date={rows[0]['transaction_time'][:10]}", 5),
        ("date=2015-01-01", 0),
        (f"after={rows[0]['transaction_time']}", 0),
    ):
        assert len(server.request("GET", f"/v2/account/activities?{query}", key).json()) == count, query
    for query in ("activity_types=FILL&category=trade_activity", "activity_types=NOPE", "page_size=101"):
        assert server.request("GET", f"/v2/account/activities?{query}", key).status_code == 422, query


def test_c71_portfolio_history(new_server: ThreadServer) -> None:
    new_server.step()
    new_server.request("POST", "/v2/orders", json={**ORDER, "qty": "100"})
    new_server.step(10)
    equity = float(new_server.request("GET", "/v2/account").json()["equity"])
    path = "/v2/account/portfolio/history"
    minutes = new_server.request("GET", f"{path}?period=1D&timeframe=1Min").json()
    lengths = {len(minutes[name]) for name in ("timestamp", "equity", "profit_loss", "profit_loss_pct")}
    assert lengths == {12}
    assert minutes["timeframe"] == "1Min"
    assert minutes["base_value"] == minutes["equity"][0] == 100_000
    assert minutes["equity"][-1] == pytest.approx(equity, abs=0.01)
    assert len(set(minutes["equity"])) > 3
    assert minutes["profit_loss"][-1] == pytest.approx(equity - 100_000, abs=0.01)
    steps = {b - a for a, b in zip(minutes["timestamp"], minutes["timestamp"][1:], strict=False)}
    assert steps == {60}
    days = new_server.request("GET", path).json()
    assert days["timeframe"] == "1D"
    assert days["equity"][-1] == pytest.approx(equity, abs=0.01)
    for wrong in ("period=1Y", "timeframe=2Min", "period=1A&timeframe=1Min", "intraday_reporting=never"):
        assert new_server.request("GET", f"{path}?{wrong}").status_code == 422, wrong


def test_c72_watchlists(server: ThreadServer, key: str) -> None:
    def ask(method: str, path: str, **options: Any) -> requests.Response:
        return server.request(method, f"/v2/watchlists{path}", key, **options)

    created = ask("POST", "", json={"name": "Mine & yours", "symbols": ["AAPL", "SPY"]}).json()
    assert [asset["symbol"] for asset in created["assets"]] == ["AAPL", "SPY"]
    assert created["account_id"] == server.request("GET", "/v2/account", key).json()["id"]
    duplicate = ask("POST", "", json={"name": "Mine & yours"})
    assert (duplicate.status_code, duplicate.json()["code"]) == (422, 40010001)
    assert duplicate.json()["message"] == "watchlist name must be unique"
    (listed,) = ask("GET", "").json()
    assert "assets" not in listed
    assert listed["id"] == created["id"]
    one = f"/{created['id']}"
    assert len(ask("POST", one, json={"symbol": "QQQ"}).json()["assets"]) == 3
    assert ask("POST", one, json={"symbol": "NOPE"}).status_code == 422
    assert len(ask("DELETE", f"{one}/AAPL").json()["assets"]) == 2
    assert ask("DELETE", f"{one}/AAPL").status_code == 404
    assert ask("PUT", one, json={"name": "New"}).json()["name"] == "New"
    by_name = ":by_name?name=New"
    assert [a["symbol"] for a in ask("GET", by_name).json()["assets"]] == ["SPY", "QQQ"]
    replaced = ask("PUT", by_name, json={"symbols": ["TSLA"]}).json()
    assert [a["symbol"] for a in replaced["assets"]] == ["TSLA"]
    assert len(ask("POST", by_name, json={"symbol": "SPY"}).json()["assets"]) == 2
    assert ask("GET", f"/{uuid.uuid4()}").status_code == 404
    assert ask("GET", ":by_name?name=other").status_code == 404
    assert ask("DELETE", by_name).status_code == 204
    assert ask("DELETE", one).status_code == 404
    assert ask("POST", "", json={"name": "x" * 65}).status_code == 422


def test_announcements_and_options_are_empty_lists(server: ThreadServer, key: str) -> None:
    path = "/v2/corporate_actions/announcements?ca_types=dividend&since=2016-01-01&until=2016-02-01"
    assert server.request("GET", path, key).json() == []
    contracts = server.request("GET", "/v2/options/contracts?underlying_symbols=SPY", key).json()
    assert contracts == {"option_contracts": [], "next_page_token": None}


def test_every_reply_has_a_request_id(server: ThreadServer, key: str) -> None:
    replies = [server.request("GET", path, key) for path in ("/v2/account", "/v2/nothing")]
    ids = {reply.headers["X-Request-ID"] for reply in replies}
    assert len(ids) == 2


def test_c86_rate_limit_of_the_markets_own_minute(new_database: Any) -> None:
    practice = ThreadServer(new_database(), accounts=2, rate_limit=3)
    try:
        data = "/v2/stocks/bars/latest?symbols=SPY"
        replies = [practice.request("GET", data) for _ in range(4)]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
        assert [r.headers["X-RateLimit-Remaining"] for r in replies[:3]] == ["2", "1", "0"]
        assert replies[0].headers["X-RateLimit-Limit"] == "3"
        begin = datetime.fromisoformat(practice.state()["now"])
        assert int(replies[0].headers["X-RateLimit-Reset"]) == int((begin + timedelta(minutes=1)).timestamp())
        assert replies[3].json() == {"message": "too many requests."}
        trading = [practice.request("GET", "/v2/account") for _ in range(4)]
        assert trading[3].json() == {"code": 42910000, "message": "rate limit exceeded"}
        assert practice.request("GET", "/v2/account", "K1").status_code == 200
        practice.step()
        assert practice.request("GET", "/v2/account").status_code == 200
    finally:
        practice.stop()
