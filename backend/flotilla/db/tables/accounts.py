from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table, new_id


class AccountRow(Table):
    """A broker account; `epoch` rises when it is reset. The practice account's keys are the settings'.

    The figures are the broker's own, as of `as_of` (market time). `limits` hold over all bots together,
    `limits_state` is what the engine has to remember of them. `sealed_keys` are encrypted; `key_hint` is
    all that is ever shown of them.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("kind IN ('practice', 'alpaca_paper', 'alpaca_live')", name="kind"),
        CheckConstraint("feed IN ('iex', 'sip')", name="feed"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    epoch: Mapped[int] = mapped_column(default=1)
    examples_seeded: Mapped[bool] = mapped_column(default=False)
    equity: Mapped[Decimal | None]
    cash: Mapped[Decimal | None]
    last_equity: Mapped[Decimal | None]
    as_of: Mapped[datetime | None]
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    limits_state: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    sealed_keys: Mapped[str | None]
    key_hint: Mapped[str | None]
    feed: Mapped[str] = mapped_column(default="iex", server_default="iex")
    archived_at: Mapped[datetime | None]
    requests_per_minute: Mapped[int] = mapped_column(default=200, server_default="200")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EngineStateRow(Table):
    """What the engine last knew of an account's market, and how far it has come (semantics 8).

    `tau` and `last_event_id` are the watermark: every bot has decided at `tau`, every trade update
    up to `last_event_id` is booked, and no request was unanswered. `problem`: why the account does not
    trade at all, in a sentence. `feeds` is the engine's report on what it streams, `clock_offset`
    (seconds) the broker's clock less the engine's.
    """

    __tablename__ = "engine_state"

    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), primary_key=True)
    tau: Mapped[datetime | None]
    last_event_id: Mapped[str | None]
    in_flight: Mapped[int] = mapped_column(default=0)
    heartbeat_at: Mapped[datetime | None]
    market_now: Mapped[datetime | None]
    market_rate: Mapped[float] = mapped_column(default=1.0)
    market_source: Mapped[str | None]
    session_open: Mapped[datetime | None]
    session_close: Mapped[datetime | None]
    next_open: Mapped[datetime | None]
    connected: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str | None]
    feeds: Mapped[dict[str, Any] | None]
    clock_offset: Mapped[float | None]


class EquitySnapshotRow(Table):
    """The account's equity, as the broker reported it, once a market minute."""

    __tablename__ = "equity_snapshots"

    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    equity: Mapped[Decimal]
