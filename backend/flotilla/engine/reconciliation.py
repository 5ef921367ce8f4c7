"""The broker's truth against ours: every order that we think is open, asked for and booked.

Plain functions over the gateway's one way of booking; run at start, after every reconnection and on
a timer. Events of any order and any number of times lead to the same ledger.
"""

import structlog

from flotilla.domain.orders import advances
from flotilla.engine.order_gateway import OrderGateway
from flotilla.ports.broker import Broker
from flotilla.ports.store import EngineStore

log = structlog.get_logger(__name__)


async def reconcile(broker: Broker, store: EngineStore, gateway: OrderGateway, *, account_id: str) -> int:
    """Bring our open orders to where the broker has them; returns how many had to be asked for.

    Oldest first: an entry is booked before the legs that close it. An order in flight is left to its
    request. Raises Unavailable when the broker does not answer.
    """
    at_broker = {order.broker_order_id: order for order in await broker.open_orders()}
    asked = 0
    for order in await store.open_orders(account_id):
        if order.broker_order_id is None and gateway.in_flight:
            continue
        known = at_broker.get(order.broker_order_id or "")
        if (
            known is not None
            and known.filled_quantity == order.filled_quantity
            and not advances(order.status, known.status)
        ):
            continue
        asked += 1
        await gateway.refresh(order)
    if asked:
        log.info("reconciled", orders=asked)
    return asked
