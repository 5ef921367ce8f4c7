"""The market: accounts, open orders, the minute in progress. Requests and minutes go in, changes out.

A minute boundary tau, in this order: `complete_minute` (the bar that ends at tau fills resting orders),
then `begin_minute` (market orders that waited fill at the open of the bar that begins at tau).
"""

import copy
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from flotilla.practice.errors import unprocessable
from flotilla.practice.matching import checks
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.back_office import BackOffice
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.changes import Changes, Recorder, Sequence
from flotilla.practice.matching.fill_model import FillModel
from flotilla.practice.matching.orders import (
    ZERO,
    Order,
    OrderStatus,
    OrderTicket,
    OrderType,
    TimeInForce,
)
from flotilla.practice.matching.settlement import Settlement
from flotilla.practice.matching.tickets import Replacement, legs_of, order_of, replacement_of
from flotilla.practice.numbers import exact
from flotilla.practice.session import MINUTE, Minute, Session

# A fill within a bar is stamped just before the bar's end, so that it belongs to the bar's session.
_BEFORE_THE_END = timedelta(milliseconds=1)
_GOOD_TILL_CANCELED = timedelta(days=90)


class UnknownOrder(LookupError):
    """The book does not hold the order: it is closed, another account's, or was never there."""


class Market:
    """Deterministic: the same accounts, orders, bars and requests give the same changes.

    `session` is the one in progress or the next; `minute` is None while the market is closed.
    `marks` are the last closes; the caller adds those of symbols it has not seen bars of.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        orders: Iterable[Order],
        fill_model: FillModel,
        sequence: Sequence,
        session: Session,
    ) -> None:
        self.accounts = {account.id: account for account in accounts}
        self.book = Book(orders)
        self.marks: dict[str, Decimal] = {}
        self.session = session
        self.minute: Minute | None = None
        self.sequence = sequence
        self._model = fill_model
        self._recorder = Recorder(sequence)
        self._settlement = Settlement(self.accounts, self.book, self.marks, self._recorder)
        self.back_office = BackOffice(self.accounts, self.marks, self._recorder)

    def take_changes(self) -> Changes:
        """Return what happened since the last call."""
        return self._recorder.take()

    # Requests ---------------------------------------------------------------------------------

    def submit(self, account_id: str, ticket: OrderTicket, now: datetime) -> list[Order]:
        """Accept an order and its legs, or raise ApiError and change nothing.

        Returns the receipt: the order as it was when it was received, then its legs. A market order
        whose symbol has a bar in the minute in progress is filled before this returns.
        """
        account = self.accounts[account_id]
        # The last completed close: bots derive their stops from it, and so does the backtest.
        base_price = ticket.limit_price or ticket.stop_price or self.marks[ticket.symbol]
        checks.check_legs(account, ticket, base_price)
        checks.check_quantity(account, ticket, self.book)
        reserve_price = self._reserve_price(account, ticket)
        order = order_of(ticket, account, self.sequence, now, self._expiry(ticket))
        order.reserve_price = reserve_price
        order.status = OrderStatus.PENDING_NEW if self.minute else OrderStatus.ACCEPTED
        group = [order, *legs_of(order, ticket, self.sequence)]
        for member in group:
            self.book.add(member)
            self._recorder.order(member)
        receipt = [copy.copy(member) for member in group]
        self._recorder.event(order.status.value, order, now)
        if self.minute:
            self._settlement.route(order, now)
            self._fill_on_arrival(order, self.minute, now)
        return receipt

    def cancel(self, account_id: str, order_id: str, now: datetime) -> None:
        """Cancel an open order and the rest of its group.

        Raises UnknownOrder when the book does not know it, ApiError when it is closed already.
        """
        order = self._open_order(account_id, order_id)
        order.cancel_requested_at = now
        self._settlement.cancel_group(order.root_id, now)
        self.book.prune(order.root_id)

    def cancel_all(self, account_id: str, now: datetime) -> list[Order]:
        """Cancel every open order of the account; returns copies of them, as they are then."""
        orders = [order for order in self.book.of_account(account_id) if order.is_open]
        for order in orders:
            if order.is_open:  # not canceled yet with its group
                self.cancel(account_id, order.id, now)
        return [copy.copy(order) for order in orders]

    def replace(self, account_id: str, order_id: str, replacement: Replacement, now: datetime) -> Order:
        """Put a new order in the place of a working or held one; returns a copy of the new order.

        Raises UnknownOrder when the book does not know the old one, ApiError when it may not be replaced.
        """
        old = self._open_order(account_id, order_id)
        if old.status in (OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW):
            raise unprocessable(f"cannot replace order in {old.status.value} status")
        new = replacement_of(old, replacement, self.sequence, now)
        self._check_replacement(old, new)
        old.status, old.replaced_by = OrderStatus.REPLACED, new.id
        old.replaced_at = old.updated_at = now
        self.book.add(new)
        self.book.prune(old.root_id)
        self._recorder.event("replaced", old, now)
        self._recorder.event("held" if new.status is OrderStatus.HELD else "new", new, now)
        return copy.copy(new)

    def last_price(self, symbol: str) -> Decimal:
        """Return the newest price: the open of the bar in progress, else the last close."""
        bar = self.minute.bars.get(symbol) if self.minute else None
        return exact(bar.open) if bar else self.marks[symbol]

    def _open_order(self, account_id: str, order_id: str) -> Order:
        order = self.book.find(order_id)
        if order is None or order.account_id != account_id:
            raise UnknownOrder(order_id)
        if not order.is_open:
            raise unprocessable(f'order is already in "{order.status.value}" state')
        return order

    def _check_replacement(self, old: Order, new: Order) -> None:
        if new.opens_position:
            account = self.accounts[old.account_id]
            reserved = self.book.reserved(account.id) - old.remaining * old.reserve_price
            buying_power = account.buying_power(self.marks, reserved)
            checks.check_buying_power(new.remaining * new.reserve_price, buying_power)
        elif not new.is_leg and new.remaining > old.remaining:
            existing = abs(self.accounts[old.account_id].quantity(old.symbol))
            held = self.book.held_quantity(old.account_id, old.symbol, old.side) - old.remaining
            checks.check_available(old.symbol, new.remaining, existing, held, [old.id])

    def _reserve_price(self, account: Account, ticket: OrderTicket) -> Decimal:
        if checks.closes_position(account, ticket.symbol, ticket.side):
            return ZERO
        price = checks.reserve_price(ticket, self.last_price(ticket.symbol))
        buying_power = account.buying_power(self.marks, self.book.reserved(account.id))
        checks.check_buying_power(price * ticket.qty, buying_power)
        return price

    def _expiry(self, ticket: OrderTicket) -> datetime:
        if ticket.time_in_force is TimeInForce.DAY:
            return self.session.close
        return self.session.close + _GOOD_TILL_CANCELED

    # Time -------------------------------------------------------------------------------------

    def open_session(self, minute: Minute) -> None:
        """The session opens: queued orders are routed, then the first minute begins."""
        for order in self.book.open_orders():
            if order.status is OrderStatus.ACCEPTED:
                self._settlement.route(order, minute.start)
        self.begin_minute(minute)

    def begin_minute(self, minute: Minute) -> None:
        """Market time reaches `minute.start`: waiting market orders fill, reducing ones first."""
        self.minute = minute
        trading = [symbol for symbol in self.book.symbols() if symbol in minute.bars]
        for opening in (False, True):
            for symbol in trading:
                waiting = partial(self._waiting, symbol, opening)
                matches = self._model.at_start(waiting, minute.bars[symbol])
                self._settlement.execute_all(matches, minute.start, minute.start)

    def complete_minute(self) -> None:
        """The minute in progress is over: its bars fill resting orders and become the marks."""
        assert self.minute is not None
        minute, at = self.minute, self.minute.start + MINUTE - _BEFORE_THE_END
        for symbol in self.book.symbols():
            bar = minute.bars.get(symbol)
            if bar is not None:
                working = partial(self.book.working, symbol)
                matches = self._model.within(working, bar, minute.start)
                self._settlement.execute_all(matches, minute.start, at)
        for symbol, bar in minute.bars.items():
            self.marks[symbol] = exact(bar.close)
        self.back_office.sample(minute.start + MINUTE)

    def close_session(self, next_session: Session) -> None:
        """The session closes: DAY orders expire; what comes now waits for `next_session`."""
        for order in self.book.open_orders():
            if order.time_in_force is TimeInForce.DAY:
                self._settlement.expire(order, self.session.close)
        for account in self.accounts.values():
            account.last_equity = account.equity(self.marks)
            self._recorder.account(account)
        self.back_office.sample(self.session.close, closing=True)
        self.minute, self.session = None, next_session

    def _waiting(self, symbol: str, opening: bool) -> list[Order]:
        return [order for order in self.book.working(symbol) if order.opens_position is opening]

    def _fill_on_arrival(self, order: Order, minute: Minute, now: datetime) -> None:
        bar = minute.bars.get(order.symbol)
        if bar is not None and order.type is OrderType.MARKET:
            matches = self._model.at_start(lambda: [order], bar)
            self._settlement.execute_all(matches, minute.start, now)
