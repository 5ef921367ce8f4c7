"""What the decision log's routes answer."""

from datetime import date, datetime

from pydantic import Field

from flotilla.domain.kernel.decisions import Mode, Outcome
from flotilla.domain.risk import RefusalCode
from flotilla.domain.rules import Kind
from flotilla.research.parity.causes import Cause
from flotilla.research.parity.gates import GateState
from flotilla.wire.base import Model, Money
from flotilla.wire.trading import OrderOut


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
    first_bar: datetime | None = Field(description="The open of the bar that the first of them was about.")
    last_bar: datetime | None
    count: int
    order_id: str | None = Field(description="The order that it became.")
    exiting: bool = Field(description="The conditions are those of the exit.")
    numbers: dict[str, float]
    conditions: list[ConditionOut]
    began_numbers: dict[str, float] = Field(description="The numbers of the first of them.")
    began_conditions: list[ConditionOut]


class RefusalCount(Model):
    """How often a gate refused an entry, or made one smaller."""

    code: RefusalCode
    sentence: str
    refused: int
    shrunk: int
    newest: datetime


class GateOut(Model):
    """One gate at one evaluation. Amounts in USD, times in seconds, the window in minutes of the day."""

    code: RefusalCode
    sentence: str
    state: GateState
    numbers: dict[str, float]


class EvaluationOut(Model):
    """One evaluation of one symbol, recomputed from the bars as first seen."""

    tau: datetime
    symbol: str
    bot_version: int
    mode: Mode
    bar: datetime | None = Field(description="The open of the bar that the rules were asked about.")
    outcome: Outcome | None = Field(description="Null: the rules were not asked, and nothing was due.")
    refusal: RefusalCode | None
    sentence: str
    close: float | None
    indicators: dict[str, float]
    rules: dict[str, list[ConditionOut]] = Field(description="By what a rule is for: entry, exit, ...")
    gates: list[GateOut]
    numbers: dict[str, float]
    order: OrderOut | None


class MismatchOut(Model):
    tau: datetime
    symbol: str | None
    what: str = Field(description="decision, intent, stop or state")
    recorded: str
    replayed: str


class DecisionParityOut(Model):
    """100 percent, or there is a bug."""

    percent: float
    evaluations: int
    refusals: int
    intents: int
    mismatches: list[MismatchOut]


class ParityFillOut(Model):
    tau: datetime
    bar: datetime
    side: str
    quantity: Money
    price: Money
    reason: str


class DifferenceOut(Model):
    """A fill that only one side has, or that the two have otherwise."""

    tau: datetime
    symbol: str
    purpose: str
    cause: Cause
    sentence: str
    follows: bool = Field(description="It follows from an earlier difference with this cause.")
    live: ParityFillOut | None
    model: ParityFillOut | None


class FillParityOut(Model):
    percent: float
    live: int
    model: int
    equal: int
    causes: dict[Cause, int]
    differences: list[DifferenceOut]


class ParityReportOut(Model):
    """Live trading of one bot in one session, against its replay and against a backtest (semantics 8)."""

    bot_id: str
    bot_name: str
    session: date
    first_tau: datetime
    last_tau: datetime
    created_at: datetime
    decisions: DecisionParityOut
    fills: FillParityOut
    slippage_mean_bps: float | None = Field(description="Against the decisions' prices, by value.")
    slippage_worst_bps: float | None
