"""What happened in a backtest, row by row."""

from dataclasses import dataclass
from datetime import datetime

from flotilla.domain.orders import OrderType, Purpose, Side
from flotilla.domain.risk import ExitReason


@dataclass(frozen=True, slots=True)
class BacktestFill:
    """One filled order. `tau`: when it was decided (a leg: the end of its bar); `time`: its bar's open.

    USD, shares or coins; `slippage` is what the price was worse than decided, a unit.
    """

    bot: int
    tau: datetime
    time: datetime
    symbol: str
    side: Side
    purpose: Purpose
    quantity: float
    price: float
    fee: float
    profit: float
    slippage: float
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class BacktestTrade:
    """A position from flat to flat; `side` is the one that opened it. USD; None: there was no stop."""

    bot: int
    symbol: str
    side: Side
    entry_time: datetime
    exit_time: datetime
    quantity: float
    entry_price: float
    exit_price: float
    profit: float
    fees: float
    mae: float
    mfe: float
    risk: float | None
    bars: int
    reason: ExitReason
    purpose: Purpose  # of the order that left it: a stop or a target tells itself apart by it


@dataclass(frozen=True, slots=True)
class Order:
    """What was decided, filled or not. `order_price`: what a limit or stop order began with."""

    bot: int
    tau: datetime
    symbol: str
    side: Side
    purpose: Purpose
    quantity: float
    price: float
    stop: float | None
    target: float | None
    reason: ExitReason
    type: OrderType = OrderType.MARKET
    order_price: float | None = None
