"""Quantities in whole steps, prices in whole steps, and the day's loss."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain import risk, sizing
from flotilla.domain.orders import to_price, to_quantity
from flotilla.domain.risk import CASH_RESERVE, REFUSAL_SENTENCES, RefusalCode

prices = st.floats(0.01, 5000.0)
steps = st.sampled_from([1.0, 0.1, 0.01, 0.001, 1e-9])
GUARD = Fraction(1) + Fraction(1, 10**9)


@given(count=st.integers(0, 10**6), step=steps)
def test_no_step_is_lost_to_the_last_bit_of_a_double(count: int, step: float) -> None:
    exact = count * Decimal(repr(step))
    assert sizing.whole_steps(count * step, step) == float(exact)
    assert to_quantity(count * step, Decimal(repr(step))) == exact


@pytest.mark.parametrize(
    ("quantity", "step", "expected"),
    [
        (0.1 + 0.2, 0.1, 0.3),
        (0.7 / 0.1, 1.0, 7.0),
        (2.9999999999, 1.0, 3.0),
        (2.99, 1.0, 2.0),
        (0.999999, 1.0, 0.0),
        (0.123456789123, 1e-9, 0.123456789),
        (0.0, 1.0, 0.0),
    ],
)
def test_quantities_are_rounded_down(quantity: float, step: float, expected: float) -> None:
    assert sizing.whole_steps(quantity, step) == expected
    assert to_quantity(quantity, Decimal(repr(step))) == Decimal(repr(expected))


@given(quantity=st.floats(0, 1e6), step=steps)
def test_rounding_never_adds_more_than_the_guard(quantity: float, step: float) -> None:
    rounded = sizing.whole_steps(quantity, step)
    # One part in 1e9 up (semantics 3), never a whole step down; 9 decimals are what can be traded.
    assert Fraction(rounded) <= Fraction(quantity) * GUARD + Fraction(1, 10**9)
    assert rounded > quantity - step - 1e-9


@given(equity=st.floats(1.0, 1e7), percent=st.floats(0.1, 100.0), price=prices)
def test_a_percentage_of_equity_is_never_exceeded(equity: float, percent: float, price: float) -> None:
    quantity = sizing.percent_of_equity(equity=equity, percent=percent, price=price, step=1.0)
    wanted = equity * percent / 100
    assert quantity == int(quantity)
    assert quantity * price <= wanted * (1 + 1e-8)
    assert (quantity + 1) * price > wanted


@pytest.mark.parametrize(
    ("equity", "percent", "price", "expected"),
    [
        (10_000, 5, 50, 10),
        (10_000, 10, 333.34, 2),
        (10_000, 100, 10_000, 1),
        (10_000, 5, 500.01, 0),
        (0, 5, 50, 0),
        (-100, 5, 50, 0),
        (10_000, 5, 0, 0),
    ],
)
def test_sizes(equity: float, percent: float, price: float, expected: float) -> None:
    assert sizing.percent_of_equity(equity=equity, percent=percent, price=price, step=1.0) == expected


@given(cash=st.floats(0.01, 1e7), price=prices)
def test_what_is_affordable_leaves_its_reserve(cash: float, price: float) -> None:
    quantity = sizing.affordable(cash=cash, price=price, reserve=CASH_RESERVE, step=1.0)
    assert CASH_RESERVE * quantity * price <= cash * (1 + 1e-8)
    assert CASH_RESERVE * (quantity + 1) * price > cash


@pytest.mark.parametrize(("cash", "price"), [(0.0, 10.0), (-5.0, 10.0), (100.0, 0.0)])
def test_nothing_is_affordable_without_cash_or_price(cash: float, price: float) -> None:
    assert sizing.affordable(cash=cash, price=price, reserve=CASH_RESERVE, step=1.0) == 0.0


@given(close=prices, percent=st.floats(0.01, 99.0), step=st.sampled_from([0.01, 0.0001]))
def test_stop_and_target_are_whole_steps_nearest_to_their_percentage(
    close: float, percent: float, step: float
) -> None:
    stop, target = risk.stop_price(close, percent, step), risk.target_price(close, percent, step)
    for price, exact in ((stop, close * (1 - percent / 100)), (target, close * (1 + percent / 100))):
        assert Decimal(repr(price)) % Decimal(repr(step)) == 0
        assert abs(price - exact) <= step / 2 + 1e-9
        assert to_price(price, Decimal(repr(step))) == Decimal(repr(price))
    assert stop <= target


@pytest.mark.parametrize(
    ("close", "percent", "stop", "target"),
    [
        (100.0, 2.0, 98.0, 102.0),
        (33.33, 1.0, 33.0, 33.66),
        (187.45, 1.5, 184.64, 190.26),
        (0.07, 10.0, 0.06, 0.08),
    ],
)
def test_stops_and_targets(close: float, percent: float, stop: float, target: float) -> None:
    assert risk.stop_price(close, percent, 0.01) == stop
    assert risk.target_price(close, percent, 0.01) == target


@pytest.mark.parametrize(
    ("price", "step", "expected"),
    [
        (10.005, "0.01", "10.01"),
        (10.0049, "0.01", "10.00"),
        (0.12345, "0.0001", "0.1235"),
        (1e-07, "0.0001", "0.0000"),
        (123456.789, "0.01", "123456.79"),
    ],
)
def test_prices_are_rounded_to_the_nearest_step(price: float, step: str, expected: str) -> None:
    assert to_price(price, Decimal(step)) == Decimal(expected)


@given(price=prices)
def test_a_price_in_cents_is_itself(price: float) -> None:
    cents = round(price, 2)
    assert to_price(cents, Decimal("0.01")) == Decimal(repr(cents))


@pytest.mark.parametrize(
    ("equity", "baseline", "limit", "reached"),
    [
        (9_700.0, 10_000.0, 3.0, True),
        (9_700.01, 10_000.0, 3.0, False),
        (9_000.0, 10_000.0, 3.0, True),
        (10_000.0, 10_000.0, 3.0, False),
        (12_000.0, 10_000.0, 3.0, False),
    ],
)
def test_the_daily_loss_counts_from_the_days_start(
    equity: float, baseline: float, limit: float, reached: bool
) -> None:
    assert risk.daily_loss_reached(equity=equity, baseline=baseline, limit_percent=limit) is reached


def test_every_refusal_has_a_sentence() -> None:
    assert set(REFUSAL_SENTENCES) == set(RefusalCode)
    assert all(sentence.endswith(".") for sentence in REFUSAL_SENTENCES.values())
    assert all(code.value == code.name for code in RefusalCode)


def test_the_reserve_is_that_of_the_specification() -> None:
    assert math.isclose(CASH_RESERVE, 1.01)
