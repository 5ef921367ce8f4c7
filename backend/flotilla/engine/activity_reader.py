"""What has happened to the account at the broker, told apart: ours, missed, manual, the broker's own."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from flotilla.domain.orders import Order
from flotilla.domain.reconciliation import CASH, ZERO, Cause, Difference, Event, Remedy
from flotilla.engine.order_gateway import OrderGateway
from flotilla.ports.account_books import AccountBooks, Known
from flotilla.ports.broker import Activity, Broker

log = structlog.get_logger(__name__)

# Activities that are no trades have a date, and not always a time of day.
_BACK = timedelta(hours=36)
# A fill of the very moment of the last look may not have been in it.
_OVERLAP = timedelta(minutes=1)
# Bot, epoch, symbol, tau, purpose, attempt (`domain.orders.client_order_id`).
_FLOTILLAS = re.compile(r"[0-9a-f-]{36}-\d+-[A-Z.]+-\d{8}T\d{6}-.+|flatten-[0-9a-f-]{36}")

Explained = Mapping[str, datetime]


class ActivityReader:
    """Reads the account's activities since broker and books last agreed."""

    def __init__(
        self, broker: Broker, books: AccountBooks, gateway: OrderGateway, *, account_id: str
    ) -> None:
        self._broker = broker
        self._books = books
        self._gateway = gateway
        self._account_id = account_id

    async def events(self) -> tuple[list[Event], Explained]:
        """What may explain a difference, and the ids that it then explains.

        Books on its way what needs no explanation: fills of ours that were missed, and those of orders
        that were there before Flotilla was. Raises Unavailable.
        """
        last = await self._books.last_look(self._account_id)
        now = self._gateway.market_heard()
        since = last.as_of if last is not None else None
        since = since or (None if now is None else now - _BACK)
        if since is None:
            return [], {}
        old = {} if last is None else last.explained
        fills = await self._broker.activities(since - _OVERLAP, trades=True)
        others = await self._broker.activities(since - _BACK, trades=False)
        new = [one for one in (*fills, *others) if one.id not in old]
        ids = {one.execution.broker_order_id for one in new if one.execution is not None}
        known = await self._books.known(self._account_id, ids)
        await self._repair(new, known)
        await self._adopt(new, known)
        external = await self._external(new, known)
        events = [_event(one, known, external) for one in new if not _of(one, known.unmanaged)]
        explained = {one.id: one.at for one in new if not _of(one, known.ours)}
        return events, explained

    async def _repair(self, new: Sequence[Activity], known: Known) -> None:
        """Ask again for our orders of which the broker tells more fills than are booked."""
        missed: dict[str, Order] = {}
        for one in new:
            if one.execution is None:
                continue
            key = (one.execution.broker_order_id, one.execution.cumulative_quantity)
            if key[0] in known.ours and key not in known.booked:
                missed[key[0]] = known.ours[key[0]]
        for order in missed.values():
            before = self._gateway.moves[order.symbol]
            await self._gateway.refresh(order)
            if self._gateway.moves[order.symbol] == before:
                continue  # its own report has just brought it, or it is asked for later
            detail = f"A fill of {order.client_order_id} was not told; it was asked for and booked."
            found = Difference(order.symbol, Cause.MISSED_FILL, ZERO, ZERO, detail)
            await self._books.record(self._account_id, found, Remedy.REPAIRED)
            log.warning("missed_fill", order=order.client_order_id)

    async def _adopt(self, new: Sequence[Activity], known: Known) -> None:
        """What an order trades that was there before Flotilla was is no bot's either."""
        for one in new:
            if one.symbol is not None and _of(one, known.unmanaged):
                moved = {one.symbol: one.quantity, CASH: one.cash}
                await self._books.adopt(self._account_id, moved, {one.id: one.at})

    async def _external(self, new: Sequence[Activity], known: Known) -> frozenset[str]:
        """The orders of another Flotilla's: their ids are made as ours are."""
        foreign = {
            one.execution.broker_order_id
            for one in new
            if one.execution is not None and not any(_of(one, k) for k in _all(known))
        }
        external = set()
        for key in foreign:
            order = await self._broker.get(key)
            if order is not None and _FLOTILLAS.fullmatch(order.client_order_id):
                external.add(key)
        return frozenset(external)


def _all(known: Known) -> tuple[Mapping[str, Order] | frozenset[str], ...]:
    return known.ours, known.accounts_own, known.unmanaged


def _of(one: Activity, orders: Mapping[str, Order] | frozenset[str]) -> bool:
    return one.execution is not None and one.execution.broker_order_id in orders


def _event(one: Activity, known: Known, external: frozenset[str]) -> Event:
    fill = one.execution
    return Event(
        type=one.type,
        symbol=one.symbol,
        quantity=one.quantity,
        cash=one.cash,
        ours=None if fill is None else _of(one, known.ours) or _of(one, known.accounts_own),
        external=fill is not None and fill.broker_order_id in external,
    )
