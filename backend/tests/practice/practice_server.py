"""A running practice market: in a process of its own as a person starts it, or in a thread."""

import asyncio
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import requests
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.trading.client import TradingClient

from flotilla.practice.server import serve
from flotilla.practice.settings import AccountSettings, FillModelName, PracticeSettings

_READY = "The practice market is ready: "
_SECONDS = 30.0


class PracticeServer(ABC):
    """Paused: time passes by `step`. Accounts K0, K1, ... have the secret "secret"."""

    url: str

    @abstractmethod
    def stop(self) -> None:
        """End it as a person would."""

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws")

    def trading(self, key: str = "K0", raw: bool = False) -> TradingClient:
        return TradingClient(key, "secret", paper=True, url_override=self.url, raw_data=raw)

    def data(self) -> StockHistoricalDataClient:
        return StockHistoricalDataClient("K0", "secret", url_override=self.url)

    def request(self, method: str, path: str, key: str = "K0", **options: Any) -> requests.Response:
        headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": "secret"}
        return requests.request(method, self.url + path, headers=headers, timeout=_SECONDS, **options)

    def step(self, minutes: int = 1) -> dict[str, Any]:
        with requests.Session() as session:
            for _ in range(minutes):
                reply = session.post(f"{self.url}/practice/step", timeout=_SECONDS)
                assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body

    def state(self) -> dict[str, Any]:
        body: dict[str, Any] = self.request("GET", "/practice/state").json()
        return body

    def wait_for_listeners(self, trade_updates: int = 0, bars: int = 0) -> None:
        """Return when that many connections listen; alpaca-py hides its own acknowledgements."""
        deadline = time.monotonic() + _SECONDS
        wanted = {"trade_updates": trade_updates, "bars": bars}
        while self.state()["listeners"] != wanted:
            assert time.monotonic() < deadline, f"no {wanted}: {self.state()['listeners']}"
            time.sleep(0.02)


class ThreadServer(PracticeServer):
    """`serve` in a thread of the test's own process: up in a moment."""

    def __init__(self, database_url: str, *, accounts: int = 1, **settings: Any) -> None:
        named = tuple(AccountSettings(f"K{number}", "secret") for number in range(accounts))
        fixed = {"port": 0, "speed": 0.0, "rate_limit": 0, "fill_model": FillModelName.BAR_OPEN}
        settings = {**fixed, "accounts": named, **settings}
        self._settings = PracticeSettings(database_url, **settings)
        self._unused = iter(range(1, accounts))  # K0 is everybody's
        self._started: SimpleQueue[str | BaseException] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="practice market")
        self._thread.start()
        started = self._started.get(timeout=_SECONDS)
        if isinstance(started, BaseException):
            raise started
        self.url = started

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            return
        except BaseException as error:
            self._started.put(error)
            raise

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        await serve(self._settings, self._started.put)

    def fresh_account(self) -> str:
        """Return the key of an account that no test has used."""
        return f"K{next(self._unused)}"

    def stop(self) -> None:
        assert self._task is not None
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(_SECONDS)
        assert not self._thread.is_alive()


class ProcessServer(PracticeServer):
    """`python -m flotilla.practice`, to be interrupted or killed."""

    def __init__(self, database_url: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "flotilla.practice", f"--database-url={database_url}"]
        self._process = subprocess.Popen(
            [
                *command,
                "--port=0",
                "--speed=0",
                "--fill-model=bar_open",
                "--account=K0:secret:100000",
                "--rate-limit=0",
                *arguments,
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("FLOTILLA_")},
            cwd=Path(__file__).parents[2],
        )
        self.url = self._address()

    def _address(self) -> str:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            ready = selector.select(_SECONDS)
        line = self._process.stdout.readline() if ready else ""
        assert line.startswith(_READY), f"the practice market did not start: {line!r}"
        return line.removeprefix(_READY).strip()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        assert self._ended() == 0

    def kill(self) -> None:
        self._process.kill()
        self._ended()

    def _ended(self) -> int:
        try:
            return self._process.wait(_SECONDS)
        finally:
            assert self._process.stdout is not None
            self._process.stdout.close()
