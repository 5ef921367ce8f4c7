"""Coins around the clock, over the official client: orders, fees, positions, history."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from alpaca.data.historical import CryptoHistoricalDataClient
from alpaca.data.requests import CryptoBarsRequest
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from practice_server import ThreadServer

SESSION_MINUTES = 390


@pytest.fixture
def market(new_database: Callable[[], str]) -> Iterator[ThreadServer]:
    practice = ThreadServer(new_database())
    yield practice
    practice.stop()


def order(market: ThreadServer, status: int = 200, **body: Any) -> dict[str, Any]:
    asked = {"symbol": "BTC/USD", "side": "buy", "type": "market", "time_in_force": "gtc", **body}
    reply = market.request("POST", "/v2/orders", json=asked)
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def get(market: ThreadServer, path: str) -> Any:
    reply = market.request("GET", path)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_purchase_is_paid_for_in_coins_and_shown_without_its_slash(market: ThreadServer) -> None:
    asset = get(market, "/v2/assets/BTCUSD")
    assert (asset["symbol"], asset["class"], asset["marginable"]) == ("BTC/USD", "crypto", False)
    bought = order(market, symbol="BTCUSD", notional="1000")
    assert (bought["symbol"], bought["qty"], bought["notional"]) == ("BTC/USD", None, "1000")
    filled = get(market, f"/v2/orders/{bought['id']}")
    position = get(market, "/v2/positions/BTCUSD")
    assert filled["status"] == "filled"
    assert 970 < D(filled["filled_qty"]) * D(filled["filled_avg_price"]) < 985
    assert (position["symbol"], position["exchange"]) == ("BTCUSD", "CRYPTO")
    assert D("0.997") < D(position["qty"]) / D(filled["filled_qty"]) < D("0.998")
    refused = order(market, 403, side="sell", qty=filled["filled_qty"])
    assert refused["message"].startswith("insufficient balance for BTC")
    order(market, side="sell", qty=position["qty"])
    assert get(market, "/v2/positions") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"qty": "1", "time_in_force": "day"}, "invalid crypto time_in_force"),
        ({"qty": "1", "type": "stop", "stop_price": "1"}, "invalid order type for crypto order"),
        ({"qty": "1", "order_class": "oto", "stop_loss": {"stop_price": 1}}, "crypto orders must be simple"),
    ],
)
def test_what_alpaca_does_not_take_for_coins(
    market: ThreadServer, body: dict[str, Any], message: str
) -> None:
    assert order(market, 422, **body)["message"].startswith(message)


def test_market_time_runs_around_the_clock_while_coins_are_held(market: ThreadServer) -> None:
    market.step(SESSION_MINUTES)
    order(market, qty="0.01")  # after the close of stocks: coins trade at once
    assert get(market, "/v2/positions/BTCUSD")["side"] == "long"
    closing = datetime.fromisoformat(market.state()["now"])
    for minutes in (1, 2, 3):
        assert datetime.fromisoformat(market.step()["time"]) == closing + timedelta(minutes=minutes)
    assert market.state()["is_open"] is False
    market.step(8 * 60 - 3)  # past midnight in New York
    (fee,) = get(market, "/v2/account/activities/CFEE")
    assert (fee["symbol"], fee["qty"], fee["net_amount"]) == ("BTCUSD", "-0.000025", "0")
    reply = market.request("DELETE", "/v2/positions/BTCUSD")
    assert reply.json()["time_in_force"] == "gtc"
    state = market.step()
    assert datetime.fromisoformat(state["time"]) < closing + timedelta(hours=9)
    market.step()  # nobody wants coins any more: the night passes at once
    assert market.state()["is_open"] is True


def test_a_market_that_is_started_again_goes_on_in_the_night(new_database: Callable[[], str]) -> None:
    address = new_database()
    first = ThreadServer(address)
    first.step(SESSION_MINUTES)
    order(first, qty="0.01")
    now = first.step(5)["time"]
    first.stop()
    second = ThreadServer(address)
    assert second.state()["now"] == now
    assert get(second, "/v2/positions/BTCUSD")["qty"] == "0.009975"
    assert datetime.fromisoformat(second.step()["time"]) > datetime.fromisoformat(now)
    assert second.state()["is_open"] is False
    second.stop()


def test_history_of_coins_has_every_minute_and_utc_days(server: ThreadServer) -> None:
    client = CryptoHistoricalDataClient("K0", "secret", url_override=server.url)
    start = datetime(2016, 1, 2, tzinfo=UTC)  # a Saturday
    minutes = client.get_crypto_bars(
        CryptoBarsRequest(
            symbol_or_symbols="BTC/USD",
            timeframe=TimeFrame(1, TimeFrameUnit.Minute),
            start=start,
            end=start + timedelta(hours=23, minutes=59),
        )
    )["BTC/USD"]
    assert len(minutes) == 24 * 60
    assert all(bar.low <= min(bar.open, bar.close) <= bar.high for bar in minutes)
    (day,) = client.get_crypto_bars(
        CryptoBarsRequest(symbol_or_symbols="BTC/USD", timeframe=TimeFrame.Day, start=start, end=start)
    )["BTC/USD"]
    assert (day.timestamp, day.open, day.close) == (start, minutes[0].open, minutes[-1].close)
    assert day.volume == pytest.approx(sum(bar.volume for bar in minutes))
