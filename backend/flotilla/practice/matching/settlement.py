"""What a match does: to the order, to the account, and to the other orders of its group."""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from flotilla.practice.matching import fees
from flotilla.practice.matching.account import COIN_STEP, Account
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.changes import Recorder
from flotilla.practice.matching.fill_model import Match, Outcome, Trail, move_trail
from flotilla.practice.matching.orders import (
    Execution,
    Order,
    OrderClass,
    OrderStatus,
    OrderType,
    Side,
)


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
        self._asked = [order.id for order in book.open_orders() if order.cancel_requested_at is not None]

    def route(self, order: Order, at: datetime) -> None:
        """The order reaches the venue: prices may fill it from now on."""
        order.status = OrderStatus.NEW
        order.submitted_at = order.updated_at = max(at, order.submitted_at)
        self._recorder.event(order.reported_status.value, order, at)

    def apply_all(self, outcomes: Iterator[Outcome], bar_start: datetime, at: datetime) -> None:
        """Apply the outcomes of the bar that began at `bar_start`, stamped `at`."""
        roots: dict[str, None] = {}
        for outcome in outcomes:
            order = outcome.order
            if isinstance(outcome, Match):
                self._execute(outcome, bar_start, max(outcome.at or at, order.submitted_at))
                roots[order.root_id] = None
            elif isinstance(outcome, Trail):
                move_trail(order, outcome.hwm)
                self._recorder.order(order)
            else:
                order.triggered = True
                self._recorder.order(order)
        for root_id in roots:
            self._book.prune(root_id)

    def request(self, order: Order, status: OrderStatus, at: datetime) -> None:
        """Tell that the venue has been asked to cancel or to replace the order."""
        order.status, order.updated_at = status, at
        self._recorder.event(status.value, order, at)

    def grant_later(self, order: Order) -> None:
        """The venue takes its time to cancel the order: until `grant`."""
        self._asked.append(order.id)

    def grant(self, at: datetime) -> None:
        """Cancel what was to be canceled and has not filled meanwhile, with its group."""
        asked, self._asked = self._asked, []
        for order in filter(None, map(self._book.find, asked)):
            if order.is_open:
                self.cancel_group(order.root_id, at)
                self._book.prune(order.root_id)

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

    def reject(self, order: Order, at: datetime, reason: str) -> None:
        """The venue does not take the order (nor its legs), and says why."""
        for member in self._book.group(order.root_id):
            if member.is_open:
                member.status = OrderStatus.REJECTED
                member.failed_at = member.updated_at = at
                self._recorder.event("rejected", member, at, reason=reason)
        self._book.prune(order.root_id)

    def _execute(self, match: Match, bar_start: datetime, at: datetime) -> None:
        order, account = match.order, self._accounts[match.order.account_id]
        qty = _resized(order, match)
        account.apply_fill(order.symbol, order.side, qty, match.price, at)
        fee = fees.take(account, order, qty, match.price, match.maker)
        self._recorder.account(account)
        order.filled_qty += qty
        order.filled_value += qty * match.price
        order.updated_at = at
        done = not order.remaining
        order.status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        order.filled_at = at if done else None
        self._marks.setdefault(order.symbol, match.price)
        name = "fill" if done else "partial_fill"
        self._recorder.event(name, order, at, self._execution(order, qty, match.price, fee, at))
        if order.order_class is not OrderClass.SIMPLE:
            self._after_group_fill(order, bar_start if match.inside else None, at)

    def _execution(
        self, order: Order, qty: Decimal, price: Decimal, fee: fees.Fee, at: datetime
    ) -> Execution:
        sequence = self._recorder.sequence
        return Execution(
            id=sequence.next_id(),
            seq=sequence.value,
            account_id=order.account_id,
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            qty=qty,
            price=price,
            cum_qty=order.filled_qty,
            leaves_qty=order.remaining,
            position_qty=self._accounts[order.account_id].quantity(order.symbol),
            order_status=order.status,
            at=at,
            fee_qty=fee.qty,
            fee_cash=fee.cash,
        )

    def _after_group_fill(self, order: Order, inside: datetime | None, at: datetime) -> None:
        """A filled entry brings its exits to life; what one exit has sold the other need not."""
        done = order.status is OrderStatus.FILLED
        if order.is_exit_of_group:
            if done:
                self.cancel_group(order.root_id, at)
            else:
                self._shrink_siblings(order, at)
        elif done:
            for leg in self._book.group(order.root_id):
                if leg.status is OrderStatus.HELD:
                    leg.entered_inside = inside
                    self.route(leg, at)

    def _shrink_siblings(self, order: Order, at: datetime) -> None:
        for sibling in self._book.group(order.root_id):
            if sibling is not order and sibling.is_active and sibling.is_exit_of_group:
                sibling.qty = sibling.filled_qty + order.remaining
                sibling.updated_at = at
                self._recorder.order(sibling)


def _resized(order: Order, match: Match) -> Decimal:
    """Return what is bought: the dollars of a notional market order buy as much as its price allows.

    Coins are exempt: Alpaca fixes their quantity when it takes the order.
    """
    if (
        order.notional is not None
        and order.type is OrderType.MARKET
        and order.side is Side.BUY
        and not order.is_crypto
        and not order.filled_qty
    ):
        whole = match.qty == order.remaining
        order.qty = max(COIN_STEP, (order.notional / match.price).quantize(COIN_STEP, ROUND_DOWN))
        return order.qty if whole else min(match.qty, order.qty)
    return match.qty
