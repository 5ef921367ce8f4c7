"""Fills, and positions from flat to flat."""

from dataclasses import dataclass, field

from flotilla.domain.orders import Purpose
from flotilla.domain.risk import ExitReason
from tests.kernel.twin.state import Bar, Holding


@dataclass(frozen=True)
class Fill:
    tau: int  # the decision's; of a leg the bar's end
    time: int  # the start of the bar that filled it
    bot: int
    symbol: str
    purpose: Purpose
    reason: ExitReason
    sign: float
    quantity: float
    price: float
    fee: float
    profit: float  # realised by it, net
    shift: float  # of the price against the decision's (of a leg: its own), against us, USD a unit
    lot: int | None = field(default=None, compare=False)  # whose leg it was
    fee_paid: float = field(default=0.0, compare=False)  # of the fee what was taken in USD
    coin_fee: float = field(default=0.0, compare=False)  # and what was kept in coins


@dataclass(frozen=True)
class Trade:
    bot: int
    symbol: str
    sign: float
    entry_time: int
    exit_time: int
    quantity: float
    entry_price: float
    exit_price: float
    profit: float
    fees: float
    mae: float  # the deepest loss on the way, <= 0
    mfe: float  # the highest gain on the way, >= 0
    risk: float | None  # to the first stops; None without one
    bars: int
    purpose: Purpose
    reason: ExitReason


@dataclass
class Round:
    """A position under way."""

    entry_time: int
    sign: float
    borrowed_until: int
    entered: float = 0.0
    paid: float = 0.0
    left: float = 0.0
    got: float = 0.0
    fees: float = 0.0
    mae: float = 0.0
    mfe: float = 0.0
    risk: float | None = None
    bars: int = 0
    lowest: float = 0.0  # price since the newest fill
    highest: float = 0.0

    def enter(self, holding: Holding, received: float, price: float) -> None:
        order = holding.order
        assert order is not None
        if holding.quantity != 0.0:
            self._excursion(holding, price)
        self.lowest = self.highest = price
        if order.stop is not None:
            self.risk = (self.risk or 0.0) + abs(price - order.stop) * received
        self.entered += received
        self.paid += received * price

    def leave(self, holding: Holding, quantity: float, price: float) -> None:
        self.left += quantity
        self.got += quantity * price
        self._excursion(holding, price)

    def see(self, bar: Bar) -> None:
        """A bar at whose end the position is held."""
        self.bars += 1
        self.lowest, self.highest = min(self.lowest, bar.low), max(self.highest, bar.high)

    def _excursion(self, holding: Holding, price: float) -> None:
        """The position's result at the worst and best price since its newest fill, and at this one."""
        for seen in (self.lowest, self.highest, price):
            result = holding.realised + (seen - holding.entry_price) * holding.quantity
            self.mae, self.mfe = min(self.mae, result), max(self.mfe, result)
        self.lowest = self.highest = price

    def trade(
        self, bot: int, symbol: str, time: int, profit: float, purpose: Purpose, reason: ExitReason
    ) -> Trade:
        return Trade(
            bot,
            symbol,
            self.sign,
            self.entry_time,
            time,
            self.entered,
            self.paid / self.entered,
            self.got / self.left,
            profit,
            self.fees,
            min(self.mae, profit),
            max(self.mfe, profit),
            self.risk,
            self.bars + 1,
            purpose,
            reason,
        )
