"""Real minutes through the whole backend: the trades that pandas expects, in the database and on the
socket, one by one."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import socketio

from tests.integration import expected
from tests.integration.backend import Backend

DATA = Path(os.environ.get("FLOTILLA_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
BARS = DATA / "bars"
SYMBOLS = ("SPY", "IBM")
FIRST_DAY = date(2013, 10, 8)  # the session before it warms the averages up
MINUTES = 500  # one session and the morning of the next

BOT: dict[str, Any] = {
    "name": "Cross",
    "capital": str(expected.CAPITAL),
    "symbols": list(SYMBOLS),
    "timeframe": "1Min",
    "indicators": [
        {"id": "fast", "name": "SMA", "params": {"timeperiod": expected.FAST}},
        {"id": "slow", "name": "SMA", "params": {"timeperiod": expected.SLOW}},
    ],
    "rules": {
        side: {
            "type": "all",
            "of": [
                {
                    "type": "condition",
                    "left": {"type": "indicator", "indicator": "fast", "output": "sma"},
                    "op": op,
                    "right": {"type": "indicator", "indicator": "slow", "output": "sma"},
                }
            ],
        }
        for side, op in (("entry", "crosses_above"), ("exit", "crosses_below"))
    },
    "risk_management": {
        "position_percent": expected.SHARE,
        "max_open_positions": 10,
        "stop_loss_percent": expected.STOP,
        "take_profit_percent": expected.TARGET,
        "daily_loss_limit_percent": None,
        "max_position_account_percent": None,
    },
    "start_hour": 10,
    "start_minute": 0,
    "end_hour": 15,
    "end_minute": 30,
}


async def test_replayed_minutes_give_the_trades_that_pandas_expects(
    database_url: str, tmp_path: Path, record_property: Any
) -> None:
    """Practice market over HTTP and WebSocket, alpaca-py, engine, PostgreSQL, socket.io client."""
    real = (BARS / "1min").is_dir()
    if not real and os.environ.get("CI"):
        pytest.fail(f"with CI set, the real minutes must be in {BARS}")
    record_property("prices", "real minutes" if real else "synthetic: no folder of real minutes here")
    told: dict[str, dict[str, Any]] = {}
    async with Backend(
        database_url,
        tmp_path,
        bars=BARS if real else None,
        symbols=SYMBOLS if real else ("SPY", "AAPL"),
        start_day=FIRST_DAY if real else date(2016, 1, 5),
    ) as backend:
        definition = {**BOT, "symbols": list(backend.symbols)}
        bot_id = await backend.create_bot(definition)
        async with socketio.AsyncSimpleClient() as socket:
            await socket.connect(
                f"http://127.0.0.1:{backend.api_port}", socketio_path="ws", transports=["websocket"]
            )
            hello = await socket.receive(timeout=10)
            assert hello[0] == "hello"
            await backend.start_bot(bot_id)
            taus = [await backend.step() for _ in range(MINUTES)]
            stored = await backend.items("/trades", bot_id=bot_id)
            await _hear(socket, told, until={trade["id"] for trade in stored if trade["is_final"]})
        bars = await _bars(backend, real, taus[-1])

    minute = timedelta(minutes=1)
    wanted = expected.trades(bars, pd.Timestamp(taus[0] - minute), pd.Timestamp(taus[-1] - minute))
    got = [_as_expected(trade) for trade in reversed(stored)]
    assert {trade.purpose for trade in wanted} == {"entry", "exit", "stop_loss", "take_profit"}
    assert _sorted(got) == _sorted(wanted)
    assert _sorted([_as_expected(trade) for trade in told.values()]) == _sorted(wanted)
    assert told == {trade["id"]: trade for trade in stored}


async def _hear(socket: Any, told: dict[str, dict[str, Any]], until: set[str]) -> None:
    """Keep the newest version of each trade, until the final one of each has come."""
    while not until <= {trade["id"] for trade in told.values() if trade["is_final"]}:
        name, message = await socket.receive(timeout=10)
        if name == "trade_executed":
            trade = message["trade"]
            assert trade["version"] > told.get(trade["id"], {"version": 0})["version"]
            told[trade["id"]] = trade


async def _bars(backend: Backend, real: bool, last: datetime) -> dict[str, pd.DataFrame]:
    """The regular session's minutes: from the files, or (synthetic) from the market's own history."""
    frames = {}
    for symbol in backend.symbols:
        if real:
            frame = pd.read_parquet(BARS / "1min" / f"{symbol}.parquet").set_index("timestamp")
            frame = frame.loc[datetime(2013, 10, 7, tzinfo=UTC) : last]
        else:
            query = {"timeframe": "1Min", "start": "2015-12-30", "end": last.isoformat(), "limit": 10000}
            answer = (await backend.practice.get(f"/v2/stocks/{symbol}/bars", params=query)).json()
            frame = pd.DataFrame(answer["bars"]).rename(
                columns={"t": "timestamp", "o": "open", "h": "high", "l": "low", "c": "close"}
            )
            frame = frame.assign(timestamp=pd.to_datetime(frame.timestamp)).set_index("timestamp")
        local = frame.index.tz_convert("America/New_York")
        frames[symbol] = frame[(local.time >= pd.Timestamp("09:30").time()) & (local.hour < 16)]
    return frames


def _as_expected(trade: dict[str, Any]) -> expected.Expected:
    # A leg fills somewhere inside its minute; the minute's last instant is its end.
    moment = pd.Timestamp(trade["timestamp"])
    if trade["purpose"] in ("stop_loss", "take_profit"):
        moment -= pd.Timedelta(microseconds=1)
    return expected.Expected(
        minute=moment.floor("min"),
        symbol=trade["symbol"],
        type=trade["type"],
        purpose=trade["purpose"],
        quantity=int(trade["quantity"]),
        price=float(trade["price"]),
    )


def _sorted(trades: list[expected.Expected]) -> list[expected.Expected]:
    return sorted(trades, key=lambda t: (t.minute, t.symbol, t.type == "sell", t.purpose))
