"""The kill switch's second choice: cancels the orders that are no bot's, then closes what no bot holds."""

import structlog

from flotilla.domain.reconciliation import CASH, Remedy
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.request_budget import Priority, spending
from flotilla.ports.account_books import AccountBooks
from flotilla.ports.broker import Broker, OrderRejected, OutcomeUnknown

log = structlog.get_logger(__name__)


class UnmanagedCloser:
    """Writes the account's own orders that close it; `AccountDesk` sends them, as those of a remedy."""

    def __init__(
        self, broker: Broker, books: AccountBooks, gateway: OrderGateway, *, account_id: str
    ) -> None:
        self._broker = broker
        self._books = books
        self._gateway = gateway
        self._account_id = account_id

    async def close(self) -> bool:
        """One round, of as many as it takes; whether another one must follow soon. Raises Unavailable."""
        with spending(Priority.KILL_SWITCH):
            if await self._cancel_orders():
                return True  # what they reserve cannot be sold before they are gone
            return await self._write_orders()

    async def _cancel_orders(self) -> bool:
        """Cancel what is open and not ours; whether there was any. What may be ours and is not booked
        yet (a leg, whose parent's answer is under way) is looked at again.
        """
        orders = await self._broker.open_orders()
        known = await self._books.known(self._account_id, [order.broker_order_id for order in orders])
        # An order of the account's own whose answer was lost is known by the id that we gave it.
        own = {order.client_order_id for order in await self._books.account_orders(self._account_id)}
        foreign = [
            order
            for order in orders
            if order.broker_order_id not in known.ours.keys() | known.accounts_own
            and order.client_order_id not in own
        ]
        for order in foreign:
            if order.symbol in self._gateway.unsettled:
                continue
            log.warning("unmanaged_order_cancelled", symbol=order.symbol, order=order.broker_order_id)
            try:
                await self._broker.cancel(order.broker_order_id)
            except (OrderRejected, OutcomeUnknown) as error:
                log.warning("cancel_unanswered", order=order.broker_order_id, error=str(error))
        return bool(foreign)

    async def _write_orders(self) -> bool:
        """Write an order for each symbol whose holding at the broker our books explain.

        What they do not explain is a difference: it is closed once the account watch has found it.
        """
        held = {position.symbol: position.quantity for position in await self._broker.positions()}
        books = await self._books.read(self._account_id)
        differing = [finding for finding in books.findings if finding.quantity]
        for finding in differing:
            if finding.remedy is None:
                await self._books.resolve(finding, Remedy.ADOPT)
        if differing:
            return True
        explained = books.expected
        symbols = [
            symbol
            for symbol, quantity in books.unmanaged.items()
            if symbol != CASH and quantity and held.get(symbol, 0) == explained.get(symbol, 0)
        ]
        if not symbols:
            return False
        return await self._books.close_unmanaged(self._account_id, symbols)
