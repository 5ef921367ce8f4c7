"""Which order of an account may be sent now, and what becomes of those that wait for another one."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

import structlog

from flotilla.domain.orders import Order, Purpose, Side
from flotilla.engine.wash_guard import WashGuard
from flotilla.ports.store import EngineStore

log = structlog.get_logger(__name__)

# An entry that had to wait longer than a bar is not the one that was decided (market time).
_STALE_AFTER = timedelta(minutes=1)


class OrderLine:
    """The orders of one account that are under way, and the line behind them."""

    def __init__(
        self, store: EngineStore, *, account_id: str, market_now: Callable[[], datetime | None]
    ) -> None:
        self._store = store
        self._account_id = account_id
        self._market_now = market_now
        self.guard = WashGuard()
        self.freed = asyncio.Event()

    def follow(self, order: Order) -> None:
        """Take note of where an order stands; those that wait may go on."""
        if self.guard.follow(order):
            self.freed.set()

    async def admit(self, order: Order) -> bool:
        """Whether an order may be sent now; else it waits, and its audit says for which."""
        blocker = self.guard.blocker(order)
        if blocker is None:
            self.guard.follow(order)
            return True
        log.info("order_waits", order=order.client_order_id, behind=blocker.client_order_id)
        self.guard.line_up(order)
        await self._store.note_order(order.id, _waits_for(blocker))
        return False

    async def run(self, send: Callable[[Order], Awaitable[None]], claim: Callable[[str], None]) -> None:
        """Have `send` send what waited, as soon as it may; `claim` is told of each at once. For ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self.freed.wait()
                self.freed.clear()
                for order in self.guard.freed():
                    claim(order.client_order_id)
                    tasks.create_task(_sent(send, order), name=f"order:{order.client_order_id}")

    def outlived(self, order: Order, running: Collection[str]) -> str | None:
        """Why an order that waited is not to be sent any more, if so; `running` are the bots that do."""
        if self.guard.is_orphan(order):
            return "OPPOSED: the first part of this order was not filled."
        if order.purpose is not Purpose.ENTRY:
            return None
        if order.bot_id not in running:
            return "The bot has stopped while the order waited for another one."
        now = self._market_now()
        if now is not None and now - order.tau > _STALE_AFTER:
            return "WASH_GUARD: its bar was over before the order that it waited for was done."
        return None

    def held_by_leg(self, order: Order) -> str | None:
        """Why the broker would refuse an order of an opposed symbol, if it would."""
        if self.guard.holding_leg(order) is None:
            return None
        return "OPPOSED: a stop or target of another bot holds the shares; start that bot again."

    async def split_at_zero(self, order: Order) -> tuple[Order, Order | None]:
        """What of an order goes out now, and what after it: the broker takes none from long to short of
        the account, or back (semantics 7).
        """
        if order.symbol not in self.guard.opposed:
            return order, None
        net = await self._store.net_quantity(self._account_id, order.symbol)
        sign = 1 if order.side is Side.BUY else -1
        if net * sign >= 0 or abs(net) >= order.quantity:
            return order, None
        split = await self._store.split_order(order.id, abs(net))
        if split is None:
            return order, None
        first, rest = split
        log.info("order_split", order=order.client_order_id, net=str(net), rest=str(rest.quantity))
        self.guard.follow(first)
        self.guard.line_up_second_part(first, rest)
        return first, rest


async def _sent(send: Callable[[Order], Awaitable[None]], order: Order) -> None:
    await send(order)


def _waits_for(blocker: Order) -> str:
    return (
        f"WASH_GUARD: waits for order {blocker.client_order_id} ({blocker.side} {blocker.quantity:f} "
        f"{blocker.symbol}): the broker refuses opposite orders of one account."
    )
