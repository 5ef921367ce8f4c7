"""What a bot folds out of reports, and what it concludes from its open orders."""

import json
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.fills import Fill
from flotilla.domain.kernel.bot import KernelSpec, SymbolView
from flotilla.domain.kernel.fills import CASH_RESERVE
from flotilla.domain.market import Instrument, Window
from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose, Side
from flotilla.domain.risk import RiskRules
from flotilla.engine.bot_book import BotBook
from flotilla.engine.market_hub import Minute
from flotilla.ports.store import Booked, BotMemory
from tests.engine.exchange import START, Prices, bar_of, session_of

S = OrderStatus
SPEC = KernelSpec(("AAPL", "MSFT"), RiskRules(), Window(time(0), time(0)))


def memory(**changes: Any) -> BotMemory:
    given: dict[str, Any] = {
        "capital": Decimal(10_000),
        "fills": [],
        "open_orders": [],
        "protected": frozenset(),
        "leaving": frozenset(),
    }
    return BotMemory(**given | changes)


def order(key: str, purpose: Purpose = Purpose.ENTRY, status: OrderStatus = S.NEW, **changes: Any) -> Order:
    kinds = {Purpose.STOP_LOSS: OrderType.STOP, Purpose.TAKE_PROFIT: OrderType.LIMIT}
    given = Order(
        id=key,
        bot_id="bot",
        account_id="account",
        client_order_id=f"client-{key}",
        broker_order_id=f"broker-{key}",
        parent_id=None,
        symbol="AAPL",
        side=Side.BUY if purpose is Purpose.ENTRY else Side.SELL,
        type=kinds.get(purpose, OrderType.MARKET),
        purpose=purpose,
        quantity=Decimal(10),
        limit_price=Decimal(110) if purpose is Purpose.TAKE_PROFIT else None,
        stop_price=Decimal(90) if purpose is Purpose.STOP_LOSS else None,
        take_profit_price=None,
        stop_loss_price=None,
        status=status,
        filled_quantity=Decimal(0),
        filled_average_price=None,
        expected_price=Decimal(100),
        tau=START,
        created_at=START,
    )
    return replace(given, **changes)


def fill_of(whole: Order, quantity: int = 10, price: int = 100) -> Fill:
    return Fill(
        order_id=whole.id,
        bot_id="bot",
        symbol=whole.symbol,
        side=whole.side,
        purpose=whole.purpose,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(0),
        executed_at=START,
    )


def booked(whole: Order, *fills: Fill, legs: tuple[Order, ...] = ()) -> Booked:
    return Booked(order=whole, fills=fills, missing=False, legs=legs)


def filled(whole: Order) -> Booked:
    return booked(replace(whole, status=S.FILLED, filled_quantity=whole.quantity), fill_of(whole))


def opened(**changes: Any) -> BotBook:
    return recalled(memory(**changes), {})


def recalled(known: BotMemory, checkpoint: dict[str, Any], version: int = 1) -> BotBook:
    return BotBook(
        known,
        checkpoint,
        spec=SPEC,
        instruments={symbol: Instrument(symbol, symbol) for symbol in SPEC.symbols},
        version=version,
    )


def test_an_open_entry_reserves_its_cash_until_it_is_done() -> None:
    book = opened()
    entry = order("1")
    book.track(entry)
    assert book.state.pending["AAPL"].reserved == CASH_RESERVE * 10 * 100
    book.apply(
        booked(
            replace(entry, status=S.PARTIALLY_FILLED, filled_quantity=Decimal(4)),
            fill_of(entry, 4),
        )
    )
    assert book.state.pending["AAPL"].reserved == CASH_RESERVE * 6 * 100
    book.apply(booked(replace(entry, status=S.CANCELED, filled_quantity=Decimal(4))))
    assert book.state.pending == {}
    assert not book.is_flat


