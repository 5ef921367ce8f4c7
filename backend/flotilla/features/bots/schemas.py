"""What the bots' routes take and answer, besides the bot itself."""

from datetime import datetime

from pydantic import Field

from flotilla.domain.bots import OnStop
from flotilla.domain.kernel.decisions import Outcome
from flotilla.domain.risk import RefusalCode
from flotilla.domain.rules import Kind
from flotilla.wire.base import Model, Text
from flotilla.wire.bots import BotDefinition


class NewBot(BotDefinition):
    """A bot to be made. It stays in its account."""

    account_id: Text | None = Field(None, description="Default: the practice account.")

    @property
    def definition(self) -> BotDefinition:
        return BotDefinition(**{name: getattr(self, name) for name in BotDefinition.model_fields})


class StopRequest(Model):
    on_stop: OnStop = Field(
        OnStop.KEEP, description="Keep positions with their protection, or sell them at the market."
    )


class SeenOut(Model):
    name: str
    value: float | None


class ConditionOut(Model):
    """One condition at one bar: what stood left and right, all that it looked at, and whether it held.

    `known` is false where a value was missing, so that neither it nor its opposite was true.
    """

    sentence: str
    left: float | None
    right: float | None
    holds: bool
    known: bool = True
    kind: Kind = "condition"
    depth: int = Field(0, description="How many groups of the rule stand around it.")
    values: list[SeenOut] = Field(default_factory=list)


class DecisionOut(Model):
    """A run of equal decisions: what the newest of them saw, and why nothing (or something) was done."""

    id: str
    bot_version: int
    symbol: str
    outcome: Outcome
    refusal: RefusalCode | None
    sentence: str
    first_tau: datetime
    last_tau: datetime
    count: int
    numbers: dict[str, float]
    conditions: list[ConditionOut]
