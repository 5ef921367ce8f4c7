"""What is known of a session that may explain why a fill differs from the model's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flotilla.domain.orders import OrderStatus
from flotilla.research.parity.seen import LateBar


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """One order of live trading, filled or not. USD, shares or coins."""

    tau: datetime
    symbol: str
    purpose: str
    status: OrderStatus
    quantity: Decimal
    filled: Decimal
    price: Decimal | None  # average
    expected: Decimal | None  # the decision's close, or the leg's price
    sign: int  # +1 buys, -1 sells
    moved: bool = False  # its price was changed at the broker

    @property
    def slippage_bps(self) -> float | None:
        """What it filled worse than decided, in basis points of the decision's price; negative: better."""
        if self.price is None or not self.expected:
            return None
        return float(self.sign * (self.price - self.expected) / self.expected * 10_000)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one bot in one session. `gaps`: (from, to) in which the engine closed no minute although the
    market had bars; `edits` and `commands`: when a version took over, and when a person paused, stopped
    or flattened; `limited`: (tau, symbol) that an account-wide limit refused.
    """

    orders: Sequence[LiveOrder] = ()
    late: Sequence[LateBar] = ()
    gaps: Sequence[tuple[datetime, datetime]] = ()
    edits: Sequence[datetime] = ()
    commands: Sequence[datetime] = ()
    limited: frozenset[tuple[datetime, str]] = frozenset()
