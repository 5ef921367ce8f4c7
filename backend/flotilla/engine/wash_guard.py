"""Which order of an account may be sent beside its others: opposite ones must never meet at the broker.

Alpaca refuses an order that could trade with another one of the same account ("potential wash trade
detected"): an open opposite order of the symbol forbids it when either of the two is a market or stop
order, or when their limits cross; orders with legs, and legs, are exempt. Here the second one waits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from flotilla.domain.orders import Order, OrderType, Purpose, Side


@dataclass(slots=True)
class WashGuard:
    """The orders of an account that may still trade, and those that wait for one of them.

    `opposed` are the symbols in which one bot may be long while another (or what is no bot's) is short:
    of these one order at a time is under way.
    """

    opposed: Collection[str] = frozenset()
    _under_way: dict[str, dict[str, Order]] = field(default_factory=lambda: defaultdict(dict))
    _waiting: list[Order] = field(default_factory=list)
    # The second part of a split order, by the first's client order id; and those that lost theirs.
    _second_parts: dict[str, str] = field(default_factory=dict)
    _orphans: set[str] = field(default_factory=set)

    # --- what is under way ----------------------------------------------------------------------

    def follow(self, order: Order) -> bool:
        """Take note of where an order stands; whether one that waits may be free now."""
        known = self._under_way[order.symbol]
        if not order.status.is_terminal:
            known[order.client_order_id] = order
            return False
        second = self._second_parts.pop(order.client_order_id, None)
        if second is not None and order.filled_quantity < order.quantity:
            self._orphans.add(second)
        return known.pop(order.client_order_id, None) is not None and bool(self._waiting)

    def known(self, symbol: str, client_order_id: str) -> Order | None:
        """The order of that id, while it is under way."""
        return self._under_way[symbol].get(client_order_id)

    def blocker(self, order: Order) -> Order | None:
        """The order that this one has to wait for, if any. An exit does not wait for a waiting entry."""
        for other in self._under_way[order.symbol].values():
            if self._excludes(order, other):
                return other
        for other in self._waiting:
            ahead = order.purpose is Purpose.ENTRY or other.purpose is not Purpose.ENTRY
            if other.symbol == order.symbol and ahead and self._excludes(order, other):
                return other
        return None

    def holding_leg(self, order: Order) -> Order | None:
        """A leg of another bot at the broker that holds the very shares that this order would take."""
        if order.symbol not in self.opposed:
            return None
        others = self._under_way[order.symbol].values()
        return next(
            (o for o in others if o.purpose.is_leg and o.side is order.side and o.bot_id != order.bot_id),
            None,
        )

    def _excludes(self, order: Order, other: Order) -> bool:
        if other.client_order_id == order.client_order_id or other.purpose.is_leg or order.purpose.is_leg:
            return False
        if order.symbol in self.opposed:
            return True
        if other.side is order.side or _has_legs(order) or _has_legs(other):
            return False
        return not _apart(order, other)

    # --- what waits -----------------------------------------------------------------------------

    def line_up(self, order: Order) -> None:
        """Have an order wait behind those that came before it; exits stand before entries."""
        if order.purpose is Purpose.ENTRY:
            self._waiting.append(order)
            return
        entries = (n for n, one in enumerate(self._waiting) if one.purpose is Purpose.ENTRY)
        self._waiting.insert(next(entries, len(self._waiting)), order)

    def line_up_second_part(self, first: Order, second: Order) -> None:
        """Have the second part of a split order go next after its first; without it, not at all."""
        self._second_parts[first.client_order_id] = second.client_order_id
        self._waiting.insert(0, second)

    def is_orphan(self, order: Order) -> bool:
        """Whether the first part of this one ended unfilled."""
        return order.client_order_id in self._orphans

    def waits(self, client_order_id: str) -> bool:
        return any(one.client_order_id == client_order_id for one in self._waiting)

    def withdraw(self, client_order_id: str) -> bool:
        """Take an order out of the line; False when it is not in it."""
        before = len(self._waiting)
        self._waiting = [one for one in self._waiting if one.client_order_id != client_order_id]
        return len(self._waiting) < before

    def freed(self) -> Iterator[Order]:
        """Take out of the line, one after the other, what has to wait for nothing any more."""
        for order in list(self._waiting):
            place = self._waiting.index(order)
            line, self._waiting = self._waiting, self._waiting[:place]
            is_free = self.blocker(order) is None
            self._waiting = [*line[:place], *line[place + 1 :]] if is_free else line
            if is_free:
                self.follow(order)
                yield order


def _has_legs(order: Order) -> bool:
    return order.take_profit_price is not None or order.stop_loss_price is not None


def _apart(one: Order, other: Order) -> bool:
    """Whether both are limit orders whose prices do not meet."""
    if one.type is not OrderType.LIMIT or other.type is not OrderType.LIMIT:
        return False
    buy, sell = (one, other) if one.side is Side.BUY else (other, one)
    return buy.limit_price is not None and sell.limit_price is not None and buy.limit_price < sell.limit_price
