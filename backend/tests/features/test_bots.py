"""The life of a bot over the API: define, list, read, edit, start, stop, delete."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from flotilla.db.tables import AccountRow, BotRow, BotVersionRow, EventRow
from flotilla.domain.bots import BotStatus
from flotilla.domain.market import Instrument, usual_instrument
from flotilla.domain.orders import OrderStatus
from flotilla.domain.rules import MAX_DEPTH
from flotilla.features.bots.examples import seed_examples
from flotilla.http.dependencies import InstrumentDirectory
from tests.adapters.postgres.desk import Desk, draft, execution, report, sale
from tests.builders import condition, constant, definition, every, indicator, price
from tests.features.api import Api, fields


async def set_status(api: Api, bot_id: str, **columns: Any) -> None:
    """Change what the engine says of a bot."""
    async with api.database.transaction() as session:
        row = await session.get_one(BotRow, bot_id)
        for name, value in columns.items():
            setattr(row, name, value)


async def events(api: Api) -> list[tuple[str, dict[str, Any]]]:
    async with api.database.transaction() as session:
        rows = await session.scalars(select(EventRow).order_by(EventRow.id))
        return [(row.type, row.payload) for row in rows]


# --- create -----------------------------------------------------------------------------------------


async def test_a_new_bot_is_stopped_and_says_what_it_will_do(api: Api) -> None:
    bot = await api.create()
    assert bot["status"] == bot["desired_status"] == "stopped"
    assert (bot["version"], bot["on_stop"], bot["status_reason"]) == (1, "keep", None)
    assert bot["account_id"] == api.account_id
    assert (bot["entry_sentence"], bot["exit_sentence"]) == (
        "RSI(14) crosses below 30",
        "RSI(14) crosses above 60",
    )
    # What was left out has its default in the answer.
    assert (bot["timeframe"], bot["trading_frequency"]) == ("1Min", 60)
    assert bot["risk_management"]["position_percent"] == 5.0
    assert bot["capital"] == "10000"
    assert await api.get(f"/bots/{bot['id']}") == bot
    assert await api.get("/bots") == {"items": [bot], "next_cursor": None}


async def test_names_and_symbols_are_tidied(api: Api) -> None:
    bot = await api.create(name="  Füchse 🦊 ", symbols=[" aapl", "Msft "])
    assert (bot["name"], bot["symbols"]) == ("Füchse 🦊", ["AAPL", "MSFT"])


async def test_the_default_frequency_is_the_timeframe(api: Api) -> None:
    bot = await api.create(timeframe="5Min")
    assert bot["trading_frequency"] == 300
    assert (await api.create(timeframe="5Min", trading_frequency=60))["trading_frequency"] == 60


async def test_money_is_kept_to_the_last_digit(api: Api) -> None:
    bot = await api.create(capital="999999999.99")
    assert (await api.get(f"/bots/{bot['id']}"))["capital"] == "999999999.99"


async def test_the_browsers_are_told_of_a_new_bot(api: Api) -> None:
    bot = await api.create()
    assert await events(api) == [("bot_status_changed", {"bot": bot})]


# --- edit -------------------------------------------------------------------------------------------


async def test_an_edit_is_a_new_version_and_keeps_the_old(api: Api) -> None:
    bot = await api.create()
    response = await api.client.put(f"/bots/{bot['id']}", json=definition(name="Renamed", capital="15000"))
    edited = response.json()
    assert response.status_code == 200
    assert (edited["name"], edited["version"], edited["capital"]) == ("Renamed", 2, "15000")
    assert edited["updated_at"] > bot["updated_at"]
    assert edited == await api.get(f"/bots/{bot['id']}")
    async with api.database.transaction() as session:
        rows = await session.scalars(select(BotVersionRow).order_by(BotVersionRow.version))
        kept = [(row.version, row.definition["name"], row.definition["capital"]) for row in rows]
    assert kept == [(1, "Dip buyer", "10000"), (2, "Renamed", "15000")]
    assert (await events(api))[-1] == ("bot_status_changed", {"bot": edited})


async def test_an_edit_replaces_the_whole_definition(api: Api) -> None:
    bot = await api.create(start_hour=10, end_hour=15, risk_management={"position_percent": 50})
    edited = (await api.client.put(f"/bots/{bot['id']}", json=definition())).json()
    assert (edited["start_hour"], edited["end_hour"]) == (0, 0)
    assert edited["risk_management"]["position_percent"] == 5.0


async def test_a_change_of_capital_is_a_transfer_of_cash(api: Api, desk: Desk) -> None:
    await desk.bought(10, "100")
    for capital, cash in (("12000", 11_000), ("15000", 14_000)):
        response = await api.client.put(f"/bots/{desk.bot_id}", json=definition(capital=capital))
        assert response.status_code == 200
        assert (await desk.bot()).cash == cash


async def test_what_is_invested_is_not_taken_back(api: Api, desk: Desk) -> None:
    await desk.bought(10, "100")
    await desk.order(draft("entry-2", symbol="MSFT", quantity=Decimal(10)))  # under way: may cost 1010
    before = (await desk.bot()).cash
    response = await api.client.put(f"/bots/{desk.bot_id}", json=definition(capital="2000"))
    assert fields(response) == ["capital"]
    assert "2,010.00" in response.json()["errors"][0]["message"]
    assert (await desk.bot()).cash == before
    smaller = definition(capital="2010", symbols=["MSFT"])
    assert (await api.client.put(f"/bots/{desk.bot_id}", json=smaller)).status_code == 200
    assert (await desk.bot()).cash == 1010


async def test_running_bots_may_not_use_more_than_the_account_is_worth(api: Api) -> None:
    async with api.database.transaction() as session:
        await session.execute(update(AccountRow).values(equity=Decimal(25_000)))
    first, second, third = [await api.create(name=name, capital="10000") for name in ("A", "B", "C")]
    for bot in (first, second):
        assert (await api.client.post(f"/bots/{bot['id']}/start")).status_code == 200
    refused = await api.client.post(f"/bots/{third['id']}/start")
    assert (refused.status_code, refused.json()["code"]) == (409, "CAPITAL_NOT_AVAILABLE")
    assert (await api.get(f"/bots/{third['id']}"))["desired_status"] == "stopped"
    await api.client.post(f"/bots/{first['id']}/stop", json={"on_stop": "keep"})
    assert (await api.client.post(f"/bots/{third['id']}/start")).status_code == 200


async def test_a_refused_start_says_the_numbers(api: Api) -> None:
    async with api.database.transaction() as session:
        await session.execute(update(AccountRow).values(equity=Decimal(25_000)))
    first, second = [await api.create(name=name, capital="15000") for name in ("A", "B")]
    await api.client.post(f"/bots/{first['id']}/start")
    # A bot that is paused, or that still sells, uses its capital too.
    await api.client.post(f"/bots/{first['id']}/pause")
    refused = (await api.client.post(f"/bots/{second['id']}/start")).json()
    assert refused["code"] == "CAPITAL_NOT_AVAILABLE"
    assert all(number in refused["detail"] for number in ("25,000.00", "15,000.00", "10,000.00"))
    await set_status(api, first["id"], desired_status="stopped", status="stopping")
    assert (await api.client.post(f"/bots/{second['id']}/start")).status_code == 409
    more = await api.client.put(f"/bots/{second['id']}", json=definition(capital="30000"))
    assert more.status_code == 200, "a bot that is stopped asks when it is started"
    await set_status(api, first["id"], desired_status="running", status="running")
    more = await api.client.put(f"/bots/{first['id']}", json=definition(capital="25001"))
    assert (more.status_code, more.json()["code"]) == (409, "CAPITAL_NOT_AVAILABLE")


@pytest.mark.parametrize("status", ["starting", "running", "paused", "stopping"])
async def test_a_bot_that_trades_is_not_deleted(api: Api, status: str) -> None:
    bot = await api.create()
    await set_status(api, bot["id"], status=status)
    before = await api.stored()
    response = await api.client.delete(f"/bots/{bot['id']}")
    assert (response.status_code, response.json()["code"]) == (409, "BOT_RUNNING")
    assert await api.stored() == before


async def test_a_running_bot_is_edited_and_says_what_of_it_applies(api: Api) -> None:
    bot = await api.create()
    await api.client.post(f"/bots/{bot['id']}/start")
    path = f"/bots/{bot['id']}"
    for version, query, applies in ((2, {}, 0), (3, {"apply_to_open": "true"}, 3), (4, {}, 3)):
        answer = await api.client.put(path, json=definition(name=f"V{version}"), params=query)
        assert (answer.status_code, answer.json()["version"]) == (200, version)
        async with api.database.transaction() as session:
            row = await session.get_one(BotRow, bot["id"])
            assert (row.protection_version, row.desired_status) == (applies, "running")


async def test_what_is_not_traded_yet_is_no_edit_of_a_running_bot(api: Api) -> None:
    bot = await api.create()
    await api.client.post(f"/bots/{bot['id']}/start")
    answer = await api.client.put(
        f"/bots/{bot['id']}", json=definition(risk_management={"entry_order": "limit"})
    )
    assert fields(answer) == ["risk_management.entry_order"]


async def test_a_running_bot_is_paused_and_resumed(api: Api) -> None:
    bot = await api.create()
    path = f"/bots/{bot['id']}"
    for verb in ("pause", "resume"):
        answer = await api.client.post(f"{path}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (409, "BOT_NOT_RUNNING")
    await api.client.post(f"{path}/start")
    for verb, wanted in (("pause", "paused"), ("pause", "paused"), ("resume", "running")):
        assert (await api.client.post(f"{path}/{verb}")).json()["desired_status"] == wanted
    assert [kind for kind, _ in await events(api)] == 4 * ["bot_status_changed"]


async def test_a_definition_that_cannot_be_read_is_listed_with_its_error(api: Api, desk: Desk) -> None:
    good, bad = await api.create(name="Good"), await api.create(name="Bad")
    async with api.database.transaction() as session:
        changes = {"rules": {"entry": {"type": "?"}}, "timeframe": "7Min", "start_hour": 99}
        await session.execute(update(BotRow).where(BotRow.id == bad["id"]).values(changes))
    listed = {bot["name"]: bot for bot in (await api.get("/bots"))["items"]}
    assert listed["Good"] == good
    assert listed["Bad"]["definition_error"].startswith("The stored definition cannot be read")
    assert (listed["Bad"]["symbols"], listed["Bad"]["rules"]["entry"]) == (["AAPL", "MSFT"], None)
    assert await api.get(f"/bots/{bad['id']}") == listed["Bad"]
    started = await api.client.post(f"/bots/{bad['id']}/start")
    assert fields(started) == ["rules"]
    assert (await api.client.post(f"/bots/{bad['id']}/stop", json={})).status_code == 200
    assert (await api.get("/summary"))["bots_total"] == 3
    saved = await api.client.put(f"/bots/{bad['id']}", json=definition(name="Bad"))
    assert (saved.status_code, saved.json()["definition_error"]) == (200, None)
    async with api.database.transaction() as session:
        await session.execute(update(BotRow).where(BotRow.id == bad["id"]).values(rules=[]))
    assert (await api.client.delete(f"/bots/{bad['id']}")).status_code == 204


async def test_a_bot_in_error_may_be_edited(api: Api) -> None:
    bot = await api.create()
    await set_status(api, bot["id"], status=BotStatus.ERROR, status_reason="it broke")
    assert (await api.client.put(f"/bots/{bot['id']}", json=definition())).status_code == 200


async def test_a_bad_edit_changes_nothing(api: Api) -> None:
    bot = await api.create()
    before = await api.stored()
    for changes, expected in (
        ({"symbols": ["NOPE"]}, ["symbols.0"]),
        ({"capital": "-1"}, ["capital"]),
        ({"rules": {"entry": every()}}, ["rules.entry"]),
    ):
        response = await api.client.put(f"/bots/{bot['id']}", json=definition(**changes))
        assert fields(response) == expected
    assert await api.stored() == before
    assert await api.get(f"/bots/{bot['id']}") == bot


async def test_a_symbol_that_was_listed_since_is_found(api: Api) -> None:
    await api.create()
    response = await api.client.post("/bots", json=definition(symbols=["NEW"]))
    assert fields(response) == ["symbols.0"]
    api.broker.listed.append(Instrument("NEW", "Newly listed"))
    assert (await api.create(symbols=["NEW"]))["symbols"] == ["NEW"]


async def test_a_rule_of_the_greatest_depth_reaches_the_browsers(api: Api) -> None:
    rule: dict[str, Any] = every(condition(price(), "above", constant(1)))
    for _ in range(MAX_DEPTH - 2):
        rule = {"type": "not", "of": rule}
    bot = await api.create(rules={"entry": rule})
    assert bot["entry_sentence"].count("not (") == MAX_DEPTH - 2


# --- start and stop ---------------------------------------------------------------------------------


async def test_start_and_stop_say_what_is_wanted(api: Api) -> None:
    bot = await api.create()
    started = (await api.client.post(f"/bots/{bot['id']}/start")).json()
    assert (started["desired_status"], started["status"], started["version"]) == ("running", "stopped", 1)
    stopped = await api.client.post(f"/bots/{bot['id']}/stop", json={"on_stop": "flatten"})
    assert (stopped.json()["desired_status"], stopped.json()["on_stop"]) == ("stopped", "flatten")
    again = (await api.client.post(f"/bots/{bot['id']}/start")).json()
    assert (again["desired_status"], again["on_stop"]) == ("running", "keep")
    assert (await api.client.post(f"/bots/{bot['id']}/stop", json={})).json()["on_stop"] == "keep"
    assert [kind for kind, _ in await events(api)] == 5 * ["bot_status_changed"]


async def test_a_start_forgets_the_error_before(api: Api) -> None:
    bot = await api.create()
    await set_status(api, bot["id"], status=BotStatus.ERROR, status_reason="it broke")
    started = (await api.client.post(f"/bots/{bot['id']}/start")).json()
    assert (started["status"], started["status_reason"]) == ("stopped", None)


async def test_a_symbol_that_is_gone_keeps_a_bot_from_starting(api: Api) -> None:
    bot = await api.create()
    api.broker.listed = [i for i in api.broker.listed if i.symbol != "MSFT"]
    restarted = replace(api.app.state.flotilla, instruments=InstrumentDirectory(api.broker))
    api.app.state.flotilla = restarted
    response = await api.client.post(f"/bots/{bot['id']}/start")
    assert fields(response) == ["symbols.1"]
    assert (await api.get(f"/bots/{bot['id']}"))["desired_status"] == "stopped"


@pytest.mark.parametrize("body", [{"on_stop": "sell"}, {"on_stop": 5}, {"now": True}, [], None])
async def test_a_stop_says_how(api: Api, body: Any) -> None:
    bot = await api.create()
    response = await api.client.post(f"/bots/{bot['id']}/stop", json=body)
    assert response.status_code == 422


# --- delete -----------------------------------------------------------------------------------------


async def test_a_deleted_bot_is_gone_and_its_trades_stay(api: Api, desk: Desk) -> None:
    await desk.bought(10, "100")
    exit_ = await desk.order(sale())
    done = report(exit_, OrderStatus.FILLED, 10)
    await desk.book(done, execution(exit_, 10, 10, "101"))
    response = await api.client.delete(f"/bots/{desk.bot_id}")
    assert (response.status_code, response.content) == (204, b"")
    assert (await events(api))[-1] == ("bot_deleted", {"bot_id": desk.bot_id})
    assert (await api.get("/bots"))["items"] == []
    assert len((await api.get("/trades"))["items"]) == 2
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", definition()),
        ("DELETE", "", None),
        ("POST", "/start", None),
        ("POST", "/stop", {}),
        ("GET", "/decisions", None),
    ):
        response = await api.client.request(method, f"/bots/{desk.bot_id}{path}", json=body)
        assert (response.status_code, response.json()["code"]) == (404, "BOT_NOT_FOUND")


async def test_a_bot_that_holds_something_is_not_deleted(api: Api, desk: Desk) -> None:
    await desk.bought(10, "100")
    response = await api.client.delete(f"/bots/{desk.bot_id}")
    assert (response.status_code, response.json()["code"]) == (409, "BOT_NOT_FLAT")


async def test_a_bot_with_an_order_under_way_is_not_deleted(api: Api, desk: Desk) -> None:
    order = await desk.order()
    assert (await api.client.delete(f"/bots/{desk.bot_id}")).status_code == 409
    await desk.store.close_order(order.id, OrderStatus.NOT_SENT, "never left")
    assert (await api.client.delete(f"/bots/{desk.bot_id}")).status_code == 204


# --- lists ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_give_every_bot_once_while_others_arrive(api: Api, limit: int) -> None:
    created = [(await api.create(name=f"Bot {n}"))["id"] for n in range(6)]
    seen = []
    async for page in api.walk("/bots", limit=limit):
        assert len(page) <= limit
        seen += [bot["id"] for bot in page]
        if len(created) < 9:
            created.append((await api.create(name=f"Late {len(created)}"))["id"])
    assert seen[:6] == created[:6]
    assert seen == created[: len(seen)]
    assert len(set(seen)) == len(seen)


LISTED = ["AAPL", "MSFT", "QQQ", "SPY", "TSLA"]


async def seed(api: Api, tradable: list[str]) -> list[dict[str, Any]]:
    async with api.database.transaction() as session:
        await seed_examples(session, api.account_id, tradable)
    return [bot async for page in api.walk("/bots", limit=1) for bot in page]


async def test_bots_of_one_moment_are_not_lost_between_pages(api: Api) -> None:
    seen = [bot["name"] for bot in await seed(api, LISTED)]
    assert len(seen) == len(set(seen)) == 3


async def test_examples_are_made_once_and_wanted_running(api: Api) -> None:
    assert await seed(api, []) == []
    bots = await seed(api, LISTED)
    assert await seed(api, LISTED) == bots
    assert [bot["desired_status"] for bot in bots] == 3 * ["running"]
    assert all(bot["name"].startswith("Example: ") for bot in bots)


async def test_examples_trade_what_the_market_lists(api: Api) -> None:
    bots = await seed(api, ["A", "B", "C", "D", "TSLA"])
    assert [bot["symbols"] for bot in bots] == [["TSLA"], ["TSLA"], ["A", "B", "C"]]


# --- rules ----------------------------------------------------------------------------------------


async def test_a_rule_may_use_prices_and_numbers_alone(api: Api) -> None:
    entry = every(condition(price("close"), "above", price("open")))
    bot = await api.create(indicators=[], rules={"entry": entry})
    assert (bot["entry_sentence"], bot["exit_sentence"]) == ("close is above open", None)
    macd = {"id": "m", "name": "MACD", "params": {}}
    rule = every(condition(indicator("m", "macd"), "crosses_above", constant(0)))
    bot = await api.create(indicators=[macd], rules={"entry": rule})
    assert bot["entry_sentence"] == "MACD(12, 26, 9) macd crosses above 0"
    assert Decimal(bot["capital"]) == 10_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"risk_management": {"entry_order": "limit"}}, "risk_management.entry_order"),
    ],
)
async def test_what_is_not_traded_yet_is_kept_and_not_started(
    api: Api, change: dict[str, Any], field: str
) -> None:
    bot = await api.create(**change)
    answer = await api.client.post(f"/bots/{bot['id']}/start")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "not traded yet" in answer.json()["detail"]


async def test_a_bot_on_coins_is_kept_and_started_like_any_other(api: Api) -> None:
    api.broker.listed.append(usual_instrument("BTC/USD"))
    bot = await api.create(symbols=["btc/usd"], start_hour=22, end_hour=2)
    assert bot["symbols"] == ["BTC/USD"]
    started = await api.client.post(f"/bots/{bot['id']}/start")
    assert started.status_code == 200, started.text


async def test_a_bot_on_daily_bars_is_started(api: Api) -> None:
    bot = await api.create(timeframe="1Day")
    started = await api.client.post(f"/bots/{bot['id']}/start")
    assert started.status_code == 200, started.text


async def test_what_the_broker_would_refuse_is_refused_when_a_bot_is_saved_and_started(api: Api) -> None:
    api.broker.listed.append(Instrument("HARD", "Hard to borrow", shortable=False))
    api.broker.listed.append(usual_instrument("BTC/USD"))
    rule = every(condition(indicator("rsi", "rsi"), "crosses_above", constant(70)))
    rules = definition()["rules"] | {"short_entry": rule}
    refused = await api.client.post("/bots", json=definition(symbols=["AAPL", "HARD"], rules=rules))
    assert fields(refused) == ["symbols.1"]
    assert "cannot be borrowed easily" in refused.json()["errors"][0]["message"]
    refused = await api.client.post("/bots", json=definition(symbols=["BTC/USD"], rules=rules))
    assert fields(refused) == ["rules.short_entry"]
    refused = await api.client.post("/bots", json=definition(symbols=["BTC/USD", "AAPL"]))
    assert fields(refused) == ["symbols.1"]
    # The list changes after the bot was saved.
    bot = await api.create(symbols=["MSFT"])
    api.broker.listed[1] = replace(api.broker.listed[1], tradable=False)
    api.app.state.flotilla.instruments._known.clear()
    refused = await api.client.post(f"/bots/{bot['id']}/start")
    assert fields(refused) == ["symbols.0"]
