"""Files that are whole or not there at all, and one writer at a time."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

import fasteners
from uuid_utils import uuid7

# A file lock belongs to the process: threads of one process need one of their own.
_threads: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
_threads_guard = threading.Lock()


def folder_name(symbol: str) -> str:
    """A symbol as one folder's name: BTC/USD is BTC%2FUSD. Raises ValueError for what cannot be one."""
    if not symbol or symbol.startswith(".") or len(symbol) > 64:
        raise ValueError(f"{symbol!r} is not a symbol.")
    return quote(symbol, safe="")


def symbol_of(folder: Path) -> str:
    return unquote(folder.name)


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Hold the folder against every other thread and process; a dead holder's lock is free."""
    folder.mkdir(parents=True, exist_ok=True)
    with _threads_guard:
        own = _threads[folder.resolve()]
    with own, fasteners.InterProcessLock(folder / ".lock"):
        yield


def unique_suffix() -> str:
    """Never given twice, so that a name stands for one content for ever."""
    return uuid7().hex[8:]


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step that survives a power cut."""
    temporary = path.with_name(f".{path.name}.{unique_suffix()}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's names last."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
