"""Replay of real minutes of coins, with stocks beside them and without."""

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from practice_server import ThreadServer
from trading_account import COIN, LIMIT, MARKET, TradingAccount

from flotilla.practice.settings import FillModelName


@pytest.fixture(scope="module")
def folder(real_bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that holds nothing but Bitfinex's February of 2016."""
    folder = tmp_path_factory.mktemp("coins")
    shutil.copy(real_bars / "1min" / "BTCUSD.parquet", folder)
    return folder


@pytest.fixture
def account(
    fill_model: FillModelName, folder: Path, new_database: Callable[[], str]
) -> Iterator[TradingAccount]:
    practice = ThreadServer(new_database(), bars=folder, fill_model=fill_model)
    yield TradingAccount(practice, "K0")
    practice.stop()


def test_coins_alone_are_traded_around_the_clock(account: TradingAccount, folder: Path) -> None:
    rows = pq.read_table(folder / "BTCUSD.parquet").to_pylist()
    assert account.server.state()["now"] == "2016-02-10T14:30:00Z"  # the file begins in an evening
    listed = account.ask("GET", "/v2/assets?asset_class=crypto").json()
    assert {asset["symbol"]: asset["tradable"] for asset in listed} == {"BTC/USD": True, "ETH/USD": False}
    account.refused(MARKET, 422)  # SPY is listed and has no bars
    order = account.submit({**COIN, "qty": "0.5"})
    account.server.step()
    found = account.order(order["id"])
    (bar,) = [row for row in rows if row["timestamp"].isoformat() == "2016-02-10T14:30:00+00:00"]
    assert found["status"] == "filled"
    assert bar["low"] <= float(found["filled_avg_price"]) <= bar["high"] * 1.001
    account.server.step(7 * 60)
    assert account.server.state()["now"] == "2016-02-10T21:31:00Z"  # the exchange has closed
    assert account.ask("GET", "/v2/clock").json()["is_open"] is False
    query = "symbols=BTC/USD&timeframe=1Min&start=2016-02-10T21:00:00Z"
    bars = account.ask("GET", f"/v1beta3/crypto/us/bars?{query}").json()["bars"]["BTC/USD"]
    by_start = {f"{row['timestamp']:%Y-%m-%dT%H:%M:%SZ}": row for row in rows}
    assert len(bars) > 20
    assert all((b["o"], b["c"]) == (by_start[b["t"]]["open"], by_start[b["t"]]["close"]) for b in bars)
    (position,) = account.ask("GET", "/v2/positions").json()
    assert Decimal(position["current_price"]) == Decimal(str(bars[-1]["c"]))
    assert position["qty"] == "0.49875"  # 25 bps less


def test_a_limit_order_for_coins_meets_the_replayed_path(account: TradingAccount, folder: Path) -> None:
    rows = [r for r in pq.read_table(folder / "BTCUSD.parquet").to_pylist() if r["timestamp"].year == 2016]
    start = next(i for i, r in enumerate(rows) if r["timestamp"].isoformat() >= "2016-02-10T14:30")
    lowest = min(row["low"] for row in rows[start : start + 61])
    limit = Decimal(str(lowest)) + Decimal("0.1")
    order = account.submit({**LIMIT, "symbol": "BTC/USD", "limit_price": str(limit), "time_in_force": "gtc"})
    account.server.step(90)
    found = account.order(order["id"])
    assert found["status"] == "filled"
    assert Decimal(found["filled_avg_price"]) <= limit
