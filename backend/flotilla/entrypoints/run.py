"""`flotilla run`: all of Flotilla on one machine, started in order and ended in reverse.

PostgreSQL, then the practice market, the API and the engine; each a process of its own, started again
when it fails, with its log in the data folder.
"""

import asyncio
import fcntl
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console

from flotilla.db.migrate import upgrade
from flotilla.entrypoints.postgres import embedded
from flotilla.entrypoints.process import SUPERVISED, StartError, lifetime
from flotilla.settings import Settings

# Wall seconds.
_START, _STOP, _POLL, _STEADY = 60.0, 10.0, 0.1, 30.0
_BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0)
_LOG_LIMIT = 20_000_000

console = Console(stderr=False, highlight=False, soft_wrap=True)


async def main(settings: Settings) -> None:
    """Run until told to end. Raises StartError."""
    with _data_folder(settings.data) as data:
        _require_free(settings.host, settings.port, "PORT")
        if settings.practice_url is None:
            if settings.practice_port == settings.port:
                raise StartError(
                    f"PORT and FLOTILLA_PRACTICE_PORT are both {settings.port}: choose another for one."
                )
            _require_free("127.0.0.1", settings.practice_port, "FLOTILLA_PRACTICE_PORT")
        async with lifetime() as stop, AsyncExitStack() as stack:
            url = await stack.enter_async_context(_database(settings, data))
            await migrate(url)
            env = _environment(settings, url)
            ready = _ready_checks(settings)
            programs = [
                Program(name, [sys.executable, "-m", "flotilla.entrypoints.cli", name], env, data)
                for name in ready
            ]
            for program in programs:  # all at once: each waits by itself for what it needs
                await stack.enter_async_context(program.running())
            for program in programs:
                await _until_ready(program, ready[program.name], stop)
            if stop.is_set():
                return
            console.print(f"Flotilla is ready: {_address(settings)}")
            await _keep(programs, stop)
            console.print("Flotilla is stopping.")


@dataclass(slots=True)
class Program:
    """One of our programs as a child process; `running` starts it, and ends it at the end."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    data: Path
    process: asyncio.subprocess.Process | None = field(default=None)

    @property
    def log(self) -> Path:
        return self.data / "logs" / f"{self.name}.log"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    async def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            # A session of its own: Ctrl-C reaches us alone, and we end the programs in order. The
            # pipe on its standard input closes when we die, however we die.
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                env=dict(self.env),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def stop(self) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def ended(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    def last_words(self) -> str:
        """The last line of the log that is not a log record: what a program said as it gave up."""
        with suppress(OSError, IndexError):
            lines = self.log.read_text(errors="replace").strip().splitlines()[-20:]
            return [line for line in lines if line and not line.startswith("{")][-1]
        return ""


async def _keep(programs: list[Program], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        keepers = [tasks.create_task(_restart(program)) for program in programs]
        await stop.wait()
        for keeper in keepers:
            keeper.cancel()


async def _restart(program: Program) -> None:
    """Start a program again whenever it ends, later and later while it keeps failing."""
    failures = 0
    while True:
        started = asyncio.get_running_loop().time()
        code = await program.ended()
        steady = asyncio.get_running_loop().time() - started > _STEADY
        failures = 0 if steady else min(failures + 1, len(_BACKOFF) - 1)
        console.print(
            f"The {program.name} ended unexpectedly (status {code}; see {program.log}); starting it again."
        )
        await asyncio.sleep(_BACKOFF[failures])
        await program.start()


async def _until_ready(program: Program, check: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> None:
    assert program.process is not None
    deadline = asyncio.get_running_loop().time() + _START
    while not stop.is_set():
        if program.process.returncode is not None:
            words = program.last_words()
            raise StartError(f"The {program.name} did not start. {words} (Its log: {program.log})")
        with suppress(httpx.HTTPError):
            if await check():
                return
        if asyncio.get_running_loop().time() > deadline:
            raise StartError(f"The {program.name} was not ready within a minute; its log is {program.log}.")
        await asyncio.sleep(_POLL)


def _ready_checks(settings: Settings) -> dict[str, Callable[[], Awaitable[bool]]]:
    """The programs in the order of their start, each with how to see that it works."""
    api = f"{_address(settings)}/api"

    async def ok(url: str) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(url)).status_code == 200

    async def engine_works() -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            summary = (await client.get(f"{api}/summary")).json()
        return bool(summary["engine_alive"] and summary["market"]["connected"])

    checks: dict[str, Callable[[], Awaitable[bool]]] = {}
    if settings.practice_url is None:
        checks["practice"] = lambda: ok(f"{settings.market_url}/practice/health")
    checks["api"] = lambda: ok(f"{api}/health")
    checks["engine"] = engine_works
    return checks


@asynccontextmanager
async def _database(settings: Settings, data: Path) -> AsyncIterator[str]:
    """The database's address: the one that is set, or an embedded server's that runs meanwhile."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    async with embedded(data / "postgres") as address:
        yield address


async def migrate(url: str) -> None:
    """Bring the database to this version. Raises StartError."""
    try:
        await asyncio.to_thread(upgrade, url)
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise StartError(
            "The database cannot be brought to this version: "
            f"{reason[0] if reason else type(error).__name__}. Check DATABASE_URL."
        ) from error


@contextmanager
def _data_folder(folder: Path) -> Iterator[Path]:
    """The data folder, ours alone while we run."""
    folder = folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "flotilla.lock").open("a")
    except OSError as error:
        raise StartError(
            f"The data folder {folder} cannot be used ({error.strerror}): "
            "choose another with FLOTILLA_DATA, or mend its permissions."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(
                f"Another Flotilla runs on the data folder {folder}: stop it, or choose another "
                "folder with FLOTILLA_DATA."
            ) from None
        yield folder


def _require_free(host: str, port: int, variable: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StartError(
                f"Port {port} on {host} cannot be used ({error.strerror}): choose another with {variable}."
            ) from None


def _environment(settings: Settings, url: str) -> dict[str, str]:
    return {
        # As a backtest fills, so that a bot's practice can be compared with it.
        "FLOTILLA_PRACTICE_FILL_MODEL": "bar_open",
        **os.environ,
        "DATABASE_URL": url,
        "FLOTILLA_PRACTICE_URL": settings.market_url,
        "FLOTILLA_PRACTICE_PORT": str(settings.practice_port),
        SUPERVISED: "1",
        "PYTHONUNBUFFERED": "1",
    }


def _address(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
