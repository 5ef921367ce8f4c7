"""What all bots of an account together may do: read, written, and what is wrong with it."""

from typing import Any

import pytest
from sqlalchemy import update

from flotilla.db.tables import AccountRow
from tests.features.api import Api, fields

OFF = {
    "daily_loss_percent": None,
    "max_exposure_percent": None,
    "max_symbol_percent": None,
    "max_open_positions": None,
}
STATE = {
    "day": 739_000,
    "day_baseline": 20_000.0,
    "closing_equity": 19_400.25,
    "daily_loss_halted": 1,
    "exposure": 5_000.0,
    "positions": 2,
    "members": {},
    "tau": "2026-03-10T14:00:00+00:00",
}


async def keep_state(api: Api) -> None:
    """Leave what the engine leaves after a minute."""
    async with api.database.transaction() as session:
        await session.execute(
            update(AccountRow).where(AccountRow.id == api.account_id).values(limits_state=STATE)
        )


async def test_nothing_is_limited_until_somebody_says_so(api: Api) -> None:
    assert await api.get(f"/accounts/{api.account_id}/limits") == OFF | {"standing": None}


async def test_limits_are_kept_and_shown_with_where_the_account_stands(api: Api) -> None:
    path = f"/accounts/{api.account_id}/limits"
    wanted = {"daily_loss_percent": 3.0, "max_open_positions": 10}
    answer = await api.client.put(path, json=wanted)
    assert answer.status_code == 200
    assert answer.json() == OFF | wanted | {"standing": None}
    await keep_state(api)
    standing = (await api.get(path))["standing"]
    assert standing == {
        "at": "2026-03-10T14:00:00Z",
        "equity": "19400.25",
        "day_pnl": "-599.75",
        "exposure": "5000",
        "open_positions": 2,
        "halted": True,
    }
    # Lifted and set again, the day begins anew.
    assert (await api.client.put(path, json={})).json() == OFF | {"standing": None}
    assert (await api.client.put(path, json=wanted)).json()["standing"] is None


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"daily_loss_percent": 0}, "daily_loss_percent"),
        ({"max_exposure_percent": 100.5}, "max_exposure_percent"),
        ({"max_symbol_percent": -1}, "max_symbol_percent"),
        ({"max_exposure_percent": 20, "max_symbol_percent": 30}, "max_symbol_percent"),
        ({"max_open_positions": 0}, "max_open_positions"),
        ({"max_open_positions": 2.5}, "max_open_positions"),
        ({"daily_loss_percent": "much"}, "daily_loss_percent"),
        ({"weekly_loss_percent": 3}, "weekly_loss_percent"),
    ],
)
async def test_a_wrong_limit_is_named_and_nothing_changes(api: Api, body: dict[str, Any], wrong: str) -> None:
    path = f"/accounts/{api.account_id}/limits"
    assert fields(await api.client.put(path, json=body)) == [wrong]
    assert await api.get(path) == OFF | {"standing": None}


async def test_an_unknown_account_is_not_found(api: Api) -> None:
    for answer in (
        await api.client.get("/accounts/none/limits"),
        await api.client.put("/accounts/none/limits", json={}),
    ):
        assert answer.status_code == 404
        assert answer.json()["code"] == "ACCOUNT_NOT_FOUND"
