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

    def __init__(self, checkpoint: Mapping[str, Any], *, interrupted: bool) -> None:
        """`checkpoint`: what the run goes on from; `interrupted`: with one that a crash or a restart of
        the engine ended.
        """
        self._cause = OriginCause.RESTARTED if interrupted else OriginCause.STARTED
        self._version: int | None = checkpoint.get("version")
        self._stored = _moment(checkpoint.get("tau"))

    def journal(
        self, state: JournaledBot, asked: Mapping[str, int], *, tau: datetime, version: int
    ) -> StepJournal:
        """Take what is not stored yet, with the step at `tau` that the definition's `version` decided.

        `asked` are the newest bars that the rules were asked about.
        """
        found = state.taken()
        origin = None
        if found.origin is not None:
            origin = self._origin(found.origin, state, asked, version)
            self._cause, self._version = OriginCause.SESSION, version
        self._stored = tau
        return StepJournal(found.steps, origin)

    def passed(self, tau: datetime) -> None:
        """The step at `tau` was taken, and is stored with a later one."""
        self._stored = tau

    def _origin(
        self, found: Origin, state: JournaledBot, asked: Mapping[str, int], version: int
    ) -> ReplayOrigin:
        edited = self._version is not None and self._version != version
        cause = OriginCause.EDITED if edited else self._cause
        return ReplayOrigin(
            tau=found.tau,
            cause=cause,
            # Of a state that only went on every step is known, also those that left nothing.
            previous=None if cause is OriginCause.SESSION else self._stored,
            bot_version=version,
            capital=state.capital,
            account_equity=state.spec.account_equity,
            guarded=sorted(state.spec.guarded),
            instruments=[_values(state.instruments[symbol]) for symbol in state.symbols],
            asked=dict(asked),
            evaluated=found.evaluated,
            checkpoint=found.checkpoint,
        )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _values(instrument: Instrument) -> dict[str, Any]:
    found = asdict(instrument)
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in found.items()}
