"""What a match does: to the order, to the account, and to the other orders of its group."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from flotilla.practice.matching.account import Account
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.changes import Recorder
from flotilla.practice.matching.fill_model import Match
from flotilla.practice.matching.orders import Execution, Order, OrderClass, OrderStatus


class Settlement:
    """Moves orders through their states and books what they fill."""

    def __init__(
        self,
        accounts: dict[str, Account],
        book: Book,
        marks: dict[str, Decimal],
        recorder: Recorder,
    ) -> None:
        self._accounts = accounts
        self._book = book
        self._marks = marks
        self._recorder = recorder

    def route(self, order: Order, at: datetime) -> None:
        """The order reaches the venue: prices may fill it from now on."""
        order.status, order.updated_at = OrderStatus.NEW, at
        self._recorder.event("new", order, at)

    def execute_all(self, matches: Iterator[Match], bar_start: datetime, at: datetime) -> None:
        """Execute the matches of the bar that began at `bar_start`, stamped `at`."""
        roots: dict[str, None] = {}
        for match in matches:
            self._execute(match, bar_start, max(at, match.order.submitted_at))
            roots[match.order.root_id] = None
        for root_id in roots:
            self._book.prune(root_id)

    def cancel_group(self, root_id: str, at: datetime) -> None:
        """Cancel every order of the group that is still open."""
        for order in self._book.group(root_id):
            if order.is_open:
                order.status = OrderStatus.CANCELED
                order.canceled_at = order.updated_at = at
                self._recorder.event("canceled", order, at)

    def expire(self, order: Order, at: datetime) -> None:
        order.status = OrderStatus.EXPIRED
        order.expired_at = order.updated_at = at
        self._recorder.event("expired", order, at)
        self._book.prune(order.root_id)

    def _execute(self, match: Match, bar_start: datetime, at: datetime) -> None:
        order, account = match.order, self._accounts[match.order.account_id]
        account.apply_fill(order.symbol, order.side, match.qty, match.price, at)
        self._recorder.account(account)
        order.filled_qty += match.qty
        order.filled_value += match.qty * match.price
        order.updated_at = at
        done = not order.remaining
        order.status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        order.filled_at = at if done else None
        self._marks.setdefault(order.symbol, match.price)
        name = "fill" if done else "partial_fill"
        self._recorder.event(name, order, at, self._execution(match, account, at))
        if done and order.order_class is not OrderClass.SIMPLE:
            self._after_group_fill(order, bar_start if match.inside else None, at)

    def _execution(self, match: Match, account: Account, at: datetime) -> Execution:
        order, sequence = match.order, self._recorder.sequence
        return Execution(
            id=sequence.next_id(),
            seq=sequence.value,
            account_id=account.id,
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            qty=match.qty,
            price=match.price,
            cum_qty=order.filled_qty,
            leaves_qty=order.remaining,
            position_qty=account.quantity(order.symbol),
            order_status=order.status,
            at=at,
        )

    def _after_group_fill(self, order: Order, inside: datetime | None, at: datetime) -> None:
        """A filled entry brings its legs to life; a filled leg cancels the other."""
        if order.is_leg:
            self.cancel_group(order.root_id, at)
            return
        for leg in self._book.group(order.root_id):
            if leg.status is OrderStatus.HELD:
                leg.entered_inside = inside
                self.route(leg, at)
