"""A bot's orders on their way out, in the order of semantics 2: what a step wrote is sent here."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from flotilla.domain.market import Instrument
from flotilla.domain.orders import Intent, Order, OrderStatus, Purpose, to_quantity
from flotilla.engine.bot_book import BotBook
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.step_record import replacement_draft
from flotilla.ports.store import OrderDraft

OUTCOME_WAIT = 2.0  # wall seconds for the stream to tell an outcome, before it is asked for


class Waiting(Protocol):
    """Waits for news of the bot until `ready`; False when that many wall seconds have passed before."""

    async def __call__(self, ready: Callable[[], bool], *, seconds: float | None = None) -> bool: ...


class BotOrders:
    """Sends what one bot's steps have decided; `until` lets it wait for what becomes of it."""

    def __init__(
        self,
        book: BotBook,
        gateway: OrderGateway,
        instruments: Mapping[str, Instrument],
        until: Waiting,
    ) -> None:
        self._book = book
        self._gateway = gateway
        self._instruments = instruments
        self._until = until

    def moved_stops(self, tau: datetime, *, epoch: int) -> list[OrderDraft]:
        """The orders that move the stops at the broker to where the kernel has them at `tau`."""
        return [
            replacement_draft(leg, lot, stop, epoch=epoch, instrument=self._instruments[leg.symbol], tau=tau)
            for leg, lot, stop in self._book.moved_stops()
        ]

    async def send(self, intents: Sequence[Intent], orders: Sequence[Order]) -> None:
        """Send `orders`, whose rows the step that decided `intents` has committed."""
        for order in orders:
            self._book.track(order)
        for intent in intents:
            # An order that is not among `orders` was written before, by a step that a crash
            # interrupted: it was reconciled then, and is not sent again.
            self._book.refresh_pending(intent.symbol)
        for order in orders:
            if order.purpose is Purpose.ENTRY:
                await self._gateway.submit(order)
            elif order.replaces_id is not None:
                await self._move(order, order.replaces_id)
            else:
                await self._exit(order)

    async def _move(self, order: Order, leg_id: str) -> None:
        """Put a stop in the place of the one that rests: what the broker refuses is asked again only
        at another price.
        """
        leg = self._book.order(leg_id)
        if leg is None:
            await self._gateway.close(order, OrderStatus.NOT_SENT, "The stop that it was to move has ended.")
        else:
            await self._gateway.replace(order, leg)

    async def _exit(self, order: Order) -> None:
        """Take the legs back, then close what is left: one of them may fill in between.

        An exit that cannot be sent now is decided anew at the next step (`BotBook.must_go`).
        """
        if not await self._legs_gone(order.symbol):
            reason = "Its stop or target could not be taken back yet."
            await self._gateway.close(order, OrderStatus.NOT_SENT, reason)
            return
        held = self._book.state.holdings.get(order.symbol)
        if held is None:
            reason = "Its stop or target had filled first."
            await self._gateway.close(order, OrderStatus.NOT_SENT, reason)
            return
        left = to_quantity(abs(held.quantity), self._instruments[order.symbol].quantity_step)
        sent: Order | None = order
        if left < order.quantity:
            sent = await self._gateway.resized(order, left)
        if sent is not None:
            await self._gateway.submit(sent)

    async def _legs_gone(self, symbol: str) -> bool:
        """Cancel the legs of all lots; whether none is left: shares that a leg holds cannot be sold.

        One leg takes the others of its bracket along, which is often told before its own turn comes.
        """
        for leg in self._book.legs(symbol):
            if self._book.order(leg.id) is not None:
                await self._gateway.cancel(leg)
        if not await self._until(lambda: not self._book.legs(symbol), seconds=OUTCOME_WAIT):
            for leg in self._book.legs(symbol):
                await self._gateway.refresh(leg)
        return not self._book.legs(symbol)
