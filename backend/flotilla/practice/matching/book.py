"""The open orders, by group, symbol and account. Closed groups leave it."""

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal

from flotilla.practice.matching.orders import (
    IMMEDIATE,
    STOPS,
    WORKING,
    ZERO,
    Order,
    OrderType,
    Side,
    TimeInForce,
    is_crypto,
)

# The market price at or below which, and the one at or above which, an order of a symbol has to do.
Levels = tuple[float, float]


class UnknownOrder(LookupError):
    """The book does not hold the order: it is closed, another account's, or was never there."""


class Book:
    """Groups with at least one open order; a simple order is a group of one."""

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self._groups: dict[str, list[Order]] = {}
        self._roots: dict[str, str] = {}
        self._by_symbol: dict[str, dict[str, None]] = {}
        self._by_account: dict[str, dict[str, None]] = {}
        self._by_account_symbol: dict[tuple[str, str], dict[str, None]] = {}
        self._levels: dict[str, Levels] = {}
        self._reserves: dict[str, dict[str, Decimal]] = {}  # by account and order, what is not zero
        self._reserved: dict[str, Decimal] = {}
        for order in sorted(orders, key=lambda order: order.seq):
            self.add(order)

    def add(self, order: Order) -> None:
        self._groups.setdefault(order.root_id, []).append(order)
        self._roots[order.id] = order.root_id
        self._by_symbol.setdefault(order.symbol, {})[order.root_id] = None
        self._by_account.setdefault(order.account_id, {})[order.root_id] = None
        self._by_account_symbol.setdefault((order.account_id, order.symbol), {})[order.root_id] = None
        self.changed(order)

    def prune(self, root_id: str) -> None:
        """Forget the group when none of its orders is open any more."""
        group = self._groups.get(root_id)
        if group is None or any(order.is_open for order in group):
            return
        del self._groups[root_id]
        self.changed(group[0])
        self._by_account[group[0].account_id].pop(root_id)
        key = (group[0].account_id, group[0].symbol)
        self._by_account_symbol[key].pop(root_id)
        if not self._by_account_symbol[key]:
            del self._by_account_symbol[key]
        symbol_groups = self._by_symbol[group[0].symbol]
        symbol_groups.pop(root_id)
        if not symbol_groups:
            del self._by_symbol[group[0].symbol]
        for order in group:
            del self._roots[order.id]

    def changed(self, order: Order) -> None:
        """Hear that an order's price or state is not what it was."""
        self._levels.pop(order.symbol, None)
        reserves = self._reserves.setdefault(order.account_id, {})
        held = order.remaining * order.reserve_price if order.is_active and order.opens_position else ZERO
        before = reserves.pop(order.id, ZERO)
        if held:
            reserves[order.id] = held
        if held != before:
            self._reserved[order.account_id] = self._reserved.get(order.account_id, ZERO) + held - before

    def may_match(self, symbol: str, low: float, high: float) -> bool:
        """Say whether prices from `low` to `high` can concern any order of `symbol`; quick."""
        levels = self._levels.get(symbol)
        if levels is None:
            levels = self._levels[symbol] = _levels(self.working(symbol))
        return low <= levels[0] or high >= levels[1]

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

    def has_extended_orders(self) -> bool:
        """Say whether any open order may trade outside the regular hours."""
        return any(order.extended_hours for order in self.open_orders())

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
        return [order for order in found if order.time_in_force is not TimeInForce.CLS]

    def at_close(self) -> list[Order]:
        """Return what trades at the session's closing price only."""
        return [
            order
            for order in self.open_orders()
            if order.time_in_force is TimeInForce.CLS and order.status in WORKING
        ]

    def holding(self, account_id: str, symbol: str, side: Side) -> list[Order]:
        """Return the active orders that would close a position by trading on `side`."""
        return [
            order
            for order in self._of(account_id, symbol)
            if order.side is side and order.is_active and not order.opens_position
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
            order.side is side and order.is_active and order.opens_position
            for order in self._of(account_id, symbol)
        )

    def reserved(self, account_id: str) -> Decimal:
        """Return the buying power that the account's open orders hold, in dollars."""
        return self._reserved.get(account_id, ZERO)

    def reserved_cash(self, account_id: str) -> Decimal:
        """Return the part of it that open orders for coins hold: cash, in dollars."""
        reserves = self._reserves.get(account_id, {})
        pairs = {
            symbol
            for account, symbol in self._by_account_symbol
            if account == account_id and is_crypto(symbol)
        }
        orders = (order for symbol in pairs for order in self._of(account_id, symbol))
        return sum((reserves.get(order.id, ZERO) for order in orders), start=ZERO)

    def opposite(self, account_id: str, symbol: str, side: Side) -> list[Order]:
        """Return the account's active orders of `symbol` on the other side than `side`."""
        return [order for order in self._of(account_id, symbol) if order.side is not side and order.is_active]

    def _of(self, account_id: str, symbol: str) -> Iterator[Order]:
        for root_id in self._by_account_symbol.get((account_id, symbol), ()):
            yield from self._groups[root_id]


def _levels(orders: Iterable[Order]) -> Levels:
    below, above = -math.inf, math.inf
    for order in orders:
        buys = order.side is Side.BUY
        rising = [order.stop_price] if buys else [order.limit_price, order.hwm]
        falling = [order.limit_price, order.hwm] if buys else [order.stop_price]
        if order.type is OrderType.MARKET or order.triggered or order.time_in_force in IMMEDIATE:
            return math.inf, -math.inf
        above = min([above, *(float(price) for price in rising if price is not None)])
        below = max([below, *(float(price) for price in falling if price is not None)])
    return below, above


def _stops_first(order: Order) -> bool:
    return order.type not in STOPS
