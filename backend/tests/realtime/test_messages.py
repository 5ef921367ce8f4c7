"""What happens reaches the pages that listen: in order, once, and as REST would tell it."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import socketio
from pydantic import TypeAdapter
from sqlalchemy import text

from flotilla.db import outbox as writing
from flotilla.db.session import Database
from flotilla.domain.bots import BotStatus
from flotilla.domain.orders import OrderStatus
from flotilla.ports.broker import AccountFigures
from flotilla.realtime.messages import Message
from tests.adapters.postgres.desk import TAU, Desk, draft, execution, report, sale
from tests.builders import definition
from tests.realtime.live import Live, serving

MESSAGE: TypeAdapter[Any] = TypeAdapter(Message)
S = OrderStatus


async def tell(database: Database, *bot_ids: str) -> None:
    """Commit a fact for each, in one transaction."""
    async with database.transaction() as session:
        for bot_id in bot_ids:
            await writing.add_event(session, type="bot_deleted", bot_id=None, payload={"bot_id": bot_id})


async def fill_outbox(database: Database, count: int) -> None:
    """Have `count` more facts already numbered."""
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO flotilla.events (id, number, type, payload)"
                " SELECT 'past-' || n, n, 'bot_deleted', jsonb_build_object('bot_id', n::text)"
                " FROM generate_series((SELECT coalesce(max(number), 0) + 1 FROM flotilla.events),"
                " (SELECT coalesce(max(number), 0) FROM flotilla.events) + :count) n"
            ),
            {"count": count},
        )


# --- greeting and resuming --------------------------------------------------------------------------


async def test_a_new_page_is_told_the_newest_number(database: Database, database_url: str) -> None:
    await fill_outbox(database, 7)
    async with serving(database, database_url) as live, live.page() as page:
        assert await page.next("hello") == {"type": "hello", "number": 7, "resumed": False}
        await tell(database, "a")
        assert await page.facts(1) == [{"type": "bot_deleted", "number": 8, "bot_id": "a"}]


async def test_a_page_that_was_away_gets_what_it_missed_and_then_what_follows(
    database: Database, database_url: str
) -> None:
    async with serving(database, database_url) as live:
        async with live.page() as page:
            await page.next("hello")
            await tell(database, "a", "b")
            known = (await page.facts(2))[-1]["number"]
        async with live.page() as other:
            await other.next("hello")
            await tell(database, "c", "d", "e")
            await other.facts(3)
        async with live.page({"number": known}) as page:
            assert await page.next("hello") == {"type": "hello", "number": 5, "resumed": True}
            await tell(database, "f")
            missed = await page.facts(4)
            assert [(fact["number"], fact["bot_id"]) for fact in missed] == [
                (3, "c"),
                (4, "d"),
                (5, "e"),
                (6, "f"),
            ]


async def test_a_page_that_missed_nothing_is_resumed(database: Database, database_url: str) -> None:
    await fill_outbox(database, 3)
    async with serving(database, database_url) as live, live.page({"number": 3}) as page:
        assert await page.next("hello") == {"type": "hello", "number": 3, "resumed": True}
        await tell(database, "a")
        assert [fact["number"] for fact in await page.facts(1)] == [4]


@pytest.mark.parametrize(("behind", "resumed"), [(1000, True), (1001, False)])
async def test_a_page_too_far_behind_fetches_anew(
    database: Database, database_url: str, behind: int, resumed: bool
) -> None:
    await fill_outbox(database, 1200)
    async with (
        serving(database, database_url) as live,
        live.page({"number": 1200 - behind}) as page,
    ):
        assert (await page.next("hello"))["resumed"] is resumed
        await tell(database, "a")
        first = await page.next("bot_deleted")
        assert first["number"] == (1200 - behind + 1 if resumed else 1201)
        if resumed:
            rest = await page.facts_to(1201)
            assert [fact["number"] for fact in rest] == list(range(202, 1202))


@pytest.mark.parametrize(
    "auth",
    [
        {"number": 6},
        {"number": "5"},
        {"number": 4.5},
        {"number": None},
        {"number": [1]},
        {"number": 2**62},
        {"other": 5},
        {},
        "5",
        [5],
    ],
)
async def test_what_is_no_number_of_ours_is_a_first_visit(
    database: Database, database_url: str, auth: Any
) -> None:
    await fill_outbox(database, 5)
    async with serving(database, database_url) as live, live.page(auth) as page:
        assert await page.next("hello") == {"type": "hello", "number": 5, "resumed": False}
        await tell(database, "a")
        assert [fact["number"] for fact in await page.facts(1)] == [6]


async def test_facts_of_an_earlier_version_are_not_resumed_from(
    database: Database, database_url: str
) -> None:
    await fill_outbox(database, 3)
    async with database.transaction() as session:
        old = "UPDATE flotilla.events SET type = 'bot_status_changed' WHERE number = 2"
        await session.execute(text(old))
    async with serving(database, database_url) as live:
        for known, resumed in ((1, False), (2, True)):
            async with live.page({"number": known}) as page:
                assert await page.next("hello") == {"type": "hello", "number": 3, "resumed": resumed}
        async with live.page({"number": 1}) as page:
            await tell(database, "a")
            assert [fact["number"] for fact in await page.facts(1)] == [4]


async def test_pages_that_come_and_go_miss_nothing_and_hear_nothing_twice(
    database: Database, database_url: str
) -> None:
    total = 120

    async def happen() -> None:
        for number in range(total):
            await tell(database, str(number))

    async with serving(database, database_url) as live, asyncio.TaskGroup() as tasks:
        tasks.create_task(happen())
        known, heard = 0, []
        while known < total:
            async with live.page({"number": known}) as page:
                assert (await page.next("hello"))["resumed"]
                for fact in await page.facts(min(9, total - known)):
                    heard.append((fact["number"], fact["bot_id"]))
                    known = fact["number"]
    assert heard == [(number + 1, str(number)) for number in range(total)]


# --- facts ------------------------------------------------------------------------------------------


async def a_busy_day(live: Live, desk: Desk) -> None:
    """Do everything that facts are told of, in several ways."""
    created = (await live.http.post("/bots", json=definition(name="Second"))).json()
    await live.http.put(f"/bots/{created['id']}", json=definition(name="Second, edited", capital="12000"))
    await live.http.post(f"/bots/{created['id']}/start")
    await live.http.post(f"/bots/{created['id']}/stop", json={"on_stop": "flatten"})
    gone = (await live.http.post("/bots", json=definition(name="Third"))).json()
    await live.http.delete(f"/bots/{gone['id']}")

    for status, reason in (
        (BotStatus.STARTING, None),
        (BotStatus.ERROR, "it broke"),
        (BotStatus.RUNNING, None),
    ):
        await desk.store.set_status(desk.bot_id, status, reason)
    entry = await desk.order(draft(quantity=Decimal(7)))
    await desk.book(report(entry, S.PARTIALLY_FILLED, 3), execution(entry, 3, 3, "100.01"))
    await desk.step(checkpoint={"day_baseline": 10_000.0})
    await desk.book(report(entry, S.FILLED, 7), execution(entry, 7, 4, "100.02", minute=2))
    await desk.store.mark(desk.account_id, {"AAPL": 99.999})
    partly = await desk.order(draft("entry-2", symbol="MSFT"))
    await desk.book(report(partly, S.PARTIALLY_FILLED, 2), execution(partly, 2, 2, "50.5", minute=3))
    await desk.book(report(partly, S.CANCELED, 2))
    await desk.store.mark(desk.account_id, {"AAPL": 101.25, "MSFT": 50.1})
    exit_ = await desk.order(sale(quantity=Decimal(7)))
    await desk.book(report(exit_, S.FILLED, 7), execution(exit_, 7, 7, "99.5", minute=9))


def applied(
    facts: list[dict[str, Any]], known: dict[str, dict[str, dict[str, Any]]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Apply facts as the page does: each carries the whole row, and the newest is right."""
    for fact in facts:
        match fact["type"]:
            case "bot_status_changed":
                known["bots"][fact["bot"]["id"]] = fact["bot"]
            case "bot_deleted":
                known["bots"].pop(fact["bot_id"], None)
            case "trade_executed":
                known["trades"][fact["trade"]["id"]] = fact["trade"]
            case "position_updated":
                known["positions"][fact["position"]["id"]] = fact["position"]
    return known


