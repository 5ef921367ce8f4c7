"""What holds for every sequence of requests and bars."""

from decimal import Decimal as D
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from market_builder import SESSION, Prices, Tape, new_account

from flotilla.practice.errors import ApiError
from flotilla.practice.matching.bar_open import BarOpen
from flotilla.practice.matching.book import UnknownOrder
from flotilla.practice.matching.fill_model import FillModel
from flotilla.practice.matching.orders import (
    RESTING_TIMES,
    Order,
    OrderClass,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.matching.quotes import Quotes
from flotilla.practice.matching.tickets import Replacement

COIN = "C/USD"
SYMBOLS = ("A", "B", COIN)
COIN_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT)
ACCOUNTS = ("account", "other")

prices = st.integers(9_000, 11_000).map(lambda c: D(c) / 100)


@st.composite
def bars(draw: Any) -> Prices:
    opening, closing = draw(prices), draw(prices)
    high = max(opening, closing) + D(draw(st.integers(0, 300))) / 100
    low = min(opening, closing) - D(draw(st.integers(0, 300))) / 100
    return float(opening), float(high), float(low), float(closing)


@st.composite
def tickets(draw: Any) -> OrderTicket:
    """Draw what the REST side lets through: type, time in force, class and amount that go together."""
    symbol = draw(st.sampled_from(SYMBOLS))
    side, base = draw(st.sampled_from(Side)), draw(prices)
    order_class = OrderClass.SIMPLE if symbol == COIN else draw(st.sampled_from(OrderClass))
    kinds = COIN_TYPES if symbol == COIN else tuple(OrderType)
    kind = draw(st.sampled_from(kinds if order_class is OrderClass.SIMPLE else kinds[:4]))
    if order_class is OrderClass.OCO:
        kind = OrderType.LIMIT
    fraction = symbol == COIN or (order_class is OrderClass.SIMPLE and draw(st.booleans()))
    fraction = fraction and kind is not OrderType.TRAILING_STOP
    distance = D(draw(st.integers(5, 500))) / 100
    sign = -side.sign if order_class is OrderClass.OCO else side.sign
    has_target = order_class in (OrderClass.BRACKET, OrderClass.OCO)
    has_stop = order_class is not OrderClass.SIMPLE
    dollars = fraction and draw(st.booleans())
    time_in_force = draw(st.sampled_from(times_in_force(symbol, kind, order_class, fraction)))
    may_extend = kind is OrderType.LIMIT and time_in_force in RESTING_TIMES and symbol != COIN
    return OrderTicket(
        symbol=symbol,
        side=side,
        type=kind,
        time_in_force=time_in_force,
        extended_hours=may_extend and order_class is OrderClass.SIMPLE and draw(st.booleans()),
        qty=None if dollars else D(draw(st.integers(1, 3000))) / (1000 if fraction else 1),
        notional=D(draw(st.integers(100, 100_000))) / 100 if dollars else None,
        limit_price=base if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
        stop_price=base + D(draw(st.integers(-50, 50))) / 100
        if kind in (OrderType.STOP, OrderType.STOP_LIMIT)
        else None,
        trail_price=distance if kind is OrderType.TRAILING_STOP else None,
        order_class=order_class,
        take_profit=base + sign * distance if has_target else None,
        stop_loss=base - sign * distance if has_stop else None,
        stop_loss_limit=base - 2 * sign * distance if has_stop and draw(st.booleans()) else None,
    )