def test_one_order_done_does_not_free_the_symbol_of_another() -> None:
    book = opened()
    for key in ("1", "2"):
        book.track(order(key))
    book.apply(booked(order("1", status=S.CANCELED)))
    assert "AAPL" in book.state.pending
    book.apply(booked(order("1", status=S.CANCELED)))
    assert "AAPL" in book.state.pending
    book.apply(booked(order("2", status=S.CANCELED)))
    assert book.is_flat


def test_an_exit_that_ends_without_selling_is_still_wanted() -> None:
    for end in (S.NOT_SENT, S.REJECTED, S.CANCELED, S.EXPIRED):
        book = opened()
        book.apply(filled(order("1")))
        assert not book.must_go("AAPL")
        exit_ = order("2", Purpose.EXIT)
        book.track(exit_)
        book.track(replace(exit_, status=end))
        assert book.must_go("AAPL"), end
        book.apply(filled(order("3", Purpose.EXIT)))
        book.apply(filled(order("4")))
        assert not book.must_go("AAPL"), "the next position starts anew"


def test_a_flatten_that_ends_without_selling_is_not_an_exit_rule() -> None:
    """Whether it is still wanted is for the person to say who asked for it."""
    book = opened()
    book.apply(filled(order("1")))
    flatten = order("2", Purpose.FLATTEN)
    book.track(flatten)
    book.track(replace(flatten, status=S.REJECTED))
    assert not book.must_go("AAPL")


def test_a_position_that_was_promised_legs_must_have_one() -> None:
    book = opened()
    entry = order("1", stop_loss_price=Decimal(90))
    stop = order("2", Purpose.STOP_LOSS)
    book.track(entry)
    done = replace(entry, status=S.FILLED, filled_quantity=Decimal(10))
    book.apply(booked(done, fill_of(entry), legs=(stop,)))
    assert not book.must_go("AAPL")
    book.apply(booked(replace(stop, status=S.CANCELED)))
    assert book.must_go("AAPL")
    # The entry's report again, long after: nothing new.
    book.apply(booked(done))
    assert book.must_go("AAPL")
    book.apply(filled(order("3", Purpose.EXIT)))
    assert not book.must_go("AAPL")


def test_memory_says_what_must_go() -> None:
    entry = order("1")
    fills = [fill_of(entry)]
    assert opened(fills=fills, leaving=frozenset({"AAPL"})).must_go("AAPL")
    assert opened(fills=fills, protected=frozenset({"AAPL"})).must_go("AAPL")
    stop = order("2", Purpose.STOP_LOSS)
    assert not opened(fills=fills, protected=frozenset({"AAPL"}), open_orders=[stop]).must_go("AAPL")
    assert not opened(leaving=frozenset({"AAPL"}), protected=frozenset({"AAPL"})).must_go("AAPL")


def test_its_symbols_are_what_it_holds_and_what_it_has_ordered() -> None:
    """A symbol that was taken out of the definition is still listened to."""
    held = fill_of(order("1", symbol="MSFT"))
    assert opened(fills=[held], open_orders=[order("2", symbol="SPY")]).symbols == {"MSFT", "SPY"}


# --- the checkpoint ---------------------------------------------------------------------------------


def stepped() -> BotBook:
    book = opened(fills=[fill_of(order("1"))])
    session = session_of(START.date())
    view = SymbolView(close=101.0000001, fresh=True, warmed_up=True, high=103.0, low=99.0)
    book.state.step({"AAPL": view}, tau=START + timedelta(minutes=1), session=session)
    book.last_signal = {"AAPL": 1_773_151_200}
    return book


