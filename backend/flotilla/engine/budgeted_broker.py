"""The broker, asked no more often than it allows: every request waits for its turn in the budget."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from flotilla.domain.errors import Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.market import Bar, Instrument, Session, Timeframe
from flotilla.domain.orders import Order, Purpose
from flotilla.engine.request_budget import Priority, RequestBudget, WaitedTooLong, current_priority, spending
from flotilla.ports.bar_history import BarHistory
from flotilla.ports.broker import (
    AccountFigures,
    Activity,
    Broker,
    BrokerOrder,
    BrokerPosition,
    MarketState,
    OrderNotSent,
    TooManyRequests,
)

T = TypeVar("T")

# An entry that had to wait longer than a bar is not the one that was decided (market time).
STALE_AFTER = timedelta(minutes=1)
_TRIES, _PAUSE = 3, 0.2  # of a question that was not answered; wall seconds, doubled, with jitter
_PRIORITIES = {
    Purpose.ENTRY: Priority.ENTRY,
    Purpose.STOP_LOSS: Priority.PROTECTION,
    Purpose.TAKE_PROFIT: Priority.PROTECTION,
}


class BudgetedBroker:
    """`ports.broker.Broker` over another one.

    A refusal for too many requests has done nothing: the request queues again, whatever it was. Beyond
    that only questions are repeated, and an order never.
    """

    def __init__(self, broker: Broker, budget: RequestBudget, *, clock_is_free: bool = False) -> None:
        """`clock_is_free`: the market's clock is not one of the counted requests (practice)."""
        self._broker = broker
        self._budget = budget
        self._clock_is_free = clock_is_free
        self._state: MarketState | None = None
        self._no_entries: str | None = None
        self._exits_first = False

    def heed_kill_switch(self, *, no_entries: str | None, exits_first: bool) -> None:
        """Send no entry that still waits for its turn, for that reason; exits before all others."""
        self._no_entries, self._exits_first = no_entries, exits_first
        self._budget.review()

    async def submit(self, order: Order) -> BrokerOrder:
        """Send an order. Raises OrderNotSent for an entry whose bar is over, or that the kill switch
        forbids, before its turn came.
        """
        stale = None if order.purpose is not Purpose.ENTRY else lambda: self._is_over(order.tau)
        try:
            with spending(_PRIORITIES.get(order.purpose, self._exits)):
                return await self._request(lambda: self._broker.submit(order), is_stale=stale)
        except WaitedTooLong:
            if self._no_entries is not None:
                raise OrderNotSent(self._no_entries) from None
            raise OrderNotSent(
                "REQUEST_BUDGET: too many requests were waiting; its bar was over before its turn came."
            ) from None

    @property
    def _exits(self) -> Priority:
        return Priority.KILL_SWITCH if self._exits_first else Priority.EXIT

    def _is_over(self, tau: datetime) -> bool:
        if self._no_entries is not None:
            return True
        now = self._budget.market_now()
        return now is not None and now - tau > STALE_AFTER

    async def replace(self, broker_order_id: str, order: Order) -> BrokerOrder:
        with spending(Priority.PROTECTION):
            return await self._request(lambda: self._broker.replace(broker_order_id, order))

    async def cancel(self, broker_order_id: str) -> None:
        """Cancels come before exits that wait for them, or make room for the kill switch."""
        with spending(self._exits):
            await self._request(lambda: self._broker.cancel(broker_order_id))

    async def find(self, client_order_id: str) -> BrokerOrder | None:
        # What became of an order is part of its sending.
        with spending(Priority.PROTECTION):
            return await self._request(lambda: self._broker.find(client_order_id), cost=2)

    async def get(self, broker_order_id: str) -> BrokerOrder | None:
        return await self._ask(lambda: self._broker.get(broker_order_id))

    async def open_orders(self) -> Sequence[BrokerOrder]:
        return await self._ask(self._broker.open_orders)

    async def executions(self, broker_order_id: str) -> Sequence[Execution]:
        return await self._ask(lambda: self._broker.executions(broker_order_id))

    async def positions(self) -> Sequence[BrokerPosition]:
        return await self._ask(self._broker.positions)

    async def activities(self, after: datetime, *, trades: bool) -> Sequence[Activity]:
        return await self._ask(lambda: self._broker.activities(after, trades=trades))

    async def account(self) -> AccountFigures:
        return await self._request(self._broker.account)

    async def instruments(self) -> Sequence[Instrument]:
        return await self._request(self._broker.instruments)

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        return await self._request(lambda: self._broker.sessions(start, end))

    async def market_state(self) -> MarketState:
        """The market's clock; what it must say by now where requests are too short to ask."""
        known, now = self._state, self._budget.market_now()
        if known is not None and now is not None and not self._clock_is_free and self._budget.is_short:
            return replace(known, now=now)
        state = await self._request(self._broker.market_state, cost=0 if self._clock_is_free else 1)
        self._state = state
        self._budget.hear_time(state.now, state.rate)
        return state

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """A question, asked again a little later when there was no answer."""
        for attempt in range(1, _TRIES):
            try:
                return await self._request(ask)
            except Unavailable:
                await asyncio.sleep(random.uniform(0.5, 1.0) * _PAUSE * 2**attempt)
        return await self._request(ask)

    async def _request(
        self,
        send: Callable[[], Awaitable[T]],
        *,
        cost: int = 1,
        is_stale: Callable[[], bool] | None = None,
    ) -> T:
        while True:
            if cost:
                await self._budget.spend(current_priority(), cost=cost, is_stale=is_stale)
            try:
                return await send()
            except TooManyRequests as refusal:
                self._budget.hear_refusal(refusal.retry_after)


class BudgetedHistory:
    """`ports.bar_history.BarHistory` over another one: waits when the data's own limit was reached.

    Alpaca counts requests for data apart from those for trading; how many are free depends on the plan,
    so they are not counted here, only a refusal is heeded.
    """

    def __init__(self, history: BarHistory) -> None:
        self._history = history
        self._budget = RequestBudget(limit=0)

    async def bars(
        self,
        symbols: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> Mapping[str, Sequence[Bar]]:
        return await self._read(lambda: self._history.bars(symbols, start=start, end=end, limit=limit))

    async def latest(self, symbol: str, timeframe: Timeframe, limit: int) -> Sequence[Bar]:
        return await self._read(lambda: self._history.latest(symbol, timeframe, limit))

    async def _read(self, read: Callable[[], Awaitable[T]]) -> T:
        while True:
            await self._budget.spend(current_priority())
            try:
                return await read()
            except TooManyRequests as refusal:
                self._budget.hear_refusal(refusal.retry_after)
