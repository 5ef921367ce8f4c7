"""Pause, edit and the kill switch over the wire: API, engine, practice market and socket as real programs."""

from pathlib import Path
from typing import Any

import socketio

from tests.builders import condition, constant, every, price
from tests.integration.backend import Backend

BOT: dict[str, Any] = {
    "name": "Holder",
    "capital": "10000",
    "symbols": ["AAPL"],
    "timeframe": "1Min",
    "rules": {"entry": every(condition(price(), "above", constant(1))), "exit": None},
    "risk_management": {
        "position_percent": 20,
        "stop_loss_percent": 50.0,
        "take_profit_percent": 100.0,
        "max_position_account_percent": None,
        "daily_loss_limit_percent": None,
    },
}


async def test_a_bot_is_paused_edited_and_closed_by_the_kill_switch(
    database_url: str, tmp_path: Path
) -> None:
    async with Backend(database_url, tmp_path) as backend, socketio.AsyncSimpleClient() as socket:
        await socket.connect(
            f"http://127.0.0.1:{backend.api_port}", socketio_path="ws", transports=["websocket"]
        )
        bot_id = await backend.create_bot(BOT)
        await backend.start_bot(bot_id)
        await backend.step()
        await backend.step()
        assert await held(backend, bot_id) == {"AAPL"}

        await backend.api.post(f"/bots/{bot_id}/pause")
        await backend.until_status(bot_id, "paused")
        edited = await backend.api.put(f"/bots/{bot_id}", json=BOT | {"symbols": ["AAPL", "MSFT"]})
        assert (edited.status_code, edited.json()["version"]) == (200, 2)
        await backend.step()
        assert await held(backend, bot_id) == {"AAPL"}, "it is paused"
        await backend.api.post(f"/bots/{bot_id}/resume")
        await backend.until_status(bot_id, "running")
        for _ in range(3):
            await backend.step()
        assert await held(backend, bot_id) == {"AAPL", "MSFT"}

        account = (await backend.api.get("/summary")).json()["account"]["id"]
        path = f"/accounts/{account}/kill-switch"
        assert (await backend.api.get(path)).json()["consequences"]["positions"] == 2
        on = await backend.api.post(path, json={"flatten": True})
        assert on.json()["engaged"]
        for _ in range(3):
            await backend.step()
        assert await held(backend, bot_id) == set()
        orders = await backend.items("/orders", bot_id=bot_id)
        assert [order["purpose"] for order in orders if order["status"] == "filled"].count("flatten") == 2
        assert {order["status"] for order in orders} == {"filled", "canceled"}
        while (message := await socket.receive(timeout=10))[0] != "alert":
            pass
        assert message[1]["alert"]["code"] == "KILL_SWITCH_ENGAGED"

        assert not (await backend.api.post(f"{path}/release")).json()["engaged"]
        for _ in range(3):
            await backend.step()
        assert await held(backend, bot_id) == {"AAPL", "MSFT"}


async def held(backend: Backend, bot_id: str) -> set[str]:
    return {row["symbol"] for row in await backend.items("/positions", bot_id=bot_id, is_open=True)}