async def fetched(live: Live) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        path: {row["id"]: row for row in await live.items(f"/{path}")}
        for path in ("bots", "trades", "positions")
    }


async def newest(live: Live) -> int:
    """Return the number of the newest fact, when all there are have theirs."""
    while await live.outbox.number():
        pass
    return await live.outbox.newest()


async def test_applying_the_facts_gives_what_refetching_gives(
    database: Database, database_url: str, desk: Desk
) -> None:
    async with serving(database, database_url) as live, live.page() as page:
        await page.next("hello")
        before = await fetched(live)
        await a_busy_day(live, desk)
        facts = await page.facts_to(await newest(live))
        now = await fetched(live)
        assert applied(facts, before) == now
        assert len(now["trades"]) == 3
        assert {row["unrealized_pnl"] for row in now["positions"].values()} == {"0", "-0.8"}


async def test_every_fact_is_a_message_of_the_contract_in_its_order(
    database: Database, database_url: str, desk: Desk
) -> None:
    async with serving(database, database_url) as live, live.page({"number": 0}) as page:
        await page.next("hello")
        await a_busy_day(live, desk)
        facts = await page.facts_to(await newest(live))
        numbers = [fact["number"] for fact in facts]
        assert numbers == list(range(1, len(facts) + 1))
        assert {fact["type"] for fact in facts} == {
            "bot_status_changed",
            "bot_deleted",
            "trade_executed",
            "position_updated",
        }
        for fact in facts:
            assert MESSAGE.validate_python(fact).model_dump(mode="json") == fact
        trades = [fact["trade"] for fact in facts if fact["type"] == "trade_executed"]
        for trade_id in {trade["id"] for trade in trades}:
            versions = [trade["version"] for trade in trades if trade["id"] == trade_id]
            assert versions == list(range(1, len(versions) + 1))


