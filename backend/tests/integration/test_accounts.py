"""Two accounts in one engine: the practice account, and one at "Alpaca", whose part the market plays.

The second one is an account of the same practice market, reached as Alpaca is: with keys that are stored,
its clock from /v2/clock, and minutes that are closed bar by bar.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.builders import condition, constant, every, price
from tests.integration.backend import Backend

KEYS = {"key_id": "PKSECONDACCOUNT", "secret_key": "its-secret-is-kept"}
BOT: dict[str, Any] = {
    "name": "Buys at once",
    "capital": "10000",
    "symbols": ["SPY"],
    "timeframe": "1Min",
    "indicators": [],
    "rules": {"entry": every(condition(price(), "above", constant(1)))},
    "risk_management": {"position_percent": 40, "max_position_account_percent": None},
}


async def test_bots_of_two_accounts_trade_side_by_side(database_url: str, tmp_path: Path) -> None:
    backend = Backend(database_url, tmp_path, symbols=["SPY"], start_day=date(2016, 1, 5))
    market = f"http://127.0.0.1:{backend.practice_port}"
    backend.env = {"FLOTILLA_ALPACA_URL": market}
    async with backend:
        wrong = await backend.api.post("/accounts", json=KEYS | {"name": "Paper"}, timeout=30)
        assert wrong.status_code == 422, "nobody knows these keys yet"
        opened = {"key": KEYS["key_id"], "secret": KEYS["secret_key"], "cash": "50000"}
        assert (await backend.practice.post("/practice/accounts", json=opened)).status_code == 200
        answer = await backend.api.post("/accounts", json=KEYS | {"name": "Paper"}, timeout=30)
        assert answer.status_code == 201, answer.text
        paper = answer.json()["id"]
        await backend.until(lambda: _connected(backend, paper))

        mine = await backend.create_bot(BOT)
        theirs = await backend.create_bot(BOT | {"account_id": paper, "capital": "20000"})
        for bot_id in (mine, theirs):
            await backend.start_bot(bot_id)
        for _ in range(3):
            await _step(backend)
        await backend.until(lambda: _holds(backend, mine, theirs))
        held = {row["bot_id"]: Decimal(row["quantity"]) for row in await backend.items("/positions")}
        assert held[theirs] - 2 * held[mine] in (0, 1), "it has twice the capital"
        # Each account has at the broker what its own bot holds.
        for bot_id, keys in ((mine, None), (theirs, KEYS)):
            assert await _at_broker(backend, keys) == held[bot_id]
        summary = (await backend.api.get("/summary", params={"account_id": paper})).json()
        assert summary["account"]["kind"] == "alpaca_paper"
        assert Decimal(summary["account"]["equity"]) < 60_000
        assert summary["open_positions"] == 1

        in_logs = "".join((tmp_path / f"{name}.log").read_text() for name in ("api", "engine"))
        stored = await _dumped(backend)
        for secret in KEYS.values():
            assert secret not in in_logs
            assert secret not in stored


async def _connected(backend: Backend, account_id: str) -> bool:
    account = (await backend.api.get(f"/accounts/{account_id}")).json()
    assert account["problem"] is None
    return bool(account["connected"])


async def _step(backend: Backend) -> None:
    """Let a minute pass, and both accounts decide on it."""
    answer = await backend.practice.post("/practice/step", timeout=60)
    assert answer.status_code == 200, answer.text
    now = datetime.fromisoformat((await backend.practice.get("/practice/state")).json()["now"])

    async def decided() -> bool:
        rows = await backend.database.fetch("SELECT tau FROM flotilla.engine_state")
        return [row["tau"] for row in rows] == [now, now]

    await backend.until(decided)


async def _holds(backend: Backend, *bot_ids: str) -> bool:
    return {row["bot_id"] for row in await backend.items("/positions")} == set(bot_ids)


async def _at_broker(backend: Backend, keys: dict[str, str] | None) -> Decimal:
    headers = {}
    if keys is not None:
        headers = {"APCA-API-KEY-ID": keys["key_id"], "APCA-API-SECRET-KEY": keys["secret_key"]}
    (position,) = (await backend.practice.get("/v2/positions", headers=headers)).json()
    return Decimal(position["qty"])


async def _dumped(backend: Backend) -> str:
    """Everything that the database knows of accounts and facts."""
    found = []
    for table in ("accounts", "engine_state", "events"):
        rows = await backend.database.fetch(f"SELECT to_jsonb(t)::text AS row FROM flotilla.{table} t")
        found += [row["row"] for row in rows]
    return "".join(found)
