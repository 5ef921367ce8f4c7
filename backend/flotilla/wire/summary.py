"""The dashboard's numbers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from flotilla.wire.base import Model, Money

AccountKind = Literal["practice", "alpaca_paper", "alpaca_live"]


class AccountSummary(Model):
    """The broker's own figures, as of `as_of` (market time); null until the engine has asked."""

    id: str
    name: str
    kind: AccountKind
    equity: Money | None
    cash: Money | None
    day_pnl: Money | None = Field(description="Equity less the previous session's closing equity.")
    as_of: datetime | None


class MarketSummary(Model):
    """The account's market clock; `rate` is market seconds per wall second."""

    now: datetime | None
    is_open: bool
    session_close: datetime | None
    next_open: datetime | None
    rate: float
    source: str | None
    connected: bool = Field(description="Whether the engine has heard from the market lately.")


class BotFigures(Model):
    """A bot's ledger, from its own fills, marked at the last closes. USD."""

    bot_id: str
    equity: Money
    cash: Money
    realized_pnl: Money
    unrealized_pnl: Money
    day_pnl: Money
    open_positions: int
    trades: int


class SummaryOut(Model):
    account: AccountSummary
    market: MarketSummary
    engine_alive: bool
    bots_total: int
    bots_running: int
    bots_in_error: int
    open_positions: int
    trades_today: int
    bots: list[BotFigures]


class EquityPoint(Model):
    at: datetime
    equity: Money
