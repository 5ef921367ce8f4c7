"""Trades, positions and orders as the page reads them: filtered, newest first, page by page."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from flotilla.domain.orders import OrderStatus, OrderType
from tests.adapters.postgres.desk import TAU, Desk, draft, execution, leg, report, sale
from tests.builders import add_bot
from tests.features.api import Api

S = OrderStatus


async def buy(desk: Desk, key: str, *, minute: int, symbol: str = "AAPL", price: str = "100") -> None:
    order = await desk.order(draft(key, symbol=symbol, quantity=Decimal(2)))
    await desk.book(report(order, S.FILLED, 2), execution(order, 2, 2, price, minute=minute))


async def sell(desk: Desk, key: str, *, minute: int, symbol: str = "AAPL", price: str = "101") -> None:
    order = await desk.order(sale(key, symbol=symbol, quantity=Decimal(2)))
    await desk.book(report(order, S.FILLED, 2), execution(order, 2, 2, price, minute=minute))


async def test_a_trade_as_the_feed_shows_it(api: Api, desk: Desk) -> None:
    await buy(desk, "entry", minute=1, price="100.255")
    await sell(desk, "exit", minute=2, price="99.005")
    sold, bought = (await api.get("/trades"))["items"]
    assert bought == {
        "id": bought["id"],
        "bot_id": desk.bot_id,
        "bot_name": "Dip buyer",
        "order_id": bought["order_id"],
        "symbol": "AAPL",
        "type": "buy",
        "purpose": "entry",
        "quantity": "2",
        "price": "100.255",
        "fee": "0",
        "profit_loss": None,
        "timestamp": "2026-03-10T14:32:00Z",
        "indicators_snapshot": {"rsi.rsi": 29.5, "close": 100.0},
        "version": 1,
        "is_final": True,
    }
    assert (sold["type"], sold["profit_loss"], sold["price"]) == ("sell", "-2.5", "99.005")
    assert sold["timestamp"] == "2026-03-10T14:33:00Z"


async def test_a_position_as_the_page_shows_it(api: Api, desk: Desk) -> None:
    await buy(desk, "entry", minute=1)
    await desk.store.mark(desk.account_id, {"AAPL": 100.55})
    (position,) = (await api.get("/positions"))["items"]
    assert position == {
        "id": position["id"],
        "bot_id": desk.bot_id,
        "bot_name": "Dip buyer",
        "symbol": "AAPL",
        "quantity": "2",
        "entry_price": "100",
        "current_price": "100.55",
        "stop_loss_price": "98",
        "take_profit_price": "104",
        "unrealized_pnl": "1.1",
        "realized_pnl": "0",
        "opened_at": "2026-03-10T14:32:00Z",
        "closed_at": None,
        "is_open": True,
    }
    await sell(desk, "exit", minute=9, price="99")
    (position,) = (await api.get("/positions"))["items"]
    assert (position["quantity"], position["unrealized_pnl"], position["realized_pnl"]) == ("0", "0", "-2")
    assert (position["is_open"], position["closed_at"]) == (False, "2026-03-10T14:40:00Z")


async def test_an_order_as_the_page_shows_it(api: Api, desk: Desk) -> None:
    order = await desk.order()
    stop = leg(order, OrderType.STOP, "98")
    await desk.book(report(order, S.FILLED, 10, legs=(stop,)), execution(order, 10, 10, "100.5"))
    child, parent = (await api.get("/orders"))["items"]
    if child["parent_id"] is None:
        child, parent = parent, child
    assert parent == {
        "id": order.id,
        "bot_id": desk.bot_id,
        "client_order_id": "entry-1",
        "broker_order_id": "b-entry-1",
        "parent_id": None,
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "purpose": "entry",
        "quantity": "10",
        "limit_price": None,
        "stop_price": None,
        "status": "filled",
        "filled_quantity": "10",
        "filled_average_price": "100.5",
        "expected_price": "100",
        "slippage": "0.5",
        "slippage_bps": "50",
        "reason": None,
        "decided_reason": "signal",
        "tau": "2026-03-10T14:31:00Z",
        "created_at": parent["created_at"],
    }
    assert (child["parent_id"], child["purpose"], child["stop_price"]) == (order.id, "stop_loss", "98")
    assert (child["side"], child["status"]) == ("sell", "held")
    assert child["decided_reason"] == "stop_touched"


async def test_a_refused_order_says_why(api: Api, desk: Desk) -> None:
    order = await desk.order()
    await desk.store.close_order(order.id, S.REJECTED, "insufficient buying power")
    (shown,) = (await api.get("/orders"))["items"]
    assert (shown["status"], shown["reason"]) == ("rejected", "insufficient buying power")


async def test_lists_are_filtered(api: Api, desk: Desk) -> None:
    other = Desk(desk.database, desk.store, desk.account_id, await add_bot(desk.database, name="Other"))
    await buy(desk, "a", minute=1)
    await buy(other, "b", minute=2, symbol="MSFT")
    await sell(desk, "c", minute=3)

    async def keys(path: str, **query: Any) -> list[str]:
        return [row["symbol"] for row in (await api.get(path, **query))["items"]]

    assert await keys("/trades") == ["AAPL", "MSFT", "AAPL"]
    assert await keys("/trades", bot_id=desk.bot_id) == ["AAPL", "AAPL"]
    assert await keys("/trades", symbol="MSFT") == ["MSFT"]
    assert await keys("/trades", bot_id=desk.bot_id, symbol="MSFT") == []
    assert await keys("/trades", bot_id="nobody") == []
    assert await keys("/positions") == ["MSFT", "AAPL"]
    assert await keys("/positions", is_open=True) == ["MSFT"]
    assert await keys("/positions", is_open=False) == ["AAPL"]
    assert await keys("/positions", bot_id=other.bot_id) == ["MSFT"]
    assert await keys("/orders", bot_id=other.bot_id) == ["MSFT"]
    names = {row["bot_name"] for row in (await api.get("/trades"))["items"]}
    assert names == {"Dip buyer", "Other"}


@pytest.mark.parametrize("path", ["/trades", "/positions", "/orders"])
@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_give_every_row_once_while_others_arrive(
    api: Api, desk: Desk, path: str, limit: int
) -> None:
    for number in range(5):
        await buy(desk, f"early-{number}", minute=number, symbol=f"S{number}")
    before = [row["id"] for row in (await api.get(path))["items"]]
    assert len(before) == 5

    seen = []
    late = 10
    async for page in api.walk(path, limit=limit):
        assert len(page) <= limit
        seen += [row["id"] for row in page]
        await buy(desk, f"late-{late}", minute=late, symbol=f"S{late}")
        late += 1
    assert seen == before
    everything = [row["id"] for row in (await api.get(path))["items"]]
    assert everything[-5:] == before
    assert len(everything) == late - 10 + 5


@pytest.mark.parametrize(("path", "column"), [("/trades", "timestamp"), ("/positions", "opened_at")])
async def test_rows_of_one_moment_are_not_lost_between_pages(
    api: Api, desk: Desk, path: str, column: str
) -> None:
    for number in range(4):
        await buy(desk, f"entry-{number}", minute=1, symbol=f"S{number}")
    rows = [row async for page in api.walk(path, limit=1) for row in page]
    assert len({row["id"] for row in rows}) == 4
    assert len({row[column] for row in rows}) == 1


async def test_microseconds_are_not_lost_between_pages(api: Api, desk: Desk) -> None:
    for number in range(4):
        await buy(desk, f"entry-{number}", minute=1, symbol=f"S{number}")
    async with api.database.transaction() as session:
        ids = (await session.execute(text("SELECT id FROM flotilla.trades ORDER BY id"))).scalars().all()
        for number, row_id in enumerate(ids):
            at = TAU + timedelta(microseconds=1 + number)
            await session.execute(
                text("UPDATE flotilla.trades SET timestamp = :at WHERE id = :id"), {"at": at, "id": row_id}
            )
    seen = [row["id"] async for page in api.walk("/trades", limit=1) for row in page]
    assert seen == list(reversed(ids))


async def test_a_page_of_exactly_what_there_is_is_the_last(api: Api, desk: Desk) -> None:
    for number in range(2):
        await buy(desk, f"entry-{number}", minute=number, symbol=f"S{number}")
    assert (await api.get("/trades", limit=2))["next_cursor"] is None
    assert (await api.get("/trades", limit=1))["next_cursor"] is not None


async def test_an_endless_average_is_shown_to_its_end(api: Api, desk: Desk) -> None:
    order = await desk.order(draft(quantity=Decimal(3)))
    parts = [execution(order, 1, 1, "100"), execution(order, 3, 2, "100.01")]
    await desk.book(report(order, S.FILLED, 3), *parts)
    (trade,) = (await api.get("/trades"))["items"]
    assert Decimal(trade["price"]) * 3 == pytest.approx(Decimal("300.02"), abs=Decimal("1e-20"))
