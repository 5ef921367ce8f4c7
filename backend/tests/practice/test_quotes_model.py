"""The fill model `quotes` against the walk that it says it follows, case by case."""

from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from market_builder import OPEN, Prices, Tape

from flotilla.practice.matching.orders import (
    Order,
    OrderClass,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.matching.quotes import Quotes
from flotilla.practice.matching.walk import Tick, walk
from flotilla.practice.session import MINUTE, Bar

FLAT: Prices = (100.0, 100.5, 99.5, 100.0)
SECOND_MINUTE = OPEN + MINUTE


def ticket(kind: str = "market", side: str = "buy", qty: str = "10", **options: Any) -> OrderTicket:
    return OrderTicket(
        symbol="A",
        side=Side(side),
        type=OrderType(kind),
        time_in_force=TimeInForce(options.get("tif", "day")),
        qty=D(qty),
        limit_price=D(options["limit"]) if "limit" in options else None,
        stop_price=D(options["stop"]) if "stop" in options else None,
        trail_price=D(options["trail"]) if "trail" in options else None,
    )


def opened(
    prices: Prices, volume: int = 100_000, holding: str | None = None
) -> tuple[Tape, tuple[Tick, ...]]:
    """A market in its second minute, with bar `prices` in progress, and that bar's walk."""
    tape = Tape(fill_model=Quotes())
    tape.market.marks["A"] = D(100)
    tape.open(A=FLAT)
    if holding:
        tape.submit(ticket(qty=holding))
    tape.volume = volume
    tape.minute(A=prices)
    tape.changes.clear()
    ticks = walk(Bar(*prices, volume, 10, prices[0]), "A", SECOND_MINUTE)
    return tape, ticks


def at(tape: Tape, tick: Tick, asked: OrderTicket) -> Order:
    """Send an order a millisecond after `tick`."""
    moment = SECOND_MINUTE + tick.offset + timedelta(milliseconds=1)
    (receipt,) = tape.market.submit("account", asked, moment)
    tape._collect()
    return receipt


# The low is nearer, so the path is 100, 99, 104, 102.
UP: Prices = (100.0, 104.0, 99.0, 102.0)


@pytest.mark.parametrize("index", [0, 1, 2, 3])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_market_order_pays_the_far_side_of_the_newest_quote(index: int, side: str) -> None:
    tape, ticks = opened(UP, holding="10" if side == "sell" else None)
    at(tape, ticks[index], ticket(side=side))
    paid = ticks[index].ask if side == "buy" else ticks[index].bid
    assert tape.fills() == [("market", side, 10, D(str(paid)))]


LIMITS = [
    ("marketable: the quote", "buy", "101", 0, "ask"),
    ("touched on the way down: its price", "buy", "99.5", 0, "99.5"),
    ("exactly touched", "buy", "99", 0, "99"),
    ("not touched", "buy", "98.99", 0, None),
    ("touched before it came", "buy", "99.01", 1, None),
    ("touched on the way up: its price", "sell", "103", 0, "103"),
    ("not touched", "sell", "104.01", 0, None),
]


@pytest.mark.parametrize(("_why", "side", "limit", "after", "expected"), LIMITS)
def test_a_limit_order_fills_where_the_path_touches_it(
    _why: str, side: str, limit: str, after: int, expected: str | None
) -> None:
    tape, ticks = opened(UP, holding="10" if side == "sell" else None)
    at(tape, ticks[after], ticket("limit", side, limit=limit))
    tape.minute(A=(101.5, 101.6, 101.4, 101.5))
    price = str(ticks[after].ask) if expected == "ask" else expected
    assert [fill[3] for fill in tape.fills()] == ([] if price is None else [D(price)])


STOPS = [
    ("met going up: a spread above its price", "buy", "103", "103.02"),
    ("met exactly at the high", "buy", "104", "104"),
    ("not met", "buy", "104.01", None),
    ("met going down: a spread below", "sell", "99.5", "99.48"),
]


@pytest.mark.parametrize(("_why", "side", "stop", "expected"), STOPS)
def test_a_stop_becomes_a_market_order_where_the_path_meets_it(
    _why: str, side: str, stop: str, expected: str | None
) -> None:
    tape, ticks = opened(UP, holding="10" if side == "sell" else None)
    at(tape, ticks[0], ticket("stop", side, stop=stop))
    tape.minute(A=(101.5, 101.6, 101.4, 101.5))
    assert [fill[3] for fill in tape.fills()] == ([] if expected is None else [D(expected)])


def test_a_trailing_stop_follows_the_path_inside_the_bar() -> None:
    tape, ticks = opened((100.0, 104.0, 99.0, 101.0), holding="10")
    at(tape, ticks[0], ticket("trailing_stop", "sell", trail="1.5"))
    tape.minute(A=(101.0, 101.1, 100.9, 101.0))
    (fill,) = tape.fills()  # 100, 99, 104 (stop at 102.5), 101
    assert D("102.4") < fill[3] < D("102.5")


def test_a_fill_carries_the_time_of_its_tick() -> None:
    tape, ticks = opened(UP)
    at(tape, ticks[0], ticket("limit", limit="99"))
    tape.minute(A=FLAT)
    (execution,) = [e for changes in tape.changes for e in changes.executions]
    assert execution.at == SECOND_MINUTE + ticks[1].offset


# Liquidity ------------------------------------------------------------------------------------


def available(tick: Tick) -> D:
    return D(str(tick.ask_size)) + D(str(tick.trade_size)) / 10


def test_a_large_order_fills_in_parts_at_the_ticks_to_come() -> None:
    tape, ticks = opened(UP, volume=400)
    receipt = at(tape, ticks[0], ticket(qty="1500"))
    assert tape.status(receipt) == "partially_filled"
    assert tape.fills() == [("market", "buy", D(int(available(ticks[0]))), D(str(ticks[0].ask)))]
    tape.minute(A=UP)
    tape.minute(A=UP)
    parts = [(qty, price) for _, _, qty, price in tape.fills()]
    assert parts[1] == (min(1500 - parts[0][0], D(int(available(ticks[1])))), D(str(ticks[1].ask)))
    assert tape.status(receipt) == "filled"
    assert sum(qty for qty, _ in parts) == 1500
    names = [e for e in tape.events(receipt) if e.endswith("fill")]
    assert names == ["partial_fill"] * (len(parts) - 1) + ["fill"]
    mean = sum(qty * price for qty, price in parts) / 1500
    assert abs((tape.orders[receipt.id].filled_avg_price or 0) - mean) < D("1e-9")


@pytest.mark.parametrize(("tif", "filled"), [("ioc", True), ("fok", False)])
def test_what_is_not_there_at_once_is_canceled(tif: str, filled: bool) -> None:
    tape, ticks = opened(UP, volume=400)
    receipt = at(tape, ticks[0], ticket(qty="1500", tif=tif))
    assert tape.status(receipt) == "canceled"
    assert bool(tape.fills()) is filled


def test_a_partly_filled_exit_shrinks_its_sibling() -> None:
    tape, _ = opened(UP, volume=400, holding="900")
    held = tape.account.quantity("A")
    asked = OrderTicket(
        symbol="A",
        side=Side.SELL,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        qty=held,
        order_class=OrderClass.OCO,
        take_profit=D("103.9"),
        stop_loss=D("90"),
    )
    target, stop = tape.market.submit("account", asked, SECOND_MINUTE + timedelta(milliseconds=1))
    tape.minute(A=(103.0, 103.1, 102.9, 103.0))
    sold = tape.orders[target.id].filled_qty
    assert tape.orders[stop.id].qty == held - sold
    assert tape.orders[target.id].remaining == held - sold
