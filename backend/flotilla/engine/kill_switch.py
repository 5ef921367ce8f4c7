"""The account's kill switch: once it is known no entry leaves, and those that left are taken back.

What it closes is closed by the bots themselves: their loops ask `flattens`, and decide it as any exit.
"""

import asyncio
from collections.abc import Sequence

import structlog

from flotilla.domain.orders import Order, Purpose
from flotilla.engine.budgeted_broker import BudgetedBroker
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.request_budget import Priority, spending
from flotilla.ports.store import EngineStore, KillSwitchState

log = structlog.get_logger(__name__)

_AT_ONCE = 8  # cancels under way: the account's requests a minute are few


class KillSwitch:
    """One account's switch, as the engine last read it."""

    def __init__(
        self, store: EngineStore, gateway: OrderGateway, broker: BudgetedBroker, *, account_id: str
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._broker = broker
        self._account_id = account_id
        self._asked: set[str] = set()
        self.state = KillSwitchState()

    @property
    def engaged(self) -> bool:
        return self.state.engaged_at is not None

    @property
    def flattens(self) -> bool:
        """Whether what the bots hold is to be closed."""
        return self.engaged and self.state.flatten

    @property
    def closes_unmanaged(self) -> bool:
        """Whether what no bot holds is to be closed, too."""
        return self.flattens and self.state.unmanaged

    async def look(self) -> bool:
        """Read the switch, and let entries through or not; whether it has changed."""
        found = await self._store.kill_switch(self._account_id)
        if found == self.state:
            return False
        self.state = found
        self._asked.clear()
        reason = "The account's kill switch is on." if self.engaged else None
        self._gateway.refuse_entries(reason)
        self._broker.heed_kill_switch(no_entries=reason, exits_first=self.flattens)
        log.warning("kill_switch", engaged=self.engaged, flatten=found.flatten, unmanaged=found.unmanaged)
        return True

    async def act(self) -> bool:
        """Take the open entries back, while it is on; False when some are left to be asked for again.

        Each is booked by its own update. One whose request is not answered yet has no id at the broker to
        cancel it by: it is cancelled at the next call.
        """
        if not self.engaged:
            return True
        entries = await self._entries()
        for entry in entries:  # those in the line first: no request is needed
            if entry.broker_order_id is None:
                await self._gateway.cancel(entry)
        waiting = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for entry in entries:
                tasks.create_task(self._take_back(entry, waiting), name=f"kill:{entry.client_order_id}")
        return not await self._entries()

    async def _entries(self) -> Sequence[Order]:
        found = await self._store.open_orders(self._account_id)
        return [order for order in found if order.purpose is Purpose.ENTRY]

    async def _take_back(self, entry: Order, waiting: asyncio.Semaphore) -> None:
        async with waiting:
            with spending(Priority.KILL_SWITCH):
                await self._cancel(entry)

    async def _cancel(self, entry: Order) -> None:
        if entry.filled_quantity < entry.quantity:  # else its legs are to stay
            await self._gateway.cancel(entry)
        if entry.id in self._asked or entry.broker_order_id is None:
            await self._gateway.refresh(entry)
        self._asked.add(entry.id)
