"""What a bot's step leaves for its decision log, besides the decisions themselves."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from flotilla.domain.kernel.journal import JournaledBot, Origin
from flotilla.domain.market import Instrument
from flotilla.ports.decision_log import OriginCause, ReplayOrigin, StepJournal


class DecisionLog:
    """The journal of one run of a bot, made ready to be stored."""

    def __init__(self, version: int, checkpoint: Mapping[str, Any], *, interrupted: bool) -> None:
        """`version` of the definition; `checkpoint`: what the run goes on from; `interrupted`: a crash, a
        restart of the engine or an edit ended the one before.
        """
        self._version = version
        self._cause = _cause(version, checkpoint, interrupted)
        self._previous = _moment(checkpoint.get("tau"))

    def journal(self, state: JournaledBot, asked: Mapping[str, int]) -> StepJournal:
        """Take what is not stored yet; `asked` are the newest bars that the rules were asked about."""
        found = state.taken()
        origin = None if found.origin is None else self._origin(found.origin, state, asked)
        return StepJournal(found.steps, origin)

    def _origin(self, found: Origin, state: JournaledBot, asked: Mapping[str, int]) -> ReplayOrigin:
        cause, self._cause = self._cause, OriginCause.SESSION
        previous, self._previous = self._previous, None
        return ReplayOrigin(
            tau=found.tau,
            cause=cause,
            previous=previous,
            bot_version=self._version,
            capital=state.capital,
            account_equity=state.spec.account_equity,
            guarded=sorted(state.spec.guarded),
            instruments=[_values(state.instruments[symbol]) for symbol in state.symbols],
            asked=dict(asked),
            evaluated=found.evaluated,
            checkpoint=found.checkpoint,
        )


def _cause(version: int, checkpoint: Mapping[str, Any], interrupted: bool) -> OriginCause:
    if checkpoint and checkpoint.get("version") != version:
        return OriginCause.EDITED
    return OriginCause.RESTARTED if interrupted else OriginCause.STARTED


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _values(instrument: Instrument) -> dict[str, Any]:
    found = asdict(instrument)
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in found.items()}
