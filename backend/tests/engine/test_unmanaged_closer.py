"""The kill switch's second choice: what no bot has is cancelled and closed, once, its row first."""

from decimal import Decimal

import pytest

from flotilla.db.tables import AccountOrderRow
from flotilla.domain.orders import OrderStatus
from flotilla.domain.reconciliation import CASH
from flotilla.engine.account_watch import AccountWatch
from tests.engine.desk import Desk
from tests.engine.fakes import answer_lost


def closing(desk: Desk) -> AccountWatch:
    return AccountWatch(
        desk.exchange,
        desk.store,
        desk.store.account_books,
        desk.gateway,
        desk.engine.nudges,
        account_id=desk.engine.account_id,
        second_look=0.0,
        closes_unmanaged=lambda: True,
    )


async def held(desk: Desk) -> dict[str, Decimal]:
    return {one.symbol: one.quantity for one in await desk.exchange.positions() if one.quantity}


async def unmanaged(desk: Desk) -> dict[str, Decimal]:
    books = await desk.store.account_books.read(desk.engine.account_id)
    return {symbol: quantity for symbol, quantity in books.unmanaged.items() if quantity}


@pytest.mark.parametrize("quantity", [7, -7])
async def test_a_holding_of_no_bot_is_closed_once_and_what_a_bot_holds_stays(
    desk: Desk, quantity: int
) -> None:
    desk.exchange.by_hand("MSFT", quantity, 50.0)
    watch = closing(desk)
    await watch.compare()
    await desk.gateway.submit(await desk.order())
    await desk.reconciled()
    for _ in range(4):
        await watch.round()
    assert await held(desk) == {"AAPL": 10}
    assert set(await unmanaged(desk)) == {CASH}
    (order,) = await desk.engine.rows(AccountOrderRow, account_id=desk.engine.account_id)
    assert (order.status, order.finding_id, order.quantity) == (OrderStatus.FILLED, None, 7)


async def test_an_open_order_of_nobody_is_cancelled_and_a_bots_is_not(desk: Desk) -> None:
    desk.exchange.fills_at_once = False
    resting = desk.exchange.by_hand_resting("MSFT", 3)
    watch = closing(desk)
    await watch.compare()
    own = await desk.order()
    await desk.gateway.submit(own)
    await watch.round()
    assert desk.exchange.orders[resting].status is OrderStatus.CANCELED
    assert await desk.outline() == [("entry", "pending_new")], "it stays open"
    assert await desk.engine.rows(AccountOrderRow, account_id=desk.engine.account_id) == []


async def test_a_difference_on_record_is_closed_too(desk: Desk) -> None:
    watch = closing(desk)
    await watch.compare()
    desk.exchange.by_hand("AAPL", 5, 91.0)
    for _ in range(5):
        await watch.round()
    assert await held(desk) == {}
    assert set(await unmanaged(desk)) == {CASH}


async def test_a_lost_answer_sells_nothing_twice(desk: Desk) -> None:
    desk.exchange.by_hand("MSFT", 7, 50.0)
    watch = closing(desk)
    await watch.compare()
    desk.exchange.once("submit", answer_lost)
    for _ in range(4):
        await watch.round()
    assert await held(desk) == {}
    assert len(desk.exchange.called("submit")) == 1
