"""The life of one of our programs: it ends on SIGINT, on SIGTERM, and when its supervisor dies.

A supervised program's standard input is a pipe that the supervisor holds: it closes however the
supervisor ends, SIGKILL included.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

SUPERVISED = "FLOTILLA_SUPERVISED"
# A program that does not end by itself this long after its supervisor died is ended (wall seconds).
_GRACE = 10.0


class StartError(Exception):
    """What keeps a program from starting, in a sentence that says what to do."""


@asynccontextmanager
async def lifetime() -> AsyncIterator[asyncio.Event]:
    """The event is set when the program should end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def end_with_supervisor() -> None:
    """Turn the end of the supervisor, if there is one, into a SIGTERM for this program."""
    if os.environ.get(SUPERVISED):
        threading.Thread(target=_watch_supervisor, daemon=True).start()


def _watch_supervisor() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE)
    os._exit(1)


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the program's lifetime ends it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(server: Server, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises SystemExit when the server cannot start."""
    async with asyncio.TaskGroup() as tasks:
        stopper = tasks.create_task(_exit_when(server, stop))
        await server.serve()
        stopper.cancel()


async def _exit_when(server: Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
