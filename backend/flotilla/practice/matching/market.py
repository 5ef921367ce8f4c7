"""The market: accounts, open orders, the minute in progress. Requests and minutes go in, changes out.

A minute boundary tau, in this order: `complete_minute` (the bar that ends at tau fills resting orders),
then `begin_minute` (market orders that waited fill at the open of the bar that begins at tau).
"""

import copy
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from flotilla.practice.calendar import extended_hours, new_york_day
from flotilla.practice.matching.acceptance import Acceptance, check_auction
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.back_office import BackOffice
from flotilla.practice.matching.book import Book, UnknownOrder
from flotilla.practice.matching.changes import Changes, Recorder, Sequence
from flotilla.practice.matching.checks import check_cancelable, check_replaceable
from flotilla.practice.matching.expiry import Expiry
from flotilla.practice.matching.fill_model import FillModel, move_trail
from flotilla.practice.matching.orders import (
    IMMEDIATE,
    Order,
    OrderStatus,
    OrderTicket,
    OrderType,
    TimeInForce,
    is_crypto,
)
from flotilla.practice.matching.settlement import Settlement
from flotilla.practice.matching.tickets import (
    Replacement,
    legs_of,
    order_of,
    replacement_of,
)
from flotilla.practice.numbers import exact
from flotilla.practice.session import MINUTE, Minute, Session

# A fill within a bar is stamped just before the bar's end, so that it belongs to the bar's session.
_BEFORE_THE_END = timedelta(milliseconds=1)


