"""The program: how it starts, replays, ends, and what it says when it cannot."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from practice_server import ProcessServer, ThreadServer

from flotilla.practice.errors import PracticeStartError
from flotilla.practice.server import serve
from flotilla.practice.settings import (
    AccountSettings,
    PracticeSettings,
    parse_account,
    parse_speed,
)

OPEN = datetime(2013, 10, 7, 13, 30, tzinfo=UTC)
MARKET = {"symbol": "A", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


def write_bars(path: Path, prices: dict[int, float]) -> None:
    """Write flat bars at minutes after OPEN."""
    values = list(prices.values())
    columns = dict.fromkeys(("open", "high", "low", "close"), values)
    stamps = pa.array([OPEN + timedelta(minutes=m) for m in prices], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"timestamp": stamps, **columns, "volume": [10.0] * len(values)}), path)


def test_it_ends_cleanly_when_interrupted(new_database: Callable[[], str]) -> None:
    server = ProcessServer(new_database(), "--speed=60")
    assert server.request("GET", "/practice/health").json() == {"status": "ok"}
    server.stop()


@pytest.mark.usefixtures("calendar")
async def test_what_keeps_it_from_starting_is_one_sentence(tmp_path: Path) -> None:
    nowhere = "postgresql://x"
    with pytest.raises(PracticeStartError, match="does not exist"):
        await serve(PracticeSettings(nowhere, port=0, bars=tmp_path / "no"))
    with pytest.raises(PracticeStartError, match="no bars on 2200-01-01 or later"):
        await serve(PracticeSettings(nowhere, port=0, start=date(2200, 1, 1)))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PracticeStartError, match=f"cannot listen on 127.0.0.1:{port}"):
            await serve(PracticeSettings(nowhere, port=port))


def test_a_failed_start_says_its_sentence_and_exits_with_1() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "flotilla.practice"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        env={k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
    )
    assert ended.returncode == 1
    assert ended.stderr == "Name a PostgreSQL with --database-url or DATABASE_URL.\n"


def test_a_replay_skips_to_the_next_bars_and_says_when_they_are_over(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    two_days_later = 2 * 24 * 60
    write_bars(tmp_path / "A.parquet", {0: 10.0, 1: 11.5, 3: 12.0, two_days_later: 20.25})
    server = ThreadServer(new_database(), bars=tmp_path)
    state = server.state()
    assert state["now"] == "2013-10-07T13:30:00Z"
    assert state["symbols"] == ["A"]
    server.step(2)
    waiting = server.request("POST", "/v2/orders", json=MARKET).json()
    orders = f"/v2/orders/{waiting['id']}"
    assert server.request("GET", orders).json()["status"] == "new"  # no bar in this minute
    server.step()
    filled = server.request("GET", orders).json()
    assert (filled["filled_avg_price"], filled["filled_at"]) == ("12", "2013-10-07T13:33:00Z")
    server.step(390 - 3)
    state = server.state()
    assert (state["session"], state["now"]) == (None, "2013-10-07T20:00:00Z")
    assert state["next_session"]["date"] == "2013-10-09"
    assert server.step()["time"] == "2013-10-09T13:31:00Z"
    server.step(389)
    state = server.state()
    assert (state["ended"], state["now"]) == (True, "2013-10-09T20:00:00Z")
    assert server.step()["time"] == state["now"]
    clock = server.request("GET", "/v2/clock").json()
    assert clock["is_open"] is False
    assert server.request("POST", "/v2/orders", json=MARKET).json()["status"] == "accepted"
    assert server.request("GET", "/v2/positions").json()[0]["current_price"] == "20.25"
    refused = server.request("POST", "/v2/orders", json={**MARKET, "symbol": "TSLA"})
    assert refused.json()["message"] == 'asset "TSLA" is not tradable'
    server.stop()


def test_time_passes_by_itself_and_only_steps_while_paused(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    write_bars(tmp_path / "A.parquet", {0: 10.0, 24 * 60: 11.0})
    server = ThreadServer(new_database(), bars=tmp_path)
    running = server.request("POST", "/practice/speed", json={"rate": 1}).json()
    assert running["rate"] == 1
    assert server.request("POST", "/practice/step").status_code == 422
    server.request("POST", "/practice/speed", json={"rate": "max"})
    while not (state := server.state())["ended"]:
        assert state["rate"] == "max"
    assert state["now"] == "2013-10-08T20:00:00Z"
    for nonsense in ({"rate": -1}, {"rate": "fast"}, {}):
        assert server.request("POST", "/practice/speed", json=nonsense).status_code == 422
    server.stop()


def test_another_source_has_its_own_time_and_the_account_stays(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    address = new_database()
    write_bars(tmp_path / "A.parquet", {0: 10.0, 1: 11.0})
    server = ThreadServer(address)
    server.request("POST", "/v2/orders", json={**MARKET, "symbol": "SPY"})
    server.step()
    before = server.state()
    server.stop()
    server = ThreadServer(address, bars=tmp_path)
    assert server.state()["now"] == "2013-10-07T13:30:00Z"
    (position,) = server.request("GET", "/v2/positions").json()
    assert (position["symbol"], position["unrealized_pl"]) == ("SPY", "0")
    server.request("POST", "/v2/orders", json=MARKET)
    assert server.state()["last_event_id"] > before["last_event_id"]
    server.stop()
    server = ThreadServer(address)
    assert server.state()["now"] == before["now"]
    server.stop()


def test_the_first_session_is_chosen(new_database: Callable[[], str]) -> None:
    server = ThreadServer(new_database(), start=date(2021, 7, 4), symbols=("NEWCO",))
    assert server.state()["now"] == "2021-07-06T13:30:00Z"
    order = server.request("POST", "/v2/orders", json={**MARKET, "symbol": "NEWCO"})
    assert order.status_code == 200
    server.stop()


def test_the_synthetic_market_begins_in_2016_at_the_earliest(new_database: Callable[[], str]) -> None:
    server = ThreadServer(new_database(), start=date(2013, 10, 7))
    assert server.state()["now"] == "2016-01-04T14:30:00Z"
    server.stop()


def test_speeds_and_accounts_are_read() -> None:
    assert (parse_speed("60"), parse_speed("0"), parse_speed("max")) == (60, 0, float("inf"))
    assert parse_account("K:s:e:c:5.5") == AccountSettings("K", "s:e:c", Decimal("5.5"))
    for text in ("", "fast", "-1", "nan", "inf"):
        with pytest.raises(PracticeStartError):
            parse_speed(text)
    for text in ("", "K", "K:S", "K:S:", "K:S:much", "K:S:-1", ":S:1", "K:S:NaN"):
        with pytest.raises(PracticeStartError):
            parse_account(text)
