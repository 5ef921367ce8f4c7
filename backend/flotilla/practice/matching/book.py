"""The open orders, by group, symbol and account. Closed groups leave it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from flotilla.practice.matching.orders import WORKING, ZERO, Order, OrderType, Side


class Book:
    """Groups with at least one open order; a simple order is a group of one."""

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self._groups: dict[str, list[Order]] = {}
        self._roots: dict[str, str] = {}
        self._by_symbol: dict[str, dict[str, None]] = {}
        self._by_account: dict[str, dict[str, None]] = {}
        for order in sorted(orders, key=lambda order: order.seq):
            self.add(order)

    def add(self, order: Order) -> None:
        self._groups.setdefault(order.root_id, []).append(order)
        self._roots[order.id] = order.root_id
        self._by_symbol.setdefault(order.symbol, {})[order.root_id] = None
        self._by_account.setdefault(order.account_id, {})[order.root_id] = None

    def prune(self, root_id: str) -> None:
        """Forget the group when none of its orders is open any more."""
        group = self._groups[root_id]
        if any(order.is_open for order in group):
            return
        del self._groups[root_id]
        self._by_account[group[0].account_id].pop(root_id)
        symbol_groups = self._by_symbol[group[0].symbol]
        symbol_groups.pop(root_id)
        if not symbol_groups:
            del self._by_symbol[group[0].symbol]
        for order in group:
            del self._roots[order.id]

    def find(self, order_id: str) -> Order | None:
        """Return an order of a group that is still open, None otherwise."""
        root_id = self._roots.get(order_id)
        if root_id is None:
            return None
        return next(order for order in self._groups[root_id] if order.id == order_id)

    def group(self, root_id: str) -> list[Order]:
        """Return the entry and its legs, entry first."""
        return list(self._groups.get(root_id, ()))

    def symbols(self) -> list[str]:
        """Return the symbols that have an open order."""
        return list(self._by_symbol)

    def open_orders(self) -> list[Order]:
        return [order for group in self._groups.values() for order in group if order.is_open]

    def of_account(self, account_id: str) -> Iterator[Order]:
        for root_id in self._by_account.get(account_id, ()):
            yield from self._groups[root_id]

    def working(self, symbol: str) -> list[Order]:
        """Return what a price of `symbol` may fill: oldest group first, stops before limits."""
        found: list[Order] = []
        for root_id in self._by_symbol.get(symbol, ()):
            group = self._groups[root_id]
            in_order = group if len(group) == 1 else sorted(group, key=_stops_first)
            found += [order for order in in_order if order.status in WORKING]
        return found

    def holding(self, account_id: str, symbol: str, side: Side) -> list[Order]:
        """Return the active orders that would close a position by trading on `side`."""
        return [
            order
            for order in self.of_account(account_id)
            if order.symbol == symbol and order.side is side and order.is_active and not order.opens_position
        ]

    def held_quantity(self, account_id: str, symbol: str, side: Side) -> Decimal:
        """Return the quantity those orders hold; the two legs of a group hold the same shares."""
        by_group: dict[str, Decimal] = {}
        for order in self.holding(account_id, symbol, side):
            by_group[order.root_id] = max(by_group.get(order.root_id, ZERO), order.remaining)
        return sum(by_group.values(), start=ZERO)

    def opening(self, account_id: str, symbol: str, side: Side) -> bool:
        """Say whether an active order would open a position in `symbol` by trading on `side`."""
        return any(
            order.symbol == symbol and order.side is side and order.is_active and order.opens_position
            for order in self.of_account(account_id)
        )

    def reserved(self, account_id: str) -> Decimal:
        """Return the buying power that the account's open orders hold, in dollars."""
        return sum(
            (
                order.remaining * order.reserve_price
                for order in self.of_account(account_id)
                if order.is_active and order.opens_position
            ),
            start=ZERO,
        )


def _stops_first(order: Order) -> bool:
    return order.type is not OrderType.STOP
