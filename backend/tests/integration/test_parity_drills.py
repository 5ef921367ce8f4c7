"""A session in which the market's drills strike: what was decided is replayed exactly, and every fill that
differs from the backtest's has the drill as its cause. The command line shows the same report.
"""

import asyncio
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from tests.integration.backend import Backend

SYMBOLS = ["AAPL", "SPY"]


def _rule(op: str, level: float) -> dict[str, Any]:
    left = {"type": "indicator", "indicator": "rsi", "output": "rsi"}
    right = {"type": "constant", "value": level}
    return {"type": "all", "of": [{"type": "condition", "left": left, "op": op, "right": right}]}


BOT: dict[str, Any] = {
    "name": "Drilled",
    "capital": "40000",
    "symbols": SYMBOLS,
    "timeframe": "1Min",
    "indicators": [{"id": "rsi", "name": "RSI", "params": {"timeperiod": 5}}],
    "rules": {"entry": _rule("below", 45), "exit": _rule("above", 60)},
    "risk_management": {
        "position_percent": 40,
        "stop_loss_percent": 0.3,
        "take_profit_percent": 0.4,
        "max_position_account_percent": None,
    },
}


async def test_drills_are_the_causes_of_what_differs(database_url: str, tmp_path: Path) -> None:
    async with Backend(database_url, tmp_path, symbols=SYMBOLS, start_day=date(2016, 1, 5)) as backend:
        bot_id = await backend.create_bot(BOT)
        await backend.start_bot(bot_id)
        await _steps(backend, 25)
        undisturbed = await _report(backend, bot_id)
        assert undisturbed["fills"]["equal"] > 0
        _assert_parity(undisturbed, causes=set())

        await _drill(backend, kind="rejected_order", count=2)
        await _steps(backend, 25)
        rejected = await _report(backend, bot_id)
        _assert_parity(rejected, causes={"REJECTED"})

        for _ in range(3):
            await _drill(backend, kind="late_bar", count=1)
            await _steps(backend, 6)
        await _away(backend, minutes=3)
        await _steps(backend, 25)
        report = await _report(backend, bot_id)
        assert report["decisions"]["mismatches"] == []
        assert set(report["fills"]["causes"]) <= {"REJECTED", "DATA_LATE", "DOWNTIME"}
        assert report["fills"]["percent"] < 100
        stored = (await backend.api.get(f"/bots/{bot_id}/parity")).json()
        assert stored == report
        assert await asyncio.to_thread(_shown, backend) == report["decisions"]
        await _assert_a_decision_is_explained(backend, bot_id)


def _assert_parity(report: dict[str, Any], *, causes: set[str]) -> None:
    assert report["decisions"]["mismatches"] == []
    assert report["decisions"]["percent"] == 100
    roots = {one["cause"] for one in report["fills"]["differences"] if not one["follows"]}
    assert roots == causes, report["fills"]["differences"]


async def _assert_a_decision_is_explained(backend: Backend, bot_id: str) -> None:
    """What a person reads of an entry: its conditions, gates, numbers and order, as the log has them."""
    (entered, *_) = await backend.items(f"/bots/{bot_id}/decisions", outcome="enter")
    query = {"symbol": entered["symbol"], "time": entered["last_tau"]}
    told = (await backend.api.get(f"/bots/{bot_id}/decisions/at", params=query)).json()
    assert (told["outcome"], told["refusal"]) == ("enter", entered["refusal"])
    assert told["numbers"] == entered["numbers"]
    assert told["bar"] == entered["last_bar"]
    assert told["order"]["id"] == entered["order_id"]
    members = [part for part in told["rules"]["entry"] if part["kind"] == "condition"]
    assert [(m["sentence"], m["left"], m["holds"]) for m in members] == [
        (c["sentence"], c["left"], c["holds"]) for c in entered["conditions"]
    ]
    assert {gate["state"] for gate in told["gates"]} <= {"passed", "shrank"}


async def _steps(backend: Backend, count: int) -> None:
    for _ in range(count):
        await backend.step()


async def _drill(backend: Backend, **fault: Any) -> None:
    answer = await backend.practice.post("/practice/faults", json=fault)
    assert answer.status_code == 200, answer.text


async def _away(backend: Backend, *, minutes: int) -> None:
    """The engine is killed, and the market goes on without it."""
    backend.kill_engine_after(0)
    for _ in range(minutes):
        assert (await backend.practice.post("/practice/step", timeout=60)).status_code == 200
    backend.respawn_engine()
    await backend.until_ready()
    await backend.until(lambda: _listens(backend))


async def _listens(backend: Backend) -> bool:
    state = (await backend.practice.get("/practice/state")).json()
    return state["listeners"]["bars"] > 0 and state["listeners"]["trade_updates"] > 0


async def _report(backend: Backend, bot_id: str) -> dict[str, Any]:
    answer = await backend.api.post(f"/bots/{bot_id}/parity", timeout=60)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def _shown(backend: Backend) -> Any:
    """The decisions' part of what the command line says of the bot, by its name."""
    command = [sys.executable, "-m", "flotilla.entrypoints.cli", "parity", "drilled"]
    environment = {**os.environ, "PORT": str(backend.api_port)}
    for words, title in (([], "Fills that differ"), (["--json"], None)):
        done = subprocess.run([*command, *words], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert title is None or title in done.stdout
    return json.loads(done.stdout)["decisions"]
