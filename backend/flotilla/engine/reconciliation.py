"""The broker's truth against ours: every order that either side thinks is open, asked for and booked.

Plain functions over the gateway's one way of booking; run at start, after every reconnection, on a timer,
and soon after an outcome stayed unknown. Events of any order and any number of times lead to the same ledger.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.domain.orders import advances
from flotilla.engine.order_gateway import OrderGateway
from flotilla.ports.broker import Broker
from flotilla.ports.store import EngineStore

log = structlog.get_logger(__name__)

# Wall seconds: between two, and before the next while something is not known, later and later.
_EVERY, _AGAIN = 60.0, (1.0, 2.0, 5.0, 15.0, 60.0)


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


async def keep_reconciled(attempt: Callable[[], Awaitable[bool]], doubt: asyncio.Event) -> None:
    """Reconcile for ever: once a minute, and soon after `doubt` is set or an `attempt` answered False.

    An order whose outcome is unknown holds its bot back in its symbol: it is not left so for a minute.
    """
    failures = 0
    while True:
        if not failures:
            try:
                async with asyncio.timeout(_EVERY):
                    await doubt.wait()
            except TimeoutError:
                pass
            else:
                failures = 1
        if failures:
            await asyncio.sleep(_AGAIN[min(failures, len(_AGAIN)) - 1])
        doubt.clear()
        done = await attempt() and not doubt.is_set()
        failures = 0 if done else failures + 1
