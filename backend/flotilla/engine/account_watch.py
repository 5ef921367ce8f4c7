"""The account as a whole against the broker: all ledgers + what is no bot's = positions and cash there.

Looked at after every fill, when a person has chosen a remedy, and once a minute. A difference is believed
when a second look shows the same, with nothing on its way; then it gets a cause and goes on record, and
the bots that depend on it open nothing until it is resolved.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.domain.reconciliation import (
    CASH,
    Books,
    Difference,
    Remedy,
    differences,
    explain,
)
from flotilla.engine.account_desk import AccountDesk
from flotilla.engine.activity_reader import ActivityReader
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.reconciliation import reconcile
from flotilla.engine.unmanaged_closer import UnmanagedCloser
from flotilla.ports.account_books import AccountBooks, Look
from flotilla.ports.broker import Broker
from flotilla.ports.bus import FINDINGS, Nudges
from flotilla.ports.store import EngineStore

log = structlog.get_logger(__name__)

# Wall seconds: between looks, after news before a look, and before the second look.
_EVERY, _SETTLE, _SECOND_LOOK = 60.0, 2.0, 2.0
# What rounding to cents may take or give, per fill (USD).
_ROUNDING = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at both sides. `found` has only what was read while it stood still."""

    broker: Mapping[str, Decimal]
    books: Books
    found: Mapping[str, Decimal]
    at: datetime | None
    whole: bool  # nothing moved at all


class AccountWatch:
    """Compares, explains, and has remedies carried out. `run` is its task."""

    def __init__(
        self,
        broker: Broker,
        store: EngineStore,
        books: AccountBooks,
        gateway: OrderGateway,
        nudges: Nudges,
        *,
        account_id: str,
        second_look: float = _SECOND_LOOK,
        closes_unmanaged: Callable[[], bool] = lambda: False,
    ) -> None:
        self._broker = broker
        self._store = store
        self._books = books
        self._gateway = gateway
        self._nudges = nudges
        self._account_id = account_id
        self._second_look = second_look
        self._reader = ActivityReader(broker, books, gateway, account_id=account_id)
        self._desk = AccountDesk(broker, books, gateway, account_id=account_id)
        self._closer = UnmanagedCloser(broker, books, gateway, account_id=account_id)
        self._closes_unmanaged = closes_unmanaged
        self._fills = 0  # as of the last agreement
        self.unmanaged: Mapping[str, Decimal] = {}

    async def load(self) -> None:
        """Know the differences on record, before any bot may enter."""
        self._know(await self._books.read(self._account_id))

    def _know(self, books: Books) -> None:
        self._gateway.unreconciled = frozenset(finding.symbol for finding in books.findings)
        self.unmanaged = books.unmanaged

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._nudged(), name="finding-nudges")
            while True:
                await self.round()
                try:
                    async with asyncio.timeout(_EVERY):
                        await self._gateway.news.wait()
                except TimeoutError:
                    continue
                await asyncio.sleep(_SETTLE)

    async def _nudged(self) -> None:
        async with self._nudges.listen(FINDINGS) as queue:
            while (await queue.get())[0]:
                self._gateway.news.set()
        raise ConnectionError("the database connection that brings nudges was lost")

    async def round(self) -> None:
        """Carry out what a person has chosen (the kill switch, remedies), then compare."""
        self._gateway.news.clear()
        try:
            again = self._closes_unmanaged() and await self._closer.close()
            if await self._desk.carry_out() or again:
                self._gateway.news.set()  # an order of the account's own is under way: look again
            await self.compare()
        except Unavailable as error:
            log.warning("account_not_compared", error=error.detail)
        finally:
            await self.load()

    async def compare(self) -> None:
        """Look, and look again where something differs."""
        first = await self._look()
        if not first.found and first.books.is_met:
            await self._agree(first)
            return
        await asyncio.sleep(self._second_look)
        # What is missing may be an order's whose report was missed.
        await reconcile(self._broker, self._store, self._gateway, account_id=self._account_id)
        if not first.books.is_met:
            await self._meet(first, await self._look())
            return
        await self._reader.events()  # which repairs what was missed
        moves = self._gateway.moves.copy()
        again = await self._look()
        # A fill that was made before this look and is not booked yet (its report is late) is told here.
        events, explained = await self._reader.events()
        same = {s: d for s, d in again.found.items() if first.found.get(s) == d}
        confirmed = {s: d for s, d in same.items() if not self._has_moved(s, moves)}
        if len(confirmed) < len(same):
            self._gateway.news.set()  # look again
        if not confirmed:
            return
        for difference in explain(confirmed, events):
            await self._record(difference)
        await self._books.looked(self._account_id, Look(again.broker, again.at, explained))

    def _has_moved(self, symbol: str, since: Mapping[str, int]) -> bool:
        """Whether our books of a symbol (the dollars: of any) have changed since they were moved so often."""
        moves = self._gateway.moves
        return any(moves[s] != since.get(s, 0) for s in ([symbol] if symbol != CASH else list(moves)))

    async def _look(self) -> Seen:
        """Read both sides; what changed meanwhile is left out."""
        gateway, at = self._gateway, self._gateway.market_heard()
        moves, unsettled = gateway.moves.copy(), gateway.unsettled
        positions = await self._broker.positions()
        figures = await self._broker.account()
        books = await self._books.read(self._account_id)
        broker = {position.symbol: position.quantity for position in positions} | {CASH: figures.cash}
        # An order of the account's own is booked by its totals: until it is done, it may have come further.
        own = {order.symbol for order in await self._books.account_orders(self._account_id)}
        moving = unsettled | gateway.unsettled | own
        moving |= {symbol for symbol in gateway.moves if gateway.moves[symbol] != moves[symbol]}
        found = differences(broker, books.expected)
        still = {s: d for s, d in found.items() if s not in moving and not (s == CASH and moving)}
        return Seen(broker, books, still, at, whole=not moving)

    async def _meet(self, first: Seen, again: Seen) -> None:
        """The account is seen for the first time: what it has beside the bots is no bot's."""
        if not (first.whole and again.whole and first.found == again.found):
            self._gateway.news.set()  # something is on its way: look again
            return
        orders = await self._broker.open_orders()
        known = await self._books.known(self._account_id, [o.broker_order_id for o in orders])
        foreign = [o for o in orders if o.broker_order_id not in known.ours]
        await self._books.meet(self._account_id, again.found, foreign)
        _, explained = await self._reader.events()
        await self._books.looked(self._account_id, Look(again.broker, again.at, explained))
        log.info("account_met", unmanaged={s: str(q) for s, q in again.found.items()}, orders=len(foreign))

    async def _agree(self, seen: Seen) -> None:
        if seen.whole:
            await self._books.looked(self._account_id, Look(seen.broker, seen.at))

    async def _record(self, difference: Difference) -> None:
        """Put a difference on record; what is the account's own beyond doubt is adopted at once."""
        fills = sum(self._gateway.moves.values())
        rounding = _ROUNDING * (fills - self._fills)
        self._fills = fills
        if difference.symbol == CASH and abs(difference.cash) <= rounding:
            await self._books.adopt(self._account_id, {CASH: difference.cash}, {})
            return
        remedy = Remedy.ADOPT if difference.is_settled else None
        await self._books.record(self._account_id, difference, remedy)
        log.warning(
            "account_differs",
            symbol=difference.symbol,
            cause=difference.cause,
            quantity=str(difference.quantity),
            cash=str(difference.cash),
        )