def kept(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Return what the database gives back."""
    known: dict[str, Any] = json.loads(json.dumps(checkpoint))
    return known


def test_a_restart_goes_on_from_the_checkpoint_to_the_last_bit() -> None:
    before = stepped()
    after = recalled(memory(fills=[fill_of(order("1"))]), kept(before.checkpoint()))
    assert after.checkpoint() == before.checkpoint()
    assert after.last_signal == before.last_signal


def test_fills_that_came_after_the_checkpoint_are_folded() -> None:
    checkpoint = kept(stepped().checkpoint())
    sold = fill_of(order("2", Purpose.EXIT), 4, 110)
    after = recalled(memory(fills=[fill_of(order("1")), sold]), checkpoint)
    assert after.state.holdings["AAPL"].quantity == 6
    assert after.state.cash == 10_000 - 1_000 + 440


def test_an_entry_that_filled_after_the_checkpoint_is_under_way_no_more() -> None:
    book = opened()
    book.track(order("1"))
    checkpoint = kept(book.checkpoint())
    after = recalled(memory(fills=[fill_of(order("1"))]), checkpoint)
    assert after.state.pending == {}
    assert after.state.free_cash == after.state.cash == 9_000


def test_other_rules_may_ask_about_the_same_bar() -> None:
    before = stepped()
    after = recalled(memory(), kept(before.checkpoint()), version=2)
    assert after.last_signal == {}
    assert after.state.day_pnl == before.state.day_pnl


def test_a_change_of_capital_is_no_profit_of_the_day() -> None:
    before = stepped()
    after = recalled(memory(capital=Decimal(4_000)), kept(before.checkpoint()), version=2)
    assert after.state.day_pnl == pytest.approx(before.state.day_pnl)
    assert after.state.equity == pytest.approx(before.state.equity - 6_000)


def test_a_checkpoint_that_does_not_fit_is_not_believed() -> None:
    fills = [fill_of(order("1"))]
    after = recalled(memory(fills=fills), {"version": 1, "signals": {}, "kernel": {}, "fills": 1})
    assert after.state.holdings["AAPL"].quantity == 10


# --- what a bar decides -----------------------------------------------------------------------------


def undecided(*orders: Order, price: Prices = 100.0, minutes: int = 0, symbol: str = "AAPL") -> list[str]:
    book = opened(open_orders=orders)
    start = START + timedelta(minutes=minutes)
    bars = {symbol: bar_of(symbol, start, price)}
    minute = Minute(start + timedelta(minutes=1), session_of(START.date()), bars, {})
    return [one.id for one in book.undecided(minute)]


def test_a_market_order_is_decided_by_its_symbols_first_bar() -> None:
    entry = order("1")
    assert undecided(entry) == ["1"]
    assert undecided(entry, minutes=-1) == [], "the bar that it was decided on is before it"
    assert undecided(entry, symbol="MSFT") == []
    assert undecided(replace(entry, broker_order_id=None)) == [], "it may never have arrived"


def test_a_leg_is_decided_by_a_bar_that_touches_its_price() -> None:
    target, stop = order("1", Purpose.TAKE_PROFIT), order("2", Purpose.STOP_LOSS)
    assert undecided(target, stop, price=(100.0, 109.99, 90.01, 100.0)) == []
    assert undecided(target, stop, price=(100.0, 110.0, 95.0, 100.0)) == ["1"]
    assert undecided(target, stop, price=(100.0, 105.0, 90.0, 100.0)) == ["2"]
    assert undecided(target, stop, price=(100.0, 111.0, 89.0, 100.0)) == ["1", "2"]


def test_a_checkpoint_of_an_earlier_version_is_read_for_what_it_has() -> None:
    before = stepped()
    checkpoint = kept(before.checkpoint())
    for name in ("exposure", "busy"):
        del checkpoint["kernel"]["bot"][name]
    after = recalled(memory(fills=[fill_of(order("1"))]), checkpoint)
    assert after.state.day_pnl == before.state.day_pnl


def test_what_was_never_marked_is_worth_what_it_cost() -> None:
    """Else the first day would begin from cash alone, and no loss could reach its limit."""
    book = opened(fills=[fill_of(order("1"))])
    assert book.state.equity == 10_000


def test_a_person_who_starts_a_bot_anew_ends_its_drawdown_halt() -> None:
    book = stepped()
    state = book.state.book.bots[0]
    state.drawdown_halted, state.peak_equity = 1, 20_000.0
    book.state.begin_run()
    assert (state.drawdown_halted, state.peak_equity) == (0, state.closing_equity)
