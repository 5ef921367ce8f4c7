"""A backtest through the whole product: bars fetched from the practice market, progress on the socket."""

from pathlib import Path
from typing import Any

import socketio

from tests.builders import definition
from tests.integration.backend import Backend

DAYS = {"first": "2015-12-14", "last": "2015-12-18"}
MINUTES = 5 * 390


async def test_bars_of_the_market_and_progress_on_the_socket(database_url: str, tmp_path: Path) -> None:
    """The stored backtest fetches its bars; the preview then finds them, and the same trades."""
    bot = definition(symbols=["SPY"])
    async with Backend(database_url, tmp_path) as backend, socketio.AsyncSimpleClient() as socket:
        await socket.connect(
            f"http://127.0.0.1:{backend.api_port}", socketio_path="ws", transports=["websocket"]
        )
        answer = await backend.api.post("/backtests", json={"bots": [bot], **DAYS})
        assert answer.status_code == 201, answer.text
        backtest_id = answer.json()["id"]
        told = await _until_ended(socket, backtest_id)
        assert [one["status"] for one in told[-1:]] == ["done"], told
        assert [one["progress"] for one in told] == sorted(one["progress"] for one in told)

        stored = (await backend.api.get(f"/backtests/{backtest_id}")).json()["summary"]
        assert (stored["source"], stored["minutes"]) == ("practice-synthetic-0", MINUTES)
        assert stored["remarks"] == []
        trades = await backend.items(f"/backtests/{backtest_id}/trades")

        backend.processes["practice"].kill()
        preview = await backend.api.post("/backtests/preview", json={"bot": bot, **DAYS}, timeout=60)
        assert preview.status_code == 200, preview.text
    assert len(trades) > 5
    assert preview.json()["trades"] == trades


async def _until_ended(socket: Any, backtest_id: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    while not told or told[-1]["status"] in ("queued", "running"):
        name, message = await socket.receive(timeout=60)
        if name == "backtest_progress" and message["backtest"]["id"] == backtest_id:
            told.append(message["backtest"])
    return told
