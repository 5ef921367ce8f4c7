"""A stored backtest as lists and sockets show it, without what it found."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from flotilla.wire.base import Model


class BacktestStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BacktestOut(Model):
    """`bots` are names, `reason` is why it failed, `progress` goes from 0 to 1. `source`, `first` and
    `last` are what was asked for (null: open) until it is done, then what was used.
    """

    id: str
    name: str
    status: BacktestStatus
    reason: str | None
    progress: float = Field(ge=0, le=1)
    bots: list[str]
    source: str
    first: date | None
    last: date | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
