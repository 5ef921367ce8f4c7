"""Where the bars of a plan come from: a provider, and the name under which its bars are stored."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flotilla.domain.errors import Unavailable
from flotilla.ports.bar_history import BarSource
from flotilla.ports.bar_store import BarStore
from flotilla.research.plan import BacktestPlan

_ASK_AGAIN = 30.0  # wall seconds: a preview a keystroke must not ask the provider who it is


@dataclass(frozen=True, slots=True)
class Origin:
    """`provider` and `horizon` (bars are final up to it) are None where only stored bars are read."""

    name: str
    provider: BarSource | None = None
    horizon: datetime | None = None


class Origins:
    """Finds them, and remembers for half a minute what a provider said of itself."""

    def __init__(self, store: BarStore, sources: Callable[[str], BarSource | None]) -> None:
        self._store = store
        self._sources = sources
        self._said: dict[str, tuple[float, Origin]] = {}

    async def find(self, plan: BacktestPlan) -> Origin:
        """The plan's origin. A provider that does not answer is no reason not to use what it gave before.

        Raises Invalid, and Unavailable where nothing was.
        """
        asked, (at, known) = plan.source, self._said.get(plan.source, (0.0, Origin("")))
        if known.name and time.monotonic() - at < _ASK_AGAIN:
            return known
        provider = self._sources(asked)
        if provider is None:
            return Origin(asked)
        try:
            found = Origin(await provider.name(), provider, await provider.horizon())
        except Unavailable:
            stored = self._stored(plan, known.name)
            if stored is None:
                raise
            return stored
        self._said[asked] = (time.monotonic(), found)
        return found

    def _stored(self, plan: BacktestPlan, before: str) -> Origin | None:
        """The provider's newest bars that there are of every symbol, those it last named first."""
        held: dict[str, dict[str, datetime]] = {}
        for key in self._store.series():
            last = self._store.coverage(key).last
            if key.source.startswith(f"{plan.source}-") and last is not None:
                held.setdefault(key.source, {})[key.symbol] = last
        fitting = [name for name, symbols in held.items() if symbols.keys() >= set(plan.symbols)]
        if not fitting:
            return None
        newest = max(fitting, key=lambda name: (name == before, max(held[name].values())))
        return Origin(newest)
