"""What happens to a market on purpose: a scenario file, splits and dividends."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from practice_server import ThreadServer
from test_conformance_market_data import write_bars
from websockets.sync.client import connect

from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.errors import PracticeStartError
from flotilla.practice.scenario import read_scenario

SCENARIO = """
events:
  - {kind: gap, at: "2016-01-04T14:35:00Z", percent: -50, symbols: [SPY]}
  - {kind: crash, at: "2016-01-04T14:40:00Z", minutes: 5, percent: -20, symbols: [SPY]}
  - {kind: halt, at: 2016-01-04T14:32:00Z, minutes: 2, symbols: [AAPL]}
  - {kind: illiquid, at: "2016-01-04T14:30:00Z", minutes: 10, symbols: [QQQ]}
  - {kind: feed_outage, at: "2016-01-04T14:36:00Z", minutes: 3}
"""


@pytest.fixture
def market(new_database: Callable[[], str], tmp_path: Path) -> Iterator[ThreadServer]:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO)
    practice = ThreadServer(new_database(), scenario=path)
    yield practice
    practice.stop()


def bars(market: ThreadServer, symbol: str) -> dict[str, Any]:
    """Return the day's bars by their minute."""
    query = "timeframe=1Min&start=2016-01-04T14:30:00Z&limit=100"
    found = market.request("GET", f"/v2/stocks/{symbol}/bars?{query}").json()["bars"]
    return {bar["t"][11:16]: bar for bar in found}


def test_a_scenario_moves_thins_and_silences(market: ThreadServer) -> None:
    with connect(market.ws_url + "/v2/iex", open_timeout=30) as socket:
        socket.recv(timeout=30)
        everything = {"action": "subscribe", "bars": ["SPY"], "statuses": ["AAPL"]}
        for message in ({"action": "auth", "key": "K0", "secret": "secret"}, everything):
            socket.send(json.dumps(message))
            socket.recv(timeout=30)
        market.step(20)
        messages = [message for frame in drained(socket) for message in frame]
    spy = bars(market, "SPY")
    assert spy["14:35"]["o"] == pytest.approx(spy["14:34"]["c"] / 2, rel=0.02)
    assert spy["14:46"]["c"] == pytest.approx(spy["14:39"]["c"] * 0.8, rel=0.02)
    assert spy["14:40"]["l"] <= spy["14:40"]["o"] <= spy["14:40"]["h"]
    assert {"14:32", "14:33"}.isdisjoint(bars(market, "AAPL"))
    assert "14:34" in bars(market, "AAPL")
    qqq = bars(market, "QQQ")
    assert [minute for minute in sorted(qqq) if minute < "14:41"] == ["14:30", "14:35", "14:40"]
    assert qqq["14:35"]["v"] * 20 < qqq["14:40"]["v"]
    sent = [message["t"][11:16] for message in messages if message["T"] == "b"]
    assert {"14:36", "14:37", "14:38"}.isdisjoint(sent)
    assert {"14:35", "14:39"} <= set(sent)
    statuses = [(one["t"][11:16], one["sc"]) for one in messages if one["T"] == "s"]
    assert statuses == [("14:32", "H"), ("14:34", "T")]


SILENCE = """
events:
  - {kind: halt, at: "2016-01-04T14:30:00Z", minutes: 2, symbols: [AAPL]}
  - {kind: halt, at: "2016-01-04T22:00:00Z", minutes: 60, symbols: [MSFT]}
  - {kind: halt, at: "2016-01-05T14:30:00Z", minutes: 1, symbols: [QQQ]}
  - {kind: feed_outage, at: "2016-01-04T14:31:00Z", minutes: 2}
"""


