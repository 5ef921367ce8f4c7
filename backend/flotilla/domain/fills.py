"""One execution of an order, and the key that makes it count once however often it is reported."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flotilla.domain.orders import Purpose, Side


@dataclass(frozen=True, slots=True)
class Execution:
    """What the broker says of one execution, from its stream or from its account activities.

    `cumulative_quantity` is the order's filled quantity after it: with `broker_order_id` it is the
    execution's identity (both sources carry it).
    """

    broker_order_id: str
    cumulative_quantity: Decimal
    quantity: Decimal
    price: Decimal
    executed_at: datetime


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution as a bot's ledger books it: shares, USD, the broker's time.

    `lot`: which entry since the symbol was flat it is of, or is the stop or target of (the first is
    0); None of an order that closes whatever is held.
    """

    order_id: str
    bot_id: str
    symbol: str
    side: Side
    purpose: Purpose
    quantity: Decimal
    price: Decimal
    fee: Decimal
    executed_at: datetime
    lot: int | None = None

    @property
    def signed_quantity(self) -> Decimal:
        return self.quantity if self.side is Side.BUY else -self.quantity
