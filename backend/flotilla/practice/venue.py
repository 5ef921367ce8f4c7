"""The venue: what the requests of clients do to the market, committed when they are answered."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flotilla.practice.errors import invalid_parameter, not_found
from flotilla.practice.market_time import MarketTime
from flotilla.practice.matching.back_office import BackOffice
from flotilla.practice.matching.book import UnknownOrder
from flotilla.practice.matching.checks import check_cancelable, check_replaceable
from flotilla.practice.matching.configurations import check_allowed
from flotilla.practice.matching.orders import Order, OrderTicket
from flotilla.practice.matching.tickets import Replacement
from flotilla.practice.store import Store

T = TypeVar("T")


class Venue(MarketTime):
    """Call `resume` first; `run` then moves market time until it is cancelled."""

    async def submit(self, account_id: str, ticket: OrderTicket, rejection: str | None = None) -> list[Order]:
        """Accept an order; returns the receipt (the order, then its legs) once it is committed.

        With a `rejection` the venue then refuses it, for that reason.
        """
        async with self.committed() as market:
            await self._check_client_order_id(account_id, ticket.client_order_id)
            self._mark(ticket.symbol)
            asset = self.assets.find(ticket.symbol)
            assert asset is not None
            check_allowed(market.accounts[account_id], ticket, asset.shortable)
            if ticket.is_crypto:
                await self._begin_coins()
            elif ticket.extended_hours:
                await self._begin_extended()
            return await self._change(lambda: market.submit(account_id, ticket, self.now, rejection))

    async def cancel(self, account_id: str, order_id: str, slowly: bool = False) -> None:
        """Cancel one order and its group; raises ApiError when it is unknown or closed.

        `slowly`: what works is `pending_cancel` until the minute is over, and may fill until then.
        """
        async with self.committed() as market:
            await self._on_order(
                account_id,
                order_id,
                lambda: market.cancel(account_id, order_id, self.now, slowly),
                check_cancelable,
            )

    async def replace(self, account_id: str, order_id: str, replacement: Replacement) -> Order:
        """Replace an order; returns the new one."""
        async with self.committed() as market:
            await self._check_client_order_id(account_id, replacement.client_order_id)
            return await self._on_order(
                account_id,
                order_id,
                lambda: market.replace(account_id, order_id, replacement, self.now),
                check_replaceable,
            )

    async def cancel_all(self, account_id: str) -> list[Order]:
        """Cancel every open order of the account; returns them."""
        async with self.committed() as market:
            return await self._change(lambda: market.cancel_all(account_id, self.now))

    async def administer(self, action: Callable[[BackOffice], T]) -> T:
        """Change an account beside its orders; committed when this returns."""
        async with self.committed() as market:
            return await self._change(lambda: action(market.back_office))

    async def rewrite(self, action: Callable[[Store], Awaitable[None]]) -> None:
        """Change what is stored beside the core's own changes, then read it all again."""
        async with self.committed():
            await self._settle_time()
            self._stale = True
            await action(self._store)
            await self._reload()

    async def _check_client_order_id(self, account_id: str, client_order_id: str | None) -> None:
        if client_order_id and await self.queries.by_client_order_id(account_id, client_order_id):
            raise invalid_parameter("client_order_id must be unique")

    async def _on_order(
        self, account_id: str, order_id: str, action: Callable[[], T], check: Callable[[Order], None]
    ) -> T:
        """Run `action` on an order of the book; one that has left it is refused as `check` refuses it."""
        try:
            return await self._change(action)
        except UnknownOrder:
            order = await self.queries.order(account_id, order_id)
            if order is None:
                raise not_found(f"order not found for {order_id}") from None
            check(order)
            raise