async def test_every_page_hears_every_fact(database: Database, database_url: str) -> None:
    async with serving(database, database_url) as live, live.page() as one, live.page() as other:
        for page in (one, other):
            await page.next("hello")
        await tell(database, "a", "b")
        assert await one.facts(2) == await other.facts(2)


# --- prices and summary -----------------------------------------------------------------------------


def bar(symbol: str, minute: int, close: float) -> dict[str, Any]:
    start = datetime(2026, 3, 10, 14, 31, tzinfo=UTC) + timedelta(minutes=minute)
    return {
        "symbol": symbol,
        "start": start,
        "open": 1.0,
        "high": 2.0,
        "low": 0.5,
        "close": close,
        "volume": 10.0,
    }


async def test_of_many_prices_the_newest_of_each_symbol_is_sent(
    database: Database, database_url: str
) -> None:
    async with serving(database, database_url) as live, live.page() as page:
        await page.next("hello")
        await live.prices.publish([*(bar("AAPL", n, 100.0 + n) for n in range(20)), bar("MSFT", 19, 50.0)])
        message = await page.next("price_update")
        assert [(one["symbol"], one["close"]) for one in message["bars"]] == [("AAPL", 119.0), ("MSFT", 50.0)]
        assert message["bars"][0]["start"] == "2026-03-10T14:50:00Z"
        assert set(message) == {"type", "bars"}
        assert MESSAGE.validate_python(message).model_dump(mode="json") == message


async def test_prices_only_ever_get_newer(database: Database, database_url: str) -> None:
    async with serving(database, database_url) as live, live.page() as page:
        await page.next("hello")
        for n in range(30):
            await live.prices.publish([bar("AAPL", n, 100.0 + n)])
        closes = [0.0]
        while closes[-1] != 129.0:
            message = await page.next("price_update")
            closes += [one["close"] for one in message["bars"]]
        assert closes == sorted(set(closes))


async def test_the_summary_is_sent_when_it_has_changed(
    database: Database, database_url: str, desk: Desk
) -> None:
    async with serving(database, database_url) as live, live.page() as page:
        await page.next("hello")
        figures = AccountFigures(Decimal("100005.83"), Decimal("99000"), Decimal("100000"))
        await desk.store.save_account(desk.account_id, figures, TAU)
        while True:
            message = await page.next("summary_updated")
            if message["summary"]["account"]["equity"] is not None:
                break
        assert message["summary"] == (await live.http.get("/summary")).json()
        assert message["summary"]["account"]["day_pnl"] == "5.83"
        assert MESSAGE.validate_python(message).model_dump(mode="json") == message


# --- strangers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
async def test_a_strangers_page_is_not_let_in(
    database: Database, database_url: str, headers: dict[str, str]
) -> None:
    async with serving(database, database_url) as live:
        with pytest.raises(socketio.exceptions.ConnectionError):
            async with live.page(**headers):
                pytest.fail("a stranger is listening")
        polling = httpx.AsyncClient(base_url=live.url, headers=headers)
        async with polling:
            assert (await polling.get("/ws/", params={"EIO": 4, "transport": "polling"})).status_code == 403
            assert (await polling.get("/api/bots")).status_code == 403


async def test_our_own_page_is_let_in(database: Database, database_url: str) -> None:
    async with serving(database, database_url) as live, live.page(Origin=live.url) as page:
        await page.next("hello")


async def test_what_a_page_sends_disturbs_nobody(database: Database, database_url: str) -> None:
    async with serving(database, database_url) as live, live.page() as rude, live.page() as page:
        await page.next("hello")
        for payload in (None, {"number": 1}, "x" * 10_000, [1, [2, [3]]]):
            await rude.client.emit("start_bot", payload)
        await tell(database, "a")
        assert [fact["bot_id"] for fact in await page.facts(1)] == ["a"]
        assert [fact["bot_id"] for fact in await rude.facts(1)] == ["a"]
