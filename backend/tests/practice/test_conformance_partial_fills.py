"""The contract's checklist: partial fills (57), in the core, and over REST under the model `quotes`."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

from market_builder import ACCOUNT, OPEN, SESSION, bar, new_account
from practice_server import ThreadServer
from trading_account import MARKET, TERMINAL, TradingAccount

from flotilla.practice.matching.changes import Sequence
from flotilla.practice.matching.fill_model import Match, Outcome, Working
from flotilla.practice.matching.market import Market
from flotilla.practice.matching.orders import OrderTicket, OrderType, Side, TimeInForce
from flotilla.practice.session import Bar, Minute
from flotilla.practice.wire import order_json, trade_update_json

PARTS = ((Decimal(3), Decimal("100.10")), (Decimal(4), Decimal("100.30")), (Decimal(3), Decimal("100.25")))


class InParts:
    """Fills every order in the same three parts at the end of its minute."""

    def at_start(self, working: Working, bar: Bar, start: datetime, now: datetime) -> Iterator[Outcome]:
        yield from ()

    def within(self, working: Working, bar: Bar, start: datetime) -> Iterator[Outcome]:
        for order in working():
            for qty, price in PARTS:
                yield Match(order, qty, price, inside=True)


def test_c57_partial_fills_sum_up_and_the_average_is_weighted() -> None:
    market = Market([new_account()], (), InParts(), Sequence(uuid.UUID(int=1)), SESSION)
    market.marks["A"] = Decimal(100)
    market.begin_minute(Minute(OPEN, {"A": bar((100, 101, 99, 100))}))
    ticket = OrderTicket("A", Side.BUY, OrderType.LIMIT, TimeInForce.DAY, Decimal(10), Decimal(101))
    (order, *_) = market.submit(ACCOUNT, ticket, OPEN)
    market.take_changes()
    market.complete_minute()
    changes = market.take_changes()
    told = [trade_update_json(update)["data"] for update in changes.updates]
    assert [data["event"] for data in told] == ["partial_fill", "partial_fill", "fill"]
    assert [data["order"]["status"] for data in told[:2]] == ["partially_filled"] * 2
    assert [data["position_qty"] for data in told] == ["3", "7", "10"]
    assert sum(Decimal(data["qty"]) for data in told) == 10
    filled = order_json(changes.orders[order.id])
    assert (filled["filled_qty"], filled["status"]) == ("10", "filled")
    assert Decimal(filled["filled_avg_price"]) == sum(q * p for q, p in PARTS) / 10
    assert [e.cum_qty for e in changes.executions] == [3, 7, 10]
    assert [e.leaves_qty for e in changes.executions] == [7, 3, 0]


def test_c57_a_large_order_fills_in_parts_over_rest(quotes_server: ThreadServer) -> None:
    account = TradingAccount(quotes_server, quotes_server.fresh_account())
    order = account.submit({**MARKET, "symbol": "FAKEPACA", "qty": "2500"})
    seen = set()
    while (found := account.order(order["id"]))["status"] not in TERMINAL:
        seen.add(found["status"])
        assert Decimal(found["filled_qty"]) < 2500
        account.server.step()
    assert (found["status"], found["filled_qty"], seen) == ("filled", "2500", {"partially_filled"})
    rows = account.ask("GET", f"/v2/account/activities/FILL?order_id={order['id']}&direction=asc").json()
    assert [row["type"] for row in rows] == ["partial_fill"] * (len(rows) - 1) + ["fill"]
    sizes, prices = ([Decimal(row[name]) for row in rows] for name in ("qty", "price"))
    assert [Decimal(row["cum_qty"]) for row in rows] == list(accumulate(sizes))
    assert [Decimal(row["leaves_qty"]) for row in rows] == [
        2500 - sum(sizes[: n + 1]) for n in range(len(rows))
    ]
    average = sum(size * price for size, price in zip(sizes, prices, strict=True)) / 2500
    assert abs(Decimal(found["filled_avg_price"]) - average) < Decimal("1e-8")
