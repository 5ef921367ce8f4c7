"""Broker accounts: keys that nobody sees again, accounts that come and go, and real money that stays off."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from flotilla.adapters.vault import FernetVault
from flotilla.db.tables import AccountRow, BotRow, EngineStateRow
from flotilla.domain.market import Instrument
from flotilla.ports.accounts import KeyCheck, Keys, Verdict
from tests.builders import definition
from tests.fakes import NOW, FakeBarHistory, FakeBroker
from tests.features.api import Api, fields

KEY, SECRET = "PKABCDEFGHIJKLMN7QXZ", "s3cr3t-Of-The-Paper-Account"
NEW: dict[str, Any] = {"name": "My paper", "key_id": KEY, "secret_key": SECRET}


async def add(api: Api, **changes: Any) -> dict[str, Any]:
    answer = await api.client.post("/accounts", json=NEW | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    api.markets.add(made["id"], FakeBroker([Instrument("NVDA", "Nvidia")]), FakeBarHistory())
    return made


async def row(api: Api, account_id: str) -> AccountRow:
    async with api.database.transaction() as session:
        return await session.get_one(AccountRow, account_id)


async def test_the_practice_account_is_there_and_is_the_default(api: Api) -> None:
    (practice,) = await api.get("/accounts")
    assert (practice["id"], practice["kind"], practice["is_default"]) == (api.account_id, "practice", True)
    assert (practice["trading"], practice["key_hint"], practice["bots"]) == (True, None, 0)


async def test_an_account_is_a_paper_account_unless_said_otherwise(api: Api) -> None:
    made = await add(api, key_id=f"  {KEY}\n", secret_key=f"{SECRET} ")
    assert (made["kind"], made["feed"], made["is_default"]) == ("alpaca_paper", "iex", False)
    assert (made["trading"], made["connected"], made["problem"]) == (True, False, None)
    assert api.checker.asked == [(Keys(KEY, SECRET), True)]
    assert [one["name"] for one in await api.get("/accounts")] == [f"Practice {api.account_id}", "My paper"]
    assert await api.get(f"/accounts/{made['id']}") == made


async def test_keys_are_encrypted_from_the_first_row_and_never_said_again(api: Api) -> None:
    with capture_logs() as logs:
        made = await add(api)
        answers = [
            await api.client.post("/accounts", json=NEW),  # the name is taken
            await api.client.post("/accounts", json=NEW | {"secret_key": SECRET * 20}),
            await api.client.post("/accounts", json=NEW | {"feed": "all"}),
            await api.client.post("/accounts/check-keys", json={"key_id": KEY, "secret_key": SECRET}),
            await api.client.post(f"/accounts/{made['id']}/check-keys"),
            await api.client.get("/accounts"),
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 200, 200, 200]
    told = "".join([str(made), str(logs), *(answer.text for answer in answers)])
    assert made["key_hint"] == KEY[-4:]
    assert KEY not in told
    assert KEY[:-4] not in told
    assert SECRET not in told
    stored = await row(api, made["id"])
    assert stored.sealed_keys is not None
    everything = str({column.key: getattr(stored, column.key) for column in AccountRow.__table__.columns})
    assert KEY not in everything
    assert SECRET not in everything
    vault: FernetVault = api.app.state.accounts.vault
    assert vault.open(stored.sealed_keys) == Keys(KEY, SECRET)


@pytest.mark.parametrize("verdict", [Verdict.WRONG_KEYS, Verdict.LIVE_KEYS_FOR_PAPER])
async def test_keys_that_are_refused_are_not_stored(api: Api, verdict: Verdict) -> None:
    made = await add(api)
    api.checker.answer = KeyCheck(verdict, "Not these.")
    assert fields(await api.client.post("/accounts", json=NEW | {"name": "Other"})) == ["secret_key"]
    keys = {"key_id": "PKOTHER", "secret_key": "other"}
    assert fields(await api.client.put(f"/accounts/{made['id']}/keys", json=keys)) == ["secret_key"]
    assert len(await api.get("/accounts")) == 2
    assert (await api.get(f"/accounts/{made['id']}"))["key_hint"] == KEY[-4:]


async def test_keys_are_stored_while_the_broker_cannot_be_asked(api: Api) -> None:
    api.checker.answer = KeyCheck(Verdict.UNREACHABLE, "No network.")
    made = await add(api)
    answer = await api.client.put(
        f"/accounts/{made['id']}/keys", json={"key_id": "PKNEWER1234", "secret_key": "newer"}
    )
    assert answer.json()["key_hint"] == "1234"
    check = (await api.client.post(f"/accounts/{made['id']}/check-keys")).json()
    assert check == {"verdict": "unreachable", "sentence": "No network.", "equity": None}
    assert api.checker.asked[-1] == (Keys("PKNEWER1234", "newer"), True)


async def test_keys_of_another_installation_are_said_to_be_unreadable(api: Api) -> None:
    made = await add(api)
    async with api.database.transaction() as session:
        await session.execute(
            update(AccountRow).where(AccountRow.id == made["id"]).values(sealed_keys="gAAAAB-other")
        )
    answer = await api.client.post(f"/accounts/{made['id']}/check-keys")
    assert (answer.status_code, answer.json()["code"]) == (503, "KEYS_UNREADABLE")


async def test_an_account_is_renamed_and_given_another_feed(api: Api) -> None:
    made = await add(api)
    path = f"/accounts/{made['id']}"
    changed = (await api.client.patch(path, json={"name": " Paper two ", "feed": "sip"})).json()
    assert (changed["name"], changed["feed"], changed["key_hint"]) == ("Paper two", "sip", KEY[-4:])
    await add(api, name="Third")
    assert fields(await api.client.patch(path, json={"name": "Third"})) == ["name"]
    for name in (" ", "a\0b", "x" * 81):
        assert fields(await api.client.patch(path, json={"name": name})) == ["name"]
    assert fields(await api.client.patch(f"/accounts/{api.account_id}", json={"name": "Mine"})) == ["name"]


async def test_what_the_engine_says_of_an_account_is_shown(api: Api) -> None:
    made = await add(api)
    async with api.database.transaction() as session:
        session.add(
            EngineStateRow(account_id=made["id"], problem="Wrong keys.", connected=True, heartbeat_at=NOW)
        )
    shown = await api.get(f"/accounts/{made['id']}")
    assert (shown["problem"], shown["connected"]) == ("Wrong keys.", True)


# --- bots of an account -----------------------------------------------------------------------------


async def test_a_bot_belongs_to_the_account_that_it_is_made_in(api: Api) -> None:
    made = await add(api)
    body = definition(account_id=made["id"], symbols=["NVDA"])
    answer = await api.client.post("/bots", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["account_id"] == made["id"]
    assert (await api.create())["account_id"] == api.account_id
    # What the one account trades the other may not.
    assert fields(await api.client.post("/bots", json=definition(symbols=["NVDA"]))) == ["symbols.0"]
    edit = definition(symbols=["AAPL"])
    assert fields(await api.client.put(f"/bots/{answer.json()['id']}", json=edit)) == ["symbols.0"]
    missing = await api.client.post("/bots", json=body | {"account_id": "none"})
    assert (missing.status_code, missing.json()["code"]) == (404, "ACCOUNT_NOT_FOUND")


async def test_the_accounts_are_never_added_up(api: Api) -> None:
    made = await add(api)
    await api.client.post("/bots", json=definition(account_id=made["id"], symbols=["NVDA"]))
    mine, other = await api.get("/summary"), await api.get("/summary", account_id=made["id"])
    assert (mine["account"]["id"], mine["bots_total"]) == (api.account_id, 0)
    assert (other["account"]["id"], other["bots_total"]) == (made["id"], 1)
    assert await api.get("/summary/equity", account_id=made["id"]) == []
    assert (await api.client.get("/summary", params={"account_id": "none"})).status_code == 404


async def test_symbols_and_bars_are_those_of_the_account(api: Api) -> None:
    made = await add(api)
    assert await api.get("/market-data/symbols", account_id=made["id"]) == [
        {"symbol": "NVDA", "name": "Nvidia"}
    ]
    assert (await api.get("/market-data/bars", symbol="NVDA", account_id=made["id"]))["items"] == []
    for path in ("/market-data/symbols", "/market-data/bars"):
        answer = await api.client.get(path, params={"account_id": "none", "symbol": "NVDA"})
        assert answer.json()["code"] == "ACCOUNT_NOT_FOUND"


async def test_an_account_whose_bots_run_is_not_archived(api: Api) -> None:
    made = await add(api)
    path = f"/accounts/{made['id']}"
    body = definition(account_id=made["id"], symbols=["NVDA"])
    bot_id = (await api.client.post("/bots", json=body)).json()["id"]
    assert (await api.client.post(f"/bots/{bot_id}/start")).status_code == 200
    refused = await api.client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "ACCOUNT_IN_USE")
    await api.client.post(f"/bots/{bot_id}/stop", json={})
    assert (await api.client.delete(path)).status_code == 204
    assert (await api.client.get(path)).status_code == 404
    assert (await row(api, made["id"])).sealed_keys is None
    # Its bot stays, and cannot run; its name can be given again.
    api.markets.add(made["id"], FakeBroker([Instrument("NVDA", "Nvidia")]), FakeBarHistory())
    answer = await api.client.post(f"/bots/{bot_id}/start")
    assert (answer.status_code, answer.json()["code"]) == (409, "NO_ACCOUNT")
    await add(api)
    kept = await api.client.delete(f"/accounts/{api.account_id}")
    assert (kept.status_code, kept.json()["code"]) == (409, "ACCOUNT_IS_DEFAULT")


# --- real money -------------------------------------------------------------------------------------


async def test_real_money_stays_off_and_the_answer_says_why(api: Api) -> None:
    live = await add(api, kind="alpaca_live", name="Savings")
    assert api.checker.asked == [(Keys(KEY, SECRET), False)]
    assert live["trading"] is False
    assert "login" in live["problem"]
    path = f"/accounts/{live['id']}/enable-live"
    refused = await api.client.post(path, json={"name": "Savings"})
    assert (refused.status_code, refused.json()["code"]) == (409, "LIVE_NOT_ALLOWED")
    assert "FLOTILLA_ALLOW_LIVE=true" in refused.json()["detail"]
    api.app.state.accounts = replace(api.app.state.accounts, allow_live=True)
    assert fields(await api.client.post(path, json={"name": "savings"})) == ["name"]
    refused = await api.client.post(path, json={"name": "Savings"})
    assert (refused.status_code, refused.json()["code"]) == (409, "LIVE_NEEDS_LOGIN")
    paper = await add(api)
    refused = await api.client.post(f"/accounts/{paper['id']}/enable-live", json={"name": "My paper"})
    assert refused.json()["code"] == "NOT_LIVE"


async def test_a_bot_of_a_live_account_does_not_start(api: Api) -> None:
    live = await add(api, kind="alpaca_live")
    body = definition(account_id=live["id"], symbols=["NVDA"])
    bot_id = (await api.client.post("/bots", json=body)).json()["id"]
    answer = await api.client.post(f"/bots/{bot_id}/start")
    assert (answer.status_code, answer.json()["code"]) == (409, "LIVE_OFF")
    async with api.database.transaction() as session:
        assert await session.scalar(select(BotRow.desired_status).where(BotRow.id == bot_id)) == "stopped"
