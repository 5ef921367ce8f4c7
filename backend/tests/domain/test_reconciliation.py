"""A difference gets the cause that what happened at the broker gives it, and no other."""

from decimal import Decimal

import pytest

from flotilla.domain.reconciliation import CASH, Books, Cause, Event, differences, explain

D = Decimal
C = Cause


def trade(
    symbol: str, quantity: str, price: str = "100", *, ours: bool = False, external: bool = False
) -> Event:
    return Event("FILL", symbol, D(quantity), -D(quantity) * D(price), ours=ours, external=external)


def other(kind: str, symbol: str | None = None, quantity: str = "0", cash: str = "0") -> Event:
    return Event(kind, symbol, D(quantity), D(cash))


@pytest.mark.parametrize(
    ("found", "events", "causes"),
    [
        ({"A": "5", CASH: "-500"}, [trade("A", "5")], [("A", C.MANUAL_TRADE, "5", "-500")]),
        ({"A": "-5", CASH: "500"}, [trade("A", "-5")], [("A", C.MANUAL_TRADE, "-5", "500")]),
        (
            {"A": "3", CASH: "-310"},
            [trade("A", "5"), trade("A", "-2", "95")],
            [("A", C.MANUAL_TRADE, "3", "-310")],
        ),
        (
            {"A": "5", CASH: "-500"},
            [trade("A", "5", external=True), trade("B", "9", ours=True)],
            [("A", C.EXTERNAL_FILL, "5", "-500")],
        ),
        # Bought and sold again by hand: only dollars are left of it.
        ({CASH: "-7"}, [trade("A", "5"), trade("A", "-5", "98.6")], [(CASH, C.MANUAL_TRADE, "0", "-7")]),
        ({"A": "30"}, [other("SPLIT", "A", "30")], [("A", C.SPLIT, "30", "0")]),
        (
            {"BTC/USD": "-0.0025"},
            [other("CFEE", "BTC/USD", "-0.0025")],
            [("BTC/USD", C.CRYPTO_FEE, "-0.0025", "0")],
        ),
        # The fee's own activity comes at the end of the day.
        (
            {"BTC/USD": "-0.0025"},
            [trade("BTC/USD", "1", ours=True)],
            [("BTC/USD", C.CRYPTO_FEE, "-0.0025", "0")],
        ),
        ({"BTC/USD": "-0.5"}, [trade("BTC/USD", "1", ours=True)], [("BTC/USD", C.UNKNOWN, "-0.5", "0")]),
        ({CASH: "1000"}, [other("CSD", cash="1000")], [(CASH, C.TRANSFER, "0", "1000")]),
        (
            {CASH: "1001.5"},
            [other("CSD", cash="1000"), other("DIV", "A", cash="2"), other("FEE", cash="-0.5")],
            [(CASH, C.TRANSFER, "0", "1000"), (CASH, C.INCOME, "0", "2"), (CASH, C.FEE, "0", "-0.5")],
        ),
        ({"A": "5"}, [], [("A", C.UNKNOWN, "5", "0")]),
        ({CASH: "12"}, [other("CSD", cash="1000")], [(CASH, C.UNKNOWN, "0", "12")]),
        (
            {"A": "5", "B": "1", CASH: "-1500"},
            [trade("A", "5")],
            [("A", C.MANUAL_TRADE, "5", "-500"), ("B", C.UNKNOWN, "1", "0"), (CASH, C.UNKNOWN, "0", "-1000")],
        ),
    ],
)
def test_the_cause_of_a_difference(
    found: dict[str, str], events: list[Event], causes: list[tuple[str, Cause, str, str]]
) -> None:
    told = explain({symbol: D(quantity) for symbol, quantity in found.items()}, events)
    assert [(one.symbol, one.cause, one.quantity, one.cash) for one in told] == [
        (symbol, cause, D(quantity), D(cash)) for symbol, cause, quantity, cash in causes
    ]
    assert all(one.detail.endswith(".") for one in told)


def test_less_than_a_cent_is_no_difference() -> None:
    assert differences({"A": D(1), CASH: D("10.004")}, {"A": D(1), CASH: D(10)}) == {}
    assert differences({CASH: D(10)}, {"A": D(-1), CASH: D(10)}) == {"A": D(1)}


def test_what_the_broker_must_have_is_all_ledgers_and_what_is_no_bots() -> None:
    books = Books({"A": D(5)}, D(-500), {CASH: D(1000), "A": D(2), "B": D(-1)})
    assert books.expected == {"A": D(7), "B": D(-1), CASH: D(500)}
