"""Over the practice market, which enforces Alpaca's own rules: differences, remedies, opposite orders."""

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from tests.builders import condition, constant, every, price, same_money
from tests.integration.backend import Backend

_SECONDS = 40.0
# It buys at once, keeps what it has, and has no legs: its orders are not exempt from the wash trade rule.
HOLDER: dict[str, Any] = {
    "name": "Holder",
    "capital": "20000",
    "symbols": ["AAPL"],
    "timeframe": "1Min",
    "trading_frequency": 60,
    "indicators": [],
    "rules": {
        "entry": every(condition(price(), "above", constant(0.01))),
        "exit": every(condition(price(), "below", constant(0.01))),
    },
    "risk_management": {
        "position_percent": 20,
        "stop_loss_percent": None,
        "take_profit_percent": None,
        "daily_loss_limit_percent": None,
        "max_position_account_percent": None,
    },
}


async def eventually(backend: Backend, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read the reconciliation until it says so."""
    async with asyncio.timeout(_SECONDS):
        while True:
            read: dict[str, Any] = (await backend.api.get("/reconciliation")).json()
            if ready(read):
                return read
            await asyncio.sleep(0.1)


async def by_hand(backend: Backend, side: str, quantity: int) -> None:
    """Trade in the broker's own page."""
    order = {"symbol": "AAPL", "side": side, "qty": str(quantity), "type": "market", "time_in_force": "day"}
    answer = await backend.practice.post("/v2/orders", json=order)
    assert answer.status_code == 200, answer.text


async def held(backend: Backend) -> int:
    found = (await backend.practice.get("/v2/positions")).json()
    return sum(int(row["qty"]) for row in found if row["symbol"] == "AAPL")


async def test_a_trade_by_hand_is_found_and_sold_again_and_opposite_orders_wait(
    database_url: str, tmp_path: Path
) -> None:
    day = date(2016, 1, 5)
    async with Backend(database_url, tmp_path, symbols=["AAPL"], start_day=day) as backend:
        await eventually(backend, lambda read: read["looked_at"] is not None)
        bot = await backend.create_bot(HOLDER)
        await backend.start_bot(bot)
        await backend.step()
        await backend.step()
        (position,) = await backend.items("/positions", bot_id=bot, is_open=True)
        shares = int(float(position["quantity"]))
        assert shares > 0

        # Somebody buys three more: it is nobody's of ours, has a name, and holds the bot back.
        await by_hand(backend, "buy", 3)
        await backend.step()
        read = await eventually(backend, lambda read: bool(read["findings"]))
        (finding,) = read["findings"]
        assert (finding["symbol"], finding["cause"]) == ("AAPL", "manual_trade")
        assert same_money(finding["quantity"], 3)
        (line,) = read["symbols"]
        assert (int(line["bots"]), int(line["broker"]), int(line["difference"])) == (shares, shares + 3, 3)

        # A second bot wants to buy while the three are being sold: neither is refused as a wash trade.
        answer = await backend.api.post(
            f"/reconciliation/findings/{finding['id']}/remedy", json={"remedy": "flatten"}
        )
        assert answer.status_code == 202, answer.text
        await eventually(backend, lambda read: not read["findings"])
        second = await backend.create_bot({**HOLDER, "name": "Second"})
        await backend.start_bot(second)
        for _ in range(8):
            await backend.step()
            if found := await backend.items("/positions", bot_id=second, is_open=True):
                break
        (other,) = found
        expected = shares + int(float(other["quantity"]))
        for order in await backend.items("/orders"):
            assert order["status"] in ("filled", "not_sent"), order
            if order["status"] == "filled":
                assert order["slippage"] is not None
        async with asyncio.timeout(_SECONDS):
            while await held(backend) != expected:
                await backend.step()
        read = await eventually(
            backend,
            lambda read: bool(read["symbols"]) and int(read["symbols"][0]["broker"] or 0) == expected,
        )
        assert read["findings"] == []
        assert read["agrees"]
