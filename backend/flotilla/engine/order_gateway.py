"""Every order passes here. Its row is committed before its request; what came of a request is known,
or asked for by client order id, and never resent. Every report is booked once, whoever brings it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.orders import Order, OrderStatus, Purpose
from flotilla.domain.reconciliation import CASH
from flotilla.engine.booking_lock import BookingLock
from flotilla.engine.order_line import OrderLine
from flotilla.ports.broker import Broker, BrokerOrder, OrderNotSent, OrderRejected, OutcomeUnknown
from flotilla.ports.market_data import TradeUpdate
from flotilla.ports.store import Booked, EngineStore, FillOutOfOrder

log = structlog.get_logger(__name__)

# How long a request without an answer may still arrive: asked at these wall seconds after it.
ASK_AFTER = (0.2, 0.5, 1.0, 2.0, 4.0)


class OrderListener(Protocol):
    """A bot that hears what became of its orders, in the order in which it was booked."""

    def on_booked(self, booked: Booked) -> None: ...

    def on_closed(self, order: Order) -> None:
        """The order never was at the broker, and will not be."""
        ...

    def on_split(self, rest: Order) -> None:
        """An order is sent in two: this is the second part, a row of its own."""
        ...

    def on_caught_up(self) -> None:
        """The books are the broker's again."""
        ...


