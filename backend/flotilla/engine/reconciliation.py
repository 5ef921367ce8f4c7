"""The broker's truth against ours: every order that either side thinks is open, asked for and booked.

Plain functions over the gateway's one way of booking; run at start, after every reconnection and on
a timer. Events of any order and any number of times lead to the same ledger.
"""

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.domain.orders import advances
from flotilla.engine.order_gateway import OrderGateway
from flotilla.ports.broker import Broker
from flotilla.ports.store import EngineStore

log = structlog.get_logger(__name__)


async def reconcile(broker: Broker, store: EngineStore, gateway: OrderGateway, *, account_id: str) -> int:
    """Bring our open orders to where the broker has them; returns how many had to be asked for.

    Oldest first: an entry is booked before the legs that close it. Raises Unavailable when the broker
    did not answer for each of them.
    """
    at_broker = {order.broker_order_id: order for order in await broker.open_orders()}
    asked, answered = 0, 0
    for order in await store.open_orders(account_id):
        if order.broker_order_id is not None:
            gateway.guard.follow(order)
        known = at_broker.pop(order.broker_order_id or "", None)
        if (
            known is not None
            and known.filled_quantity == order.filled_quantity
            and not advances(order.status, known.status)
        ):
            continue
        asked += 1
        answered += await gateway.refresh(order)
    for report in at_broker.values():  # nobody's of ours, or given up before it arrived there
        await gateway.book(report, [], source="reconciliation")
    if asked:
        log.info("reconciled", asked=asked, answered=answered)
    if answered < asked:
        raise Unavailable(f"The broker did not answer for {asked - answered} orders; they are asked again.")
    return asked
