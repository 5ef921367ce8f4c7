"""The decision log in PostgreSQL: decisions as runs, and the journal of steps. Many steps at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import BotStepRow, DecisionRow, ReplayOriginRow, new_id
from flotilla.domain.kernel.journal import JournaledStep
from flotilla.ports.decision_log import DecisionRun, ReplayOrigin
from flotilla.ports.store import DecisionEntry, StepRecord


async def record(session: AsyncSession, steps: Sequence[StepRecord]) -> list[list[str]]:
    """Write the steps' decisions and journals; returns the ids of each step's decision rows."""
    ids: list[list[str]] = []
    new: list[tuple[str, StepRecord, DecisionEntry]] = []
    longer: list[tuple[str, StepRecord, DecisionEntry]] = []
    for step in steps:
        ids.append([entry.continues or new_id() for entry in step.decisions])
        for row_id, entry in zip(ids[-1], step.decisions, strict=True):
            (longer if entry.continues else new).append((row_id, step, entry))
    if new:
        await session.execute(_BEGIN, _columns(_FIRST, (_first(*one) for one in new)))
    if longer:
        await session.execute(_PROLONG, _columns(_NEXT, (_next(*one) for one in longer)))
    await _record_journals(session, steps)
    return ids


async def open_runs(session: AsyncSession, bot_ids: Sequence[str]) -> dict[str, list[DecisionRun]]:
    """The newest run of each symbol, by bot."""
    found = await session.scalars(
        select(DecisionRow)
        .ext(distinct_on(DecisionRow.bot_id, DecisionRow.symbol))
        .where(DecisionRow.bot_id.in_(bot_ids))
        .order_by(DecisionRow.bot_id, DecisionRow.symbol, DecisionRow.id.desc())
    )
    runs: dict[str, list[DecisionRun]] = defaultdict(list)
    for row in found:
        runs[row.bot_id].append(_run(row))
    return runs


def _run(row: DecisionRow) -> DecisionRun:
    return DecisionRun(
        row_id=row.id,
        symbol=row.symbol,
        bot_version=row.bot_version,
        outcome=row.outcome,
        refusal=row.refusal,
        exiting=row.exiting,
        holds=tuple(bool(condition["holds"]) for condition in row.conditions),
        has_order=row.client_order_id is not None,
    )


# --- decisions ------------------------------------------------------------------------------------

# Thousands a minute: arrays of columns cost a small part of what rows cost as parameters.
_FIRST = (
    "ids",
    "bots",
    "versions",
    "symbols",
    "outcomes",
    "refusals",
    "taus",
    "bars",
    "exiting",
    "orders",
    "numbers",
    "conditions",
)
_BEGIN = text("""
    INSERT INTO flotilla.decisions (id, bot_id, bot_version, symbol, outcome, refusal, first_tau, last_tau,
        count, first_bar, last_bar, exiting, client_order_id, began, numbers, conditions)
    SELECT id, bot_id, version, symbol, outcome, refusal, tau, tau, 1, bar, bar, exiting, client_order_id,
        jsonb_build_object('numbers', numbers, 'conditions', conditions), numbers, conditions
    FROM (
        SELECT id, bot_id, version, symbol, outcome, refusal, tau, bar, exiting, client_order_id,
            CAST(numbers AS jsonb) AS numbers, CAST(conditions AS jsonb) AS conditions
        FROM unnest(CAST(:ids AS text[]), CAST(:bots AS text[]), CAST(:versions AS int[]),
            CAST(:symbols AS text[]), CAST(:outcomes AS text[]), CAST(:refusals AS text[]),
            CAST(:taus AS timestamptz[]), CAST(:bars AS timestamptz[]), CAST(:exiting AS bool[]),
            CAST(:orders AS text[]), CAST(:numbers AS text[]), CAST(:conditions AS text[]))
            AS told (id, bot_id, version, symbol, outcome, refusal, tau, bar, exiting, client_order_id,
                numbers, conditions)
    ) AS first
""")
_NEXT = ("ids", "counts", "taus", "bars", "numbers", "conditions")
_PROLONG = text("""
    UPDATE flotilla.decisions AS run SET count = run.count + next.count, last_tau = next.tau,
        last_bar = next.bar, numbers = CAST(next.numbers AS jsonb),
        conditions = coalesce(CAST(next.conditions AS jsonb), run.conditions)
    FROM unnest(CAST(:ids AS text[]), CAST(:counts AS int[]), CAST(:taus AS timestamptz[]),
        CAST(:bars AS timestamptz[]), CAST(:numbers AS text[]), CAST(:conditions AS text[]))
        AS next (id, count, tau, bar, numbers, conditions)
    WHERE run.id = next.id
""")


def _columns(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _first(row_id: str, step: StepRecord, entry: DecisionEntry) -> tuple[Any, ...]:
    decision = entry.decision
    return (
        row_id,
        step.bot_id,
        step.bot_version,
        decision.symbol,
        decision.outcome.value,
        None if decision.refusal is None else decision.refusal.value,
        entry.tau or step.tau,
        entry.bar,
        entry.exiting,
        entry.client_order_id,
        _json(dict(decision.numbers)),
        _json(entry.conditions or ()),
    )


def _next(row_id: str, step: StepRecord, entry: DecisionEntry) -> tuple[Any, ...]:
    return (
        row_id,
        entry.count,
        entry.tau or step.tau,
        entry.bar,
        _json(dict(entry.decision.numbers)),
        None if entry.conditions is None else _json(entry.conditions),
    )


def _json(value: Any) -> str:
    """As text that PostgreSQL reads; dataclasses are objects."""
    return orjson.dumps(value).decode()


# --- journals -------------------------------------------------------------------------------------


async def _record_journals(session: AsyncSession, steps: Sequence[StepRecord]) -> None:
    origins = [_origin(step, step.journal.origin) for step in steps if step.journal and step.journal.origin]
    if origins:
        await session.execute(insert(ReplayOriginRow).on_conflict_do_nothing(), origins)
    journaled = [
        {"bot_id": step.bot_id, "tau": one.tau, "journal": _journal(one)}
        for step in steps
        if step.journal is not None
        for one in step.journal.steps
    ]
    if journaled:
        await session.execute(insert(BotStepRow).on_conflict_do_nothing(), journaled)


def _origin(step: StepRecord, origin: ReplayOrigin) -> dict[str, Any]:
    values = {name: getattr(origin, name) for name in _ORIGIN_VALUES}
    previous = None if origin.previous is None else origin.previous.isoformat()
    return {
        "bot_id": step.bot_id,
        "tau": origin.tau,
        "account_id": step.account_id,
        "cause": origin.cause,
        "bot_version": origin.bot_version,
        "values": {**values, "previous": previous},
    }


_ORIGIN_VALUES = (
    "capital",
    "account_equity",
    "guarded",
    "instruments",
    "asked",
    "evaluated",
    "checkpoint",
)


def _journal(step: JournaledStep) -> dict[str, Any]:
    """What there is to say; the rest is left out. An empty list of stale symbols says something."""
    changed = {name: getattr(step, name) for name in ("mode", "stale", "must_go", "held_back")}
    happened = {name: getattr(step, name) for name in ("calls", "intents", "stops")}
    return {name: value for name, value in changed.items() if value is not None} | {
        name: value for name, value in happened.items() if value
    }
