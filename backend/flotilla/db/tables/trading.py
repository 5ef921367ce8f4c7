from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table, new_id


class OrderRow(Table):
    """An order, committed before its request leaves. Legs have the entry as `parent_id`.

    `lot` numbers the entries since the symbol was flat; legs have their entry's. A stop that was moved
    names the one before it as `replaces_id`.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index(
            "ix_orders_open",
            "bot_id",
            postgresql_where=text(
                "status NOT IN ('filled', 'canceled', 'expired', 'replaced', 'rejected', 'not_sent')"
            ),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"))
    client_order_id: Mapped[str] = mapped_column(unique=True)
    broker_order_id: Mapped[str | None] = mapped_column(unique=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("flotilla.orders.id"), index=True)
    replaces_id: Mapped[str | None] = mapped_column(ForeignKey("flotilla.orders.id"), index=True)
    lot: Mapped[int | None]
    bot_version: Mapped[int]
    symbol: Mapped[str]
    side: Mapped[str]
    type: Mapped[str]
    purpose: Mapped[str]
    quantity: Mapped[Decimal]
    limit_price: Mapped[Decimal | None]
    stop_price: Mapped[Decimal | None]
    take_profit_price: Mapped[Decimal | None]
    stop_loss_price: Mapped[Decimal | None]
    status: Mapped[str]
    filled_quantity: Mapped[Decimal] = mapped_column(default=Decimal(0))
    filled_average_price: Mapped[Decimal | None]
    expected_price: Mapped[Decimal | None]
    slippage: Mapped[Decimal | None]
    slippage_bps: Mapped[Decimal | None]
    indicators_snapshot: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str | None]
    decided_reason: Mapped[str | None]
    tau: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class OrderEventRow(Table):
    """Each change of an order and where it was learnt: append-only."""

    __tablename__ = "order_events"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("flotilla.orders.id"), index=True)
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    source: Mapped[str]
    detail: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class FillRow(Table):
    """One execution, booked once: the broker's order id and the cumulative quantity are its key."""

    __tablename__ = "fills"
    __table_args__ = (UniqueConstraint("broker_order_id", "cumulative_quantity"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[str] = mapped_column(ForeignKey("flotilla.orders.id"), index=True)
    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"), index=True)
    broker_order_id: Mapped[str]
    cumulative_quantity: Mapped[Decimal]
    symbol: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]
    fee: Mapped[Decimal]
    coin_fee: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    source: Mapped[str]
    executed_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PositionRow(Table):
    """A bot's holding of a symbol from flat to flat (below zero: short); at most one is open.

    `lots` counts the entries that made it.
    """

    __tablename__ = "positions"
    __table_args__ = (
        Index("uq_positions_open", "bot_id", "symbol", unique=True, postgresql_where=text("is_open")),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"), index=True)
    symbol: Mapped[str]
    lots: Mapped[int] = mapped_column(default=1)
    quantity: Mapped[Decimal]
    entry_price: Mapped[Decimal]
    current_price: Mapped[Decimal]
    stop_loss_price: Mapped[Decimal | None]
    take_profit_price: Mapped[Decimal | None]
    unrealized_pnl: Mapped[Decimal]
    realized_pnl: Mapped[Decimal]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    is_open: Mapped[bool]


class TradeRow(Table):
    """One filled order as the user sees it; upserted per fill, with a version."""

    __tablename__ = "trades"
    __table_args__ = (Index("ix_trades_newest", text("timestamp DESC"), text("id DESC")),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"), index=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("flotilla.orders.id"), unique=True)
    symbol: Mapped[str]
    type: Mapped[str]
    purpose: Mapped[str]
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]
    fee: Mapped[Decimal]
    profit_loss: Mapped[Decimal | None]
    timestamp: Mapped[datetime]
    indicators_snapshot: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    is_final: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
