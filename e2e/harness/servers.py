"""Servers of others that the product is tested with: PostgreSQL, Redis, nginx."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e.harness.processes import environment


@contextmanager
def running(*command: str | Path, **how: Any) -> Iterator["subprocess.Popen[str]"]:
    """Run a program meanwhile (`how`: as for Popen); it is ended with SIGTERM, and must end cleanly."""
    process = subprocess.Popen(command, text=True, **{"env": environment(), **how})
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0, (command, process.returncode)


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL on `folder`; the value is its address. (Our own wheel's: none need be installed.)"""
    program = [sys.executable, "-m", "flotilla.entrypoints.postgres", str(folder)]
    with running(*program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
