"""Quantities and prices in whole steps, and the words for what the kernel says in numbers."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain import codes
from flotilla.domain.kernel.records import INSTRUMENT, records
from flotilla.domain.kernel.rounding import whole_price, whole_quantity
from flotilla.domain.kernel.settings import write_instrument
from flotilla.domain.market import Instrument
from flotilla.domain.orders import to_price, to_quantity
from flotilla.domain.risk import REFUSAL_SENTENCES, ExitReason, RefusalCode

steps = st.sampled_from(["1", "0.1", "0.01", "0.001", "0.000000001"])
GUARD = Fraction(1) + Fraction(1, 10**9)


def traded_in(*, quantity: str = "1", price: str = "0.01") -> Any:
    """An instrument with these steps, as the kernel has it."""
    instrument = Instrument("X", "X", price_step=Decimal(price), quantity_step=Decimal(quantity))
    record = records(INSTRUMENT, 1)[0]
    write_instrument(record, instrument, price_row=0, guarded=False)
    return record


@given(count=st.integers(1, 10**6), step=steps)
def test_no_step_is_lost_to_the_last_bit_of_a_double(count: int, step: str) -> None:
    exact = count * Decimal(step)
    assert whole_quantity(traded_in(quantity=step), count * float(step)) == float(exact)
    assert to_quantity(count * float(step), Decimal(step)) == exact


@pytest.mark.parametrize(
    ("quantity", "step", "expected"),
    [
        (0.1 + 0.2, "0.1", 0.3),
        (0.7 / 0.1, "1", 7.0),
        (2.9999999999, "1", 3.0),
        (2.99, "1", 2.0),
        (0.999999, "1", 0.0),
        (0.123456789123, "0.000000001", 0.123456789),
    ],
)
def test_quantities_are_rounded_down(quantity: float, step: str, expected: float) -> None:
    assert whole_quantity(traded_in(quantity=step), quantity) == expected
    assert to_quantity(quantity, Decimal(step)) == Decimal(repr(expected))


@given(quantity=st.floats(1e-6, 1e6), step=steps)
def test_rounding_never_adds_more_than_the_guard(quantity: float, step: str) -> None:
    rounded = whole_quantity(traded_in(quantity=step), quantity)
    # One part in 1e9 up (semantics 3), never a whole step down; 9 decimals are what can be traded.
    assert Fraction(rounded) <= Fraction(quantity) * GUARD + Fraction(1, 10**9)
    assert rounded > quantity - float(step) - 1e-9


@pytest.mark.parametrize(
    ("price", "step", "expected"),
    [
        (10.005, "0.01", 10.01),
        (10.0049, "0.01", 10.0),
        (0.12345, "0.01", 0.1235),  # below a dollar
        (0.999951, "0.01", 1.0),
        (123456.789, "0.01", 123456.79),
        (30_000.2, "0.5", 30_000.0),
        (0.3, "0.5", 0.5),
    ],
)
def test_prices_are_rounded_to_the_nearest_step(price: float, step: str, expected: float) -> None:
    assert whole_price(traded_in(price=step), price) == expected


@given(cents=st.integers(100, 10**7))
def test_a_price_in_cents_is_itself(cents: int) -> None:
    price = cents / 100
    assert whole_price(traded_in(), price) == price
    assert to_price(price, Decimal("0.01")) == Decimal(repr(price))


def test_every_number_has_its_word() -> None:
    assert {RefusalCode.of(getattr(codes, code.value)) for code in RefusalCode} == set(RefusalCode)
    assert {ExitReason.of(getattr(codes, reason.name)) for reason in ExitReason} == set(ExitReason)
    assert set(REFUSAL_SENTENCES) == set(RefusalCode)
    assert all(sentence.endswith(".") for sentence in REFUSAL_SENTENCES.values())
    assert all(code.value == code.name for code in RefusalCode)
