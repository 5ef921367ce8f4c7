"""What a live bot's state takes in besides the bars, kept so that every step can be gone through again.

A bot's decisions depend on the bars it saw, and on what is written down here: the calls that changed its
state between steps (fills, orders under way, transfers) and what a step was told (mode, stale data, what
must go, whether the account was reconciled). `replay.py` of `research/parity` goes through it again
(semantics 8, decision parity).
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import wraps
from typing import Any

from flotilla.domain.kernel.bot import HalfStep, KernelBot, SymbolView
from flotilla.domain.kernel.decisions import Mode, StepResult
from flotilla.domain.market import Session

# Every method of a bot that changes its state, but for the step itself.
JOURNALED = (
    "apply_fill",
    "apply_settings",
    "begin_run",
    "mark_at_cost",
    "not_left",
    "order_done",
    "order_under_way",
    "restore",
    "transfer",
)

Call = tuple[str, dict[str, Any]]
_Told = tuple[Mode, list[str], list[str], bool]


@dataclass(frozen=True, slots=True)
class JournaledStep:
    """What a step took in besides the bars, and what it wanted sent.

    `calls` came between the step before and this one. `mode`, `stale`, `must_go` (symbols) and
    `held_back` are None where they are those of the step before.
    """

    tau: datetime
    calls: Sequence[Call] = ()
    mode: Mode | None = None
    stale: Sequence[str] | None = None
    must_go: Sequence[str] | None = None
    held_back: bool | None = None
    intents: Sequence[Mapping[str, Any]] = ()
    stops: Sequence[tuple[str, int, float]] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """The state right before a session's first step: where its steps can be replayed from.

    `evaluated`: the symbols whose rules were asked at that step.
    """

    tau: datetime
    checkpoint: Mapping[str, Any]
    evaluated: Sequence[str]


@dataclass(slots=True)
class Journal:
    """What has not been stored yet."""

    steps: list[JournaledStep] = field(default_factory=list)
    origin: Origin | None = None

    @property
    def is_empty(self) -> bool:
        return not self.steps and self.origin is None


@dataclass(slots=True)
class JournaledBot(KernelBot):
    """A kernel bot that writes its journal; it decides nothing by itself."""

    journal: Journal = field(init=False, default_factory=Journal)
    _calls: list[Call] = field(init=False, default_factory=list)
    _within: bool = field(init=False, default=False)
    _session: datetime | None = field(init=False, default=None)
    _told: _Told | None = field(init=False, default=None)
    _begun_with: JournaledStep | None = field(init=False, default=None)
    _is_news: bool = field(init=False, default=False)

    def taken(self) -> Journal:
        """Hand over what is to be stored, and begin anew."""
        found, self.journal = self.journal, Journal()
        return found

    # Both ways of a step (`step`, and `manage` with `enter`) begin and end here.

    def _begun(
        self, views: Mapping[str, SymbolView], tau: datetime, session: Session, mode: Mode, held_back: bool
    ) -> HalfStep:
        if session.open != self._session:
            evaluated = [symbol for symbol, view in views.items() if view.evaluated]
            self._session, self._told = session.open, None
            self.journal.origin = Origin(tau, self.checkpoint(), evaluated)
        calls, self._calls = self._calls, []
        stale = [symbol for symbol, view in views.items() if not view.fresh]
        must_go = [symbol for symbol, view in views.items() if view.must_go]
        told: _Told = (mode, stale, must_go, held_back)
        before, self._told = self._told, told
        self._is_news = bool(calls) or before != told
        self._begun_with = JournaledStep(
            tau,
            calls,
            mode=None if before and before[0] is mode else mode,
            stale=None if before and before[1] == stale else stale,
            must_go=None if before and before[2] == must_go else must_go,
            held_back=None if before and before[3] is held_back else held_back,
        )
        return KernelBot._begun(self, views, tau, session, mode, held_back)

    def _result(self, half: HalfStep) -> StepResult:
        result = KernelBot._result(self, half)
        if self._is_news or result.intents or result.stops:
            assert self._begun_with is not None, "a step ends that has begun"
            kept = replace(
                self._begun_with,
                intents=[intent_values(one) for one in result.intents],
                stops=[(symbol, lot, price) for (symbol, lot), price in result.stops.items()],
            )
            self.journal.steps.append(kept)
        return result


def intent_values(intent: Any) -> dict[str, Any]:
    """An intent as JSON; its tau is the step's."""
    return {
        name: value.value if isinstance(value, Enum) else value
        for name in intent.__dataclass_fields__
        if name != "tau" and (value := getattr(intent, name)) is not None
    }


def go_through(bot: KernelBot, calls: Sequence[Call]) -> None:
    """Make the calls of a journal on `bot`, in their order."""
    for name, arguments in calls:
        if name not in JOURNALED:
            raise ValueError(f"{name} is not a call of a journal")
        method = getattr(bot, name)
        kinds = inspect.signature(getattr(KernelBot, name)).parameters
        method(**{key: _typed(kinds[key].annotation, value) for key, value in arguments.items()})


def _typed(kind: Any, value: Any) -> Any:
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value


def _journaled(name: str) -> Callable[..., Any]:
    plain = getattr(KernelBot, name)
    signature = inspect.signature(plain)

    @wraps(plain)
    def call(self: JournaledBot, *args: Any, **kwargs: Any) -> Any:
        if self._within:  # one of these calls another: the outer one says it all
            return getattr(KernelBot, name)(self, *args, **kwargs)
        given = dict(signature.bind(self, *args, **kwargs).arguments)
        del given["self"]
        self._calls.append((name, {k: v.value if isinstance(v, Enum) else v for k, v in given.items()}))
        self._within = True
        try:
            return getattr(KernelBot, name)(self, *args, **kwargs)
        finally:
            self._within = False

    return call


for _name in JOURNALED:
    setattr(JournaledBot, _name, _journaled(_name))
