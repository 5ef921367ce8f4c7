from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table, new_id


class UnmanagedRow(Table):
    """What of an account is no bot's: shares or coins of a symbol, or (symbol `$`) dollars.

    Ledgers plus these are what the broker must have. The dollars are those beside the bots' own
    trades: the broker's cash less the sum of what the bots have paid and received.
    """

    __tablename__ = "unmanaged"

    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[Decimal]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class FindingRow(Table):
    """A difference between the broker and our books, with its cause and what was done about it.

    `quantity` is what the broker has more of the symbol (less: negative), `cash` what of the
    difference in dollars belongs to it. `symbol` is `$` where only dollars differ. `remedy` and
    `bot_id` are asked for by a person; the engine carries them out, or says in `problem` why it cannot.
    """

    __tablename__ = "findings"
    __table_args__ = (
        CheckConstraint("remedy IN ('assign', 'adopt', 'flatten', 'gone', 'repaired')", name="remedy"),
        Index(
            "uq_findings_open",
            "account_id",
            "symbol",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"))
    symbol: Mapped[str]
    cause: Mapped[str]
    quantity: Mapped[Decimal]
    cash: Mapped[Decimal]
    detail: Mapped[str]
    remedy: Mapped[str | None]
    bot_id: Mapped[str | None] = mapped_column(ForeignKey("flotilla.bots.id"))
    problem: Mapped[str | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    resolved_at: Mapped[datetime | None]


class BrokerHoldingsRow(Table):
    """What the broker said when it was last looked at: shares and coins by symbol, dollars as `$`.

    `as_of` is the broker's time up to which no fill is left to be explained, `explained` the ids of
    activities that are, with their times.
    """

    __tablename__ = "broker_holdings"

    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), primary_key=True)
    held: Mapped[dict[str, Any]]
    as_of: Mapped[datetime | None]
    explained: Mapped[dict[str, Any]]
    looked_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class UnmanagedOrderRow(Table):
    """An order that was open at the broker when Flotilla first met the account: no bot's."""

    __tablename__ = "unmanaged_orders"

    broker_order_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"))
    symbol: Mapped[str]


class AccountOrderRow(Table):
    """An order of the account that is no bot's: it closes what a finding found, or, without one, what
    the kill switch is to close.
    """

    __tablename__ = "account_orders"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), index=True)
    finding_id: Mapped[str | None] = mapped_column(ForeignKey("flotilla.findings.id"))
    client_order_id: Mapped[str] = mapped_column(unique=True)
    broker_order_id: Mapped[str | None] = mapped_column(unique=True)
    symbol: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    status: Mapped[str]
    filled_quantity: Mapped[Decimal] = mapped_column(default=Decimal(0))
    filled_cash: Mapped[Decimal] = mapped_column(default=Decimal(0))
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
