from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table, new_id


class SeenMinuteRow(Table):
    """A minute as it was when it closed: the bars that decisions on it saw, all symbols in one row.

    `bars`: zlib of JSON, symbol -> [open, high, low, close, volume]. The session is the minute's.
    """

    __tablename__ = "seen_minutes"

    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), primary_key=True)
    tau: Mapped[datetime] = mapped_column(primary_key=True)
    session_open: Mapped[datetime]
    session_close: Mapped[datetime]
    bars: Mapped[bytes] = mapped_column(LargeBinary)


class SeenLearntRow(Table):
    """Bars of the past that decisions saw from `tau` on: history, late bars, corrected bars.

    `bars`: zlib of six columns of eight bytes: start (seconds since 1970 UTC, int64), open, high, low,
    close, volume (float64).
    """

    __tablename__ = "seen_learnt"

    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    tau: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    first_start: Mapped[datetime]
    last_start: Mapped[datetime]
    bars: Mapped[bytes] = mapped_column(LargeBinary)


class ReplayOriginRow(Table):
    """A bot before a session's first step: where its steps can be replayed from."""

    __tablename__ = "replay_origins"

    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"), primary_key=True)
    tau: Mapped[datetime] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"))
    cause: Mapped[str]
    bot_version: Mapped[int]
    values: Mapped[dict[str, Any]]


class BotStepRow(Table):
    """A step that took in more than bars, or wanted something sent; every other one has no row."""

    __tablename__ = "bot_steps"

    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"), primary_key=True)
    tau: Mapped[datetime] = mapped_column(primary_key=True)
    journal: Mapped[dict[str, Any]]


class ParityReportRow(Table):
    """What live trading of a bot in one session was, held against its replay and against a backtest."""

    __tablename__ = "parity_reports"
    __table_args__ = (Index("uq_parity_reports_session", "bot_id", "session", unique=True),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[str] = mapped_column(ForeignKey("flotilla.bots.id"))
    session: Mapped[date]
    first_tau: Mapped[datetime]
    last_tau: Mapped[datetime]
    is_final: Mapped[bool]  # made after the session's end
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
