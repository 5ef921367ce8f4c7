"""The parity report of one bot and session: decision parity, fill parity, slippage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from flotilla.domain.kernel.decisions import Mode
from flotilla.domain.market import Session
from flotilla.domain.risk import RefusalCode
from flotilla.ports.decision_log import OriginCause
from flotilla.research.parity.causes import FillParity, fill_parity, slippage
from flotilla.research.parity.decisions import DecisionParity, RecordedRun, Stretch, decision_parity
from flotilla.research.parity.evidence import Evidence, LiveOrder
from flotilla.research.parity.fills import Timed
from flotilla.research.parity.model import model_fills
from flotilla.research.parity.seen import SeenBars

_MINUTE = 60


@dataclass(frozen=True)
class Material:
    """All that is on record of one bot and session; `stretches` and `fills` oldest first."""

    stretches: Sequence[Stretch]
    runs: Sequence[RecordedRun]
    fills: Sequence[Timed]
    orders: Sequence[LiveOrder]
    seen: SeenBars

    @property
    def first(self) -> datetime:
        return self.stretches[0].recording.origin.tau

    @property
    def last(self) -> datetime:
        return _moment(self.stretches[-1].last_tau)

    @cached_property
    def sessions(self) -> list[Session]:
        found = {minute.session.open: minute.session for minute in self.seen.minutes}
        return [session for _, session in sorted(found.items())]

    @cached_property
    def symbols(self) -> frozenset[str]:
        return frozenset(s for one in self.stretches for s in one.recording.spec.symbols)


@dataclass(frozen=True, slots=True)
class ParityReport:
    """Times are the first and the last step compared; slippage in basis points of the decision's price."""

    first: datetime
    last: datetime
    decisions: DecisionParity
    fills: FillParity
    slippage_mean_bps: float | None
    slippage_worst_bps: float | None


def parity_report(material: Material) -> ParityReport:
    """Replay the session and backtest it. Blocking; a session of minutes takes well under a second."""
    live, model = [], []
    for stint in _stints(material.stretches):
        first, last = stint[0].recording.origin.tau, _moment(stint[-1].last_tau)
        live += [one for one in material.fills if first <= one.bar < last]
        found = model_fills(stint[0].recording, material.sessions, stint[-1].last_tau)
        model += [one for one in found if first <= one.bar < last]
    mean, worst = slippage([one for one in material.orders if material.first <= one.tau])
    return ParityReport(
        material.first,
        material.last,
        decision_parity(material.stretches, material.runs),
        fill_parity(live, model, evidence(material)),
        mean,
        worst,
    )


def evidence(material: Material) -> Evidence:
    """What may explain a difference of the fills."""
    origins = [one.recording.origin for one in material.stretches]
    return Evidence(
        orders=material.orders,
        late=material.seen.late(material.symbols),
        gaps=_gaps(material),
        edits=[origin.tau for origin in origins if origin.cause is OriginCause.EDITED],
        commands=_commands(material),
        limited=frozenset(_limited(material)),
    )


def _stints(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """Stretches that a backtest runs over in one go: from a person's start or edit to the next."""
    found: list[list[Stretch]] = []
    for stretch in stretches:
        began = stretch.recording.origin.cause in (OriginCause.STARTED, OriginCause.EDITED)
        if began or not found:
            found.append([])
        found[-1].append(stretch)
    return found


def _gaps(material: Material) -> list[tuple[datetime, datetime]]:
    """Where the market had bars and the engine closed no minute, or the bot was not there."""
    first, last = int(material.first.timestamp()), material.stretches[-1].last_tau
    late = {(one.symbol, one.start) for one in material.seen.late(material.symbols)}
    closed = material.seen.by_tau
    missed = {
        start + _MINUTE
        for symbol in material.symbols
        for start in material.seen.settled(symbol).start.tolist()
        if first <= start + _MINUTE <= last and start + _MINUTE not in closed and (symbol, start) not in late
    }
    found = [(_moment(tau), _moment(tau)) for tau in sorted(missed)]
    for one, two in zip(material.stretches, material.stretches[1:], strict=False):
        begin, end = one.last_tau + _MINUTE, int(two.recording.origin.tau.timestamp()) - _MINUTE
        if two.recording.origin.cause is OriginCause.RESTARTED and begin <= end:
            found.append((_moment(begin), _moment(end)))
    return sorted(found)


def _commands(material: Material) -> list[datetime]:
    """The minutes in which the bot did not trade freely."""
    found = []
    for stretch in material.stretches:
        mode, first = Mode.TRADE, int(stretch.recording.origin.tau.timestamp())
        for minute in material.seen.minutes:
            if not first <= minute.tau <= stretch.last_tau:
                continue
            told = stretch.recording.journal.get(minute.tau)
            if told is not None and told.mode is not None:
                mode = told.mode
            if mode is not Mode.TRADE:
                found.append(_moment(minute.tau))
    return found


def _limited(material: Material) -> list[tuple[datetime, str]]:
    """When an account-wide limit refused an entry."""
    return [
        (_moment(minute.tau), run.symbol)
        for run in material.runs
        if run.refusal == RefusalCode.ACCOUNT_LIMIT
        for minute in material.seen.minutes
        if run.first_tau <= minute.tau <= run.last_tau
    ]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
