"""Trades, positions and orders as the page reads them."""

from datetime import datetime

from pydantic import Field

from flotilla.domain.orders import OrderStatus, OrderType, Purpose, Side
from flotilla.domain.risk import ExitReason
from flotilla.wire.base import Model, Money


class TradeOut(Model):
    """One order's executions. It is sent again, with a higher version, until it is final."""

    id: str
    bot_id: str
    bot_name: str
    order_id: str
    symbol: str
    type: Side
    purpose: Purpose
    quantity: Money
    price: Money = Field(description="Average price, USD.")
    fee: Money
    profit_loss: Money | None = Field(description="USD net of fees; null when it opens a position.")
    timestamp: datetime = Field(description="Market time of the latest execution.")
    indicators_snapshot: dict[str, float]
    version: int
    is_final: bool


class PositionOut(Model):
    id: str
    bot_id: str
    bot_name: str
    symbol: str
    quantity: Money
    entry_price: Money
    current_price: Money
    stop_loss_price: Money | None
    take_profit_price: Money | None
    unrealized_pnl: Money
    realized_pnl: Money
    opened_at: datetime
    closed_at: datetime | None
    is_open: bool


class OrderOut(Model):
    """One order, with the price it was decided at and the one it got."""

    id: str
    bot_id: str
    client_order_id: str
    broker_order_id: str | None
    parent_id: str | None
    symbol: str
    side: Side
    type: OrderType
    purpose: Purpose
    quantity: Money
    limit_price: Money | None
    stop_price: Money | None
    status: OrderStatus
    filled_quantity: Money
    filled_average_price: Money | None
    expected_price: Money | None
    slippage: Money | None = Field(
        description="USD per share that the fills cost against the expected price; negative: better."
    )
    slippage_bps: Money | None = Field(description="The same in basis points of the expected price.")
    reason: str | None = Field(description="What the broker or the engine said of its end.")
    decided_reason: ExitReason | None = Field(
        description="Why the bot wanted it; a stop's or target's: that it is touched."
    )
    tau: datetime = Field(description="Market time of the decision.")
    created_at: datetime
