"""The decision log in PostgreSQL: decisions as runs, and the journal of steps. Many steps at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, select, update
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
        await session.execute(insert(DecisionRow), [_first(*one) for one in new])
    if longer:
        # The table's own connection-level update: many rows by their key in one round trip.
        await (await session.connection()).execute(_PROLONG, [_next(*one) for one in longer])
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

_TABLE = DecisionRow.__table__
_PROLONG = (
    update(_TABLE)  # type: ignore[arg-type]
    .where(_TABLE.c.id == bindparam("row_id"))
    .values(
        count=_TABLE.c.count + 1,
        last_tau=bindparam("tau"),
        last_bar=bindparam("bar"),
        numbers=bindparam("said_numbers"),
        conditions=bindparam("said_conditions"),
    )
)


def _first(row_id: str, step: StepRecord, entry: DecisionEntry) -> dict[str, Any]:
    numbers, conditions = dict(entry.decision.numbers), _conditions(entry)
    return {
        "id": row_id,
        "bot_id": step.bot_id,
        "bot_version": step.bot_version,
        "symbol": entry.decision.symbol,
        "outcome": entry.decision.outcome,
        "refusal": entry.decision.refusal,
        "first_tau": step.tau,
        "last_tau": step.tau,
        "count": 1,
        "first_bar": entry.bar,
        "last_bar": entry.bar,
        "exiting": entry.exiting,
        "client_order_id": entry.client_order_id,
        "began": {"numbers": numbers, "conditions": conditions},
        "numbers": numbers,
        "conditions": conditions,
    }


def _next(row_id: str, step: StepRecord, entry: DecisionEntry) -> dict[str, Any]:
    return {
        "row_id": row_id,
        "tau": step.tau,
        "bar": entry.bar,
        "said_numbers": dict(entry.decision.numbers),
        "said_conditions": _conditions(entry),
    }


def _conditions(entry: DecisionEntry) -> list[dict[str, Any]]:
    return [asdict(condition) for condition in entry.conditions]


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
