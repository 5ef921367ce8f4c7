"""The whole product as a child process: `flotilla run` on a data folder of its own."""

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from e2e.harness import reports
from e2e.harness.processes import (
    FLOTILLA,
    busy_seconds,
    cpu_seconds,
    environment,
    free_port,
    processes_of,
)
from e2e.harness.waiting import eventually

READY = re.compile(r"^Flotilla is ready: (http://\S+)$", re.MULTILINE)
_START, _STOP = 60.0, 30.0


class Product:
    """One `flotilla run`. It gets free ports, and market time at a minute a second unless told otherwise.

    `ready_at` is when it was ready (monotonic), `ready_after` how long it took to be, in wall seconds of
    a machine that does nothing else: of each second, the share of the CPUs that others left it.
    """

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.settings = {
            "FLOTILLA_DATA": str(data),
            "PORT": str(free_port()),
            "FLOTILLA_PRACTICE_PORT": str(free_port()),
            "FLOTILLA_PRACTICE_SPEED": "60",
            **settings,
        }
        self.url = f"http://{settings.get('HOST', '127.0.0.1')}:{self.settings['PORT']}"
        self.ready_after = self.ready_at = 0.0
        self.api = httpx.Client(base_url=f"{self.url}/api/", trust_env=False, timeout=10)
        self._said: list[str] = []

    def launch(self) -> None:
        """Start it, without waiting."""
        self._began, self._busy = time.monotonic(), busy_seconds()
        self.process = subprocess.Popen(
            [FLOTILLA, "run"],
            env=environment(**self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        reports.WATCHED.append(self)
        self._ready, self._ended = threading.Event(), threading.Event()
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def start(self) -> "Product":
        """Start it and wait for the ready line."""
        self.launch()
        self._ready.wait(_START)
        self.ready_at = time.monotonic()
        took = self.ready_at - self._began
        if not READY.search(self.output):
            self.discard()
            raise AssertionError(f"No ready line within {took:.1f} s.\n{self.report()}")
        others = busy_seconds() - self._busy - cpu_seconds(processes_of(self.data))
        self.ready_after = took * max(0.0, 1 - others / (took * (os.cpu_count() or 1)))
        assert READY.findall(self.output) == [self.url]
        return self

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it as Ctrl-C does (the whole process group gets the signal), and see that all is gone."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        try:
            status = self.process.wait(_STOP)
        finally:
            left = self.discard()
        assert status == 0, f"Exit status {status}.\n{self.report()}"
        assert not left, f"Still there: {left}\n{self.report()}"

    def close(self) -> None:
        """Stop it, unless the test did."""
        if self in reports.WATCHED:
            self.stop()

    def discard(self) -> list[psutil.Process]:
        """End whatever of it is left, and answer what that was."""
        reports.WATCHED.remove(self)
        self.api.close()
        left = processes_of(self.data)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        self._ended.wait(_STOP)
        return left

    def program(self, name: str) -> psutil.Process:
        """The process of `api`, `engine` or `practice`."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.cmdline()[-1] == name)

    def get(self, path: str, **query: str | int | bool) -> Any:
        """What the API answers to a GET below /api."""
        response = self.api.get(path, params=query)
        assert response.is_success, response.text
        return response.json()

    def post(self, path: str, body: object = None) -> Any:
        """What the API answers to a POST below /api."""
        response = self.api.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def bots(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("bots", limit=500)["items"]
        return found

    def await_status(self, bot_id: str, status: str) -> None:
        eventually(lambda: self.get(f"bots/{bot_id}")["status"] == status, f"the bot is {status}")

    def await_output(self, pattern: str) -> None:
        eventually(lambda: re.search(pattern, self.output), f"it prints {pattern!r}")

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return "".join(self._said)

    def report(self) -> str:
        """What it printed, and the ends of its programs' logs."""
        return f"--- flotilla run\n{self.output}\n{reports.tails(self.data / 'logs')}"

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._said.append(line)
                if READY.match(line):
                    self._ready.set()
        self._ready.set()
        self._ended.set()
