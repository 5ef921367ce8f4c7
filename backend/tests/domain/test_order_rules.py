"""What a bot is told that the broker would refuse, by field. The matrix is tried on the practice market."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.market import Instrument, usual_instrument
from flotilla.domain.order_rules import OrderClass, TimeInForce, orders_of, problems
from flotilla.domain.risk import RiskRules, Sizing
from tests.domain.test_bots import ABOVE, GOOD

STOCKS = {
    "AAPL": Instrument("AAPL", "Apple"),
    "MSFT": Instrument("MSFT", "Microsoft", tradable=False),
    "HARD": Instrument("HARD", "Hard to borrow", shortable=False),
}
COINS = {symbol: usual_instrument(symbol) for symbol in ("BTC/USD", "ETH/USD")}
BARE = RiskRules(stop_loss_percent=None, take_profit_percent=None)


def fields(instruments: dict[str, Instrument], **changes: Any) -> list[str]:
    return [one.field for one in problems(replace(GOOD, **changes), instruments)]


def coin_fields(**risk: Any) -> list[str]:
    return fields(COINS, symbols=tuple(COINS), risk=replace(BARE, **risk))


def test_only_what_is_traded_is_taken() -> None:
    assert fields(STOCKS, symbols=("AAPL",)) == []
    assert fields(STOCKS, symbols=("AAPL", "MSFT")) == ["symbols.1"]
    assert fields(STOCKS, symbols=("NEVER_HEARD_OF",)) == []


def test_shorts_are_of_what_can_be_borrowed() -> None:
    assert fields(STOCKS, symbols=("AAPL",), short_entry=ABOVE) == []
    assert fields(STOCKS, symbols=("HARD",)) == []
    (found,) = problems(replace(GOOD, symbols=("AAPL", "HARD"), short_entry=ABOVE), STOCKS)
    assert (found.field, "HARD cannot be borrowed" in found.message) == ("symbols.1", True)


def test_coins_are_not_sold_short_and_that_is_said_once() -> None:
    assert fields(COINS, symbols=tuple(COINS)) == []
    assert fields(COINS, symbols=tuple(COINS), short_entry=ABOVE) == ["rules.short_entry"]


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        ({"sizing": Sizing.FIXED_AMOUNT, "position_amount": 9.99}, ["risk_management.position_amount"]),
        ({"sizing": Sizing.FIXED_AMOUNT, "position_amount": 10.0}, []),
        ({"sizing": Sizing.FIXED_AMOUNT, "position_amount": 200_001.0}, ["risk_management.position_amount"]),
        ({"position_percent": 0.09}, ["risk_management.position_percent"]),
        ({"position_percent": 0.1}, []),
        (
            {"sizing": Sizing.FIXED_QUANTITY, "position_quantity": 1e-10},
            ["risk_management.position_quantity"],
        ),
        ({"sizing": Sizing.FIXED_QUANTITY, "position_quantity": 1e-9}, []),
        ({"sizing": Sizing.KELLY}, []),
    ],
)
def test_sizes_that_the_broker_takes_for_no_coin(risk: dict[str, Any], expected: list[str]) -> None:
    assert coin_fields(**risk) == expected


def test_sizes_of_stocks_are_another_matter() -> None:
    risk = replace(BARE, sizing=Sizing.FIXED_AMOUNT, position_amount=5.0)
    assert fields(STOCKS, symbols=("AAPL",), risk=risk) == []


@pytest.mark.parametrize(
    ("symbol", "risk", "lasts", "legs"),
    [
        ("AAPL", BARE, TimeInForce.DAY, OrderClass.SIMPLE),
        ("AAPL", replace(BARE, stop_loss_percent=1.0), TimeInForce.GTC, OrderClass.OTO),
        ("AAPL", RiskRules(), TimeInForce.GTC, OrderClass.BRACKET),
        ("BTC/USD", RiskRules(), TimeInForce.GTC, OrderClass.SIMPLE),
    ],
)
def test_what_a_bot_sends(symbol: str, risk: RiskRules, lasts: TimeInForce, legs: OrderClass) -> None:
    spec = replace(GOOD, symbols=(symbol,), risk=risk, capital=Decimal(10_000))
    ((field, kind),) = orders_of(spec, usual_instrument(symbol))
    assert (field, kind.time_in_force, kind.order_class, kind.whole) == ("symbols", lasts, legs, True)
