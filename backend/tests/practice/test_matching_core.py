"""The fill model `bar_open` and the life of orders, case by case."""

from decimal import Decimal as D
from typing import Any

import pytest
from market_builder import ACCOUNT, SESSION, Prices, Tape, new_account

from flotilla.practice.errors import ApiError
from flotilla.practice.matching.orders import (
    OrderClass,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.matching.tickets import Replacement
from flotilla.practice.wire import account_json, trade_update_json

FLAT: Prices = (100.0, 100.5, 99.5, 100.0)


def ticket(side: str = "buy", qty: str = "10", **options: Any) -> OrderTicket:
    kind = "limit" if "limit" in options else "stop" if "stop" in options else "market"
    return OrderTicket(
        symbol=options.get("symbol", "A"),
        side=Side(side),
        type=OrderType(kind),
        time_in_force=TimeInForce(options.get("tif", "day")),
        qty=D(qty),
        limit_price=_price(options.get("limit")),
        stop_price=_price(options.get("stop")),
        order_class=OrderClass(options.get("order_class", "simple")),
        take_profit=_price(options.get("target")),
        stop_loss=_price(options.get("protect")),
    )


def bracket(target: str = "102", protect: str = "98", **options: Any) -> OrderTicket:
    return ticket(target=target, protect=protect, order_class="bracket", tif="gtc", **options)


def _price(text: str | None) -> D | None:
    return None if text is None else D(text)


def opened(*bars: Prices, **options: Any) -> Tape:
    """A market that is open, after one flat minute, with `bars` to come in A."""
    tape = Tape(**options)
    tape.open(A=FLAT)
    tape.minute(A=bars[0] if bars else FLAT)
    return tape


# Market orders --------------------------------------------------------------------------------


def test_a_market_order_fills_whole_at_the_open_of_the_bar_in_progress() -> None:
    tape = opened((100.1, 101, 99, 100))
    (receipt,) = tape.submit(ticket())
    assert receipt.status == "pending_new"  # what the client is told
    assert tape.fills() == [("market", "buy", 10, D("100.1"))]
    assert tape.events(receipt) == ["pending_new", "new", "fill"]
    assert tape.account.cash == D(100_000) - D("1001")


def test_a_market_order_waits_for_the_symbols_next_bar() -> None:
    tape = opened()
    tape.minute(B=FLAT)  # A does not trade in this minute
    (receipt,) = tape.submit(ticket())
    assert tape.status(receipt) == "new"
    tape.minute(A=(101.0, 102, 100, 101))
    assert tape.fills() == [("market", "buy", 10, 101)]


def test_waiting_market_orders_that_reduce_a_position_fill_first() -> None:
    tape = opened()
    tape.market.marks["B"] = D(100)
    tape.submit(ticket())
    tape.minute(C=FLAT)
    tape.submit(ticket(symbol="B", qty="7"))
    tape.submit(ticket("sell"))
    tape.minute(A=FLAT, B=FLAT)
    assert [fill[1:3] for fill in tape.fills()[1:]] == [("sell", 10), ("buy", 7)]


def test_an_order_placed_while_closed_is_accepted_and_fills_at_the_next_open() -> None:
    tape = Tape()
    tape.market.marks["A"] = D(100)
    (receipt,) = tape.submit(ticket())
    assert receipt.status == "accepted"
    assert receipt.expires_at == SESSION.close
    tape.open(A=(103.0, 104, 102, 103))
    assert tape.events(receipt) == ["accepted", "new", "fill"]
    assert tape.fills() == [("market", "buy", 10, 103)]


# Resting orders -------------------------------------------------------------------------------

RESTING = [
    ("touched: its price", "buy", {"limit": "99"}, (100.0, 100.5, 98.5, 99.5), "99"),
    ("exactly touched", "buy", {"limit": "99"}, (100.0, 100.5, 99.0, 99.5), "99"),
    ("open below: the open", "buy", {"limit": "99"}, (98.2, 100.5, 98.0, 99.5), "98.2"),
    ("not touched", "buy", {"limit": "99"}, (100.0, 100.5, 99.01, 99.5), None),
    ("touched: its price", "sell", {"limit": "101"}, (100.0, 101.5, 99.5, 100.5), "101"),
    ("open above: the open", "sell", {"limit": "101"}, (101.7, 102.0, 101.5, 101.5), "101.7"),
    ("not touched", "sell", {"limit": "101"}, (100.0, 100.99, 99.5, 100.5), None),
    ("stop touched: its price", "sell", {"stop": "99"}, (100.0, 100.5, 98.5, 99.5), "99"),
    ("open below the stop: the open", "sell", {"stop": "99"}, (98.2, 99.5, 98.0, 98.5), "98.2"),
    ("stop not touched", "sell", {"stop": "99"}, (100.0, 100.5, 99.01, 99.5), None),
    ("stop touched: its price", "buy", {"stop": "101"}, (100.0, 101.5, 99.5, 100.5), "101"),
    ("open above the stop: the open", "buy", {"stop": "101"}, (101.7, 102, 101.5, 102), "101.7"),
]


@pytest.mark.parametrize(("_why", "side", "prices", "b", "expected"), RESTING)
def test_a_resting_order_fills_within_the_bar(
    _why: str, side: str, prices: dict[str, str], b: Prices, expected: str | None
) -> None:
    tape = opened()
    if side == "sell":
        tape.submit(ticket())
    (receipt,) = tape.submit(ticket(side, tif="gtc", **prices))
    tape.minute(A=b)
    assert tape.status(receipt) == "new"  # the bar b is not complete yet
    tape.minute(A=FLAT)
    found = [fill[3] for fill in tape.fills() if fill[0] != "market"]
    assert found == ([] if expected is None else [D(expected)])


def test_a_limit_order_lives_in_the_whole_minute_in_which_it_was_accepted() -> None:
    tape = opened((100.0, 100.5, 98.0, 99.0))
    tape.submit(ticket(limit="98.5"))
    tape.minute(A=FLAT)
    assert tape.fills() == [("limit", "buy", 10, D("98.5"))]


def test_a_fill_within_a_bar_is_stamped_inside_the_bar() -> None:
    tape = opened((100.0, 100.5, 98.0, 99.0))
    tape.submit(ticket(limit="98.5"))
    assert tape.market.minute is not None
    start = tape.market.minute.start
    tape.minute(A=FLAT)
    (execution,) = [e for c in tape.changes for e in c.executions]
    assert start < execution.at < tape.market.minute.start


# Brackets -------------------------------------------------------------------------------------

BRACKETS = [
    ("neither", (100.0, 101.9, 98.1, 100.0), []),
    ("target touched", (100.0, 102.5, 99.0, 101.0), [("limit", "102")]),
    ("stop touched", (100.0, 101.0, 97.5, 98.5), [("stop", "98")]),
    ("both touched: the stop", (100.0, 103.0, 97.0, 100.0), [("stop", "98")]),
    ("open above the target: the open", (102.6, 103.0, 102.0, 102.5), [("limit", "102.6")]),
    ("open above the target, then the stop", (102.6, 103.0, 97.0, 98.0), [("limit", "102.6")]),
    ("open below the stop: the open", (97.3, 98.5, 97.0, 98.2), [("stop", "97.3")]),
]


@pytest.mark.parametrize(("_why", "b", "expected"), BRACKETS)
def test_the_legs_of_an_entry_at_the_open_live_within_the_entrys_bar(
    _why: str, b: Prices, expected: list[tuple[str, str]]
) -> None:
    tape = opened(b)
    tape.submit(bracket())
    tape.minute(A=FLAT)
    assert [(f[0], f[3]) for f in tape.fills()[1:]] == [(kind, D(p)) for kind, p in expected]


def test_legs_are_held_until_the_entry_fills_and_one_cancels_the_other() -> None:
    tape = opened()
    entry, target, stop = tape.submit(bracket(limit="99"))
    assert [target.status, stop.status] == ["held", "held"]
    assert [target.side, stop.side, target.qty] == ["sell", "sell", 10]
    tape.minute(A=(100.0, 100.5, 98.9, 99.0))
    tape.minute(A=(99.0, 102.5, 98.5, 102.0))
    assert [tape.status(o) for o in (entry, target, stop)] == ["filled", "new", "new"]
    tape.minute(A=FLAT)
    assert [tape.status(o) for o in (entry, target, stop)] == ["filled", "filled", "canceled"]
    assert tape.events(target) == ["new", "fill"]
    assert tape.events(stop) == ["held", "canceled"]
    assert tape.market.book.open_orders() == []


def test_after_an_entry_inside_a_bar_only_the_stop_counts_in_it() -> None:
    tape = opened((100.0, 103.0, 98.8, 100.0))  # touches the entry at 99 and the target at 102
    tape.submit(bracket(limit="99"))
    tape.minute(A=FLAT)
    assert [f[0] for f in tape.fills()] == ["limit"]
    tape.minute(A=(100.0, 102.0, 100.0, 101.0))
    tape.minute(A=FLAT)
    assert tape.fills()[1:] == [("limit", "sell", 10, 102)]


def test_a_stop_touched_in_the_bar_of_an_inside_entry_fills_at_its_price() -> None:
    tape = opened((100.0, 100.5, 97.0, 98.0))
    tape.submit(bracket(limit="99"))
    tape.minute(A=FLAT)
    assert tape.fills() == [("limit", "buy", 10, 99), ("stop", "sell", 10, 98)]


@pytest.mark.parametrize("canceled", [0, 1, 2])
def test_cancelling_a_member_of_a_bracket_cancels_the_rest(canceled: int) -> None:
    tape = opened()
    group = tape.submit(bracket(limit="99"))
    tape.cancel(group[canceled].id)
    assert {tape.status(order) for order in group} == {"canceled"}
    with pytest.raises(LookupError):
        tape.cancel(group[0].id)


def test_a_canceled_leg_takes_the_other_with_it_and_frees_the_shares() -> None:
    tape = opened()
    _, target, stop = tape.submit(bracket())
    with pytest.raises(ApiError, match="insufficient qty available"):
        tape.submit(ticket("sell"))
    tape.cancel(stop.id)
    assert tape.status(target) == "canceled"
    tape.submit(ticket("sell"))
    assert tape.account.positions == {}


def test_an_oto_has_one_leg() -> None:
    tape = opened((100.0, 100.5, 97.5, 98.0))
    entry, stop = tape.submit(ticket(protect="98", order_class="oto", tif="gtc"))
    tape.minute(A=FLAT)
    assert [tape.status(entry), tape.status(stop)] == ["filled", "filled"]


def test_a_leg_is_replaced_in_place_and_the_other_still_cancels() -> None:
    tape = opened()
    _, target, stop = tape.submit(bracket())
    new = tape.market.replace("account", stop.id, Replacement(stop_price=D("99.5")), tape.now)
    tape._collect()
    assert (new.replaces, tape.status(stop), tape.orders[stop.id].replaced_by) == (
        stop.id,
        "replaced",
        new.id,
    )
    tape.minute(A=(100.0, 100.5, 99.4, 99.6))
    tape.minute(A=FLAT)
    assert tape.fills()[1:] == [("stop", "sell", 10, D("99.5"))]
    assert tape.status(target) == "canceled"


# Expiry ---------------------------------------------------------------------------------------


def test_day_orders_expire_at_the_close_and_gtc_orders_rest() -> None:
    tape = opened()
    (day,) = tape.submit(ticket(limit="90"))
    (gtc,) = tape.submit(ticket(limit="90", tif="gtc"))
    tape.close()
    assert [tape.status(day), tape.status(gtc)] == ["expired", "new"]
    assert tape.events(day)[-1] == "expired"
    assert tape.orders[day.id].expired_at == SESSION.close


def test_a_market_order_without_another_bar_expires() -> None:
    tape = opened()
    tape.minute(B=FLAT)
    (receipt,) = tape.submit(ticket())
    tape.close()
    assert tape.status(receipt) == "expired"
    assert tape.fills() == []


# Slippage -------------------------------------------------------------------------------------


def test_slippage_worsens_market_and_stop_fills_and_spares_limits() -> None:
    tape = opened(slippage_bps="10")
    tape.submit(bracket(target="101", protect="99"))
    tape.minute(A=(100.0, 100.5, 98.9, 99.5))
    tape.minute(A=FLAT)
    tape.submit(bracket(target="101", protect="99"))
    tape.minute(A=(100.0, 101.5, 99.5, 101.0))
    tape.minute(A=FLAT)
    assert [(f[0], f[3]) for f in tape.fills()] == [
        ("market", D("100.10")),
        ("stop", D("98.90")),
        ("market", D("100.10")),
        ("limit", D("101")),
    ]


def test_without_slippage_a_sub_penny_open_is_kept_to_the_digit() -> None:
    tape = opened((539.5867, 540, 539, 539.5))
    tape.submit(ticket(qty="1"))
    assert tape.fills()[0][3] == D("539.5867")


# Refusals -------------------------------------------------------------------------------------


def refusal(tape: Tape, asked: OrderTicket) -> ApiError:
    with pytest.raises(ApiError) as caught:
        tape.submit(asked)
    assert not tape.market.take_changes()
    return caught.value


def test_selling_more_than_is_free_is_refused_with_the_orders_that_hold_it() -> None:
    tape = opened()
    tape.submit(ticket())
    (resting,) = tape.submit(ticket("sell", "6", limit="110"))
    error = refusal(tape, ticket("sell", "5"))
    assert (error.status, error.code) == (403, 40310000)
    assert error.message == "insufficient qty available for order (requested: 5, available: 4)"
    assert error.extras == {
        "available": "4",
        "existing_qty": "10",
        "held_for_orders": "6",
        "symbol": "A",
        "related_orders": [resting.id],
    }


def test_buying_power_is_held_by_open_orders_and_comes_back() -> None:
    tape = opened()
    (resting,) = tape.submit(ticket(qty="3900", limit="99"))
    error = refusal(tape, ticket(qty="200", limit="99"))
    assert (error.status, error.code, error.message) == (
        403,
        40310000,
        "insufficient buying power",
    )
    assert error.extras == {"buying_power": "13900", "cost_basis": "19800"}
    tape.cancel(resting.id)
    tape.submit(ticket(qty="200", limit="99"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (bracket(target="97"), "take_profit.limit_price must be > stop_loss.stop_price"),
        (bracket(protect="100"), "stop_loss.stop_price must be <= base_price - 0.01"),
        (bracket(protect="99", limit="99"), "stop_loss.stop_price must be <= base_price - 0.01"),
        (
            bracket(target="103", protect="102", side="sell"),
            "take_profit.limit_price must be < stop_loss.stop_price",
        ),
    ],
)
def test_legs_on_the_wrong_side_are_refused(asked: OrderTicket, message: str) -> None:
    error = refusal(opened(), asked)
    assert (error.status, error.code, error.message) == (422, 42210000, message)


def test_a_bracket_may_not_be_an_exit() -> None:
    tape = opened()
    tape.submit(ticket())
    error = refusal(tape, bracket(target="97", protect="102", side="sell"))
    assert error.message == "bracket orders must be entry orders"


def test_a_short_sale_takes_cash_in_and_a_cover_gives_the_profit() -> None:
    tape = opened()
    tape.submit(ticket("sell"))
    assert tape.account.quantity("A") == -10
    assert refusal(tape, ticket("buy", "11")).message.startswith("insufficient qty available")
    tape.minute(A=(95.0, 96, 94, 95))
    tape.submit(ticket("buy"))
    assert (tape.account.cash, tape.account.realized) == (D(100_050), D(50))


def test_a_short_sale_is_refused_while_a_buy_is_open_and_the_other_way_round() -> None:
    tape = opened()
    tape.submit(ticket(limit="90"))
    assert refusal(tape, ticket("sell", limit="91")).message == (
        "cannot open a short sell while a long buy order is open"
    )
    other = opened()
    other.submit(ticket("sell", limit="110"))
    message = "cannot open a long buy while a short sell order is open"
    assert refusal(other, ticket(limit="109")).message == message


def test_a_slow_cancel_is_pending_until_the_minute_is_over() -> None:
    tape = opened()
    (order,) = tape.submit(ticket(limit="99", target="102", protect="95", order_class="bracket"))[:1]
    for _ in range(2):
        tape.market.cancel(ACCOUNT, order.id, tape.now, slowly=True)
        tape._collect()
    assert tape.status(order) == "pending_cancel"
    assert tape.market.book.reserved(ACCOUNT) == 990
    with pytest.raises(ApiError, match="cannot replace order in pending_cancel status"):
        tape.market.replace(ACCOUNT, order.id, Replacement(limit_price=D(98)), tape.now)
    tape.minute(A=FLAT)
    assert tape.status(order) == "canceled"
    assert tape.events(order) == ["pending_new", "new", "pending_cancel", "canceled"]
    assert tape.market.book.reserved(ACCOUNT) == 0


def test_a_fill_may_come_before_a_slow_cancel() -> None:
    tape = opened((100.0, 100.5, 98.5, 100.0))
    entry, target, stop = tape.submit(ticket(limit="99", target="102", protect="95", order_class="bracket"))
    tape.market.cancel(ACCOUNT, entry.id, tape.now, slowly=True)
    tape._collect()
    tape.minute(A=FLAT)
    assert [tape.status(one) for one in (entry, target, stop)] == ["filled", "new", "new"]
    assert tape.account.quantity("A") == 10


def test_accounts_do_not_see_each_other() -> None:
    tape = opened(accounts=(new_account(), new_account("other", D(2000))))
    tape.submit(ticket(qty="1"))
    with pytest.raises(ApiError, match="insufficient buying power"):
        tape.submit(ticket(qty="81"), "other")
    tape.submit(ticket(qty="21"), "other")
    assert [a.quantity("A") for a in tape.accounts] == [1, 21]
    assert tape.accounts[1].cash == -100


def test_a_small_account_has_no_margin_and_sells_nothing_short() -> None:
    tape = opened(accounts=(new_account(cash=D("1999.99")),))
    with pytest.raises(ApiError, match="insufficient buying power") as caught:
        tape.submit(ticket(qty="20"))
    assert caught.value.extras["buying_power"] == "1999.99"
    with pytest.raises(ApiError, match="account is not allowed to short"):
        tape.submit(ticket(side="sell", qty="1"))
    shown = account_json(tape.account, tape.market.book, tape.market.marks, tape.now)
    assert (shown["multiplier"], shown["buying_power"], shown["regt_buying_power"]) == ("1",) + (
        "1999.99",
    ) * 2
    assert shown["shorting_enabled"] is False
    tape.submit(ticket(qty="19"))
    assert tape.account.quantity("A") == 19


def test_requests_are_told_before_what_comes_of_them() -> None:
    tape = opened()
    (old,) = tape.submit(ticket(limit="99"))
    new = tape.market.replace(ACCOUNT, old.id, Replacement(limit_price=D(98)), tape.now)
    tape.market.cancel(ACCOUNT, new.id, tape.now)
    updates = tape.market.take_changes().updates
    assert [(u.event, u.order.id) for u in updates] == [
        ("pending_replace", old.id),
        ("replaced", old.id),
        ("new", new.id),
        ("pending_cancel", new.id),
        ("canceled", new.id),
    ]
    assert [u.order.status.value for u in updates] == [u.event for u in updates]
    told = [trade_update_json(update)["data"] for update in updates]
    assert ["execution_id" in data for data in told] == [False, True, True, False, True]
    assert told[3]["order"]["cancel_requested_at"]
