"""The kill switch over the API: what it says before, what is stored, and who is told."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from flotilla.db.tables import EventRow
from flotilla.domain.reconciliation import CASH
from flotilla.realtime.messages import FACT
from tests.adapters.postgres.desk import Desk, draft
from tests.features.api import Api, fields


def path(api: Api) -> str:
    return f"/accounts/{api.account_id}/kill-switch"


async def alerts(api: Api) -> list[dict[str, Any]]:
    async with api.database.transaction() as session:
        rows = await session.scalars(select(EventRow).where(EventRow.type == "alert").order_by(EventRow.id))
        found = [row.payload for row in rows]
    for payload in found:
        FACT.validate_python({**payload, "type": "alert", "number": 1})  # as it is sent
    return [payload["alert"] for payload in found]


async def test_before_it_is_used_it_says_what_it_would_do(api: Api, desk: Desk) -> None:
    await desk.bought(10, "100")
    await desk.order(draft("entry-2", symbol="MSFT", quantity=Decimal(5)))
    await desk.store.mark(desk.account_id, {"AAPL": 101.5})
    await api.client.post(f"/bots/{desk.bot_id}/start")
    assert await api.get(path(api)) == {
        "account_id": api.account_id,
        "engaged": False,
        "flatten": False,
        "unmanaged": False,
        "engaged_at": None,
        "released_at": None,
        "consequences": {
            "bots": 1,
            "entries": 1,
            "orders": 1,
            "positions": 1,
            "unmanaged": 0,
            "value": "1015",
            "unrealized_pnl": "15",
        },
    }


async def test_it_is_turned_on_further_on_and_off(api: Api, desk: Desk) -> None:
    on = (await api.client.post(path(api), json={})).json()
    assert (on["engaged"], on["flatten"], on["unmanaged"]) == (True, False, False)
    assert on["engaged_at"] == "2026-03-10T15:00:00Z"
    again = await api.client.post(path(api), json={})
    assert again.json() == on
    further = (await api.client.post(path(api), json={"flatten": True})).json()
    assert (further["flatten"], further["unmanaged"]) == (True, False)
    state = await desk.store.kill_switch(api.account_id)
    assert (state.engaged_at is not None, state.flatten, state.unmanaged) == (True, True, False)
    off = (await api.client.post(f"{path(api)}/release")).json()
    assert (off["engaged"], off["flatten"], off["engaged_at"]) == (False, False, None)
    assert off["released_at"] is not None
    assert (await api.client.post(f"{path(api)}/release")).json() == off
    assert (await desk.store.kill_switch(api.account_id)).engaged_at is None
    codes = [alert["code"] for alert in await alerts(api)]
    assert codes == 2 * ["KILL_SWITCH_ENGAGED"] + ["KILL_SWITCH_RELEASED"]


async def test_the_alert_says_the_consequences_in_numbers(api: Api, desk: Desk) -> None:
    await desk.bought(10, "100")
    await api.client.post(path(api), json={"flatten": True})
    (alert,) = await alerts(api)
    assert (alert["severity"], alert["account_id"]) == ("error", api.account_id)
    assert "1 positions worth 1,000.00 USD are closed" in alert["text"]


async def test_what_is_no_bots_is_counted_and_closed_by_the_second_choice(api: Api, desk: Desk) -> None:
    await desk.store.account_books.adopt(desk.account_id, {"MSFT": Decimal(7), CASH: Decimal(900)}, {})
    assert (await api.get(path(api)))["consequences"]["unmanaged"] == 1
    answer = await api.client.post(path(api), json={"flatten": True, "unmanaged": True})
    assert answer.json()["unmanaged"] is True
    (alert,) = await alerts(api)
    assert "1 holdings of no bot" in alert["text"]


@pytest.mark.parametrize("body", [{"unmanaged": True}, {"flatten": 5}, {"now": True}, []])
async def test_what_is_no_bots_needs_both_choices(api: Api, body: Any) -> None:
    assert fields(await api.client.post(path(api), json=body)) is not None
    assert (await api.get(path(api)))["engaged"] is False


async def test_an_account_that_is_unknown(api: Api) -> None:
    for method, end in (("GET", ""), ("POST", ""), ("POST", "/release")):
        answer = await api.client.request(method, f"/accounts/nobody/kill-switch{end}", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "ACCOUNT_NOT_FOUND")
