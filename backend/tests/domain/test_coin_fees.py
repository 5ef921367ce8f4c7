"""Fees that are taken in the coin: what a purchase leaves, and that money is conserved all the same."""

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.fills import Fill, fees
from flotilla.domain.kernel.bot import KernelBot, KernelSpec
from flotilla.domain.ledger import Ledger
from flotilla.domain.market import Window, usual_instrument
from flotilla.domain.orders import Side
from flotilla.domain.positions import Position, opened, profit
from flotilla.domain.risk import RiskRules
from tests.domain.ledgers import fill

CAPITAL = Decimal(10_000)
FINEST = Decimal("1e-9")
PRICES = st.decimals("0.05", "90000", places=2)


def executed(side: Side, quantity: Decimal, price: Decimal) -> Fill:
    usd, coins = fees("BTC/USD", side, quantity, price)
    return replace(fill(side, quantity, price, fee=usd, symbol="BTC/USD"), coin_fee=coins)


def test_what_is_left_of_a_purchase_is_as_recorded_of_alpaca() -> None:
    quantity = Decimal("0.000175822")
    usd, coins = fees("BTC/USD", Side.BUY, quantity, Decimal("83643.107"))
    assert (usd, quantity - coins) == (0, Decimal("0.000175382"))


def test_a_sale_pays_in_dollars_and_stocks_pay_nothing() -> None:
    assert fees("BTC/USD", Side.SELL, Decimal("0.5"), Decimal("40000.10")) == (Decimal("50.000125"), 0)
    assert fees("AAPL", Side.BUY, Decimal(5), Decimal(100)) == (0, 0)


@given(st.decimals("0.000000001", "50", places=9), PRICES)
def test_the_fee_is_a_quarter_percent_to_the_last_step(quantity: Decimal, price: Decimal) -> None:
    _, coins = fees("BTC/USD", Side.BUY, quantity, price)
    assert 0 <= coins - quantity * Decimal("0.0025") < FINEST


@given(st.lists(st.tuples(st.decimals("0.001", "2", places=9), PRICES), min_size=1, max_size=6), PRICES)
def test_equity_is_capital_and_what_was_earned(
    bought: list[tuple[Decimal, Decimal]], sold_at: Decimal
) -> None:
    ledger, position = Ledger.opened(CAPITAL), None
    for quantity, price in bought:
        one = executed(Side.BUY, quantity, price)
        position = opened("p", one) if position is None else position.apply(one)
        ledger = ledger.apply(one, profit=-one.cost)
    assert position is not None
    assert position.quantity == sum(q - fees("BTC/USD", Side.BUY, q, p)[1] for q, p in bought)
    assert_equity(ledger, position)
    whole = executed(Side.SELL, position.quantity, sold_at)
    ledger = ledger.apply(whole, profit=profit(position.entry_price, whole))
    position = position.apply(whole)
    assert not position.is_open
    assert ledger.cash == pytest.approx(CAPITAL + ledger.realized_pnl, abs=Decimal("1e-15"))
    assert position.realized_pnl == pytest.approx(ledger.realized_pnl, abs=Decimal("1e-15"))


def assert_equity(ledger: Ledger, position: Position) -> None:
    wanted = CAPITAL + ledger.realized_pnl + position.unrealized_pnl
    assert ledger.equity([position]) == pytest.approx(wanted, abs=Decimal("1e-15"))


@given(st.lists(st.tuples(st.decimals("0.001", "2", places=9), PRICES), min_size=1, max_size=6))
def test_the_kernel_holds_what_the_ledger_holds(bought: list[tuple[Decimal, Decimal]]) -> None:
    risk = RiskRules(scale_in_steps=10)
    spec = KernelSpec(("BTC/USD",), risk, Window(time(0), time(0)))
    kernel = KernelBot(spec, float(CAPITAL), {"BTC/USD": usual_instrument("BTC/USD")})
    position: Position | None = None
    for quantity, price in bought:
        one = executed(Side.BUY, quantity, price)
        position = opened("p", one) if position is None else position.apply(one)
        kernel.apply_fill(
            symbol="BTC/USD",
            side=one.side,
            quantity=float(one.quantity),
            price=float(one.price),
            fee=float(one.fee),
            coin_fee=float(one.coin_fee),
        )
    assert position is not None
    held = kernel.holdings["BTC/USD"]
    assert held.quantity == pytest.approx(float(position.quantity), abs=1e-12)
    assert held.entry_price == pytest.approx(float(position.entry_price), rel=1e-12)