class Market:
    """Deterministic: the same accounts, orders, bars and requests give the same changes.

    `session` is the one in progress or the next; `minute` is None while nothing trades. Outside the
    session a minute has bars of coins and, if it is an extended one, of stocks: for orders that ask for
    it. `last_session` gives the last trading day up to a day. `marks` are the last closes; the caller
    adds those of symbols it has not seen bars of.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        orders: Iterable[Order],
        fill_model: FillModel,
        sequence: Sequence,
        session: Session,
        last_session: Callable[[date], date] = lambda day: day,
    ) -> None:
        self.accounts = {account.id: account for account in accounts}
        self.book = Book(orders)
        self.marks: dict[str, Decimal] = {}
        self.session = session
        self.minute: Minute | None = None
        self.sequence = sequence
        self._model = fill_model
        self._queued = [order for order in self.book.open_orders() if order.status is OrderStatus.ACCEPTED]
        self._recorder = Recorder(sequence, self.book.changed)
        self._settlement = Settlement(self.accounts, self.book, self.marks, self._recorder)
        self.expiry = Expiry(self.book, self._settlement, self.marks, last_session)
        self._acceptance = Acceptance(self.book, self.marks, self.last_price)
        self.back_office = BackOffice(self.accounts, self.marks, self._recorder, self.book, self._settlement)

    @property
    def is_open(self) -> bool:
        """Say whether stocks trade: a minute of the session is in progress."""
        return self.minute is not None and self.minute.start >= self.session.open

    @property
    def has_coins(self) -> bool:
        """Say whether any account holds coins or has an open order for them."""
        held = (symbol for account in self.accounts.values() for symbol in account.positions)
        return any(map(is_crypto, (*held, *self.book.symbols())))

    def take_changes(self) -> Changes:
        """Return what happened since the last call."""
        return self._recorder.take()

    # Requests ---------------------------------------------------------------------------------

    def submit(
        self, account_id: str, ticket: OrderTicket, now: datetime, rejection: str | None = None
    ) -> list[Order]:
        """Accept an order and its legs, or raise ApiError and change nothing.

        Returns the receipt: the order as it was when it was received, then its legs. What fills at once
        is filled before this returns. With a `rejection` the venue refuses it after that, for that reason.
        """
        account = self.accounts[account_id]
        qty = self._acceptance.quantity(ticket)
        if self.minute is not None:
            check_auction(ticket.time_in_force, now, self.session, self.is_open)
        reserve_price = self._acceptance.check(account, ticket, qty)
        order = order_of(ticket, qty, account, self.sequence, now, self._expires_at(ticket, now))
        order.reserve_price = reserve_price
        if order.type is OrderType.TRAILING_STOP:
            move_trail(order, self.last_price(order.symbol))
        trades_now = self._trades_now(order)
        order.status = OrderStatus.PENDING_NEW if trades_now else OrderStatus.ACCEPTED
        group = [order, *legs_of(order, ticket, self.sequence)]
        for member in group:
            self.book.add(member)
            self._recorder.order(member)
        receipt = [copy.copy(member) for member in group]
        self._recorder.event(order.status.value, order, now)
        if rejection is not None:
            self._settlement.reject(order, now, rejection)
        elif trades_now:
            self._arrive(group, now)
        else:
            self._queued += [member for member in group if member.status is OrderStatus.ACCEPTED]
        return receipt

    def cancel(self, account_id: str, order_id: str, now: datetime, slowly: bool = False) -> None:
        """Cancel an open order and the rest of its group; `slowly`: when the minute in progress is over.

        Raises UnknownOrder when the book does not know it, ApiError when it is closed already.
        """
        order = self._order(account_id, order_id)
        check_cancelable(order)
        if slowly and order.cancel_requested_at is not None:
            return
        slowly = slowly and order.is_working and self._trades_now(order)
        order.cancel_requested_at = now
        self._settlement.request(order, OrderStatus.PENDING_CANCEL, now)
        if slowly:
            self._settlement.grant_later(order)
        else:
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
        old = self._order(account_id, order_id)
        check_replaceable(old)
        new = replacement_of(old, replacement, self.sequence, now)
        self._acceptance.check_replacement(self.accounts[account_id], old, new)
        if new.time_in_force is not old.time_in_force:
            if self.minute is not None:
                check_auction(new.time_in_force, now, self.session, self.is_open)
            new.expires_at = self._expires_at(new, now)
        self._settlement.request(old, OrderStatus.PENDING_REPLACE, now)
        old.status, old.replaced_by = OrderStatus.REPLACED, new.id
        old.replaced_at = old.updated_at = now
        self.book.add(new)
        self.book.prune(old.root_id)
        self._recorder.event("replaced", old, now)
        self._recorder.event(new.reported_status.value, new, now)
        receipt = copy.copy(new)
        if new.status is OrderStatus.NEW and self._trades_now(new):
            self._meet([new], now)
        return receipt

    def last_price(self, symbol: str) -> Decimal:
        """Return the newest price: the open of the bar in progress, else the last close."""
        bar = self.minute.bars.get(symbol) if self.minute else None
        return exact(bar.open) if bar else self.marks[symbol]

    def _order(self, account_id: str, order_id: str) -> Order:
        order = self.book.find(order_id)
        if order is None or order.account_id != account_id:
            raise UnknownOrder(order_id)
        return order

    def _expires_at(self, ticket: OrderTicket | Order, now: datetime) -> datetime:
        """Return when the order expires: a DAY order in the session or the evening in which it comes."""
        if ticket.time_in_force is TimeInForce.GTC or ticket.is_crypto:
            return self.expiry.of_good_till_canceled(now)
        if ticket.extended_hours:
            is_after_close = self.minute is not None and self.minute.extended
            return extended_hours(new_york_day(now) if is_after_close else self.session.day)[1]
        return self.session.close

    def _trades_now(self, order: Order) -> bool:
        if order.is_crypto:
            return self.minute is not None
        return self.is_open or (order.extended_hours and self.minute is not None and self.minute.extended)

    def _tradable(self, symbol: str) -> list[Order]:
        """Return what a price of `symbol` may fill in the minute in progress."""
        return [order for order in self.book.working(symbol) if self._trades_now(order)]

    # Time -------------------------------------------------------------------------------------

    def begin_minute(self, minute: Minute) -> None:
        """Market time reaches `minute.start`: queued orders are routed, waiting ones fill, those
        that reduce a position first."""
        self.minute = minute
        if self._queued:
            self._route_queued()
        trading = [symbol for symbol in self.book.symbols() if self._may_match_at_open(symbol, minute)]
        for opening in (False, True):
            for symbol in trading:
                waiting = partial(self._waiting, symbol, opening)
                outcomes = self._model.at_start(waiting, minute.bars[symbol], minute.start, minute.start)
                self._settlement.apply_all(outcomes, minute.start, minute.start)
        for symbol in trading:
            self._cancel_immediate(self._tradable(symbol), minute.start)

    def complete_minute(self) -> None:
        """The minute in progress is over: its bars fill resting orders and become the marks."""
        assert self.minute is not None
        minute, at = self.minute, self.minute.start + MINUTE - _BEFORE_THE_END
        for symbol in self.book.symbols():
            bar = minute.bars.get(symbol)
            if bar is not None and self.book.may_match(symbol, bar.low, bar.high):
                working = partial(self._tradable, symbol)
                outcomes = self._model.within(working, bar, minute.start)
                self._settlement.apply_all(outcomes, minute.start, at)
        self._settlement.grant(at)
        for symbol, bar in minute.bars.items():
            self.marks[symbol] = exact(bar.close)
        self.back_office.sample(minute.start + MINUTE)

    def close_session(self, next_session: Session) -> None:
        """The session closes; what comes now waits for `next_session`."""
        close = self.session.close
        self._settlement.apply_all(self.expiry.auction(), close - MINUTE, close - _BEFORE_THE_END)
        self.expiry.close(self.session)
        for account in self.accounts.values():
            account.last_equity = account.equity(self.marks)
            self._recorder.account(account)
        self.back_office.sample(close, closing=True)
        self.minute, self.session = None, next_session

    def expire_extended(self, now: datetime) -> None:
        """The trading after a session is over: what could have filled in it and has not expires."""
        for order in self.expiry.overdue(now):
            self.expiry.expire(order, order.expires_at)

    def sleep(self) -> None:
        """Nothing trades any more until the next minute that is begun."""
        self.minute = None

    def _route_queued(self) -> None:
        waiting, self._queued = self._queued, []
        for order in waiting:
            if order.status is not OrderStatus.ACCEPTED:
                continue
            if self._trades_now(order):
                assert self.minute is not None
                self._settlement.route(order, self.minute.start)
            else:
                self._queued.append(order)

    def _may_match_at_open(self, symbol: str, minute: Minute) -> bool:
        bar = minute.bars.get(symbol)
        return bar is not None and self.book.may_match(symbol, bar.open, bar.open)

    def _waiting(self, symbol: str, opening: bool) -> list[Order]:
        return [order for order in self._tradable(symbol) if order.opens_position is opening]

    def _arrive(self, group: list[Order], now: datetime) -> None:
        """The order, and the stop of an OCO, reach the venue in the minute in progress."""
        assert self.minute is not None
        arriving = [order for order in group if order.status is OrderStatus.PENDING_NEW]
        for order in arriving:
            self._settlement.route(order, now)
        self._meet(arriving, now)

    def _meet(self, fresh: list[Order], now: datetime) -> None:
        """Match what is new at the venue (orders of one group) with the minute in progress."""
        assert self.minute is not None
        bar = self.minute.bars.get(fresh[0].symbol)
        if bar is not None and fresh[0].time_in_force is not TimeInForce.CLS:
            outcomes = self._model.at_start(
                lambda: [order for order in fresh if order.is_working], bar, self.minute.start, now
            )
            self._settlement.apply_all(outcomes, self.minute.start, now)
        self._cancel_immediate(fresh, now)

    def _cancel_immediate(self, orders: Iterable[Order], at: datetime) -> None:
        for order in orders:
            if order.time_in_force in IMMEDIATE and order.is_open:
                self._settlement.cancel_group(order.root_id, at)
                self.book.prune(order.root_id)