def times_in_force(
    symbol: str, kind: OrderType, order_class: OrderClass, fraction: bool
) -> tuple[TimeInForce, ...]:
    if symbol == COIN:
        return (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
    if fraction:
        return (TimeInForce.DAY,)
    auctioned = kind in (OrderType.MARKET, OrderType.LIMIT) and order_class is OrderClass.SIMPLE
    return tuple(TimeInForce) if auctioned else (TimeInForce.DAY, TimeInForce.GTC)


models = st.sampled_from([BarOpen(), BarOpen(D(7)), Quotes(), Quotes(seed=1, participation=D("0.001"))])
submissions = st.tuples(st.just("submit"), st.sampled_from(ACCOUNTS), tickets())
cancels = st.tuples(st.just("cancel"), st.integers(0, 30))
replacements = st.tuples(st.just("replace"), st.integers(0, 30), prices, st.none() | st.integers(1, 3000))
bars_of_symbols = st.dictionaries(st.sampled_from(SYMBOLS), bars())
minutes = st.tuples(st.just("minute"), bars_of_symbols)
sessions = st.lists(
    st.one_of(submissions, submissions, cancels, replacements, minutes, minutes),
    min_size=10,
    max_size=60,
)
evenings = st.lists(bars_of_symbols, max_size=3).map(lambda found: ("evening", *found))
scripts = st.builds(lambda session, evening: [*session, evening], sessions, evenings)


def played(script: list[tuple[Any, ...]], model: FillModel | None = None) -> Tape:
    """Play a script against a fresh market; what the market refuses is left out."""
    tape = Tape(accounts=tuple(new_account(name) for name in ACCOUNTS), fill_model=model)
    tape.open(**dict.fromkeys(SYMBOLS, (100.0, 101.0, 99.0, 100.0)))
    tape.minute(**dict.fromkeys(SYMBOLS, (100.0, 101.0, 99.0, 100.0)))
    for action, *arguments in script:
        try:
            _act(tape, action, arguments)
        except (ApiError, UnknownOrder):
            assert not tape.market.take_changes()
    return tape


def _act(tape: Tape, action: str, arguments: list[Any]) -> None:
    if action == "submit":
        account_id, asked = arguments
        tape.submit(asked, account_id)
    elif action == "minute":
        tape.minute(**arguments[0])
    elif action == "evening":
        tape.close()
        tape.evening(*arguments)
    elif tape.orders:
        order = list(tape.orders.values())[arguments[0] % len(tape.orders)]
        if action == "cancel":
            tape.market.cancel(order.account_id, order.id, tape.now)
        else:
            fields = {
                OrderType.STOP: {"stop_price": arguments[1]},
                OrderType.TRAILING_STOP: {"trail": arguments[1] / 50},
            }
            qty = None if arguments[2] is None else D(arguments[2])
            replacement = Replacement(qty=qty, **fields.get(order.type, {"limit_price": arguments[1]}))
            tape.market.replace(order.account_id, order.id, replacement, tape.now)
        tape._collect()


@settings(max_examples=150, deadline=None)
@given(scripts, models)
def test_money_and_orders_add_up(script: list[tuple[Any, ...]], model: FillModel) -> None:
    tape = played(script, model)
    executions = [e for changes in tape.changes for e in changes.executions]
    for account in tape.accounts:
        cost = sum((p.cost for p in account.positions.values()), start=D(0))
        assert account.cash + cost - account.realized + account.fees == account.initial_cash
        spent = sum(
            (e.side.sign * e.qty * e.price for e in executions if e.account_id == account.id),
            start=D(0),
        )
        kept = sum((e.fee_cash for e in executions if e.account_id == account.id), start=D(0))
        assert account.cash == account.initial_cash - spent - kept
        for symbol in SYMBOLS:
            bought = sum(
                (
                    e.side.sign * e.qty - e.fee_qty
                    for e in executions
                    if (e.account_id, e.symbol) == (account.id, symbol)
                ),
                start=D(0),
            )
            assert account.quantity(symbol) == bought
            assert symbol != COIN or bought >= 0
    for order in tape.orders.values():
        chain = replaced_by(tape, order)
        filled = sum((e.qty for e in executions if e.order_id in chain), start=D(0))
        assert filled == order.filled_qty <= order.qty
        assert (filled == order.qty) == (order.status == "filled")


def replaced_by(tape: Tape, order: Order) -> set[str]:
    """Return the ids of the order and of those whose place it has taken: what they filled counts."""
    chain = {order.id}
    while order.replaces is not None:
        order = tape.orders[order.replaces]
        chain.add(order.id)
    return chain


@settings(max_examples=150, deadline=None)
@given(scripts, models)
def test_a_closed_order_never_changes_again(script: list[tuple[Any, ...]], model: FillModel) -> None:
    closed: set[str] = set()
    for changes in played(script, model).changes:
        for update in changes.updates:
            assert update.order.id not in closed
            if not update.order.is_open:
                closed.add(update.order.id)


@settings(max_examples=100, deadline=None)
@given(scripts, models)
def test_the_exits_of_a_group_sell_no_more_than_they_should(
    script: list[tuple[Any, ...]], model: FillModel
) -> None:
    tape = played(script, model)
    legs: dict[str, D] = {}
    for order in tape.orders.values():
        if order.is_leg and order.replaced_by is None:  # what it filled counts in its successor
            legs[order.root_id] = legs.get(order.root_id, D(0)) + order.filled_qty
    for order in tape.orders.values():
        if order.is_leg or order.root_id not in legs or order.replaced_by is not None:
            continue
        if order.order_class is OrderClass.OCO:  # the order itself is one of the two exits
            asked = next(u.order.qty for c in tape.changes for u in c.updates if u.order.id == order.root_id)
            assert legs[order.root_id] + order.filled_qty <= asked
        else:
            assert legs[order.root_id] <= order.filled_qty


@settings(max_examples=50, deadline=None)
@given(scripts, models)
def test_the_same_run_twice_is_identical(script: list[tuple[Any, ...]], model: FillModel) -> None:
    first, second = played(script, model), played(script, model)
    assert first.changes == second.changes
    assert first.accounts == second.accounts


@settings(max_examples=100, deadline=None)
@given(scripts, models)
def test_after_the_close_only_what_asked_for_it_trades(
    script: list[tuple[Any, ...]], model: FillModel
) -> None:
    tape = played(script, model)
    for execution in (e for changes in tape.changes for e in changes.executions):
        order = tape.orders[execution.order_id]
        assert execution.at < SESSION.close or order.extended_hours or order.is_crypto
    for order in tape.orders.values():
        assert not (order.is_open and order.time_in_force is TimeInForce.DAY)
