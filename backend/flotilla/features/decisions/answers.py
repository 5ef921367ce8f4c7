"""What was found, as the routes answer it."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from flotilla.domain.kernel.decisions import Outcome
from flotilla.domain.risk import REFUSAL_SENTENCES, RefusalCode
from flotilla.domain.rules import Explained
from flotilla.features.decisions.schemas import (
    ConditionOut,
    DecisionParityOut,
    DifferenceOut,
    EvaluationOut,
    FillParityOut,
    GateOut,
    MismatchOut,
    ParityFillOut,
    ParityReportOut,
)
from flotilla.research.parity.causes import CAUSE_SENTENCES, Difference
from flotilla.research.parity.fills import Timed
from flotilla.research.parity.gates import Evaluation
from flotilla.research.parity.report import ParityReport
from flotilla.wire.trading import OrderOut

_SENTENCES = {
    Outcome.NONE: "No rule held.",
    Outcome.ENTER: "The entry rule held, and every gate let it pass: an order was sent.",
    Outcome.EXIT: "An exit rule or limit was met (or the bot was told to sell): an order was sent.",
}


def sentence(outcome: Outcome, refusal: RefusalCode | None) -> str:
    """What a decision came to, in words."""
    if refusal is None:
        return _SENTENCES[outcome]
    reason = REFUSAL_SENTENCES[refusal]
    if outcome is Outcome.ENTER:
        return f"The entry rule held, and a smaller order was sent. {reason}"
    return reason


def evaluation(found: Evaluation, version: int, order: OrderOut | None) -> EvaluationOut:
    step, decision = found.step, found.decision
    view = step.views.get(found.symbol)
    return EvaluationOut(
        tau=_moment(step.tau),
        symbol=found.symbol,
        bot_version=version,
        mode=step.mode,
        bar=None if found.bar is None else _moment(found.bar),
        outcome=None if decision is None else decision.outcome,
        refusal=None if decision is None else decision.refusal,
        sentence=_not_asked(found) if decision is None else sentence(decision.outcome, decision.refusal),
        close=None if view is None else view.close,
        indicators=dict(found.indicators),
        rules={name: [_condition(part) for part in parts] for name, parts in found.rules.items()},
        gates=[
            GateOut(
                code=gate.code,
                sentence=REFUSAL_SENTENCES[gate.code],
                state=gate.state,
                numbers=dict(gate.numbers),
            )
            for gate in found.gates
        ],
        numbers={} if decision is None else dict(decision.numbers),
        order=order,
    )


def report(found: ParityReport, *, bot_id: str, bot_name: str, day: date, made: datetime) -> ParityReportOut:
    decisions, fills = found.decisions, found.fills
    return ParityReportOut(
        bot_id=bot_id,
        bot_name=bot_name,
        session=day,
        first_tau=found.first,
        last_tau=found.last,
        created_at=made,
        decisions=DecisionParityOut(
            percent=decisions.percent,
            evaluations=decisions.evaluations,
            refusals=decisions.refusals,
            intents=decisions.intents,
            mismatches=[MismatchOut(**asdict(one)) for one in decisions.mismatches],
        ),
        fills=FillParityOut(
            percent=fills.percent,
            live=fills.live,
            model=fills.model,
            equal=fills.equal,
            causes=dict(Counter(one.cause for one in fills.differences)),
            differences=[_difference(one) for one in fills.differences],
        ),
        slippage_mean_bps=found.slippage_mean_bps,
        slippage_worst_bps=found.slippage_worst_bps,
    )


def _not_asked(found: Evaluation) -> str:
    if found.bar is None:
        return "The rules were not asked at this minute: no bar of the bot's timeframe had closed."
    return _SENTENCES[Outcome.NONE]


def _condition(part: Explained) -> ConditionOut:
    return ConditionOut.model_validate(asdict(part))


def _difference(found: Difference) -> DifferenceOut:
    fill = found.first.fill
    return DifferenceOut(
        tau=fill.tau,
        symbol=fill.symbol,
        purpose=fill.purpose,
        cause=found.cause,
        sentence=CAUSE_SENTENCES[found.cause],
        follows=found.follows,
        live=_fill(found.live),
        model=_fill(found.model),
    )


def _fill(timed: Timed | None) -> ParityFillOut | None:
    if timed is None:
        return None
    fill = timed.fill
    values: dict[str, Any] = {
        name: getattr(fill, name) for name in ("tau", "side", "quantity", "price", "reason")
    }
    return ParityFillOut(bar=timed.bar, **values)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
