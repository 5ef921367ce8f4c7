"""One execution of an order, and the key that makes it count once however often it is reported."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from flotilla.domain.market import is_pair
from flotilla.domain.orders import Purpose, Side

# Alpaca's lowest tier, for who takes liquidity: every market order does.
_COIN_FEE = Decimal("0.0025")
_FINEST = Decimal("0.000000001")  # of coins, and of dollars kept of a sale of them


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
    """An execution as a bot's ledger books it: shares or coins, USD, the broker's time.

    `lot`: which entry since the symbol was flat it is of, or is the stop or target of (the first is
    0); None of an order that closes whatever is held. `coin_fee` are the coins that the broker kept of a
    purchase; `quantity` is with them.
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
    coin_fee: Decimal = Decimal(0)

    @property
    def signed_quantity(self) -> Decimal:
        return self.quantity if self.side is Side.BUY else -self.quantity

    @property
    def moved(self) -> Decimal:
        """What it changes of the holding."""
        return self.received if self.side is Side.BUY else -self.quantity

    @property
    def received(self) -> Decimal:
        """What a purchase adds to the holding."""
        return self.quantity - self.coin_fee

    @property
    def cost(self) -> Decimal:
        """All fees, those taken in the coin at the fill's price (USD)."""
        return self.fee + self.coin_fee * self.price


def fees(symbol: str, side: Side, quantity: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    """What the broker keeps of an execution: (USD, coins). Stocks are free.

    Of a purchase of coins it keeps coins, and what is left is truncated to nine decimals; of a sale dollars
    (semantics 4). Recorded of Alpaca: 0.000175822 bought left 0.000175382.
    """
    if not is_pair(symbol):
        return Decimal(0), Decimal(0)
    if side is Side.BUY:
        left = (quantity * (1 - _COIN_FEE)).quantize(_FINEST, ROUND_DOWN)
        return Decimal(0), quantity - left
    return (quantity * price * _COIN_FEE).quantize(_FINEST, ROUND_HALF_EVEN), Decimal(0)