def test_halts_out_of_hours_are_told_and_an_outage_leaves_nothing(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    path = tmp_path / "silence.yaml"
    path.write_text(SILENCE)
    practice = ThreadServer(new_database(), scenario=path)
    try:
        with connect(practice.ws_url + "/v2/iex", open_timeout=30) as socket:
            socket.recv(timeout=30)
            wanted = {
                "statuses": ["*"],
                **{kind: ["SPY"] for kind in ("bars", "dailyBars", "trades", "lulds")},
            }
            auth = {"action": "auth", "key": "K0", "secret": "secret"}
            for message in (auth, {"action": "subscribe", **wanted}):
                socket.send(json.dumps(message))
                socket.recv(timeout=30)
            heard = []
            for _ in range(4):
                practice.step()
                heard.append({message["T"] for frame in drained(socket) for message in frame})
            assert heard == [{"s", "t", "b", "d", "l"}, set(), set(), {"t", "b", "d", "l"}]
            practice.request("POST", "/practice/next-session")
            practice.step()
            messages = [message for frame in drained(socket) for message in frame]
        told = [(one["S"], one["sc"], one["t"][8:16]) for one in messages if one["T"] == "s"]
        assert told == [
            ("MSFT", "H", "04T22:00"),
            ("MSFT", "T", "04T23:00"),
            ("QQQ", "H", "05T14:30"),
            ("QQQ", "T", "05T14:31"),
        ]
    finally:
        practice.stop()


def drained(socket: Any) -> Iterator[list[dict[str, Any]]]:
    while True:
        try:
            yield json.loads(socket.recv(timeout=1))
        except TimeoutError:
            return


@pytest.mark.parametrize(
    "text",
    [
        "",
        "events: []",
        "events: [{kind: flood, at: '2016-01-04T14:32:00Z', minutes: 1}]",
        "events: [{kind: crash, at: '2016-01-04T14:32:00Z'}]",
        "events: [{kind: gap, at: '2016-01-04T14:32:00', percent: 1}]",
        "events: [{kind: halt, at: '2016-01-04T14:32:00Z', minutes: 5}]",
        "events: [{kind: gap, at: '2016-01-04T14:32:00Z', percent: -100}]",
        "events: [{kind: gap, at: '2016-01-04T14:32:00Z', color: red}]",
        "{",
    ],
)
def test_what_is_wrong_with_a_scenario_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(PracticeStartError, match="scenario"):
        read_scenario(path)


ACTIONS = """symbol,ex_date,type,value
ABC,2020-03-03,split,2
ABC,2020-03-04,dividend,0.5
"""


def test_a_split_and_a_dividend_reach_positions_orders_and_activities(
    new_database: Callable[[], str], calendar: TradingCalendar, tmp_path: Path
) -> None:
    write_bars(tmp_path, "ABC", {"2020-03-02": 100.0, "2020-03-03": 50.0, "2020-03-04": 49.5})
    (tmp_path / "actions.csv").write_text(ACTIONS)
    practice = ThreadServer(new_database(), bars=tmp_path)
    try:
        practice.step()
        order = {"symbol": "ABC", "side": "buy", "time_in_force": "gtc"}
        practice.request("POST", "/v2/orders", json={**order, "qty": "10", "type": "market"})
        resting = {**order, "qty": "1", "type": "limit", "limit_price": "90"}
        limit = practice.request("POST", "/v2/orders", json=resting).json()
        before = practice.request("GET", "/v2/account").json()
        practice.request("POST", "/practice/next-session")
        (position,) = practice.request("GET", "/v2/positions").json()
        assert (position["qty"], position["avg_entry_price"]) == ("20", "50")
        assert (position["lastday_price"], position["change_today"]) == ("50", "0")
        assert practice.request("GET", "/v2/account").json()["equity"] == before["equity"]
        assert practice.request("GET", f"/v2/orders/{limit['id']}").json()["status"] == "canceled"
        practice.request("POST", "/practice/next-session")
        after = practice.request("GET", "/v2/account").json()
        assert float(after["cash"]) == float(before["cash"]) + 10
        rows = practice.request("GET", "/v2/account/activities?category=non_trade_activity").json()
        assert [(row["activity_type"], row["symbol"], row["qty"]) for row in rows] == [
            ("DIV", "ABC", "20"),
            ("SPLIT", "ABC", "10"),
        ]
        assert (rows[0]["net_amount"], rows[0]["per_share_amount"]) == ("10", "0.5")
        assert rows[0]["date"] == "2020-03-04"
    finally:
        practice.stop()
