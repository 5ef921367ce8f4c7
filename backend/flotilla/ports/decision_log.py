"""What is kept so that every decision can be explained and gone through again.

Bars as first seen: each closed minute with the bars that came in time, and what was learnt of the past
since the minute before (history loaded, bars that came late, bars that were corrected). Beside it, of each
bot: runs of equal decisions, and the journal of what its steps took in besides the bars.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flotilla.domain.kernel.journal import JournaledStep
from flotilla.domain.market import Bar, Series, Session


class Learnt(StrEnum):
    """How bars of the past came to be known."""

    HISTORY = "history"  # loaded when the symbol was first wanted
    LATE = "late"  # after their minute was decided on (DATA_LATE)
    CORRECTED = "corrected"  # another bar in place of the one that was seen


@dataclass(frozen=True, slots=True)
class LearntBars:
    """Bars of the past of one symbol that decisions saw from some minute on."""

    symbol: str
    kind: Learnt
    bars: Series


@dataclass(frozen=True, slots=True)
class SeenMinute:
    """A minute as it was when it closed: `bars` came in time, `learnt` is seen from it on."""

    tau: datetime
    session: Session
    bars: Mapping[str, Bar]
    learnt: Sequence[LearntBars] = ()


class OriginCause(StrEnum):
    """Why a bot's steps can be replayed from here on."""

    STARTED = "started"  # by a person
    RESTARTED = "restarted"  # after a crash or a restart of the engine
    EDITED = "edited"  # another version of the definition
    SESSION = "session"  # a new session


@dataclass(frozen=True, slots=True)
class ReplayOrigin:
    """A bot before a session's first step, with all that its kernel was made of.

    `asked`: the newest bar that the rules were asked about, by symbol, after that step; `evaluated`: of
    which symbols they were asked at it. `previous`: the newest step that was stored before. Amounts USD.
    """

    tau: datetime
    cause: OriginCause
    previous: datetime | None
    bot_version: int
    capital: float
    account_equity: float
    guarded: Sequence[str]
    instruments: Sequence[Mapping[str, Any]]
    asked: Mapping[str, int]
    evaluated: Sequence[str]
    checkpoint: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepJournal:
    """What is stored with a step: its own part of the journal, and that of idle steps before it."""

    steps: Sequence[JournaledStep] = ()
    origin: ReplayOrigin | None = None


@dataclass(frozen=True, slots=True)
class DecisionRun:
    """The newest run of a symbol's equal decisions: what it takes to go on with it after a restart."""

    row_id: str
    symbol: str
    bot_version: int
    outcome: str
    refusal: str | None
    exiting: bool
    holds: tuple[bool, ...]
    has_order: bool
