"""A bot's holding of one symbol, from flat to flat. Average cost, net of fees; a short is below zero."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from flotilla.domain.fills import Fill
from flotilla.domain.orders import Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Position:
    """Shares (below zero: short), and USD.

    `realized_pnl` counts what was closed so far, after all fees paid. `stop_loss_price` and
    `take_profit_price` are the nearest of its entries'.
    """

    id: str
    bot_id: str
    symbol: str
    quantity: Decimal
    entry_price: Decimal
    current_price: Decimal
    stop_loss_price: Decimal | None
    take_profit_price: Decimal | None
    realized_pnl: Decimal
    opened_at: datetime
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def unrealized_pnl(self) -> Decimal:
        return (self.current_price - self.entry_price) * self.quantity

    def marked(self, price: Decimal) -> "Position":
        """The same holding valued at `price`."""
        return replace(self, current_price=price)

    def protected(self, *, stop: Decimal | None, target: Decimal | None) -> "Position":
        """The same holding with its stop and target."""
        return replace(self, stop_loss_price=stop, take_profit_price=target)

    def apply(self, fill: Fill) -> "Position":
        """The holding after `fill`.

        Raises ValueError on more than closes it: a bot never flips through zero.
        """
        left = self.quantity + fill.moved
        if not self.is_reduced_by(fill):
            cost = self.entry_price * abs(self.quantity) + fill.price * abs(fill.moved)
            return replace(
                self,
                quantity=left,
                entry_price=cost / abs(left),
                current_price=fill.price,
                realized_pnl=self.realized_pnl - fill.cost,
            )
        if fill.quantity > abs(self.quantity):
            done = "sold" if fill.side is Side.SELL else "bought back"
            raise ValueError(f"{fill.quantity} {fill.symbol} {done} of {abs(self.quantity)} held")
        return replace(
            self,
            quantity=left,
            current_price=fill.price,
            realized_pnl=self.realized_pnl + profit(self.entry_price, fill),
            closed_at=fill.executed_at if left == 0 else None,
        )

    def is_reduced_by(self, fill: Fill) -> bool:
        """Whether `fill` is on the other side: a sale of a long, a purchase of a short."""
        return self.quantity * fill.signed_quantity < 0


def opened(position_id: str, fill: Fill) -> Position:
    """The position that a first purchase opens, or a first sale short."""
    return Position(
        id=position_id,
        bot_id=fill.bot_id,
        symbol=fill.symbol,
        quantity=fill.moved,
        entry_price=fill.price,
        current_price=fill.price,
        stop_loss_price=None,
        take_profit_price=None,
        realized_pnl=-fill.cost,
        opened_at=fill.executed_at,
        closed_at=None,
    )


def profit(entry_price: Decimal, fill: Fill) -> Decimal:
    """What a sale earned over average cost, or a purchase that closes a short, net of its fee (USD)."""
    return (entry_price - fill.price) * fill.signed_quantity - fill.fee
