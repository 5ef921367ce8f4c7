"""Money and quantities on the wire: decimal strings, exact, in and out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from flotilla.wire.base import Money

MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)


@given(value=decimals)
def test_what_is_written_is_read_back(value: Decimal) -> None:
    text = MONEY.dump_python(value)
    assert isinstance(text, str)
    assert Decimal(text) == value
    assert MONEY.validate_python(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1250.50", "1250.5"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1E-10", "0.0000000001"),
        ("0", "0"),
        ("0.000", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("-1.10", "-1.1"),
        ("1234567890123456789.123456789", "1234567890123456789.123456789"),
    ],
)
def test_there_is_one_way_to_write_a_number(value: str, text: str) -> None:
    assert MONEY.dump_python(Decimal(value)) == text
    assert MONEY.dump_json(Decimal(value)) == f'"{text}"'.encode()


def test_an_average_has_as_many_digits_as_it_needs() -> None:
    average = Decimal(10_000) / 3 + Decimal("1e-30")
    assert Decimal(MONEY.dump_python(average)) == average


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "-Infinity", "1,5", "1 000", "0x10", "--1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MONEY.validate_python(text)


@pytest.mark.parametrize("value", [None, [], {}, float("nan"), float("inf")])
def test_what_is_no_text_of_a_number_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        MONEY.validate_python(value)


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_contract_says_string_and_nothing_else(mode: str) -> None:
    schema = MONEY.json_schema(mode=mode)  # type: ignore[arg-type]
    assert schema["type"] == "string"
    assert "anyOf" not in schema
