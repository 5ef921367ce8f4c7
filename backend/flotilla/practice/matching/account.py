"""One account: cash, positions at average cost, and what it may still buy."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from flotilla.practice.matching.orders import ZERO, Side, is_crypto

# Cost moves between position and realised profit in these steps, so that sums stay exact.
_COST_STEP = Decimal("1e-9")
COIN_STEP = Decimal("1e-9")
_LEAST_MARGIN_EQUITY = Decimal(2000)  # dollars


@dataclass(slots=True)
class Position:
    """A holding: `qty` is signed, `cost` is what it was bought for (negative: sold short for)."""

    symbol: str
    qty: Decimal
    cost: Decimal
    opened_at: datetime

    @property
    def average_price(self) -> Decimal:
        return self.cost / self.qty


@dataclass(frozen=True, slots=True)
class Configurations:
    """What the owner of the account allows; the names and values are Alpaca's."""

    suspend_trade: bool = False
    no_shorting: bool = False
    fractional_trading: bool = True
    max_margin_multiplier: str = "4"
    trade_confirm_email: str = "all"
    ptp_no_exception_entry: bool = False
    disable_overnight_trading: bool = False
    max_options_trading_level: int | None = None


@dataclass(slots=True)
class Account:
    """Cash and positions. Always: cash + sum of cost - realized + fees = initial_cash.

    `fees` are the dollars that fees were worth when they were taken, in coins or in cash.
    """

    id: str
    key: str
    secret: str
    created_at: datetime
    initial_cash: Decimal
    cash: Decimal
    realized: Decimal
    last_equity: Decimal
    multiplier: Decimal
    configurations: Configurations = Configurations()
    positions: dict[str, Position] = field(default_factory=dict)
    fees: Decimal = ZERO

    @property
    def may_borrow(self) -> bool:
        """Say whether the account is large enough for margin and short sales."""
        return self.last_equity >= _LEAST_MARGIN_EQUITY

    @property
    def effective_multiplier(self) -> Decimal:
        """The margin multiplier, 1 while the account is too small for margin."""
        return self.multiplier if self.may_borrow else min(self.multiplier, Decimal(1))

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed quantity held, zero when flat."""
        position = self.positions.get(symbol)
        return position.qty if position else ZERO

    def apply_fill(self, symbol: str, side: Side, qty: Decimal, price: Decimal, at: datetime) -> None:
        """Book `qty` (positive) at `price`; a fill across zero closes first, then opens."""
        held = self.quantity(symbol)
        delta = side.sign * qty
        if held and (held > 0) != (delta > 0):
            closing = min(qty, abs(held))
            self._reduce(self.positions[symbol], closing, price)
            delta = side.sign * (qty - closing)
        if delta:
            self._increase(symbol, delta, price, at)

    def take_coin_fee(self, symbol: str, qty: Decimal, price: Decimal, rate: Decimal) -> Decimal:
        """Keep `rate` of the `qty` coins just bought at `price`; returns the coins kept.

        What is left of the purchase is truncated to nine decimals, as Alpaca's is.
        """
        fee = qty - (qty * (1 - rate)).quantize(COIN_STEP, ROUND_DOWN)
        position = self.positions[symbol]
        position.qty -= fee
        position.cost -= fee * price
        self.fees += fee * price
        if not position.qty:
            self.realized -= position.cost
            del self.positions[symbol]
        return fee

    def take_cash_fee(self, value: Decimal, rate: Decimal) -> Decimal:
        """Keep `rate` of a sale's `value` in dollars; returns the dollars kept."""
        fee = (value * rate).quantize(_COST_STEP)
        self.cash -= fee
        self.fees += fee
        return fee

    def _increase(self, symbol: str, delta: Decimal, price: Decimal, at: datetime) -> None:
        self.cash -= delta * price
        position = self.positions.get(symbol)
        if position is None:
            self.positions[symbol] = Position(symbol, delta, delta * price, at)
        else:
            position.qty += delta
            position.cost += delta * price

    def _reduce(self, position: Position, qty: Decimal, price: Decimal) -> None:
        sign = 1 if position.qty > 0 else -1
        if qty == abs(position.qty):
            cost = position.cost
            del self.positions[position.symbol]
        else:
            cost = (position.cost * qty / abs(position.qty)).quantize(_COST_STEP)
            position.qty -= sign * qty
            position.cost -= cost
        proceeds = sign * qty * price
        self.cash += proceeds
        self.realized += proceeds - cost

    def long_market_value(self, marks: dict[str, Decimal]) -> Decimal:
        return sum((p.qty * marks[p.symbol] for p in self.positions.values() if p.qty > 0), start=ZERO)

    def short_market_value(self, marks: dict[str, Decimal]) -> Decimal:
        """Return the value of the short positions: zero or negative."""
        return sum((p.qty * marks[p.symbol] for p in self.positions.values() if p.qty < 0), start=ZERO)

    def equity(self, marks: dict[str, Decimal]) -> Decimal:
        return self.cash + self.long_market_value(marks) + self.short_market_value(marks)

    def buying_power(
        self, marks: dict[str, Decimal], reserved: Decimal, reserved_cash: Decimal = ZERO
    ) -> Decimal:
        """Return the worth of stocks that may still be opened.

        The multiplier times equity, less what is held (long or short) and what open orders reserve.
        Coins, and the `reserved_cash` that open orders for coins hold, are no collateral.
        """
        coins = sum(
            (p.qty * marks[p.symbol] for p in self.positions.values() if is_crypto(p.symbol)), start=ZERO
        )
        gross = self.long_market_value(marks) - self.short_market_value(marks) - coins
        margin = self.equity(marks) - coins - reserved_cash
        return max(ZERO, self.effective_multiplier * margin - gross - (reserved - reserved_cash))

    def spendable_cash(self, reserved: Decimal) -> Decimal:
        """Return the dollars that may be paid for what cannot be bought on margin."""
        return max(ZERO, self.cash - reserved)
