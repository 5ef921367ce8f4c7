"""From an intent to an order: purposes, states, and the id that makes a retry harmless."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum

from flotilla.domain.risk import ExitReason


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class Action(StrEnum):
    """What an intent does: a new order, or another price for an entry that rests, or its end."""

    PLACE = "place"
    REPLACE = "replace"
    CANCEL = "cancel"


class Purpose(StrEnum):
    """Why an order exists; the last part of what identifies it."""

    ENTRY = "entry"
    EXIT = "exit"
    FLATTEN = "flatten"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"

    @property
    def is_leg(self) -> bool:
        return self in (Purpose.STOP_LOSS, Purpose.TAKE_PROFIT)


class OrderStatus(StrEnum):
    """Where an order stands. The first two and `not_sent` are ours; the rest are the broker's words.

    `pending_submit`: the row is committed, the request's outcome is not known yet.
    `not_sent`: we asked, and the broker never had it; it will not be sent again.
    """

    PENDING_SUBMIT = "pending_submit"
    NOT_SENT = "not_sent"
    ACCEPTED = "accepted"
    PENDING_NEW = "pending_new"
    NEW = "new"
    HELD = "held"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    DONE_FOR_DAY = "done_for_day"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    CALCULATED = "calculated"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    PENDING_REVIEW = "pending_review"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REJECTED = "rejected"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset(
    {
        OrderStatus.NOT_SENT,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REPLACED,
        OrderStatus.REJECTED,
    }
)
# Why the engine sells what it protects itself: perhaps one lot of several.
TOUCHED = frozenset({ExitReason.STOP_TOUCHED, ExitReason.TARGET_TOUCHED})
# Along the way to a terminal state, later knowledge has the higher number: a late message of an
# earlier state changes nothing.
_PROGRESS = {
    OrderStatus.PENDING_SUBMIT: 0,
    OrderStatus.PENDING_NEW: 1,
    OrderStatus.ACCEPTED: 1,
    OrderStatus.HELD: 2,
    OrderStatus.NEW: 3,
    OrderStatus.PARTIALLY_FILLED: 4,
}


def advances(current: OrderStatus, reported: OrderStatus) -> bool:
    """Whether `reported` is news to an order known to be `current`.

    Terminal states stand, but for `not_sent`: a broker that knows the order after all is right.
    """
    if current is reported:
        return False
    if current is OrderStatus.NOT_SENT:
        return True
    if current.is_terminal:
        return False
    if reported.is_terminal:
        return True
    return _PROGRESS.get(reported, 5) > _PROGRESS.get(current, 0) or current not in _PROGRESS


@dataclass(frozen=True, slots=True)
class Intent:
    """What the kernel wants ordered: decided at `tau` at the close `price` (USD).

    `stop_price` and `target_price` go out with an entry, as legs that live at the broker. `order_price` is
    a limit or stop order's own. REPLACE (of a limit: its new `order_price`) and CANCEL are about the
    symbol's entry that rests: its quantity, stop and target are as they were sent.
    """

    symbol: str
    side: Side
    purpose: Purpose
    quantity: float
    price: float
    tau: datetime
    stop_price: float | None = None
    target_price: float | None = None
    reason: ExitReason | None = None
    action: Action = Action.PLACE
    type: OrderType = OrderType.MARKET
    order_price: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order row. Prices in USD, quantities in shares; `tau` is the decision's time.

    `decided_reason`: why the bot wanted it; `reason`: what the broker or the engine said of its end.
    `lot`: the number of the entry since the symbol was flat, its legs have the same; None until it
    has filled, and of exits. `replaces_id` is the order whose place it takes at the broker.
    """

    id: str
    bot_id: str
    account_id: str
    client_order_id: str
    broker_order_id: str | None
    parent_id: str | None
    symbol: str
    side: Side
    type: OrderType
    purpose: Purpose
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    take_profit_price: Decimal | None
    stop_loss_price: Decimal | None
    status: OrderStatus
    filled_quantity: Decimal
    filled_average_price: Decimal | None
    expected_price: Decimal | None
    tau: datetime
    created_at: datetime
    reason: str | None = None
    decided_reason: ExitReason | None = None
    lot: int | None = None
    replaces_id: str | None = None


def client_order_id(
    *,
    bot_id: str,
    epoch: int,
    symbol: str,
    tau: datetime,
    purpose: Purpose,
    lot: int | None = None,
    attempt: int = 1,
) -> str:
    """The id that one decision's order always gets, so that it cannot be accepted twice.

    `lot` tells the stops apart that one decision moves.

    Not part of it: the configuration's version (an edit during a crash would resend). At most 128
    characters, Alpaca's limit.
    """
    stamp = tau.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    what = purpose.value if lot is None else f"{purpose.value}.{lot}"
    return f"{bot_id}-{epoch}-{symbol.replace('/', '')}-{stamp}-{what}-{attempt}"


def second_part(first: str) -> str:
    """The client order id of the second part of an order that had to be sent in two."""
    return f"{first}-rest"


def to_quantity(quantity: float, step: Decimal) -> Decimal:
    """A kernel quantity as whole steps.

    The guard of the floor is at most half a step: a coin has steps of 1e-9, and more than is held is
    never sold.
    """
    guard = min(quantity * 1e-9, float(step) / 2)
    return _steps(quantity + guard, step, ROUND_FLOOR)


def to_price(price: float, step: Decimal) -> Decimal:
    """A kernel price as whole steps."""
    return _steps(price, step, ROUND_HALF_UP)


def _steps(value: float, step: Decimal, rounding: str) -> Decimal:
    return (Decimal(repr(value)) / step).to_integral_value(rounding=rounding) * step
