"""Orders, executions and trade updates: the nouns of the matching core."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


class TimeInForce(StrEnum):
    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    CLS = "cls"


# They trade at once, or at the next opening when the market is closed, and never rest.
IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG})
RESTING_TIMES = frozenset({TimeInForce.DAY, TimeInForce.GTC})
COIN_TIMES = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})


class OrderClass(StrEnum):
    SIMPLE = "simple"
    BRACKET = "bracket"
    OTO = "oto"
    OCO = "oco"


class OrderStatus(StrEnum):
    ACCEPTED = "accepted"
    PENDING_NEW = "pending_new"
    NEW = "new"
    HELD = "held"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REJECTED = "rejected"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    DONE_FOR_DAY = "done_for_day"


# Fills may come while the venue has not yet done what it was asked to.
REQUESTED = frozenset({OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE})
WORKING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}) | REQUESTED
ACTIVE = WORKING | {OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW}
OPEN = ACTIVE | {OrderStatus.HELD}
CLOSED = frozenset(OrderStatus) - OPEN
_UNTOUCHED = frozenset({OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.HELD})


def is_crypto(symbol: str) -> bool:
    """Say whether `symbol` is a pair such as BTC/USD: traded around the clock, paid in full."""
    return "/" in symbol


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """A validated request for an order: prices and quantity are positive, the combination legal.

    Exactly one of `qty` and `notional` (dollars) is given. The legs: `take_profit` is a limit price,
    `stop_loss` a stop price, with `stop_loss_limit` the leg is a stop-limit order.
    """

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    qty: Decimal | None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    order_class: OrderClass = OrderClass.SIMPLE
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    client_order_id: str | None = None
    extended_hours: bool = False
    notional: Decimal | None = None
    stop_loss_limit: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    position_intent: str | None = None

    @property
    def is_crypto(self) -> bool:
        return is_crypto(self.symbol)


@dataclass(slots=True)
class Order:
    """One order's state. `seq` orders all orders of the market by creation.

    A bracket is a group: the entry and its legs share the `root_id`, the id of the first entry.
    `entered_inside` is the start of the bar in which a leg became live because its entry was touched
    within the bar: in that bar only a stop counts (nobody knows whether the target came before).
    `reserve_price` is what one share of an order that opens a position holds of the buying power.
    `qty` of a notional order is what its dollars buy: an estimate until it fills, never shown.
    `stop_price` of a trailing stop follows `hwm`, the best price since it became live. A stop-limit order
    is a limit order once it is `triggered`.
    """

    id: str
    account_id: str
    seq: int
    client_order_id: str
    root_id: str
    is_leg: bool
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_class: OrderClass
    position_intent: str
    qty: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    extended_hours: bool
    status: OrderStatus
    created_at: datetime
    submitted_at: datetime
    updated_at: datetime
    expires_at: datetime
    reserve_price: Decimal = ZERO
    filled_qty: Decimal = ZERO
    filled_value: Decimal = ZERO
    filled_at: datetime | None = None
    expired_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    canceled_at: datetime | None = None
    failed_at: datetime | None = None
    replaced_at: datetime | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    entered_inside: datetime | None = None
    notional: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    hwm: Decimal | None = None
    triggered: bool = False

    @property
    def is_crypto(self) -> bool:
        return is_crypto(self.symbol)

    @property
    def is_exit_of_group(self) -> bool:
        """One of the orders of which only one may fill: a leg, or the target of an OCO."""
        return self.is_leg or self.order_class is OrderClass.OCO

    @property
    def reported_status(self) -> OrderStatus:
        """What clients are told: of a pair of exits the stop is `held` until its price is met."""
        waits = self.status in _UNTOUCHED and self.is_leg and self.type in STOPS and not self.triggered
        paired = self.order_class in (OrderClass.BRACKET, OrderClass.OCO)
        return OrderStatus.HELD if waits and paired else self.status

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_active(self) -> bool:
        """Open, and not waiting for its entry: it holds quantity or buying power."""
        return self.status in ACTIVE

    @property
    def is_working(self) -> bool:
        """At the venue: a price may fill it."""
        return self.status in WORKING

    @property
    def remaining(self) -> Decimal:
        return self.qty - self.filled_qty

    @property
    def opens_position(self) -> bool:
        return self.position_intent.endswith("_to_open")

    @property
    def filled_avg_price(self) -> Decimal | None:
        """The quantity-weighted mean of the executions, to at most nine decimals."""
        if not self.filled_qty:
            return None
        mean = self.filled_value / self.filled_qty
        exact = mean * self.filled_qty == self.filled_value
        return mean if exact else mean.quantize(Decimal("1e-9"))


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill, as the account's activities keep it. `position_qty` is signed, after the fill.

    `fee_qty` are coins kept of a purchase, `fee_cash` dollars kept of a sale's proceeds.
    """

    id: str
    seq: int
    account_id: str
    order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    position_qty: Decimal
    order_status: OrderStatus
    at: datetime
    fee_qty: Decimal = ZERO
    fee_cash: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class TradeUpdate:
    """One event of the trade-updates stream; `order` is the order as it was at that moment.

    `reason` is the venue's own text, when it refused or cancelled without being asked.
    """

    event_id: str
    event: str
    at: datetime
    account_id: str
    order: Order
    execution_id: str
    execution: Execution | None = None
    reason: str | None = None
