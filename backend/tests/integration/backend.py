"""The whole backend as real processes: practice market, API and engine over one database.

Time is the practice market's, in lockstep: `step` lets one minute pass and returns when the engine has
done with it (semantics 8).
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from flotilla.db.session import libpq_url
from tests.integration.forked import ForkedEngine

Program = subprocess.Popen[bytes] | ForkedEngine

_START_SECONDS = 60.0
_STEP_SECONDS = 30.0


@dataclass
class Backend:
    """Call `start` (or `running`); `kill` ends every process with SIGKILL, as a power cut would.

    `fork_engine`: the engine is forked from a process that has imported it, for tests that start it often.
    `supervised`: `flotilla run` starts the programs, and starts them again; it takes no options but symbols.
    """

    database_url: str
    logs: Path
    bars: Path | None = None
    symbols: Sequence[str] = ()
    start_day: date | None = None
    cash: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    practice_options: Sequence[str] = ("--fill-model", "bar_open")
    fork_engine: bool = False
    supervised: bool = False
    practice_port: int = field(default_factory=lambda: free_port())
    api_port: int = field(default_factory=lambda: free_port())
    processes: dict[str, Program] = field(default_factory=dict)

    async def __aenter__(self) -> "Backend":
        self.database = await asyncpg.connect(libpq_url(self.database_url))
        self.practice = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.practice_port}",
            trust_env=False,
            headers={"APCA-API-KEY-ID": "PKPRACTICE", "APCA-API-SECRET-KEY": "practice"},
        )
        self.api = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.api_port}/api", trust_env=False)
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        for name in reversed(list(self.processes)):
            self.processes[name].send_signal(signal.SIGTERM)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, 15)
            process.kill()
        await self.practice.aclose()
        await self.api.aclose()
        await self.database.close()

    async def start(self) -> None:
        """Start the three programs; returns when all of them answer."""
        if self.supervised:
            self._spawn("run", ["run"])
            await self.until_ready()
            return
        practice = ["practice", "--speed", "0", *self.practice_options]
        if self.bars is not None:
            practice += ["--bars", str(self.bars)]
        if self.symbols:
            practice += ["--symbols", ",".join(self.symbols)]
        if self.start_day is not None:
            practice += ["--start", self.start_day.isoformat()]
        if self.cash is not None:
            practice += ["--account", f"PKPRACTICE:practice:{self.cash}"]
        self._spawn("practice", practice)
        self._spawn("api", ["api"])
        self._spawn("engine", ["engine"])
        await self.until_ready()

    async def until_ready(self) -> None:
        await self.until(lambda: self._answers(self.practice, "/practice/health"))
        await self.until(lambda: self._answers(self.api, "/health"))
        await self.until(self._engine_listens)

    def kill_engine_after(self, seconds: float) -> None:
        """End the engine `seconds` from now with SIGKILL; returns when it is gone."""
        engine = self.processes["engine"]
        with suppress(subprocess.TimeoutExpired):
            engine.wait(seconds)
        engine.kill()
        engine.wait()

    def respawn_engine(self) -> None:
        self._spawn("engine", ["engine"])

    def kill(self) -> None:
        """End every process at once, as a power cut would."""
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    async def step(self) -> datetime:
        """Let one minute pass; returns its end when the engine's watermark has reached it.

        The watermark is (tau, last trade update, no request unanswered), against the market's own.
        """
        answer = await self.practice.post("/practice/step", timeout=60)
        assert answer.status_code == 200, answer.text
        async with asyncio.timeout(_STEP_SECONDS):
            while True:
                row = await self.database.fetchrow("SELECT tau, last_event_id FROM flotilla.engine_state")
                state = (await self.practice.get("/practice/state")).json()
                now = datetime.fromisoformat(state["now"])
                if row and row["tau"] == now and row["last_event_id"] == state["last_event_id"]:
                    return now
                await asyncio.sleep(0.002)

    async def create_bot(self, definition: dict[str, Any]) -> str:
        answer = await self.api.post("/bots", json=definition)
        assert answer.status_code == 201, answer.text
        bot_id: str = answer.json()["id"]
        return bot_id

    async def start_bot(self, bot_id: str) -> None:
        answer = await self.api.post(f"/bots/{bot_id}/start")
        assert answer.status_code == 200, answer.text
        await self.until_status(bot_id, "running")

    async def until_status(self, bot_id: str, status: str) -> dict[str, Any]:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                bot: dict[str, Any] = (await self.api.get(f"/bots/{bot_id}")).json()
                if bot["status"] == status:
                    return bot
                assert bot["status"] != "error" or status == "error", bot["status_reason"]
                await asyncio.sleep(0.02)

    async def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every row of a paged list."""
        rows: list[dict[str, Any]] = []
        while True:
            page = (await self.api.get(path, params={"limit": 500, **query})).json()
            rows.extend(page["items"])
            if page["next_cursor"] is None:
                return rows
            query["cursor"] = page["next_cursor"]

    def _spawn(self, name: str, arguments: list[str]) -> None:
        env = {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "PORT": str(self.api_port),
            "FLOTILLA_PRACTICE_PORT": str(self.practice_port),
            "FLOTILLA_PRACTICE_URL": f"http://127.0.0.1:{self.practice_port}",
            "FLOTILLA_EXAMPLES": "false",
            "FLOTILLA_DATA": str(self.logs / "data"),
            **self.env,
        }
        if self.supervised:
            del env["FLOTILLA_PRACTICE_URL"]  # of a market that somebody else runs
            env |= {"FLOTILLA_PRACTICE_SPEED": "0", "FLOTILLA_PRACTICE_SYMBOLS": ",".join(self.symbols)}
        log = self.logs / f"{name}.log"
        if name == "engine" and self.fork_engine:
            self.processes[name] = ForkedEngine(env, log)
            return
        with log.open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "flotilla.entrypoints.cli", *arguments],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    async def until(self, ready: Callable[[], Awaitable[bool]]) -> None:
        """Wait until `ready` says so; fails at once when a program has ended meanwhile."""
        async with asyncio.timeout(_START_SECONDS):
            while not await ready():
                for name, process in self.processes.items():
                    assert process.poll() is None, (self.logs / f"{name}.log").read_text()
                await asyncio.sleep(0.02)

    async def _answers(self, client: httpx.AsyncClient, path: str) -> bool:
        try:
            return (await client.get(path)).status_code == 200
        except httpx.TransportError:
            return False

    async def _engine_listens(self) -> bool:
        """The engine hears trade updates: no fill of a step can be missed by its stream."""
        state = (await self.practice.get("/practice/state")).json()
        summary = (await self.api.get("/summary")).json()
        return bool(summary["engine_alive"]) and state["listeners"]["trade_updates"] > 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
