"""Alpaca's payloads as its contract gives them, and the requests that we make of our orders."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgpack
import pytest

from flotilla.adapters.alpaca import mapping
from flotilla.domain.fills import Execution
from flotilla.domain.market import Bar, Instrument, Session
from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose, Side
from flotilla.ports.broker import AccountFigures, BrokerPosition, MarketState

S = OrderStatus
MESSAGES = [
    json.loads(line)["data"]
    for line in (Path(__file__).parent / "trade_updates.jsonl").read_text().splitlines()
]
SPY, BITCOIN = "61e69015-8549-4bfd-b9c3-01e75843f47d", "7ab2ec44-1f2b-4d31-a2c7-2f0000000541"


def message(event: str, symbol: str = "SPY") -> Mapping[str, Any]:
    return next(m for m in MESSAGES if m["event"] == event and m["order"]["symbol"] == symbol)


# --- trade updates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "status", "filled"),
    [
        ("pending_new", S.PENDING_NEW, "0"),
        ("accepted", S.ACCEPTED, "0"),
        ("new", S.NEW, "0"),
        ("partial_fill", S.PARTIALLY_FILLED, "4"),
        ("fill", S.FILLED, "10"),
        ("canceled", S.CANCELED, "0"),
        ("expired", S.EXPIRED, "0"),
        ("replaced", S.REPLACED, "0"),
        ("done_for_day", S.DONE_FOR_DAY, "4"),
    ],
)
def test_every_event_carries_its_order(event: str, status: OrderStatus, filled: str) -> None:
    update = mapping.trade_update(message(event))
    assert update.event == event
    assert update.event_id == message(event)["event_id"]
    order = update.order
    assert (order.broker_order_id, order.client_order_id) == (SPY, "eb9e2aaa-f71a-4f51-b5b4-52a6c565dad4")
    assert (order.status, order.symbol, order.type) == (status, "SPY", "limit")
    assert (order.quantity, order.limit_price, order.stop_price) == (10, 738, None)
    assert order.filled_quantity == Decimal(filled)
    assert order.legs == ()
    assert order.reason is None


def test_every_message_of_the_contract_is_read() -> None:
    assert len(MESSAGES) == 11
    for payload in MESSAGES:
        update = mapping.trade_update(payload)
        assert (update.execution is not None) is (payload["event"] in ("fill", "partial_fill"))


def test_fills_carry_their_execution() -> None:
    first = mapping.trade_update(message("partial_fill"))
    assert first.execution == Execution(
        broker_order_id=SPY,
        cumulative_quantity=Decimal(4),
        quantity=Decimal(4),
        price=Decimal("737.91"),
        executed_at=datetime(2026, 7, 24, 14, 42, 50, 129256, UTC),
    )
    rest = mapping.trade_update(message("fill"))
    assert rest.execution == Execution(
        broker_order_id=SPY,
        cumulative_quantity=Decimal(10),
        quantity=Decimal(6),
        price=Decimal("737.95"),
        executed_at=datetime(2026, 7, 24, 14, 42, 51, 529256, UTC),
    )
    assert rest.order.filled_average_price == Decimal("737.934")


def test_a_replaced_order_names_the_one_that_took_its_place() -> None:
    told = mapping.trade_update(message("replaced")).order
    assert (told.replaced_by, told.replaces) == ("0f5b2c1e-6a52-4e51-8f0f-3f1f5a3f9a10", None)


def test_a_rejection_says_why() -> None:
    update = mapping.trade_update(message("rejected", "INSM"))
    assert update.order.status is S.REJECTED
    assert update.order.reason == "[6098] Stop Price Already Triggered/Exceeds $ Threshold"
    assert (update.order.type, update.order.stop_price) == ("stop_limit", Decimal("129.41"))


def test_a_fill_of_a_coin_is_exact_and_its_order_has_no_quantity() -> None:
    update = mapping.trade_update(message("fill", "BTC/USD"))
    assert update.order.broker_order_id == BITCOIN
    assert update.order.quantity == 0
    assert update.execution is not None
    assert update.execution.quantity == Decimal("0.000175822")
    assert update.execution.price == Decimal("83643.107")


def test_a_message_of_2024_has_neither_number_nor_emission_time() -> None:
    old = {k: v for k, v in message("new").items() if k not in ("at", "event_id", "execution_id")}
    assert mapping.trade_update(old).event_id is None


def test_stream_and_activities_name_an_execution_alike() -> None:
    activity = {
        "activity_type": "FILL",
        "cum_qty": "10",
        "id": "20260724104251529::045b3b8d-c566-4bef-b741-2bf598dd6ae7",
        "leaves_qty": "0",
        "order_id": SPY,
        "order_status": "filled",
        "price": "737.95",
        "qty": "6",
        "side": "buy",
        "symbol": "SPY",
        "transaction_time": "2026-07-24T14:42:51.529256Z",
        "type": "fill",
    }
    assert mapping.execution(activity) == mapping.trade_update(message("fill")).execution


# --- REST -------------------------------------------------------------------------------------------


def test_a_bracket_comes_with_its_legs() -> None:
    legs = [
        {**message("new")["order"], "id": "leg-1", "type": "limit", "status": "held", "limit_price": "104"},
        {
            **message("new")["order"],
            "id": "leg-2",
            "type": "stop",
            "status": "held",
            "limit_price": None,
            "stop_price": "98.5",
        },
    ]
    order = mapping.broker_order({**message("new")["order"], "order_class": "bracket", "legs": legs})
    assert [(one.broker_order_id, one.type, one.status) for one in order.legs] == [
        ("leg-1", "limit", S.HELD),
        ("leg-2", "stop", S.HELD),
    ]
    assert [(one.limit_price, one.stop_price) for one in order.legs] == [(104, None), (None, Decimal("98.5"))]


@pytest.mark.parametrize(
    "status",
    [
        *("pending_new", "accepted", "new", "held", "partially_filled", "filled", "done_for_day"),
        *("canceled", "expired", "replaced", "rejected", "pending_cancel", "pending_replace"),
        *("stopped", "suspended", "calculated", "accepted_for_bidding", "pending_review"),
    ],
)
def test_every_status_of_the_contract_is_known(status: str) -> None:
    assert mapping.broker_order({**message("new")["order"], "status": status}).status.value == status


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-24T14:42:49.337646391Z", datetime(2026, 7, 24, 14, 42, 49, 337646, UTC)),
        ("2026-07-24T14:42:49.5Z", datetime(2026, 7, 24, 14, 42, 49, 500000, UTC)),
        ("2026-07-24T20:00:00Z", datetime(2026, 7, 24, 20, 0, tzinfo=UTC)),
        ("2026-07-24T10:42:49.354133121-04:00", datetime(2026, 7, 24, 14, 42, 49, 354133, UTC)),
        ("2025-06-24T14:15:22-04:00", datetime(2025, 6, 24, 18, 15, 22, tzinfo=UTC)),
        ("2026-01-05T09:30:00-05:00", datetime(2026, 1, 5, 14, 30, tzinfo=UTC)),
        ("2026-01-05T09:30:00.000001+00:00", datetime(2026, 1, 5, 9, 30, 0, 1, UTC)),
    ],
)
def test_times_are_read_to_the_microsecond_in_utc(text: str, expected: datetime) -> None:
    assert mapping.moment(text) == expected
    assert mapping.moment(text).tzinfo is UTC


def test_the_accounts_figures_are_exact() -> None:
    payload = {"equity": "100005.83", "cash": "100005.83", "last_equity": "100003.74258806517", "id": "x"}
    assert mapping.account(payload) == AccountFigures(
        Decimal("100005.83"), Decimal("100005.83"), Decimal("100003.74258806517")
    )


@pytest.mark.parametrize(
    ("row", "opened", "closed"),
    [
        ({"date": "2025-01-03", "open": "09:30", "close": "16:00"}, (14, 30), (21, 0)),
        ({"date": "2025-07-03", "open": "09:30", "close": "13:00"}, (13, 30), (17, 0)),
        ({"date": "2026-03-09", "open": "09:30", "close": "16:00"}, (13, 30), (20, 0)),
        ({"date": "2026-03-06", "open": "09:30", "close": "16:00"}, (14, 30), (21, 0)),
    ],
)
def test_the_calendars_times_are_new_yorks(
    row: Mapping[str, str], opened: tuple[int, int], closed: tuple[int, int]
) -> None:
    day = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
    recorded = {**row, "session_open": "0400", "session_close": "2000", "settlement_date": "2025-01-06"}
    assert mapping.session(recorded) == Session(
        day.replace(hour=opened[0], minute=opened[1]), day.replace(hour=closed[0], minute=closed[1])
    )


def asset(**changes: Any) -> dict[str, Any]:
    return {
        "id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
        "class": "us_equity",
        "exchange": "NASDAQ",
        "symbol": "AAPL",
        "name": "Apple Inc. Common Stock",
        "status": "active",
        "tradable": True,
        "fractionable": True,
        **changes,
    }


def test_assets_become_instruments() -> None:
    assert mapping.instrument(asset()) == Instrument(
        "AAPL", "Apple Inc. Common Stock", fractionable=True, shortable=False
    )
    assert mapping.instrument(asset(name="")).name == "AAPL"
    assert not mapping.instrument(asset(tradable=False)).tradable
    assert not mapping.instrument(asset(status="inactive")).tradable
    assert not mapping.instrument(asset(fractionable=False)).fractionable


@pytest.mark.parametrize(
    ("shortable", "easy", "can_be_shorted"),
    [(True, True, True), (True, False, False), (False, True, False), (None, None, False)],
)
def test_only_what_is_easy_to_borrow_is_sold_short(
    shortable: bool | None, easy: bool | None, can_be_shorted: bool
) -> None:
    found = mapping.instrument(asset(shortable=shortable, easy_to_borrow=easy))
    assert found.shortable is can_be_shorted


def test_a_pair_of_coins_has_the_steps_that_the_list_says() -> None:
    coin = asset(symbol="BTC/USD", name="Bitcoin / US Dollar", exchange="CRYPTO")
    coin |= {"class": "crypto", "shortable": False}
    steps = {"min_order_size": "0.000012", "min_trade_increment": "0.0001", "price_increment": "0.01"}
    assert mapping.instrument(coin | steps) == Instrument(
        "BTC/USD",
        "Bitcoin / US Dollar",
        price_step=Decimal("0.01"),
        quantity_step=Decimal("0.0001"),
        min_quantity=Decimal("0.000012"),
        is_coin=True,
        shortable=False,
    )
    assumed = mapping.instrument(coin)
    assert (assumed.quantity_step, assumed.min_quantity) == (Decimal("1e-9"), Decimal("1e-9"))


NUMBERS = {"o": 187.31, "h": 188, "l": 187.1, "c": 187.9, "v": 12345, "n": 99, "vw": 187.6}
BAR = Bar("AAPL", datetime(2026, 3, 10, 14, 31, tzinfo=UTC), 187.31, 188.0, 187.1, 187.9, 12345.0)


def test_bars_of_rest_and_stream_are_the_same() -> None:
    assert mapping.bar("AAPL", {**NUMBERS, "t": "2026-03-10T14:31:00Z"}) == BAR
    framed = msgpack.packb([{"T": "b", "S": "AAPL", **NUMBERS, "t": msgpack.Timestamp(1773153060)}])
    (streamed,) = msgpack.unpackb(framed, timestamp=0)
    assert mapping.bar(streamed["S"], streamed) == BAR


def test_the_practice_markets_state() -> None:
    state = {"now": "2026-03-10T14:31:00Z", "rate": 60, "source": "synthetic", "last_event_id": "01A"}
    now = datetime(2026, 3, 10, 14, 31, tzinfo=UTC)
    assert mapping.practice_state(state) == MarketState(now, 60.0, "synthetic", "01A")
    assert mapping.practice_state({"now": state["now"], "rate": "max"}).rate == float("inf")


# --- requests ---------------------------------------------------------------------------------------


def order(**changes: Any) -> Order:
    given: dict[str, Any] = {
        "id": "o",
        "bot_id": "b",
        "account_id": "a",
        "client_order_id": "b-1-AAPL-20260310T143100-entry-1",
        "broker_order_id": None,
        "parent_id": None,
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "purpose": Purpose.ENTRY,
        "quantity": Decimal(7),
        "limit_price": None,
        "stop_price": None,
        "take_profit_price": None,
        "stop_loss_price": None,
        "status": S.PENDING_SUBMIT,
        "filled_quantity": Decimal(0),
        "filled_average_price": None,
        "expected_price": Decimal("100"),
        "tau": datetime(2026, 3, 10, 14, 31, tzinfo=UTC),
        "created_at": datetime(2026, 3, 10, 14, 31, tzinfo=UTC),
    }
    return Order(**given | changes)


SIMPLE = {
    "symbol": "AAPL",
    "qty": "7",
    "side": "buy",
    "type": "market",
    "client_order_id": "b-1-AAPL-20260310T143100-entry-1",
}
TARGET = {"take_profit": {"limit_price": "104.05"}}
STOP = {"stop_loss": {"stop_price": "98.10"}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"time_in_force": "day"}),
        ({"side": Side.SELL}, {"time_in_force": "day", "side": "sell"}),
        (
            {"take_profit_price": Decimal("104.05"), "stop_loss_price": Decimal("98.10")},
            {"time_in_force": "gtc", "order_class": "bracket", **TARGET, **STOP},
        ),
        (
            {"take_profit_price": Decimal("104.05")},
            {"time_in_force": "gtc", "order_class": "oto", **TARGET},
        ),
        ({"stop_loss_price": Decimal("98.10")}, {"time_in_force": "gtc", "order_class": "oto", **STOP}),
        (
            {"type": OrderType.LIMIT, "limit_price": Decimal("99.95")},
            {"time_in_force": "day", "type": "limit", "limit_price": "99.95"},
        ),
        ({"quantity": Decimal("0.123456789")}, {"time_in_force": "day", "qty": "0.123456789"}),
        ({"symbol": "BTC/USD"}, {"time_in_force": "gtc", "symbol": "BTC/USD"}),
    ],
)
def test_an_orders_request_has_strings_for_decimals(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert mapping.order_request(order(**changes)) == SIMPLE | expected


@pytest.mark.parametrize("quantity", ["1E+2", "1E-9", "100.0"])
def test_a_request_never_has_an_exponent(quantity: str) -> None:
    body = mapping.order_request(order(quantity=Decimal(quantity)))
    assert "E" not in body["qty"]
    assert Decimal(body["qty"]) == Decimal(quantity)


def test_a_position_is_signed_and_a_coin_has_its_slash_again() -> None:
    row = {
        "symbol": "TSLA",
        "qty": "-3",
        "side": "short",
        "current_price": "251.5",
        "asset_class": "us_equity",
    }
    assert mapping.position(row) == BrokerPosition("TSLA", Decimal(-3), Decimal("251.5"))
    coin = {
        "symbol": "BTCUSD",
        "qty": "0.5",
        "side": "long",
        "current_price": "60000",
        "asset_class": "crypto",
    }
    assert mapping.position(coin).symbol == "BTC/USD"


def test_activities_say_what_they_moved() -> None:
    sale = {
        "id": "20260310100000000::a",
        "activity_type": "FILL",
        "order_id": "o-1",
        "side": "sell_short",
        "symbol": "ETHUSD",
        "qty": "2",
        "cum_qty": "5",
        "price": "10.5",
        "transaction_time": "2026-03-10T14:00:00.5Z",
    }
    found = mapping.activity(sale)
    assert (found.symbol, found.quantity, found.cash) == ("ETH/USD", Decimal(-2), Decimal(21))
    assert found.execution is not None
    assert found.execution.cumulative_quantity == 5
    fee = {"id": "b", "activity_type": "CFEE", "date": "2026-03-10", "symbol": "ETHUSD", "qty": "-0.01"}
    assert mapping.activity({**fee, "net_amount": "0"}).quantity == Decimal("-0.01")
    dividend = {"id": "c", "activity_type": "DIV", "date": "2026-03-10", "symbol": "AAPL", "qty": "10"}
    paid = mapping.activity({**dividend, "net_amount": "2.50"})
    assert (paid.symbol, paid.quantity, paid.cash) == ("AAPL", 0, Decimal("2.50"))
