"""The bar store and what reads other people's files into it."""

from flotilla.adapters.bar_files.reader import ForeignBarFiles
from flotilla.adapters.calendar import ExchangeCalendar
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.ports.bar_files import BarFiles
from flotilla.ports.bar_store import BarStore
from flotilla.research.history import BarLibrary
from flotilla.settings import Settings


def bar_store(settings: Settings) -> BarStore:
    """The store in the data folder; any number of processes may use it at once."""
    return ParquetBarStore(settings.bars)


def bar_library(settings: Settings) -> BarLibrary:
    """The store with the calendar it is held against."""
    return BarLibrary(bar_store(settings), ExchangeCalendar(settings.bars))


def bar_files() -> BarFiles:
    return ForeignBarFiles()
