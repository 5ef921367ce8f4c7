"""What the API's tests need of backtests: a real bar store, a provider in memory, and the runner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.db.session import Database
from flotilla.features.backtests.desk import BacktestDesk
from flotilla.features.backtests.instruments import instruments_of
from flotilla.features.backtests.previews import Previews
from flotilla.features.backtests.repository import BacktestQueue
from flotilla.features.backtests.runner import BacktestRunner
from flotilla.http.dependencies import InstrumentDirectory
from flotilla.research.history import BarLibrary
from flotilla.research.material import Materials
from flotilla.wire.backtests import BacktestOut
from tests.bars import CALENDAR, Provider

WAIT = 60.0


class Backtests:
    """`told`: what the pages were told of, in order."""

    def __init__(self, folder: Path, database: Database, directory: InstrumentDirectory) -> None:
        self.store = ParquetBarStore(folder)
        self.provider = Provider()
        self.told: asyncio.Queue[BacktestOut] = asyncio.Queue()
        self.materials = Materials(
            BarLibrary(self.store, CALENDAR),
            self.store,
            CALENDAR,
            lambda name: self.provider if name == "practice" else None,
        )
        instruments = instruments_of(directory)
        self.runner = BacktestRunner(BacktestQueue(database), self.materials, instruments, self.told.put)
        self.desk = BacktestDesk(Previews(self.materials), instruments, self.runner.wake, self.told.put)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work on what is queued."""
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(self.runner.run())
            yield
            working.cancel()

    async def until(self, backtest_id: str, *statuses: str) -> BacktestOut:
        """What the pages are told when it gets there."""
        async with asyncio.timeout(WAIT):
            while True:
                told = await self.told.get()
                if told.id == backtest_id and told.status in statuses:
                    return told
