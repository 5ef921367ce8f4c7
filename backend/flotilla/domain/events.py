"""The facts that leave the engine: what is written to the outbox and reaches the browser."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flotilla.domain.bots import BotStatus, DesiredStatus
from flotilla.domain.orders import Purpose, Side
from flotilla.domain.positions import Position


@dataclass(frozen=True, slots=True)
class Trade:
    """One order's executions as the user sees them: upserted per fill, `is_final` when it is done.

    `price` is the average; `profit_loss` (USD, net of fees) is None for an order that closes nothing.
    """

    id: str
    bot_id: str
    bot_name: str
    order_id: str
    symbol: str
    type: Side
    purpose: Purpose
    quantity: Decimal
    price: Decimal
    fee: Decimal
    profit_loss: Decimal | None
    timestamp: datetime
    indicators_snapshot: dict[str, float]
    version: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class BotStatusChanged:
    """A bot's desired or actual status changed; `reason` says why it is in error."""

    bot_id: str
    name: str
    status: BotStatus
    desired_status: DesiredStatus
    reason: str | None
    version: int


@dataclass(frozen=True, slots=True)
class TradeExecuted:
    trade: Trade


@dataclass(frozen=True, slots=True)
class PositionUpdated:
    bot_name: str
    position: Position


Event = BotStatusChanged | TradeExecuted | PositionUpdated
