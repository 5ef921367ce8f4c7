"""The engine's own program, with probes: a line of JSON on standard output for each minute it has done.

    python -m benchmarks.load.engine_process

What is measured is what runs: the probes stand around methods and change nothing of what they do.
"""

import asyncio
import functools
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
import psutil

from flotilla.adapters.alpaca import streams
from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.postgres.store import PostgresStore
from flotilla.domain.kernel.bot import KernelBot
from flotilla.entrypoints import engine
from flotilla.entrypoints.process import end_with_supervisor
from flotilla.settings import Settings

_LAG_EVERY = 0.01  # seconds


@dataclass(slots=True)
class _Minute:
    """Seconds since the newest frame of bars began to arrive, and what was counted.

    `cpu` and `cpu_decided`: the process's CPU seconds then, and at the newest decision.
    """

    arrived: float = 0.0
    cpu: float = 0.0
    cpu_decided: float = 0.0
    bars: int = 0
    steps: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)
    ordered: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    decisions: int = 0


class Probes:
    """Stand around the methods that a minute passes through."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._minute = _Minute()
        self._lags: list[float] = []
        self._idle_since: tuple[float, float] | None = None
        self._idle: tuple[float, float] = (0.0, 0.0)  # CPU and wall seconds between two minutes
        self._empty = self._process.memory_full_info().uss

    def place(self) -> None:
        """Put them in place."""
        self._around(streams._BarSocket, "on_bar", before=self._on_bar)
        self._around(KernelBot, "step", after=self._on_step)
        self._around(PostgresStore, "record_step", after=self._on_stored)
        self._around(PostgresStore, "watermark", after=self._on_done)
        self._around(AlpacaBroker, "submit", after=self._on_answer)

    async def watch_lag(self) -> None:
        """How late the loop wakes whoever asked to be woken."""
        while True:
            due = time.perf_counter() + _LAG_EVERY
            await asyncio.sleep(_LAG_EVERY)
            self._lags.append(max(0.0, time.perf_counter() - due))

    def _around(
        self,
        owner: type,
        name: str,
        *,
        before: Callable[..., None] | None = None,
        after: Callable[..., None] | None = None,
    ) -> None:
        method = getattr(owner, name)

        @functools.wraps(method)
        async def waited(*args: Any, **options: Any) -> Any:
            if before is not None:
                before()
            result = await method(*args, **options)
            if after is not None:
                after(result)
            return result

        @functools.wraps(method)
        def called(*args: Any, **options: Any) -> Any:
            result = method(*args, **options)
            if after is not None:
                after(result)
            return result

        setattr(owner, name, waited if asyncio.iscoroutinefunction(method) else called)

    def _on_bar(self) -> None:
        if not self._minute.bars:
            now, cpu = time.perf_counter(), time.process_time()
            self._minute = _Minute(now, cpu)
            if self._idle_since is not None:
                wall, spent = self._idle_since
                self._idle = (cpu - spent, now - wall)
        self._minute.bars += 1

    def _since(self) -> float:
        return time.perf_counter() - self._minute.arrived

    def _on_step(self, _result: Any) -> None:
        self._minute.steps.append(self._since())
        self._minute.cpu_decided = time.process_time()

    def _on_stored(self, stored: Any) -> None:
        passed = self._since()
        self._minute.cpu_decided = time.process_time()
        self._minute.stored.append(passed)
        self._minute.decisions += len(stored.decision_ids)
        self._minute.ordered.extend(passed for _ in stored.orders)

    def _on_answer(self, _answer: Any) -> None:
        self._minute.answered.append(self._since())

    def _on_done(self, _nothing: Any) -> None:
        minute, self._minute = self._minute, _Minute()
        memory = self._process.memory_full_info()
        report = {
            "bars": minute.bars,
            "steps": len(minute.steps),
            "decisions": minute.decisions,
            "decided": max([*minute.steps, *minute.stored], default=0.0),
            "computed": max(minute.steps, default=0.0),
            "ordered": minute.ordered,
            "answered": minute.answered,
            "done": self._since_of(minute),
            "cpu": minute.cpu_decided - minute.cpu,
            "after": time.process_time() - minute.cpu_decided,
            "idle": self._idle,
            "lags": self._lags,
            "memory": memory.rss,
            "unique": memory.uss,
            "empty": self._empty,
            "tasks": len(asyncio.all_tasks()),
            "connections": len(self._process.net_connections("all")),
        }
        self._lags = []
        self._idle_since = (time.perf_counter(), time.process_time())
        sys.stdout.buffer.write(orjson.dumps(report) + b"\n")
        sys.stdout.buffer.flush()

    def _since_of(self, minute: _Minute) -> float:
        return time.perf_counter() - minute.arrived


async def main() -> None:
    """Run the engine until told to end."""
    probes = Probes()
    probes.place()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(probes.watch_lag(), name="lag")
        await engine.main(Settings())
        watching.cancel()


if __name__ == "__main__":
    end_with_supervisor()
    if os.environ.get("BENCH_CORE"):
        os.sched_setaffinity(0, {int(os.environ["BENCH_CORE"])})
    asyncio.run(main())
