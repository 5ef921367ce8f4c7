"""A gateway over the exchange, with one bot that listens to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flotilla.domain.orders import Order, OrderStatus, Purpose, Side
from flotilla.engine.account_watch import AccountWatch
from flotilla.engine.order_gateway import ASK_AFTER, OrderGateway
from flotilla.engine.reconciliation import reconcile
from flotilla.ports.market_data import Connected
from flotilla.ports.store import Booked, OrderDraft, StepRecord
from tests.engine.exchange import START
from tests.engine.harness import Engine, until

S = OrderStatus
BRACKET = {"take_profit_price": Decimal(110), "stop_loss_price": Decimal(80)}
AT_ONCE = (0.0,) * len(ASK_AFTER)


class Bot:
    """Hears what its orders come to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.bought = Decimal(0)
        self.caught_up = 0

    def on_booked(self, booked: Booked) -> None:
        self.heard.append((booked.order.purpose, booked.order.status))
        self.bought += sum((fill.signed_quantity for fill in booked.fills), Decimal(0))

    def on_closed(self, order: Order) -> None:
        self.heard.append((order.purpose, order.status))

    def on_split(self, rest: Order) -> None:
        self.heard.append((rest.purpose, "split"))

    def on_caught_up(self) -> None:
        self.caught_up += 1


class Desk:
    """A gateway over the exchange, with one bot that listens."""

    def __init__(self, engine: Engine, bot_id: str) -> None:
        self.engine, self.bot_id = engine, bot_id
        self.exchange, self.store = engine.exchange, engine.store
        self.bot = Bot()
        self.gateway = self.reopened()
        self._count = 0
        self._handled = 0

    def reopened(self) -> OrderGateway:
        """A gateway as a restarted engine has it."""
        self.gateway = OrderGateway(
            self.exchange,
            self.store,
            account_id=self.engine.account_id,
            ask_after=AT_ONCE,
            market_heard=lambda: self.exchange.now,
        )
        self.gateway.listen(self.bot_id, self.bot)
        return self.gateway

    async def order(
        self, purpose: Purpose = Purpose.ENTRY, *, bot_id: str | None = None, **changes: Any
    ) -> Order:
        """An order whose row is committed and whose request has not been sent."""
        self._count += 1
        side = Side.BUY if purpose is Purpose.ENTRY else Side.SELL
        given: dict[str, Any] = {
            "client_order_id": f"{bot_id or self.bot_id}-{self._count}",
            "symbol": "AAPL",
            "side": side,
            "purpose": purpose,
            "quantity": Decimal(10),
            "take_profit_price": None,
            "stop_loss_price": None,
            "expected_price": Decimal(90),
            "indicators_snapshot": {},
            "tau": START + timedelta(minutes=self._count),
        }
        stored = await self.store.record_step(
            StepRecord(
                bot_id=bot_id or self.bot_id,
                account_id=self.engine.account_id,
                bot_version=1,
                tau=START,
                decisions=[],
                orders=[OrderDraft(**given | changes)],
                checkpoint={},
                day_pnl=Decimal(0),
            )
        )
        return stored.orders[0]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Book what the stream brings, as the supervisor does."""

        async def book() -> None:
            async with self.exchange.trade_updates.open() as updates:
                async for update in updates:
                    if not isinstance(update, Connected):
                        await self.gateway.on_update(update)
                        self._handled += 1

        task = asyncio.create_task(book())
        await until(lambda: self.exchange.trade_updates.values is not None)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()

    async def heard_all(self) -> None:
        """Return when all that the stream has brought is booked, or the reader has failed."""
        stream = self.exchange.trade_updates
        await until(lambda: self._handled == stream.sent or stream.values is None)

    async def reconciled(self) -> int:
        return await reconcile(self.exchange, self.store, self.gateway, account_id=self.engine.account_id)

    def watch(self) -> AccountWatch:
        """Compare the account with the broker, as the supervisor has it done."""
        return AccountWatch(
            self.exchange,
            self.store,
            self.store.account_books,
            self.gateway,
            self.engine.nudges,
            account_id=self.engine.account_id,
            second_look=0.0,
        )

    async def outline(self) -> list[tuple[str, str]]:
        return await self.engine.outline(self.bot_id)

    async def agree(self) -> None:
        await self.engine.assert_books_agree(self.bot_id)
