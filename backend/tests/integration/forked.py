"""Engines forked from a process that has imported and compiled everything: a start takes no seconds.

What is killed is a process of its own, as a separately started one would be.
"""

import asyncio
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.integration.preloaded"])


class ForkedEngine:
    """An engine with the part of `subprocess.Popen` that tests use."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self._process = _FORKS.Process(target=_trade, args=(dict(env), log), daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired like its model."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("engine", timeout or 0.0)
        return code

    def kill(self) -> None:
        self._process.kill()

    def send_signal(self, number: int) -> None:
        if self._process.pid is not None and self._process.exitcode is None:
            os.kill(self._process.pid, number)


def _trade(env: dict[str, str], log: Path) -> None:
    from flotilla.entrypoints import engine  # noqa: PLC0415 - imported by the process that forks
    from flotilla.settings import Settings  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(env)
    asyncio.run(engine.main(Settings()))
