"""The past of live bots: the bar store in the data folder, filled by the account's own market data."""

from collections.abc import Iterator
from contextlib import contextmanager

from flotilla.adapters.alpaca.bar_source import AlpacaBarSource
from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.history import AlpacaBarHistory
from flotilla.adapters.clock import SystemClock
from flotilla.ports.bar_history import BarHistory
from flotilla.research.history import BarLibrary
from flotilla.research.warm_up import StoredHistory
from flotilla.settings import Settings


@contextmanager
def warm_up_history(settings: Settings, client: AlpacaClient) -> Iterator[BarHistory]:
    """The history of the account that `client` is of."""
    # A client of its own: this one leaves a 429 to the source, which waits it out.
    patient = AlpacaClient(client.config, resend=False)

    def library() -> BarLibrary:
        # pyarrow takes its time and memory: a bot with a short past does without.
        from flotilla.bootstrap.bars import bar_library  # noqa: PLC0415

        return bar_library(settings)

    try:
        direct = AlpacaBarHistory(client, AlpacaBroker(client))
        yield StoredHistory(library, AlpacaBarSource(patient, SystemClock()), direct)
    finally:
        patient.close()
