"""Decision parity: the replay of a bot must decide what the bot decided. A mismatch is a bug."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flotilla.domain.kernel.bot import KernelBot
from flotilla.domain.kernel.decisions import Decision
from flotilla.domain.kernel.journal import JournaledStep, go_through, intent_values
from flotilla.research.parity.replay import Recording, Replay, ReplayedStep

_EXACT = 1e-9  # relative: doubles of two ways to the same number


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A stored run of equal decisions. Times in seconds since 1970 UTC."""

    symbol: str
    outcome: str
    refusal: str | None
    first_tau: int
    last_tau: int
    count: int
    began: Mapping[str, float]
    ended: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where the replay said something else. `what`: decision, intent, stop or state."""

    tau: datetime
    symbol: str | None
    what: str
    recorded: str
    replayed: str


@dataclass(slots=True)
class DecisionParity:
    """How many evaluations, refusals and orders were compared, and what was not the same."""

    evaluations: int = 0
    refusals: int = 0
    intents: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)

    @property
    def percent(self) -> float:
        compared = max(self.evaluations + self.intents, len(self.mismatches))
        return 100.0 if not compared else 100.0 * (1.0 - len(self.mismatches) / compared)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One origin's recording and the newest of its steps that was stored (seconds since 1970 UTC)."""

    recording: Recording
    last_tau: int


def decision_parity(stretches: Sequence[Stretch], runs: Sequence[RecordedRun]) -> DecisionParity:
    """Replay each stretch and hold it against what was stored; each must end where the next began."""
    found = DecisionParity()
    recorded = _Recorded(runs)
    for n, stretch in enumerate(stretches):
        replay = Replay(stretch.recording)
        for step in replay.run(stretch.last_tau):
            found.mismatches.extend(_step(step, stretch.recording.journal.get(step.tau), recorded, found))
        if n + 1 < len(stretches):
            found.mismatches.extend(_continuity(replay.bot, stretches[n + 1].recording))
    if stretches:
        first = int(stretches[0].recording.origin.tau.timestamp())
        found.mismatches.extend(recorded.uncounted(first, stretches[-1].last_tau))
    return found


def _step(
    step: ReplayedStep, told: JournaledStep | None, recorded: "_Recorded", found: DecisionParity
) -> Iterator[Mismatch]:
    tau = datetime.fromtimestamp(step.tau, UTC)
    for decision in step.result.decisions:
        found.evaluations += 1
        found.refusals += decision.refusal is not None
        said = recorded.contradiction(step.tau, decision)
        if said is not None:
            yield Mismatch(tau, decision.symbol, "decision", said, _words(decision))
    ours = [intent_values(one) for one in step.result.intents]
    theirs = [] if told is None else list(told.intents)
    found.intents += max(len(ours), len(theirs))
    for n in range(max(len(ours), len(theirs))):
        one, two = (each[n] if n < len(each) else {} for each in (theirs, ours))
        if not _same(one, two):
            yield Mismatch(tau, (one or two).get("symbol"), "intent", str(one), str(two))
    stops = {(symbol, int(lot)): price for symbol, lot, price in (told.stops if told else ())}
    if not _same(stops, step.result.stops):
        yield Mismatch(tau, None, "stop", str(stops), str(step.result.stops))


def _continuity(bot: KernelBot, following: Recording) -> Iterator[Mismatch]:
    """The next origin must be where this replay ended, and what happened since."""
    origin = following.origin
    told = following.journal.get(int(origin.tau.timestamp()))
    calls = list(told.calls) if told is not None else []
    if calls and calls[0][0] == "restore":
        yield from _other_state(origin.tau, calls[0][1]["checkpoint"], bot.checkpoint())
        return  # what was folded after it is the new life's own start
    go_through(bot, calls)
    yield from _other_state(origin.tau, origin.checkpoint, bot.checkpoint())


def _other_state(
    tau: datetime, recorded: Mapping[str, Any], replayed: Mapping[str, Any]
) -> Iterator[Mismatch]:
    one, two = dict(_leaves(recorded)), dict(_leaves(replayed))
    other = [name for name in one if name in two and not _same(one[name], two[name])]
    if other:
        yield Mismatch(
            tau,
            None,
            "state",
            ", ".join(f"{name}={one[name]}" for name in other[:5]),
            ", ".join(f"{name}={two[name]}" for name in other[:5]),
        )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for n, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{n}]")
    else:
        yield path, value


class _Recorded:
    """The stored runs, and how many of each were met by the replay."""

    def __init__(self, runs: Sequence[RecordedRun]) -> None:
        self._runs: dict[str, list[RecordedRun]] = {}
        self._met: dict[int, int] = {}
        for run in sorted(runs, key=lambda one: one.first_tau):
            self._runs.setdefault(run.symbol, []).append(run)

    def contradiction(self, tau: int, decision: Decision) -> str | None:
        """What was stored instead of this decision; None when it was stored."""
        there = [run for run in self._runs.get(decision.symbol, ()) if run.first_tau <= tau <= run.last_tau]
        refusal = None if decision.refusal is None else decision.refusal.value
        for run in there:
            if (run.outcome, run.refusal) != (decision.outcome.value, refusal):
                continue
            self._met[id(run)] = self._met.get(id(run), 0) + 1
            for edge, numbers in ((run.first_tau, run.began), (run.last_tau, run.ended)):
                if edge == tau and numbers and not _same(numbers, decision.numbers):
                    return f"{run.outcome} {run.refusal or ''} {dict(numbers)}"
            return None
        return "; ".join(f"{run.outcome} {run.refusal or ''}".strip() for run in there) or "nothing"

    def uncounted(self, first: int, last: int) -> Iterator[Mismatch]:
        """Runs within the replayed time of which the replay has met fewer or more than were stored."""
        for symbol, runs in self._runs.items():
            for run in runs:
                met = self._met.get(id(run), 0)
                if first <= run.first_tau and run.last_tau <= last and met != run.count:
                    tau = datetime.fromtimestamp(run.last_tau, UTC)
                    said = f"{run.outcome} {run.refusal or ''}".strip()
                    yield Mismatch(tau, symbol, "decision", f"{run.count} x {said}", f"{met} x {said}")


def _words(decision: Decision) -> str:
    refusal = "" if decision.refusal is None else f" {decision.refusal.value}"
    return f"{decision.outcome.value}{refusal} {dict(decision.numbers)}"


def _same(one: Any, two: Any) -> bool:
    """Equal, numbers within the last bits of a double."""
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(_same(one[name], two[name]) for name in one)
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(two, numbers) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=_EXACT, abs_tol=_EXACT)
    return bool(one == two)
