"""What a bot folds out of reports, and what it concludes from its open orders."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flotilla.domain.fills import Fill
from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose, Side
from flotilla.domain.risk import CASH_RESERVE
from flotilla.engine.bot_book import BotBook
from flotilla.engine.market_hub import Minute
from flotilla.ports.store import Booked, BotMemory
from tests.engine.exchange import OPEN, START, Prices, bar_of, session_of

S = OrderStatus


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
    return BotBook(memory(**changes), {}, version=1)


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
    book.state.session_open = OPEN
    book.state.day_baseline, book.state.closing_equity = 9_990.1, 10_010.3
    book.state.marks = {"AAPL": 101.0000001}
    book.last_signal = {"AAPL": 1_773_151_200}
    return book


def test_what_fills_do_not_give_back_comes_from_the_checkpoint() -> None:
    before = stepped()
    after = BotBook(memory(fills=[fill_of(order("1"))]), before.checkpoint(), version=1)
    assert after.state == before.state
    assert after.last_signal == before.last_signal


def test_other_rules_may_ask_about_the_same_bar() -> None:
    after = BotBook(memory(), stepped().checkpoint(), version=2)
    assert after.last_signal == {}
    assert after.state.day_baseline == 9_990.1


def test_a_change_of_capital_moves_the_days_start_along() -> None:
    after = BotBook(memory(capital=Decimal(4_000)), stepped().checkpoint(), version=2)
    assert (after.state.day_baseline, after.state.closing_equity) == (9_990.1 - 6_000, 10_010.3 - 6_000)


def test_a_checkpoint_of_an_earlier_version_is_read() -> None:
    old = {
        n: v for n, v in stepped().checkpoint().items() if n not in ("version", "capital", "closing_equity")
    }
    after = BotBook(memory(), old, version=1)
    assert (after.state.day_baseline, after.state.closing_equity) == (9_990.1, None)


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
