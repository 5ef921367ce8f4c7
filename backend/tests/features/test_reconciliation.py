"""The account against the broker, as a person reads it, and what may be asked for about it."""

from decimal import Decimal
from typing import Any

import pytest

from flotilla.db.tables import FindingRow
from flotilla.domain.reconciliation import CASH, Cause, Difference, Remedy
from flotilla.ports.account_books import Look
from tests.adapters.postgres.desk import Desk
from tests.builders import same_money
from tests.features.api import Api

D = Decimal


async def finding(desk: Desk, symbol: str = "AAPL", quantity: int = 5, cash: int = -500) -> str:
    books = desk.store.account_books
    difference = Difference(symbol, Cause.MANUAL_TRADE, D(quantity), D(cash), "Told by a test.")
    await books.record(desk.account_id, difference)
    return (await books.read(desk.account_id)).findings[-1].id


async def test_an_account_that_was_not_looked_at_says_so(api: Api) -> None:
    read = await api.get("/reconciliation")
    assert (read["looked_at"], read["agrees"], read["symbols"], read["findings"]) == (None, True, [], [])
    assert read["cash"]["broker"] is None


async def test_each_symbol_and_the_dollars_stand_side_by_side(api: Api, desk: Desk) -> None:
    books = desk.store.account_books
    await desk.bought(10, "100")
    await books.meet(desk.account_id, {"MSFT": D(3), CASH: D(50_000)}, [])
    await books.looked(desk.account_id, Look({"AAPL": D(15), "MSFT": D(3), CASH: D(48_500)}))
    await finding(desk)
    read = await api.get("/reconciliation")
    lines = {line["symbol"]: line for line in [*read["symbols"], read["cash"]]}

    def told(symbol: str) -> list[Decimal]:
        return [D(lines[symbol][name]) for name in ("bots", "unmanaged", "broker", "difference")]

    assert told("AAPL") == [10, 0, 15, 5]
    assert told("MSFT") == [0, 3, 3, 0]
    assert told("USD") == [-1000, 50_000, 48_500, -500]
    assert read["agrees"] is False
    (found,) = read["findings"]
    assert (found["symbol"], found["cause"], found["remedy"]) == ("AAPL", "manual_trade", None)
    assert same_money(found["quantity"], 5)


async def test_a_remedy_is_kept_for_the_engine(api: Api, desk: Desk) -> None:
    key = await finding(desk)
    for body in ({"remedy": "adopt"}, {"remedy": "flatten"}, {"remedy": "assign", "bot_id": desk.bot_id}):
        answer = await api.client.post(f"/reconciliation/findings/{key}/remedy", json=body)
        assert answer.status_code == 202, answer.text
        wanted = answer.json()
        assert (wanted["remedy"], wanted["bot_id"]) == (body["remedy"], body.get("bot_id"))
        assert wanted["resolved_at"] is None


@pytest.mark.parametrize(
    ("symbol", "body", "field"),
    [
        ("AAPL", {"remedy": "assign"}, "bot_id"),
        ("AAPL", {"remedy": "assign", "bot_id": "none"}, "bot_id"),
        ("AAPL", {"remedy": "adopt", "bot_id": "BOT"}, "bot_id"),
        ("SPY", {"remedy": "assign", "bot_id": "BOT"}, "bot_id"),
        (CASH, {"remedy": "flatten"}, "remedy"),
        (CASH, {"remedy": "assign", "bot_id": "BOT"}, "remedy"),
        ("AAPL", {"remedy": "forget"}, "remedy"),
    ],
)
async def test_what_makes_no_sense_is_refused_beside_its_field(
    api: Api, desk: Desk, symbol: str, body: dict[str, Any], field: str
) -> None:
    key = await finding(desk, symbol, 0 if symbol == CASH else 5)
    if body.get("bot_id") == "BOT":
        body = {**body, "bot_id": desk.bot_id}
    answer = await api.client.post(f"/reconciliation/findings/{key}/remedy", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_what_is_resolved_or_unknown_has_no_remedy(api: Api, desk: Desk) -> None:
    key = await finding(desk)
    books = desk.store.account_books
    (open_one,) = (await books.read(desk.account_id)).findings
    await books.resolve(open_one, Remedy.ADOPT)
    for path, status in ((key, 409), ("unknown", 404)):
        answer = await api.client.post(f"/reconciliation/findings/{path}/remedy", json={"remedy": "adopt"})
        assert answer.status_code == status
    (told,) = await api.get("/reconciliation/findings")
    assert told["resolved_at"] is not None
    async with api.database.transaction() as session:
        assert (await session.get_one(FindingRow, key)).remedy == "adopt"
