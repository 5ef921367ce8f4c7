"""Decimals on the wire: plain notation, no exponent, no trailing zeros."""

from decimal import Decimal

_CENT = Decimal("0.01")


def plain(value: Decimal) -> str:
    """Return "100005.83", "0.5", "12": never "1E+2", "-0" or "12.00"."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def cents(value: Decimal) -> str:
    """Return `value` rounded to whole cents, in plain notation."""
    return plain(value.quantize(_CENT))


def exact(price: float) -> Decimal:
    """Return the decimal that `price` was written as (539.5867, not its binary expansion)."""
    return Decimal(repr(float(price)))
