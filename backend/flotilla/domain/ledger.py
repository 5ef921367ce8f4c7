"""A bot's money, in Decimal, built only from its own fills."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from flotilla.domain.fills import Fill
from flotilla.domain.positions import Position


@dataclass(frozen=True, slots=True)
class Ledger:
    """Capital (the allocation), cash and realised P&L of one bot, USD."""

    capital: Decimal
    cash: Decimal
    realized_pnl: Decimal

    @classmethod
    def opened(cls, capital: Decimal) -> "Ledger":
        return cls(capital=capital, cash=capital, realized_pnl=Decimal(0))

    def apply(self, fill: Fill, *, profit: Decimal) -> "Ledger":
        """The ledger after `fill`; `profit` is what the fill realised (one that opens: minus its cost)."""
        return replace(
            self,
            cash=self.cash - fill.signed_quantity * fill.price - fill.fee,
            realized_pnl=self.realized_pnl + profit,
        )

    def with_capital(self, capital: Decimal) -> "Ledger":
        """The ledger after a transfer that changes the allocation to `capital`."""
        return replace(self, capital=capital, cash=self.cash + capital - self.capital)

    def equity(self, positions: Iterable[Position]) -> Decimal:
        """Cash plus open positions at their current price: capital + realised + unrealised."""
        return self.cash + sum((p.quantity * p.current_price for p in positions if p.is_open), Decimal(0))
