"""Kill the backend while a bot holds a position: nothing is lost, nothing happens twice."""

import random
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.integration.backend import Backend

SYMBOLS = ["AAPL", "SPY"]
BOT: dict[str, Any] = {
    "name": "Holder",
    "capital": "40000",
    "symbols": SYMBOLS,
    "timeframe": "1Min",
    "indicators": [{"id": "rsi", "name": "RSI", "params": {"timeperiod": 5}}],
    "rules": {
        side: {
            "type": "all",
            "of": [
                {
                    "type": "condition",
                    "left": {"type": "indicator", "indicator": "rsi", "output": "rsi"},
                    "op": op,
                    "right": {"type": "constant", "value": level},
                }
            ],
        }
        for side, op, level in (("entry", "below", 45), ("exit", "above", 65))
    },
    "risk_management": {
        "position_percent": 40,
        "stop_loss_percent": 0.3,
        "take_profit_percent": 0.4,
        "max_position_account_percent": None,
    },
}


async def test_a_killed_backend_goes_on_with_the_same_position(database_url: str, tmp_path: Path) -> None:
    async with Backend(database_url, tmp_path, symbols=SYMBOLS, start_day=date(2016, 1, 5)) as backend:
        bot_id = await backend.create_bot(BOT)
        await backend.start_bot(bot_id)
        await _step_until_held(backend)
        before = await _everything(backend)

        backend.kill()
        await backend.start()
        await backend.until_status(bot_id, "running")
        await _until_listening(backend)

        assert await _everything(backend) == before
        for _ in range(60):
            await backend.step()
        await _assert_books_agree(backend, bot_id)
        assert len(await backend.items("/trades")) > len(before["trades"]), "the bot trades on"


async def test_killed_in_the_middle_of_steps_every_fill_counts_once(
    database_url: str, tmp_path: Path
) -> None:
    """The engine dies at moments of its own choosing; the market goes on without it meanwhile."""
    moments = random.Random(20160105)
    async with Backend(database_url, tmp_path, symbols=SYMBOLS, start_day=date(2016, 1, 5)) as backend:
        bot_id = await backend.create_bot(BOT)
        await backend.start_bot(bot_id)
        for _ in range(4):
            for _ in range(moments.randrange(8, 20)):
                await backend.step()
            await _step_and_kill_the_engine(backend, moments.uniform(0.0, 0.05))
            backend.respawn_engine()
            await backend.until_ready()
            await _until_listening(backend)
            await _assert_books_agree(backend, bot_id)
        trades = await backend.items("/trades", bot_id=bot_id)
        assert len(trades) > 4
        assert (await backend.until_status(bot_id, "running"))["status_reason"] is None


async def _step_and_kill_the_engine(backend: Backend, seconds: float) -> None:
    """Let a minute pass and kill the engine `seconds` into its work on it."""
    answer = await backend.practice.post("/practice/step", timeout=60)
    assert answer.status_code == 200
    backend.kill_engine_after(seconds)


async def _step_until_held(backend: Backend) -> None:
    for _ in range(200):
        await backend.step()
        if await backend.items("/positions", is_open=True):
            return
    raise AssertionError("the bot opened nothing in 200 minutes")


async def _until_listening(backend: Backend) -> None:
    """The engine has subscribed its bars again: the next step reaches the bot."""
    await backend.until(lambda: _listens(backend))


async def _listens(backend: Backend) -> bool:
    state = (await backend.practice.get("/practice/state")).json()
    return state["listeners"]["bars"] > 0 and state["listeners"]["trade_updates"] > 0


async def _everything(backend: Backend) -> dict[str, Any]:
    """Our positions, orders and trades, and the broker's orders and positions."""
    ours = {name: await backend.items(f"/{name}") for name in ("positions", "orders", "trades")}
    return {**ours, "broker_orders": await _broker_orders(backend), "held": await _held(backend)}


async def _broker_orders(backend: Backend) -> dict[str, dict[str, Any]]:
    answer = await backend.practice.get("/v2/orders", params={"status": "all", "limit": 500})
    assert answer.status_code == httpx.codes.OK, answer.text
    return {order["id"]: order for order in answer.json()}


async def _held(backend: Backend) -> dict[str, Decimal]:
    rows = (await backend.practice.get("/v2/positions")).json()
    return {row["symbol"]: Decimal(row["qty"]) for row in rows}


async def _assert_books_agree(backend: Backend, bot_id: str) -> None:
    """The broker's orders are ours, each fill counts once, and holdings and cash are the same."""
    broker = await _broker_orders(backend)
    orders = await backend.items("/orders")
    sent = {order["broker_order_id"]: order for order in orders if order["broker_order_id"]}
    assert sent.keys() == broker.keys()
    assert max(Counter(order["client_order_id"] for order in orders).values()) == 1
    for order_id, order in broker.items():
        assert Decimal(sent[order_id]["filled_quantity"]) == Decimal(order["filled_qty"])
        assert sent[order_id]["status"] == order["status"]
    ours = {
        row["symbol"]: Decimal(row["quantity"]) for row in await backend.items("/positions", is_open=True)
    }
    assert ours == await _held(backend)
    figures = next(
        row for row in (await backend.api.get("/summary")).json()["bots"] if row["bot_id"] == bot_id
    )
    account = (await backend.practice.get("/v2/account")).json()
    spent = Decimal(account["cash"]) - 100_000
    assert Decimal(figures["cash"]) - Decimal(BOT["capital"]) == spent
