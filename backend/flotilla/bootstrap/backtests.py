"""What backtests read: the bar store, the calendar, and the providers that fill the store."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from flotilla.adapters.calendar import ExchangeCalendar
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.ports.bar_history import BarSource
from flotilla.research.history import BarLibrary
from flotilla.research.material import Materials
from flotilla.settings import Settings

_PROVIDERS = ("practice", "alpaca")


@contextmanager
def materials(settings: Settings, *, feed: str = "iex") -> Iterator[Materials]:
    """The bars of backtests; their providers are connected to when a backtest first asks for them."""
    store, calendar = ParquetBarStore(settings.bars), ExchangeCalendar(settings.bars)
    with ExitStack() as stack:
        yield Materials(BarLibrary(store, calendar), store, calendar, _providers(settings, feed, stack))


def _providers(settings: Settings, feed: str, stack: ExitStack) -> Callable[[str], BarSource | None]:
    known: dict[str, BarSource] = {}

    def provider(name: str) -> BarSource | None:
        if name not in _PROVIDERS:
            return None
        if name not in known:
            # alpaca-py and pandas take a second to load: a backtest of stored bars does without.
            from flotilla.bootstrap.bar_sources import bar_source  # noqa: PLC0415

            known[name] = stack.enter_context(bar_source(settings, name, feed=feed))
        return known[name]

    return provider
