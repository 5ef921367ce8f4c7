"""Which processes belong to a product, and a free port for a new one."""

import os
import socket
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
FLOTILLA = ROOT / ".venv" / "bin" / "flotilla"


def environment(**own: str) -> dict[str, str]:
    """This process's environment without anything that would configure Flotilla, and `own` in it.

    FLOTILLA_PAGE stays: it says which build of the page is under test.
    """
    ours = ("FLOTILLA_", "DATABASE_URL", "REDIS_URL", "PORT", "HOST")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ours) or name == "FLOTILLA_PAGE"
    }
    return {**kept, **own}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every living process that works in `folder`, names it or was told of it, however it is parented."""
    return [process for process in psutil.process_iter() if _belongs(process, str(folder))]


def busy_seconds() -> float:
    """The CPU time that everything on this machine has used since it started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """The CPU time that these processes, and those of their children that have ended, have used."""
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


def _belongs(process: psutil.Process, folder: str) -> bool:
    if process.pid == os.getpid():
        return False
    # PostgreSQL's processes overwrite their environment but work in their folder.
    with suppress(psutil.Error, OSError):
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return (
            _within(process.cwd(), folder)
            or any(folder in argument for argument in process.cmdline())
            or process.environ().get("FLOTILLA_DATA") == folder
        )
    return False


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