class OrderGateway:
    """The orders of one account."""

    def __init__(
        self,
        broker: Broker,
        store: EngineStore,
        *,
        account_id: str,
        ask_after: Sequence[float] = ASK_AFTER,
        market_now: Callable[[], datetime | None] = lambda: None,
        market_heard: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._broker = broker
        self._store = store
        self._account_id = account_id
        self._ask_after = ask_after
        self._listeners: dict[str, OrderListener] = {}
        self._booking = BookingLock()
        self._claimed: set[str] = set()
        self._in_flight: dict[str, asyncio.Future[None]] = {}
        self._behind = False
        self.market_heard = market_heard
        self.line = OrderLine(store, account_id=account_id, market_now=market_now)
        self.guard = self.line.guard
        self.news = asyncio.Event()  # something was filled, ours or not
        self.doubt = asyncio.Event()  # something was asked, and not answered: reconcile soon
        self.moves: Counter[str] = Counter()  # how often our books of a symbol have changed
        self._sending: Counter[str] = Counter()
        self.unreconciled: Collection[str] = frozenset()
        self._no_entries: str | None = None

    # --- who listens ----------------------------------------------------------------------------

    @asynccontextmanager
    async def joining(self) -> AsyncIterator[None]:
        """No report is booked inside: read a bot's memory here, then `listen`, and none is missed."""
        async with self._booking.shared():
            yield

    def listen(self, bot_id: str, listener: OrderListener) -> None:
        self._listeners[bot_id] = listener

    def unlisten(self, bot_id: str) -> None:
        self._listeners.pop(bot_id, None)

    @property
    def caught_up(self) -> bool:
        """Whether the books are the broker's; while they are not, no bot may decide."""
        return not self._behind

    def fall_behind(self) -> None:
        """Reports may have been missed."""
        self._behind = True

    def catch_up(self) -> None:
        """What was missed has been asked for and booked."""
        self._behind = False
        for listener in self._listeners.values():
            listener.on_caught_up()

    # --- requests -------------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Requests whose outcome is not known yet."""
        return len(self._in_flight)

    @contextmanager
    def claim(self, client_order_ids: Iterable[str]) -> Iterator[None]:
        """Write and send these orders inside: nobody else takes them for orders that never left."""
        claimed = set(client_order_ids)
        self._claimed |= claimed
        try:
            yield
        finally:
            self._claimed -= claimed

    def refuse_entries(self, reason: str | None) -> None:
        """Send no entry from now on, whoever decided it and when; None: send them again."""
        self._no_entries = reason

    async def submit(self, order: Order) -> None:
        """Send an order whose row is committed. Returns when the outcome is known, or cannot be; or
        when it waits for another one, which it must not meet at the broker.
        """
        if self._no_entries is not None and order.purpose is Purpose.ENTRY:
            await self.close(order, OrderStatus.NOT_SENT, self._no_entries)
            return
        if await self.line.admit(order):
            await self._submit_next(order)

    async def send_freed(self) -> None:
        """Send what waited for another order, as soon as that is done; runs for ever."""
        await self.line.run(self._send_freed, self._claimed.add)

    async def _send_freed(self, order: Order) -> None:
        with self.claim([order.client_order_id]):
            reason = self.line.outlived(order, self._listeners)
            if reason is None and order.purpose is Purpose.ENTRY:
                reason = self._no_entries
            if reason is not None:
                await self.close(order, OrderStatus.NOT_SENT, reason)
            else:
                await self._submit_next(order)

    async def _submit_next(self, order: Order) -> None:
        """Send an order that waits for nothing."""
        refused = self.line.held_by_leg(order)
        if refused is not None:
            await self.close(order, OrderStatus.NOT_SENT, refused)
            return
        first, rest = await self.line.split_at_zero(order)
        listener = self._listeners.get(order.bot_id)
        if rest is not None and listener is not None:
            listener.on_split(rest)
        await self._request(first, lambda: self._broker.submit(first))

    def holds_back(self, symbols: Collection[str]) -> bool:
        """Whether broker and books differ in one of these symbols, or in dollars."""
        return any(symbol == CASH or symbol in symbols for symbol in self.unreconciled)

    @property
    def unsettled(self) -> set[str]:
        """The symbols for which a request is unanswered: broker and books may differ for now."""
        return {symbol for symbol, count in self._sending.items() if count}

    async def replace(self, order: Order, resting: Order) -> None:
        """Put an order whose row is committed in the place of one that rests at the broker.

        Returns as `submit` does. Of the old one its own report tells: it may fill first. Where the
        broker refuses, the old one stays, or has come to its end: it is asked for.
        """
        assert resting.broker_order_id is not None, "it rests at the broker"
        key = resting.broker_order_id
        if not await self._request(order, lambda: self._broker.replace(key, order)):
            await self.refresh(resting)

    async def _request(self, order: Order, request: Callable[[], Awaitable[BrokerOrder]]) -> bool:
        """Make a request and book what comes of it; False when the broker refused it."""
        self._sending[order.symbol] += 1
        done = asyncio.get_running_loop().create_future()
        self._in_flight[order.client_order_id] = done
        try:
            report = await request()
        except OrderRejected as refusal:
            log.warning("order_rejected", order=order.client_order_id, reason=refusal.reason)
            await self.close(order, OrderStatus.REJECTED, refusal.reason)
            return False
        except OrderNotSent as dropped:
            log.warning("order_dropped", order=order.client_order_id, reason=dropped.reason)
            await self.close(order, OrderStatus.NOT_SENT, dropped.reason)
            return False
        except OutcomeUnknown as error:
            log.warning("order_outcome_unknown", order=order.client_order_id, error=str(error))
            await self._ask(order)
        else:
            await self.book(report, [], source="submit")
        finally:
            del self._in_flight[order.client_order_id]
            done.set_result(None)
            self._sending[order.symbol] -= 1
        return True

    async def cancel(self, order: Order) -> None:
        """Ask for a cancel; what comes of it is booked like everything else."""
        if order.broker_order_id is None:
            if self.guard.withdraw(order.client_order_id):
                await self.close(order, OrderStatus.NOT_SENT, "It was cancelled while it waited.")
            return
        try:
            await self._broker.cancel(order.broker_order_id)
        except (OrderRejected, OutcomeUnknown) as error:
            if isinstance(error, OutcomeUnknown):
                self.doubt.set()
            log.warning("cancel_unanswered", order=order.client_order_id, error=str(error))

    async def resized(self, order: Order, quantity: Decimal) -> Order | None:
        """The same order for another quantity, its row changed first; None when it was sent already."""
        return await self._store.resize_order(order.id, quantity)

    async def close(self, order: Order, status: OrderStatus, reason: str) -> None:
        """End an order that never was at the broker."""
        async with self._booking:
            closed = await self._store.close_order(order.id, status, reason)
            listener = self._listeners.get(order.bot_id)
            if closed is not None:
                self.line.follow(closed)
            if closed is not None and listener is not None:
                listener.on_closed(closed)

    # --- reports --------------------------------------------------------------------------------

    async def on_update(self, update: TradeUpdate) -> None:
        """Book one trade update. One of an unknown order may be a leg whose parent's answer is under
        way: it is looked up again when the requests in flight are answered.
        """
        executions = [] if update.execution is None else [update.execution]
        booked = await self.book(update.order, executions, source="stream", event_id=update.event_id)
        if booked is None and self._in_flight:
            await asyncio.wait(set(self._in_flight.values()))
            booked = await self.book(update.order, executions, source="stream", event_id=update.event_id)
        if booked is None:
            log.info("update_not_booked", order=update.order.client_order_id, update=update.event)
            own = self.guard.known(update.order.symbol, update.order.client_order_id)
            if own is not None:
                self.follow_account_order(own, update.order)
            if executions:
                self.news.set()

    async def refresh(self, order: Order, *, alone: bool = False) -> bool:
        """Ask the broker for an order and book what it says; False when it does not answer.

        An order it never had is closed; one that its bot is about to send is left to it. `alone`: no
        other order is asked for because of it.
        """
        mine = order.client_order_id in self._claimed or self.guard.waits(order.client_order_id)
        if order.broker_order_id is None and mine:
            return True
        try:
            report = await self._find(order)
            if report is None:
                await self._not_there(order)
                return True
            executions: Sequence[Execution] = ()
            if report.filled_quantity > order.filled_quantity:
                executions = await self._broker.executions(report.broker_order_id)
            await self.book(report, executions, source="reconciliation", alone=alone)
        except Unavailable as error:
            self.doubt.set()
            log.warning("refresh_failed", order=order.client_order_id, error=error.detail)
            return False
        return True

    async def book(
        self,
        report: BrokerOrder,
        executions: Sequence[Execution],
        *,
        source: str,
        event_id: str | None = None,
        alone: bool = False,
    ) -> Booked | None:
        """Book one report and tell its bot. None when the order is not ours, or closes what cannot be
        learnt of now that it was opened: it stays open in our books, and is asked for again.
        """
        try:
            booked = await self._book(report, executions, source, event_id)
        except FillOutOfOrder as error:
            log.warning("fill_out_of_order", order=report.client_order_id, detail=str(error))
            if alone:
                return None
            booked = await self._book_after_others(report, executions, source, event_id)
        if booked is not None and not alone:
            await self._follow_legs(booked)
            await self._follow_successor(booked)
        return booked

    async def _book_after_others(
        self,
        report: BrokerOrder,
        executions: Sequence[Execution],
        source: str,
        event_id: str | None,
    ) -> Booked | None:
        """Learn first of the bot's orders on the other side: what they open is closed by this one."""
        orders = await self._store.open_orders(self._account_id)
        own = next((o for o in orders if o.client_order_id == report.client_order_id), None)
        for order in orders:
            if own is not None and (order.bot_id, order.symbol) != (own.bot_id, own.symbol):
                continue
            if order.symbol == report.symbol and (own is None or order.side is not own.side):
                await self.refresh(order, alone=True)
        try:
            return await self._book(report, executions, source, event_id)
        except FillOutOfOrder as error:
            log.error("closed_before_opened", order=report.client_order_id, detail=str(error))
            return None

    async def _book(
        self,
        report: BrokerOrder,
        executions: Sequence[Execution],
        source: str,
        event_id: str | None,
    ) -> Booked | None:
        async with self._booking:
            booked = await self._apply(report, executions, source, event_id)
        # The answer to a request under way brings the legs.
        answered = report.client_order_id not in self._in_flight
        if booked is not None and (booked.missing or (booked.legs_missing and answered)):
            return await self._complete(report, booked)
        return booked

    async def _complete(self, report: BrokerOrder, booked: Booked) -> Booked:
        """Ask for the executions and legs that a report did not bring."""
        try:
            whole = await self._broker.get(report.broker_order_id)
            every = await self._broker.executions(report.broker_order_id)
        except Unavailable as error:
            self.doubt.set()
            log.warning("report_not_completed", order=report.client_order_id, error=error.detail)
            return booked
        if whole is None:
            log.error("order_lost_at_broker", order=report.client_order_id)
            return booked
        async with self._booking:
            return await self._apply(whole, every, "asked", None) or booked

    async def _follow_legs(self, booked: Booked) -> None:
        """Ask for the legs that have come further than we knew: their reports may have been missed."""
        for leg in booked.legs_ahead:
            await self.refresh(leg)

    async def _follow_successor(self, booked: Booked) -> None:
        """Learn of an order that took the place of one of ours, by another hand than the engine's."""
        if booked.successor is None:
            return
        try:
            found = await self._broker.get(booked.successor)
        except Unavailable as error:
            self.doubt.set()
            log.warning("successor_unavailable", order=booked.order.client_order_id, error=error.detail)
            return
        if found is not None and await self.book(found, [], source="asked") is not None:
            await self.refresh(booked.order)

    async def _apply(
        self,
        report: BrokerOrder,
        executions: Sequence[Execution],
        source: str,
        event_id: str | None,
    ) -> Booked | None:
        booked = await self._store.book(
            report, executions, account_id=self._account_id, source=source, event_id=event_id
        )
        if booked is not None:
            self._heard(booked)
        return booked

    def follow_account_order(self, order: Order, report: BrokerOrder | None) -> None:
        """Where an order of the account's own stands; None: it never was at the broker."""
        status = OrderStatus.NOT_SENT if report is None else report.status
        filled = order.filled_quantity if report is None else report.filled_quantity
        if filled != order.filled_quantity:
            self.moves[order.symbol] += 1
        self.line.follow(replace(order, status=status, filled_quantity=filled))

    async def book_assigned(self, assign: Callable[[], Awaitable[Booked]]) -> None:
        """Book what a person gives a bot, and tell it."""
        async with self._booking:
            self._heard(await assign())

    def _heard(self, booked: Booked) -> None:
        if booked.fills:
            self.moves[booked.order.symbol] += 1
            self.news.set()
        for order in (booked.order, *booked.legs):
            self.line.follow(order)
        listener = self._listeners.get(booked.order.bot_id)
        if listener is not None:
            listener.on_booked(booked)

    # --- what became of it ----------------------------------------------------------------------

    async def _ask(self, order: Order) -> None:
        """Find out what became of a request, for as long as it may still arrive."""
        answered = False
        for pause in self._ask_after:
            await asyncio.sleep(pause)
            try:
                report = await self._broker.find(order.client_order_id)
            except Unavailable:
                answered = False
                continue
            answered = True
            if report is not None:
                await self.book(report, [], source="asked")
                return
        if answered:
            await self._not_there(order)
        else:
            self.doubt.set()

    async def _find(self, order: Order) -> BrokerOrder | None:
        if order.broker_order_id is not None:
            return await self._broker.get(order.broker_order_id)
        return await self._broker.find(order.client_order_id)

    async def _not_there(self, order: Order) -> None:
        if order.broker_order_id is None:
            await self.close(order, OrderStatus.NOT_SENT, "The broker never received it.")
        else:
            log.error("order_lost_at_broker", order=order.client_order_id)
