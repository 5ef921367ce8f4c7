"""The contract's checklist: partial fills (57), in the core, under a model that fills in parts."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from market_builder import ACCOUNT, OPEN, SESSION, bar, new_account

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
