"""A preview that nobody waits for any more ends: its page asked for a newer one, or hung up."""

import asyncio
import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import orjson
import pytest

from flotilla.research import driver
from tests.bars import keep, walk
from tests.builders import definition
from tests.features.api import Api

BODY = {
    "bot": definition(symbols=["AAPL"]),
    "source": "import",
    "first": "2025-02-10",
    "last": "2025-02-14",
}


@pytest.fixture
def bars(api: Api) -> None:
    keep(api.backtests.store, "import", "AAPL", walk(date(2025, 2, 3), date(2025, 2, 14)))


class _Held:
    """Keeps every run waiting until it is let go, or is not wanted any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()
        whole = driver.run

        def run(*arguments: Any, cancelled: Callable[[], bool], **named: Any) -> Any:
            loop.call_soon_threadsafe(self.begun.set)
            while not (cancelled() or self.go.wait(0.01)):
                continue
            return whole(*arguments, cancelled=cancelled, **named)

        monkeypatch.setattr(driver, "run", run)


async def test_whoever_hangs_up_ends_the_run(api: Api, bars: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends while the run goes on: the thread is told, and its turn is free again."""
    held = _Held(monkeypatch)
    body = orjson.dumps(BODY)
    gone = asyncio.Event()
    sent = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        message = next(sent, None)
        if message is None:
            await gone.wait()
        return message or {"type": "http.disconnect"}

    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/api/backtests/preview",
        "raw_path": b"/api/backtests/preview",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(api.app(scope, receive, send))
        await held.begun.wait()
        gone.set()
    assert not held.go.is_set()
    assert answers[0]["status"] == 409


async def test_the_newest_of_a_page_ends_the_one_before(
    api: Api, bars: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = _Held(monkeypatch)
    body = {**BODY, "client": "page-1"}
    async with asyncio.TaskGroup() as tasks:
        old = tasks.create_task(api.client.post("/backtests/preview", json=body))
        await held.begun.wait()
        new = tasks.create_task(api.client.post("/backtests/preview", json=body))
        answer = await old
        held.go.set()
    assert (answer.status_code, answer.json()["code"]) == (409, "PREVIEW_REPLACED")
    assert new.result().status_code == 200
