"""Trading before and after the regular hours: 04:00 to 20:00 in New York."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from practice_server import ThreadServer
from trading_account import BRACKET, LIMIT, MARKET, Json, TradingAccount

from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.session import Session
from flotilla.practice.settings import FillModelName
from flotilla.practice.sources.replay import ReplayMarket
from flotilla.practice.sources.synthetic import SyntheticMarket

EXTENDED = {**LIMIT, "extended_hours": True}
MET = {**EXTENDED, "limit_price": "9000"}
AUCTION = {**MARKET, "symbol": "AAPL"}


def now(account: TradingAccount) -> str:
    text: str = account.ask("GET", "/v2/clock").json()["timestamp"]
    return text[:16]


@pytest.fixture
def closed(fill_model: FillModelName, copy_of_closed_market: Callable[[], str]) -> Iterator[TradingAccount]:
    """Give a market whose first session has just closed."""
    practice = ThreadServer(copy_of_closed_market(), fill_model=fill_model)
    yield TradingAccount(practice, "K0")
    practice.stop()


def stepped_until(account: TradingAccount, order: Json, minutes: int) -> Json:
    for _ in range(minutes):
        found = account.order(order["id"])
        if found["status"] not in ("new", "accepted", "partially_filled"):
            break
        account.server.step()
    return account.order(order["id"])


def test_a_limit_order_that_asks_for_it_fills_after_the_close(closed: TradingAccount) -> None:
    assert now(closed) == "2016-01-04T16:00"
    order = closed.submit(MET)
    assert (order["status"], order["extended_hours"]) == ("pending_new", True)
    assert order["expires_at"] == "2016-01-05T01:00:00Z"
    found = stepped_until(closed, order, 20)
    assert found["status"] == "filled"
    assert "2016-01-04T21:00" <= found["filled_at"] < "2016-01-04T21:20"
    assert closed.ask("GET", "/v2/clock").json()["is_open"] is False
    closed.server.step(2)  # nothing waits after the minute in progress: the night passes at once
    assert now(closed) in ("2016-01-05T09:31", "2016-01-05T09:32")


def test_what_does_not_ask_for_it_waits_for_the_session(closed: TradingAccount) -> None:
    resting = closed.submit(EXTENDED)
    day = closed.submit({**MARKET, "symbol": "AAPL"})
    limit = closed.submit({**LIMIT, "symbol": "MSFT", "limit_price": "9000", "time_in_force": "gtc"})
    closed.server.step(30)
    assert now(closed) == "2016-01-04T16:30"
    assert [closed.order(one["id"])["status"] for one in (resting, day, limit)] == ["new"] + ["accepted"] * 2
    assert [row["id"] for row in closed.orders()] == [limit["id"], day["id"], resting["id"]]


def test_it_expires_at_eight_in_the_evening(closed: TradingAccount) -> None:
    order = closed.submit(EXTENDED)
    closed.server.step(239)
    assert closed.order(order["id"])["status"] == "new"
    closed.server.step()
    expired = closed.order(order["id"])
    assert (expired["status"], expired["expired_at"]) == ("expired", "2016-01-05T01:00:00Z")
    assert now(closed) == "2016-01-04T20:00"


def test_an_order_of_the_session_goes_on_after_its_close(new_database: Callable[[], str]) -> None:
    server = ThreadServer(new_database())
    try:
        account = TradingAccount(server, "K0")
        order, day = account.submit(EXTENDED), account.submit(LIMIT)
        server.step(391)
        assert now(account) == "2016-01-04T16:01"
        assert [account.order(one["id"])["status"] for one in (order, day)] == ["new", "expired"]
        assert account.ask("DELETE", f"/v2/orders/{order['id']}").status_code == 204
    finally:
        server.stop()


def test_a_queued_order_fills_before_the_open(closed: TradingAccount) -> None:
    last = closed.submit(EXTENDED)
    closed.server.step(240)
    assert closed.order(last["id"])["status"] == "expired"
    order = closed.submit(MET)
    assert (order["status"], order["expires_at"]) == ("accepted", "2016-01-06T01:00:00Z")
    found = stepped_until(closed, order, 30)
    assert found["status"] == "filled"
    assert "2016-01-05T09:00" <= found["filled_at"] < "2016-01-05T09:30"  # 04:00 in New York


def test_the_next_session_is_reached_through_the_hours_before_it(closed: TradingAccount) -> None:
    orders = [closed.submit({**EXTENDED, "time_in_force": tif}) for tif in ("day", "gtc")]
    assert closed.ask("POST", "/practice/next-session").json()["now"] == "2016-01-05T14:30:00Z"
    assert [closed.order(one["id"])["status"] for one in orders] == ["expired", "new"]


def test_auctions_take_orders_from_seven_in_the_evening(closed: TradingAccount) -> None:
    closed.submit(EXTENDED)
    for name in ("opg", "cls"):
        message = closed.refused({**AUCTION, "time_in_force": name}, 403)["message"]
        assert message.startswith(f"{name} orders must be submitted after 7:00pm")
    closed.server.step(180)
    assert now(closed) == "2016-01-04T19:00"
    for name in ("opg", "cls"):
        assert closed.submit({**AUCTION, "time_in_force": name})["status"] == "accepted"


def test_it_is_for_simple_limit_orders(closed: TradingAccount) -> None:
    for wrong in (
        {**MARKET, "extended_hours": True},
        {**BRACKET, "extended_hours": True},
        {**EXTENDED, "type": "stop_limit", "stop_price": "50"},
        {**EXTENDED, "time_in_force": "ioc"},
    ):
        assert closed.refused(wrong, 422)["code"] in (42210000, 40010001)


def test_a_market_goes_on_in_the_evening_in_which_it_ended(copy_of_closed_market: Callable[[], str]) -> None:
    address = copy_of_closed_market()
    server = ThreadServer(address)
    try:
        account = TradingAccount(server, "K0")
        order = account.submit(EXTENDED)
        server.step(10)
    finally:
        server.stop()
    server = ThreadServer(address)
    try:
        account = TradingAccount(server, "K0")
        assert now(account) == "2016-01-04T16:10"
        assert account.order(order["id"])["status"] == "new"
        server.step()
        assert now(account) == "2016-01-04T16:11"
    finally:
        server.stop()


def test_a_market_may_always_trade_in_the_hours_around_the_session(
    copy_of_closed_market: Callable[[], str],
) -> None:
    server = ThreadServer(copy_of_closed_market(), extended_hours=True)
    try:
        account = TradingAccount(server, "K0")
        server.step(240)
        assert now(account) == "2016-01-04T20:00"
        server.step(330)
        assert now(account) == "2016-01-05T09:30"
        query = "/v2/stocks/SPY/bars?timeframe={}&start=2016-01-05&end=2016-01-05T14:30:00Z"
        minutes = account.ask("GET", query.format("1Min")).json()["bars"]
        assert "2016-01-05T09:00" <= minutes[0]["t"] <= "2016-01-05T09:10"
        assert 100 < len(minutes) < 330
        hours = account.ask("GET", query.format("1Hour")).json()["bars"]
        assert [bar["t"][11:13] for bar in hours] == ["09", "10", "11", "12", "13", "14"]
        assert sum(bar["v"] for bar in hours) == sum(bar["v"] for bar in minutes)
        (day,) = account.ask("GET", "/v2/stocks/SPY/bars?timeframe=1Day&start=2016-01-04").json()["bars"]
        regular = "/v2/stocks/SPY/bars?timeframe=1Min&start=2016-01-04T14:30:00Z&end=2016-01-04T20:59:00Z"
        bars = account.ask("GET", regular).json()["bars"]
        assert (day["o"], day["c"], len(bars)) == (bars[0]["o"], bars[-1]["c"], 390)
        trade = account.ask("GET", "/v2/stocks/SPY/trades/latest").json()["trade"]
        assert trade["t"] > "2016-01-05T14:00"
    finally:
        server.stop()


def test_no_evening_follows_the_last_session_of_a_replay(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    starts = [datetime(2013, 10, 7, 13, 30, tzinfo=UTC) + timedelta(minutes=n) for n in (0, 389, 400)]
    prices = {name: [100.0] * len(starts) for name in ("open", "high", "low", "close", "volume")}
    times = pa.array(starts, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"timestamp": times, **prices}), tmp_path / "SPY.parquet")
    server = ThreadServer(new_database(), bars=tmp_path)
    try:
        account = TradingAccount(server, "K0")
        order = account.submit(EXTENDED)
        server.step(390)
        assert server.state()["ended"]
        assert account.order(order["id"])["status"] == "expired"
    finally:
        server.stop()


# Where the prices come from ---------------------------------------------------------------------


def test_synthetic_evenings_lead_from_close_to_open(calendar: TradingCalendar) -> None:
    market = SyntheticMarket(calendar, seed=3)
    days = calendar.between(date(2016, 11, 21), date(2016, 11, 29))  # one ends at 13:00
    for today, tomorrow in pairwise(days):
        around, after = market.extended("SPY", today), market.extended("SPY", tomorrow)
        regular = market.bars("SPY", today)
        hours = around.minutes
        assert np.all(np.diff(hours) > 0)
        assert hours[0] >= -330
        assert hours[-1] < 16 * 60 - 330
        assert not np.any((hours >= 0) & (hours < today.minutes))
        assert 0 < around.volume.sum() < 0.1 * regular.volume.sum()
        assert np.all((around.low <= around.open) & (around.open <= around.high))
        evening, opening = around.close[-1], market.bars("SPY", tomorrow).open[0]
        between = sorted((regular.close[-1], opening))
        assert between[0] * 0.99 < evening < between[1] * 1.01
        assert abs(after.open[0] / evening - 1) < 0.01


def test_replayed_evenings_are_those_of_the_file(calendar: TradingCalendar, real_bars: Path) -> None:
    market = ReplayMarket(real_bars, calendar, ("SPY",))
    session = calendar.on(date(2013, 10, 7))
    assert isinstance(session, Session)
    around, regular = market.extended("SPY", session), market.bars("SPY", session)
    assert len(regular) == 390
    assert len(around) > 100
    assert -330 <= around.minutes[0] < 0
    assert 390 <= around.minutes[-1] < 630
    assert around.volume.sum() < regular.volume.sum()
