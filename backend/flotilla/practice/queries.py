"""Reads of orders and executions for the REST side: straight from what is committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from flotilla.practice import tables
from flotilla.practice.activity_queries import ActivityQueries
from flotilla.practice.matching.orders import CLOSED, OPEN, Order, OrderStatus
from flotilla.practice.store import order_from

_orders = tables.orders.c


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What GET /v2/orders asks for. `status`: open, closed or all."""

    status: str = "open"
    limit: int = 50
    after: datetime | None = None
    until: datetime | None = None
    descending: bool = True
    nested: bool = False
    symbols: tuple[str, ...] | None = None
    asset_classes: frozenset[str] | None = None
    side: str | None = None
    before_order_id: str | None = None
    after_order_id: str | None = None


class Queries(ActivityQueries):
    """All reads of what is committed."""

    async def order(self, account_id: str, order_id: str) -> Order | None:
        return await self._one(_orders.account_id == account_id, _orders.id == order_id)

    async def by_client_order_id(self, account_id: str, client_order_id: str) -> Order | None:
        return await self._one(_orders.account_id == account_id, _orders.client_order_id == client_order_id)

    async def legs(self, roots: Sequence[Order]) -> dict[str, list[Order]]:
        """Return the legs of the entries in `roots`, by the entry's root id, in order."""
        root_ids = [order.root_id for order in roots if not order.is_leg]
        statement = select(tables.orders).where(_orders.root_id.in_(root_ids), _orders.is_leg)
        legs: dict[str, list[Order]] = {}
        for leg in await self._orders(statement.order_by(_orders.seq)):
            legs.setdefault(leg.root_id, []).append(leg)
        return legs

    async def orders(self, account_id: str, asked: OrderFilter) -> list[Order]:
        """Return the matching orders; nested: entries only, matched by any order of the group."""
        conditions = [_orders.account_id == account_id, *_order_conditions(asked)]
        sequence = _orders.seq.desc() if asked.descending else _orders.seq.asc()
        statement = select(tables.orders).where(*conditions)
        if asked.nested:
            groups = select(_orders.root_id).where(*conditions)
            # An entry that was replaced is not its group's any more: it counts for itself only.
            its_own = or_(_orders.status != OrderStatus.REPLACED.value, and_(*conditions))
            statement = select(tables.orders).where(_orders.root_id.in_(groups), ~_orders.is_leg, its_own)
        return await self._orders(statement.order_by(sequence).limit(asked.limit))

    async def _one(self, *conditions: ColumnElement[bool]) -> Order | None:
        found = await self._orders(select(tables.orders).where(*conditions))
        return found[0] if found else None

    async def _orders(self, statement: Select[Any]) -> list[Order]:
        async with self._database.transaction() as session:
            rows = await session.execute(statement)
            return [order_from(row) for row in rows.mappings()]


def _order_conditions(asked: OrderFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked.status != "all":
        statuses = OPEN if asked.status == "open" else CLOSED
        conditions.append(_orders.status.in_([status.value for status in statuses]))
    if asked.after is not None:
        conditions.append(_orders.submitted_at > asked.after)
    if asked.until is not None:
        conditions.append(_orders.submitted_at < asked.until)
    if asked.symbols is not None:
        conditions.append(_orders.symbol.in_(asked.symbols))
    if asked.asset_classes is not None:
        pair = _orders.symbol.contains("/")
        of_class = {"crypto": pair, "us_equity": ~pair}
        conditions.append(or_(false(), *(of_class[c] for c in asked.asset_classes if c in of_class)))
    if asked.side is not None:
        conditions.append(_orders.side == asked.side)
    if asked.before_order_id is not None:
        conditions.append(_orders.seq < _sequence_of(asked.before_order_id))
    if asked.after_order_id is not None:
        conditions.append(_orders.seq > _sequence_of(asked.after_order_id))
    return conditions


def _sequence_of(order_id: str) -> Any:
    return select(_orders.seq).where(_orders.id == order_id).scalar_subquery()
