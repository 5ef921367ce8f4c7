from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table, new_id


class BotRow(Table):
    """A bot: its definition, what a person wants of it, and what it does.

    `cash` and `realized_pnl` are its ledger; `checkpoint` is the part of the kernel's state that
    fills alone do not give back (the day's baseline, the bars already decided on). `updated_at` is of
    what the browsers are told of: definition and statuses.

    `failures` are those in a row, `next_attempt_at` (wall time) is when it is tried again. Positions that
    were opened before `protection_version` take that version's settings. `equity` is the bot's at its
    newest mark, on the trading day `day`, of which `day_pnl` is.
    """

    __tablename__ = "bots"
    __table_args__ = (
        CheckConstraint("capital > 0", name="capital_positive"),
        CheckConstraint("desired_status IN ('running', 'paused', 'stopped')", name="desired_status"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), index=True)
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="stopped")
    desired_status: Mapped[str] = mapped_column(default="stopped")
    on_stop: Mapped[str] = mapped_column(default="keep")
    status_reason: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    capital: Mapped[Decimal]
    symbols: Mapped[list[Any]]
    timeframe: Mapped[str]
    trading_frequency: Mapped[int]
    indicators: Mapped[list[Any]]
    rules: Mapped[dict[str, Any]]
    risk_management: Mapped[dict[str, Any]]
    start_hour: Mapped[int]
    start_minute: Mapped[int]
    end_hour: Mapped[int]
    end_minute: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    protection_version: Mapped[int] = mapped_column(default=0)
    cash: Mapped[Decimal]
    realized_pnl: Mapped[Decimal] = mapped_column(default=Decimal(0))
    day_pnl: Mapped[Decimal] = mapped_column(default=Decimal(0))
    day: Mapped[date | None]
    equity: Mapped[Decimal | None]
    checkpoint: Mapped[dict[str, Any]] = mapped_column(default=dict)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BotVersionRow(Table):
    """Every definition that ever was a bot's, as it was saved."""

    __tablename__ = "bot_versions"

    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DecisionRow(Table):
    """What a bot decided for a symbol, kept compactly: a run of equal decisions is one row.

    `began` has the numbers and conditions of its first decision, `numbers` and `conditions` those of the last
    one at which they were looked at again (as true or false as its last). The bars are those that the rules
    were asked about, by their open. `exiting`: the conditions are those of the exit.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_newest", "bot_id", text("last_tau DESC"), text("id DESC")),
        Index("ix_decisions_of_symbol", "bot_id", "symbol", text("id DESC")),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"))
    bot_version: Mapped[int]
    symbol: Mapped[str]
    outcome: Mapped[str]
    refusal: Mapped[str | None]
    first_tau: Mapped[datetime]
    last_tau: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=1)
    first_bar: Mapped[datetime | None]
    last_bar: Mapped[datetime | None]
    exiting: Mapped[bool] = mapped_column(default=False)
    client_order_id: Mapped[str | None]
    began: Mapped[dict[str, Any]] = mapped_column(default=dict)
    numbers: Mapped[dict[str, Any]]
    conditions: Mapped[list[Any]]
