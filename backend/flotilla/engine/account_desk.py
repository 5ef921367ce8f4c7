"""Carries out what a person wants done about a difference: give it to a bot, keep it, or close it."""

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.domain.orders import Order
from flotilla.domain.reconciliation import Finding, Remedy
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.request_budget import Priority, spending
from flotilla.ports.account_books import AccountBooks, CannotAssign
from flotilla.ports.broker import Broker, BrokerOrder, OrderNotSent, OrderRejected, OutcomeUnknown

log = structlog.get_logger(__name__)


class AccountDesk:
    """The orders of the account itself: their rows come first, their ids make them unique at the broker."""

    def __init__(
        self, broker: Broker, books: AccountBooks, gateway: OrderGateway, *, account_id: str
    ) -> None:
        self._broker = broker
        self._books = books
        self._gateway = gateway
        self._account_id = account_id

    async def carry_out(self) -> bool:
        """Do what was asked for since; whether an order of the account's own is still under way."""
        for finding in (await self._books.read(self._account_id)).findings:
            if finding.remedy is not None:
                await self._remedy(finding, finding.remedy)
        for order in await self._books.account_orders(self._account_id):
            await self._follow(order)
        return bool(await self._books.account_orders(self._account_id))

    async def _remedy(self, finding: Finding, remedy: Remedy) -> None:
        log.info("remedy", symbol=finding.symbol, remedy=remedy, finding=finding.id)
        if remedy is Remedy.ASSIGN:
            try:
                await self._gateway.book_assigned(lambda: self._books.assign(self._account_id, finding))
            except CannotAssign as error:
                await self._books.refuse(finding, str(error))
        elif remedy is Remedy.FLATTEN and finding.quantity:
            await self._books.flatten(self._account_id, finding)
        elif remedy is Remedy.FLATTEN:
            await self._books.refuse(finding, "Only dollars differ: there is nothing to close. Adopt them.")
        else:
            await self._books.resolve(finding, remedy)

    async def _follow(self, order: Order) -> None:
        """Send an order, or learn how far it has come."""
        try:
            report = await self._find(order)
        except Unavailable as error:
            log.warning("account_order_unknown", order=order.client_order_id, error=error.detail)
            return
        if report is None:
            report = await self._send(order)
        if report is not None:
            await self._books.account_order_is(order, report)
            self._gateway.follow_account_order(order, report)

    async def _find(self, order: Order) -> BrokerOrder | None:
        if order.broker_order_id is not None:
            return await self._broker.get(order.broker_order_id)
        return await self._broker.find(order.client_order_id)

    async def _send(self, order: Order) -> BrokerOrder | None:
        """Send it when it meets no other one; the broker takes its id only once, whatever happens."""
        if self._gateway.guard.blocker(order) is not None:
            return None
        self._gateway.guard.follow(order)
        try:
            with spending(
                Priority.KILL_SWITCH if order.client_order_id.startswith("close-") else Priority.EXIT
            ):
                return await self._broker.submit(order)
        except OutcomeUnknown as error:
            log.warning("account_order_unknown", order=order.client_order_id, error=str(error))
            return None
        except (OrderRejected, OrderNotSent) as refusal:
            log.warning("account_order_rejected", order=order.client_order_id, reason=refusal.reason)
            await self._books.account_order_is(order, None, reason=refusal.reason)
            self._gateway.follow_account_order(order, None)
            return None
