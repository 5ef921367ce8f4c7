"""PostgreSQL, the practice market and the engine as processes, driven minute by minute."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import func, select

from benchmarks.load.fleet import Fleet, store_fleet
from flotilla.db.migrate import upgrade
from flotilla.db.session import Database
from flotilla.db.tables import BotRow
from flotilla.entrypoints.postgres import embedded
from flotilla.entrypoints.process import SUPERVISED

_KEY, _SECRET = "PKPRACTICE", "practice"
_PATIENCE = 180.0  # seconds
_START_BY = 600.0


@dataclass(slots=True)
class Rig:
    """A running fleet. `started`: seconds from the engine's start until every bot ran."""

    market: httpx.AsyncClient
    engine: asyncio.subprocess.Process
    database: Database
    started: float = 0.0

    async def step(self) -> dict[str, Any]:
        """Let one minute pass; what the engine says of it."""
        answer = await self.market.post("/practice/step")
        answer.raise_for_status()
        return await self.minute()

    async def minute(self) -> dict[str, Any]:
        """The engine's next report of a minute that had bars."""
        assert self.engine.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            while line := await self.engine.stdout.readline():
                report: dict[str, Any] = orjson.loads(line)
                if report["bars"]:
                    return report
        raise RuntimeError("the engine has ended")

    async def speed(self, speed: str) -> None:
        """Let time pass by itself."""
        answer = await self.market.post("/practice/speed", json={"rate": speed})
        answer.raise_for_status()

    async def until_running(self, bots: int) -> None:
        """Return when all bots run."""
        began = time.perf_counter()
        async with asyncio.timeout(_START_BY):
            while await self._running() < bots:
                if self.engine.returncode is not None:
                    raise RuntimeError("the engine has ended")
                await asyncio.sleep(0.1)
        self.started = time.perf_counter() - began

    async def _running(self) -> int:
        async with self.database.transaction() as session:
            found = await session.scalar(select(func.count()).where(BotRow.status == "running"))
            return found or 0


@asynccontextmanager
async def rig(fleet: Fleet, folder: Path) -> AsyncIterator[Rig]:
    """Start everything, and wait until every bot runs; logs are left in `folder`."""
    async with embedded(folder / "postgres") as url:
        await asyncio.to_thread(upgrade, url, package="flotilla.db")
        database = Database(url)
        try:
            await store_fleet(database, fleet)
            async with _programs(url, fleet, folder) as (market, engine):
                running = Rig(market, engine, database)
                await running.until_running(fleet.bots)
                yield running
        finally:
            await database.close()


@asynccontextmanager
async def _programs(
    url: str, fleet: Fleet, folder: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.subprocess.Process]]:
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    practice = ("-m", "flotilla.practice", "--database-url", url, "--port", str(port), "--speed", "0")
    practice += ("--symbols", ",".join(fleet.names), "--rate-limit", "0")
    practice += ("--account", f"{_KEY}:{_SECRET}:1000000000")
    settings = {
        "DATABASE_URL": url,
        "FLOTILLA_PRACTICE_URL": address,
        "FLOTILLA_DATA": str(folder),
        "FLOTILLA_LOG_LEVEL": "warning",
    }
    async with (
        _program("practice", practice, settings, folder),
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=_PATIENCE) as market,
    ):
        await _answers(market)
        async with _program("engine", ("-m", "benchmarks.load.engine_process"), settings, folder) as engine:
            yield market, engine


@asynccontextmanager
async def _program(
    name: str, arguments: tuple[str, ...], settings: dict[str, str], folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program of ours meanwhile; it ends with us, however we end."""
    with (folder / f"{name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=os.environ | settings | {SUPERVISED: "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if name == "engine" else log,
            stderr=log,
            limit=1 << 26,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _answers(market: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                if (await market.get("/practice/health")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
