"""Every order type, time in force and class under `bar_open`, case by case."""

from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

import pytest
from market_builder import OPEN, SESSION, Prices, Tape

from flotilla.practice.errors import ApiError
from flotilla.practice.matching.orders import (
    Order,
    OrderClass,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.matching.tickets import Replacement
from flotilla.practice.session import MINUTE

FLAT: Prices = (100.0, 100.5, 99.5, 100.0)
COIN = "C/USD"


def ticket(kind: str = "market", side: str = "buy", qty: str | None = "10", **options: Any) -> OrderTicket:
    names = {"limit": "limit_price", "stop": "stop_price", "trail": "trail_price"}
    decimals = {
        names.get(k, k): D(v) for k, v in options.items() if k not in ("tif", "symbol", "order_class")
    }
    return OrderTicket(
        symbol=options.get("symbol", "A"),
        side=Side(side),
        type=OrderType(kind),
        time_in_force=TimeInForce(options.get("tif", "day")),
        qty=None if qty is None else D(qty),
        order_class=OrderClass(options.get("order_class", "simple")),
        **decimals,
    )


def opened(*bars: Prices, holding: str | None = None) -> Tape:
    """A market that is open, after one flat minute; `holding`: shares of A bought at 100."""
    tape = Tape()
    tape.market.marks["A"] = D(100)
    tape.open(A=FLAT, **{COIN: FLAT})
    if holding:
        side = "sell" if holding.startswith("-") else "buy"
        tape.submit(ticket(side=side, qty=holding.lstrip("-")))
        tape.changes.clear()
    tape.minute(**{"A": bars[0] if bars else FLAT, COIN: FLAT})
    return tape


def refusal(tape: Tape, asked: OrderTicket) -> ApiError:
    with pytest.raises(ApiError) as caught:
        tape.submit(asked)
    assert not tape.market.take_changes()
    return caught.value


# Stop-limit -----------------------------------------------------------------------------------

STOP_LIMITS = [
    ("not met", "buy", "101", "102", (100.0, 100.9, 99, 100), None, False),
    ("met inside: the stop's price", "buy", "101", "102", (100.0, 101.5, 99, 101), "101", True),
    ("open beyond, limit allows: the open", "buy", "101", "102", (101.5, 103, 101, 102), "101.5", True),
    ("open beyond the limit, comes back", "buy", "101", "102", (103.0, 104, 101.9, 103), "102", True),
    ("open beyond the limit, stays there", "buy", "101", "102", (103.0, 104, 102.1, 103), None, True),
    ("met, limit below, close at it", "buy", "101", "100.5", (100.6, 101.5, 99, 100.4), "100.5", True),
    ("met, limit below, close above", "buy", "101", "100.5", (100.6, 101.5, 99, 101.2), None, True),
    ("met inside: the stop's price", "sell", "99", "98", (100.0, 101, 98.5, 99), "99", True),
    ("open beyond the limit, stays there", "sell", "99", "98", (97.0, 97.9, 96, 97), None, True),
    ("open beyond the limit, comes back", "sell", "99", "98", (97.0, 98.5, 96, 97), "98", True),
]


@pytest.mark.parametrize(("_why", "side", "stop", "limit", "b", "expected", "triggered"), STOP_LIMITS)
def test_a_stop_limit_order_becomes_a_limit_order(
    _why: str, side: str, stop: str, limit: str, b: Prices, expected: str | None, triggered: bool
) -> None:
    tape = opened(holding="10" if side == "sell" else None)
    (receipt,) = tape.submit(ticket("stop_limit", side, stop=stop, limit=limit))
    tape.minute(A=b)
    tape.minute(A=FLAT)
    assert [fill[3] for fill in tape.fills()] == ([] if expected is None else [D(expected)])
    assert tape.orders[receipt.id].triggered is triggered


def test_a_triggered_stop_limit_order_rests_at_its_limit() -> None:
    tape = opened()
    tape.submit(ticket("stop_limit", stop="101", limit="102"))
    tape.minute(A=(103.0, 104, 102.1, 103))
    tape.minute(A=(103.0, 103.5, 101.8, 102))
    tape.minute(A=FLAT)
    assert tape.fills() == [("stop_limit", "buy", 10, 102)]


# Trailing stops -------------------------------------------------------------------------------


@pytest.mark.parametrize("trail", [{"trail_price": "1"}, {"trail_percent": "1"}])
def test_a_trailing_stop_follows_the_best_price_and_sells_at_its_stop(trail: dict[str, str]) -> None:
    tape = opened(holding="10")
    (receipt,) = tape.submit(ticket("trailing_stop", "sell", **trail))
    assert (receipt.hwm, receipt.stop_price) == (100, 99)
    tape.minute(A=(100.0, 110.0, 99.6, 109.5))
    tape.minute(A=(109.6, 109.9, 109.5, 109.7))
    order = tape.orders[receipt.id]
    assert (order.hwm, order.status) == (110, "new")
    assert order.stop_price == (D("109") if "trail_price" in trail else D("108.9"))
    tape.minute(A=(109.5, 109.6, 108.0, 108.5))
    tape.minute(A=FLAT)
    assert tape.fills() == [("trailing_stop", "sell", 10, order.stop_price)]


def test_a_trailing_stop_that_buys_follows_the_lowest_price() -> None:
    tape = opened(holding="-10")
    (receipt,) = tape.submit(ticket("trailing_stop", "buy", trail="2"))
    tape.minute(A=(99.0, 99.5, 95.0, 96.0))
    tape.minute(A=(96.0, 96.5, 95.5, 96.0))
    assert tape.orders[receipt.id].stop_price == 97
    tape.minute(A=(98.0, 99.0, 97.5, 98.0))
    tape.minute(A=FLAT)
    assert tape.fills() == [("trailing_stop", "buy", 10, 98)]  # the open is beyond its stop


def test_the_trail_is_replaced() -> None:
    tape = opened(holding="10")
    (receipt,) = tape.submit(ticket("trailing_stop", "sell", trail="1"))
    new = tape.market.replace("account", receipt.id, Replacement(trail=D(3)), tape.now)
    assert (new.trail_price, new.hwm, new.stop_price) == (3, 100, 97)


# Times in force -------------------------------------------------------------------------------


@pytest.mark.parametrize("tif", ["ioc", "fok"])
@pytest.mark.parametrize(
    ("options", "status"), [({}, "filled"), ({"limit": "100"}, "filled"), ({"limit": "99.9"}, "canceled")]
)
def test_an_immediate_order_fills_or_is_canceled(tif: str, options: dict[str, str], status: str) -> None:
    tape = opened()
    kind = "limit" if options else "market"
    (receipt,) = tape.submit(ticket(kind, tif=tif, **options))
    assert tape.status(receipt) == status
    assert tape.market.book.open_orders() == []


def test_an_immediate_order_without_a_bar_is_canceled() -> None:
    tape = opened()
    tape.minute(B=FLAT)
    (receipt,) = tape.submit(ticket(tif="ioc"))
    assert tape.events(receipt) == ["pending_new", "new", "canceled"]


def test_an_opening_order_trades_at_the_open_or_not_at_all() -> None:
    tape = Tape()
    tape.market.marks["A"] = D(100)
    (market,) = tape.submit(ticket(tif="opg"))
    (low,) = tape.submit(ticket("limit", tif="opg", limit="98", qty="3"))
    (high,) = tape.submit(ticket("limit", tif="opg", limit="102", qty="4"))
    tape.open(A=(101.0, 102, 90, 100))
    assert [tape.status(order) for order in (market, low, high)] == ["filled", "canceled", "filled"]
    assert {fill[3] for fill in tape.fills()} == {101}


def test_a_closing_order_trades_at_the_close_or_not_at_all() -> None:
    tape = opened()
    (market,) = tape.submit(ticket(tif="cls"))
    (low,) = tape.submit(ticket("limit", tif="cls", limit="98"))
    tape.minute(A=(101.0, 102, 90, 99.5))
    assert tape.fills() == []
    tape.close()
    assert [tape.status(order) for order in (market, low)] == ["filled", "canceled"]
    assert tape.fills() == [("market", "buy", 10, D("99.5"))]


def test_auction_orders_are_refused_outside_their_windows() -> None:
    tape = opened()
    assert refusal(tape, ticket(tif="opg")).message == (
        "opg orders must be submitted after 7:00pm and before 9:28am"
    )
    with pytest.raises(ApiError, match="before 3:50pm"):
        tape.market.submit("account", ticket(tif="cls"), SESSION.close - 10 * MINUTE)
    tape.market.submit("account", ticket(tif="cls"), SESSION.close - 11 * MINUTE)


def test_a_gtc_order_expires_after_ninety_days() -> None:
    tape = opened()
    (receipt,) = tape.submit(ticket("limit", tif="gtc", limit="50"))
    assert receipt.expires_at == datetime(2016, 4, 3, 20, 0, tzinfo=UTC)
    tape.close()
    assert tape.status(receipt) == "new"
    tape.orders[receipt.id].expires_at = SESSION.close  # ninety days later
    tape.market.session = SESSION
    tape.open(A=FLAT)
    tape.close()
    assert tape.status(receipt) == "expired"
    assert tape.orders[receipt.id].expired_at == datetime(2016, 1, 4, 21, 15, tzinfo=UTC)


# Dollars and fractions ------------------------------------------------------------------------


def test_a_notional_order_buys_what_its_dollars_buy_at_the_fills_price() -> None:
    tape = opened((99.0, 100, 98, 99))
    (receipt,) = tape.submit(ticket(qty=None, notional="1000"))
    assert tape.fills() == [("market", "buy", D("10.101010101"), 99)]
    assert abs(tape.account.cash - D(99_000)) < D("0.000001")
    assert receipt.notional == 1000


def test_a_fraction_is_not_sold_short() -> None:
    tape = opened()
    for asked in (ticket(side="sell", qty="1.5"), ticket(side="sell", qty=None, notional="50")):
        assert refusal(tape, asked).message == "fractional orders cannot be sold short"


def test_an_order_for_less_than_a_dollar_is_refused() -> None:
    error = refusal(opened(), ticket(qty="0.009"))
    assert (error.status, error.message) == (403, "cost basis must be >= minimal amount of order 1")


# One cancels the other ------------------------------------------------------------------------


def oco(side: str = "sell", target: str = "102", protect: str = "98", **options: Any) -> OrderTicket:
    return ticket("limit", side, order_class="oco", take_profit=target, stop_loss=protect, **options)


def statuses(tape: Tape, orders: list[Order]) -> list[str]:
    return [tape.status(order) for order in orders]


@pytest.mark.parametrize(
    ("b", "expected", "fills"),
    [
        ((100.0, 102.5, 99, 101), ["filled", "canceled"], [("limit", "sell", 10, 102)]),
        ((100.0, 101, 97, 98), ["canceled", "filled"], [("stop", "sell", 10, 98)]),
        ((100.0, 103, 97, 98), ["canceled", "filled"], [("stop", "sell", 10, 98)]),
        ((100.0, 101, 99, 98.5), ["new", "new"], []),
    ],
)
def test_an_oco_fills_one_side_and_cancels_the_other(
    b: Prices, expected: list[str], fills: list[tuple[str, str, int, int]]
) -> None:
    tape = opened(holding="10")
    group = tape.submit(oco())
    assert [(o.type, o.limit_price, o.stop_price) for o in group] == [
        ("limit", 102, None),
        ("stop", None, 98),
    ]
    tape.minute(A=b)
    tape.minute(A=FLAT)
    assert statuses(tape, group) == expected
    assert tape.fills() == fills


def test_the_two_sides_of_an_oco_hold_the_same_shares() -> None:
    tape = opened(holding="10")
    target, stop = tape.submit(oco())
    assert refusal(tape, ticket("limit", "sell", "1", limit="110")).extras["held_for_orders"] == "10"
    tape.cancel(stop.id)
    assert statuses(tape, [target, stop]) == ["canceled", "canceled"]


def test_an_oco_is_an_exit() -> None:
    error = refusal(opened(), oco())
    assert (error.status, error.message) == (422, "oco orders must be exit orders")


def test_a_bracket_may_have_a_stop_limit_leg() -> None:
    tape = opened((100.0, 101, 97.0, 97.2))
    asked = ticket(order_class="bracket", take_profit="102", stop_loss="98", stop_loss_limit="97.5")
    _, target, stop = tape.submit(asked)
    assert (stop.type, stop.limit_price, stop.stop_price) == ("stop_limit", D("97.5"), 98)
    tape.minute(A=FLAT)
    assert tape.fills()[1:] == [("stop_limit", "sell", 10, 98)]
    assert tape.status(target) == "canceled"


def test_an_oto_may_have_a_target_only() -> None:
    tape = opened((100.0, 102.5, 99, 101))
    _, target = tape.submit(ticket(order_class="oto", take_profit="102"))
    tape.minute(A=FLAT)
    assert tape.status(target) == "filled"


# Refusals -------------------------------------------------------------------------------------

WASHES = [
    ("market against limit", ("limit", "99"), ("market", None), "opposite side limit order exists"),
    ("limits that cross", ("limit", "99"), ("limit", "98.5"), "opposite side limit order exists"),
    ("against a stop", ("stop", "105"), ("limit", "110"), "opposite side market/stop order exists"),
    ("limits that do not cross", ("limit", "99"), ("limit", "101"), None),
]


@pytest.mark.parametrize(("_why", "resting", "asked", "reason"), WASHES)
def test_an_order_that_could_meet_its_own_is_refused(
    _why: str, resting: tuple[str, str], asked: tuple[str, str | None], reason: str | None
) -> None:
    tape = opened(holding="10")
    (existing,) = tape.submit(ticket(resting[0], "buy", **{resting[0]: resting[1]}))
    sale = ticket(asked[0], "sell", **({asked[0]: asked[1]} if asked[1] else {}))
    if reason is None:
        tape.submit(sale)
        return
    error = refusal(tape, sale)
    assert (error.status, error.message) == (403, "potential wash trade detected. use complex orders")
    assert error.extras == {"existing_order_id": existing.id, "reject_reason": reason}


def test_groups_and_trailing_stops_are_no_wash_trades() -> None:
    tape = opened(holding="10")
    tape.submit(oco())
    tape.submit(ticket())
    tape.submit(ticket("limit", limit="90"))
    tape.submit(ticket("trailing_stop", "sell", trail="1"))


def test_an_intent_that_is_not_what_would_happen_is_refused() -> None:
    asked = OrderTicket(
        symbol="A",
        side=Side.SELL,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        qty=D(1),
        position_intent="sell_to_close",
    )
    assert refusal(opened(), asked).message == (
        "position intent mismatch, inferred: sell_to_open, specified: sell_to_close"
    )


def test_a_rejected_order_says_why_on_the_stream() -> None:
    tape = opened()
    (receipt,) = tape.market.submit("account", ticket(), tape.now, rejection="[6098] Exceeds Threshold")
    tape._collect()
    assert receipt.status == "pending_new"
    assert tape.events(receipt) == ["pending_new", "rejected"]
    assert tape.changes[-1].updates[-1].reason == "[6098] Exceeds Threshold"
    assert tape.account.positions == {}


# Coins ----------------------------------------------------------------------------------------


def coin(kind: str = "market", side: str = "buy", qty: str | None = "10", **options: Any) -> OrderTicket:
    return ticket(kind, side, qty, **{"symbol": COIN, "tif": "gtc", **options})


def test_the_fee_of_a_purchase_is_taken_in_coins() -> None:
    tape = opened()
    (receipt,) = tape.submit(coin(qty="0.175822"))
    (execution,) = tape.changes[-1].executions
    assert tape.orders[receipt.id].filled_qty == D("0.175822")
    assert execution.position_qty == tape.account.quantity(COIN) == D("0.175382445")  # x 0.9975
    assert tape.account.cash == 100_000 - D("17.5822")
    assert tape.account.positions[COIN].average_price == 100


def test_the_fee_of_a_sale_is_taken_in_dollars() -> None:
    tape = opened()
    tape.submit(coin(qty="10"))
    before = tape.account.cash
    tape.submit(coin(side="sell", qty="9.975"))
    assert tape.account.cash - before == D("997.5") * D("0.9975")
    assert tape.account.positions == {}


def test_a_resting_order_pays_less() -> None:
    tape = opened()
    tape.submit(coin("limit", limit="99.6"))
    tape.minute(**{COIN: FLAT})
    assert tape.account.quantity(COIN) == D(10) * D("0.9985")


def test_a_notional_purchase_of_coins_keeps_two_percent_back() -> None:
    tape = opened()
    tape.submit(coin(qty=None, notional="1020"))
    assert tape.fills() == [("market", "buy", 10, 100)]


COIN_REFUSALS = [
    (coin(side="sell", qty="1"), "insufficient balance for C (requested: 1, available: 0)"),
    (coin(qty="1001"), "insufficient balance for USD (requested: 100100, available: 100000)"),
    (coin(qty="0.09"), "cost basis must be >= minimal amount of order 10"),
    (coin("limit", qty="3000", limit="99"), "notional must not be more than 200000"),
]


@pytest.mark.parametrize(("asked", "message"), COIN_REFUSALS)
def test_what_coins_do_not_allow_is_refused(asked: OrderTicket, message: str) -> None:
    error = refusal(opened(), asked)
    assert (error.status, error.code, error.message) == (403, 40310000, message)


def test_what_was_bought_is_more_than_what_can_be_sold() -> None:
    tape = opened()
    tape.submit(coin(qty="10"))
    error = refusal(tape, coin(side="sell", qty="10"))
    assert error.extras == {"available": "9.975", "balance": "9.975", "symbol": "C"}


def test_open_orders_for_coins_hold_cash_and_no_margin_comes_of_coins() -> None:
    tape = opened()
    tape.submit(coin("limit", qty="500", limit="90"))
    error = refusal(tape, coin(qty="600"))
    assert error.extras["available"] == "55000"
    assert refusal(tape, ticket(qty="2300")).extras["buying_power"] == "220000"  # 4 x 55,000


def test_coins_trade_while_stocks_are_closed() -> None:
    tape = Tape()
    tape.market.marks |= {"A": D(100), COIN: D(100)}
    tape.market.begin_minute(tape._minute(OPEN - 60 * MINUTE, {COIN: FLAT}))
    (stock,) = tape.submit(ticket())
    (coins,) = tape.submit(coin())
    assert statuses(tape, [stock, coins]) == ["accepted", "filled"]
    assert not tape.market.is_open
    tape.open(A=FLAT)
    assert statuses(tape, [stock]) == ["filled"]
