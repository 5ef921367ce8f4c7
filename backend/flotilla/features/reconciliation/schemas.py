from datetime import datetime
from typing import Literal

from pydantic import Field

from flotilla.domain.reconciliation import Cause, Remedy
from flotilla.wire.base import Model, Money, Text


class LineOut(Model):
    """One symbol (or the dollars): what each side has of it."""

    symbol: str
    bots: Money = Field(description="All bots' ledgers together; of dollars, what their trades brought.")
    unmanaged: Money = Field(description="What is no bot's.")
    broker: Money | None = Field(description="What the broker said when it was last looked at.")
    difference: Money | None = Field(description="Broker less bots and unmanaged.")


class FindingOut(Model):
    """A difference on record, with its cause and what was done about it."""

    id: str
    symbol: str | None = Field(description="Null when only dollars differ.")
    cause: Cause
    quantity: Money = Field(description="What the broker has more of the symbol; negative: less.")
    cash: Money = Field(description="What of the difference in dollars belongs to it.")
    detail: str
    remedy: Remedy | None = Field(description="What is wanted, or was done.")
    bot_id: str | None = Field(description="Whose it becomes (remedy `assign`).")
    problem: str | None = Field(description="Why the remedy last asked for could not be carried out.")
    opened_at: datetime
    resolved_at: datetime | None


class ReconciliationOut(Model):
    """The account against the broker. `looked_at` is null until the engine has looked once."""

    looked_at: datetime | None
    agrees: bool = Field(description="Whether nothing differs.")
    symbols: list[LineOut]
    cash: LineOut
    findings: list[FindingOut] = Field(description="The open ones, oldest first.")


class RemedyRequest(Model):
    """What is to be done about a finding; the engine does it.

    `assign` books it for a bot, as if the bot had traded; `adopt` keeps it as no bot's; `flatten` sells
    (or buys back) at the broker what is too much.
    """

    remedy: Literal["assign", "adopt", "flatten"]
    bot_id: Text | None = Field(None, description="Whose it becomes; only with `assign`.")
