from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table, new_id


class BacktestRow(Table):
    """A stored backtest: what was asked for (the bots as they were then), and what it found."""

    __tablename__ = "backtests"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"),
        Index("ix_backtests_newest", text("created_at DESC"), text("id DESC")),
        Index("ix_backtests_queued", "created_at", postgresql_where=text("status = 'queued'")),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), index=True)
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    reason: Mapped[str | None]
    progress: Mapped[float] = mapped_column(default=0.0)
    request: Mapped[dict[str, Any]]
    bots: Mapped[list[Any]]
    source: Mapped[str]
    first: Mapped[date | None]
    last: Mapped[date | None]
    summary: Mapped[dict[str, Any] | None]
    curve: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class BacktestTradeRow(Table):
    """A closed position of a backtest, as it is answered; ids rise in the order of the trades."""

    __tablename__ = "backtest_trades"
    __table_args__ = (Index("ix_backtest_trades_order", "backtest_id", "exit_time", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    backtest_id: Mapped[str] = mapped_column(ForeignKey("flotilla.backtests.id", ondelete="CASCADE"))
    exit_time: Mapped[datetime]
    trade: Mapped[dict[str, Any]]
