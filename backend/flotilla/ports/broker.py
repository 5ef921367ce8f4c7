"""What a broker must be able to do for us. Every method may raise the two errors below."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from flotilla.domain.errors import Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.market import Instrument, Session
from flotilla.domain.orders import Order, OrderStatus

KEYS_REFUSED = "KEYS_REFUSED"  # the code of Unavailable where the broker does not know the account's keys


class OrderRejected(Exception):
    """The broker refused a request and said so: nothing happened there, and why."""

    def __init__(self, reason: str, *, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class OutcomeUnknown(Exception):
    """No answer, or one that does not say: the request may have been carried out. Ask, never resend."""


class OrderNotSent(Exception):
    """The request never left us, and will not: nothing happened at the broker, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyRequests(Unavailable):
    """The broker refused a request for their number: nothing happened there, it may be made again.

    `retry_after`: in how many wall seconds, where the broker says so.
    """

    code = "TOO_MANY_REQUESTS"

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker has it; `legs` are its protective children, `reason` why it was refused.

    `replaces` and `replaced_by` are the broker's ids of the orders before and after it.
    `legs_told` is False where the report says nothing of legs, as in trade updates and lists.
    """

    broker_order_id: str
    client_order_id: str
    status: OrderStatus
    symbol: str
    type: str
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    filled_quantity: Decimal
    filled_average_price: Decimal | None
    legs: tuple["BrokerOrder", ...] = ()
    legs_told: bool = True
    reason: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """USD, as the broker counts. `last_equity` is the previous session's closing equity."""

    equity: Decimal
    cash: Decimal
    last_equity: Decimal


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """What the account holds of a symbol: shares or coins (below zero: short), last price in USD."""

    symbol: str
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that changed the account. `type` is Alpaca's: FILL, SPLIT, CFEE, CSD, DIV, FEE, ...

    `quantity` (signed) is what it added to the holding of `symbol`, `cash` to the dollars.
    `execution` where it is a fill.
    """

    id: str
    type: str
    at: datetime
    symbol: str | None
    quantity: Decimal
    cash: Decimal
    execution: Execution | None = None


@dataclass(frozen=True, slots=True)
class MarketState:
    """The account's market clock: its time, market seconds per wall second, and where prices come from.

    `last_event_id` is the newest trade update that was sent (practice only).
    """

    now: datetime
    rate: float
    source: str | None = None
    last_event_id: str | None = None


class Broker(Protocol):
    async def submit(self, order: Order) -> BrokerOrder:
        """Send an order under its client order id. Raises OrderRejected or OutcomeUnknown."""
        ...

    async def replace(self, broker_order_id: str, order: Order) -> BrokerOrder:
        """Put `order` in the place of a resting one: its price, under its own client order id.

        Returns the new order, whose `replaces` is the old one: that may still fill first, and its own
        update says what became of it. Raises OrderRejected (the old one stays) or OutcomeUnknown.
        """
        ...

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel; the order's own update says what came of it. A done order is no error."""
        ...

    async def find(self, client_order_id: str) -> BrokerOrder | None:
        """The order with its legs, or None when the broker never had it."""
        ...

    async def get(self, broker_order_id: str) -> BrokerOrder | None:
        """The order with its legs, or None when the broker does not know it."""
        ...

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """Every order of the account that is not done; legs are rows of their own (`legs_told` False)."""
        ...

    async def executions(self, broker_order_id: str) -> Sequence[Execution]:
        """Every execution of one order, oldest first."""
        ...

    async def positions(self) -> Sequence[BrokerPosition]:
        """Everything that the account holds."""
        ...

    async def activities(self, after: datetime, *, trades: bool) -> Sequence[Activity]:
        """The fills, or else everything else that has changed the account since, oldest first."""
        ...

    async def account(self) -> AccountFigures: ...

    async def instruments(self) -> Sequence[Instrument]:
        """Everything that can be traded."""
        ...

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        """The sessions of the days from `start` to `end`, both included, oldest first."""
        ...

    async def market_state(self) -> MarketState: ...
