"""Kill the engine again and again in the middle of its work; after each restart everything must agree."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.integration.backend import Backend
from tests.integration.books import assert_books_agree, unprotected

SYMBOLS = ("AAPL", "MSFT", "SPY", "QQQ", "TSLA")
# What goes wrong beside the crashes: rejections, reports that come twice or late, answers that are lost.
DRILLS: tuple[dict[str, Any], ...] = (
    {"kind": "rejected_order", "probability": 0.05},
    {"kind": "duplicated_update", "probability": 0.1},
    {"kind": "timeout_after_accept", "probability": 0.03},
)
PRACTICE = ("--fill-model", "quotes", "--rate-limit", "0", "--seed", "7")
_RISK = {
    "position_percent": 45,
    "max_position_account_percent": None,
    "daily_loss_limit_percent": None,
    "stop_loss_percent": 0.15,
    "take_profit_percent": 0.2,
}


def bot(name: str, symbols: tuple[str, ...], *, below: float, above: float, **risk: Any) -> dict[str, Any]:
    """Define a bot that trades every few minutes."""

    def rule(op: str, level: float) -> dict[str, Any]:
        operand = {"type": "indicator", "indicator": "rsi", "output": "rsi"}
        constant = {"type": "constant", "value": level}
        return {"type": "all", "of": [{"type": "condition", "left": operand, "op": op, "right": constant}]}

    return {
        "name": name,
        "capital": "15000",
        "symbols": list(symbols),
        "timeframe": "1Min",
        "indicators": [{"id": "rsi", "name": "RSI", "params": {"timeperiod": 3}}],
        "rules": {"entry": rule("below", below), "exit": rule("above", above)},
        "risk_management": _RISK | risk,
    }


_NO_LEGS = {"stop_loss_percent": None, "take_profit_percent": None}
_NEAR = {"stop_loss_percent": 0.05, "take_profit_percent": 0.05}
BOTS = (
    bot("Bracket", ("AAPL", "SPY"), below=45, above=60),
    bot("Stop alone", ("MSFT", "AAPL"), below=40, above=55, take_profit_percent=None),
    bot(
        "Signals alone", ("QQQ", "TSLA"), below=50, above=50, stop_loss_percent=None, take_profit_percent=None
    ),
    bot(
        "Tight", ("TSLA", "MSFT", "SPY"), below=50, above=70, stop_loss_percent=0.05, take_profit_percent=0.05
    ),
)


@dataclass
class Figures:
    """What a run of crashes was made of: `at` counts the statuses of open orders when the engine died."""

    kills: int = 0
    minutes: int = 0
    at: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    fills: int = 0
    partial_fills: int = 0

    def __str__(self) -> str:
        def words(counts: Counter[str]) -> str:
            return ", ".join(f"{name} {count}" for name, count in counts.most_common())

        return (
            f"{self.kills} kills in {self.minutes} minutes; {self.fills} fills, {self.partial_fills} of them "
            f"partial; orders: {words(self.orders)}; open when killed: {words(self.at)}"
        )


async def crash_repeatedly(backend: Backend, kills: int, *, seed: int) -> Figures:
    """Trade, kill the engine `kills` times at random moments, and compare the books after each."""
    dice = random.Random(seed)
    figures = Figures()
    bots = [await backend.create_bot(definition) for definition in BOTS]
    for bot_id in bots:
        await backend.start_bot(bot_id)
    for drill in DRILLS:
        answer = await backend.practice.post("/practice/faults", json=drill)
        assert answer.status_code == 200, answer.text
    for _ in range(kills):
        for _ in range(dice.randrange(1, 4)):
            left = await unprotected(backend)
            await backend.step()
            figures.minutes += 1
            # The drill may reject the sale again; that none was tried is what must not be.
            untried = left.items() & (await unprotected(backend)).items()
            assert not untried, f"to be sold a minute ago: {untried}; {await _newest_orders(backend)}"
        answer = await backend.practice.post("/practice/step", timeout=60)
        assert answer.status_code == 200, answer.text
        backend.kill_engine_after(dice.uniform(0.0, 0.12))
        figures.kills += 1
        figures.at += await _open_orders(backend)
        await _restart(backend, bots)
        await assert_books_agree(backend)
    await _finish(backend, figures)
    return figures


async def _newest_orders(backend: Backend) -> list[tuple[Any, ...]]:
    rows = await backend.database.fetch(
        "SELECT bot_id, symbol, purpose, status, reason, quantity, filled_quantity, tau"
        " FROM flotilla.orders ORDER BY id DESC LIMIT 20"
    )
    return [tuple(row) for row in rows]


async def _restart(backend: Backend, bots: list[str]) -> None:
    backend.respawn_engine()
    await backend.until_ready()
    await backend.until(lambda: _all_run(backend))
    for bot_id in bots:
        assert (await backend.until_status(bot_id, "running"))["status_reason"] is None


async def _all_run(backend: Backend) -> bool:
    """The engine has reconciled (or it would have subscribed nothing), and every bot is on."""
    state = (await backend.practice.get("/practice/state")).json()
    left = await backend.database.fetchval("SELECT count(*) FROM flotilla.bots WHERE status <> 'running'")
    return state["listeners"]["bars"] > 0 and not left


async def _open_orders(backend: Backend) -> Counter[str]:
    rows = await backend.database.fetch(
        "SELECT status FROM flotilla.orders WHERE status NOT IN"
        " ('filled', 'canceled', 'expired', 'replaced', 'rejected', 'not_sent')"
    )
    return Counter(row[0] for row in rows)


async def _finish(backend: Backend, figures: Figures) -> None:
    rows = await backend.database.fetch("SELECT status, count(*) FROM flotilla.orders GROUP BY status")
    figures.orders.update({row[0]: row[1] for row in rows})
    figures.fills = await backend.database.fetchval("SELECT count(*) FROM flotilla.fills")
    figures.partial_fills = await backend.database.fetchval(
        "SELECT count(*) FROM flotilla.fills f JOIN flotilla.orders o ON o.id = f.order_id"
        " WHERE f.quantity < o.quantity"
    )
