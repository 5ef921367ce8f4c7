"""Money is conserved: what fills cost and bring is in cash, in positions and in realised P&L, once."""

from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.fills import Fill
from flotilla.domain.kernel.bot import KernelBot, KernelSpec
from flotilla.domain.ledger import Ledger
from flotilla.domain.market import Window, usual_instrument
from flotilla.domain.orders import Side
from flotilla.domain.positions import Position, opened, profit
from flotilla.domain.risk import RiskRules
from tests.domain.ledgers import OPENED, fill, fill_sequences

CAPITAL = Decimal(10_000)
# Averages are rounded at 28 digits; a cent is 1e-2.
ROUNDING = Fraction(1, 10**15)


def book(fills: Sequence[Fill]) -> tuple[Ledger, dict[str, Position], Decimal]:
    """Return ledger, newest position of each symbol, and what all positions together realised."""
    ledger = Ledger.opened(CAPITAL)
    positions: dict[str, Position] = {}
    closed = Decimal(0)
    for number, one in enumerate(fills):
        held = positions.get(one.symbol)
        if held is not None and not held.is_open:
            closed += held.realized_pnl
            held = None
        if held is None:
            positions[one.symbol] = opened(f"p{number}", one)
            earned = -one.fee
        else:
            positions[one.symbol] = held.apply(one)
            earned = profit(held.entry_price, one) if held.is_reduced_by(one) else -one.fee
        ledger = ledger.apply(one, profit=earned)
    return ledger, positions, closed + sum(p.realized_pnl for p in positions.values())


def exactly_realized(fills: Sequence[Fill]) -> Fraction:
    """Return what was closed, (exit - average entry) x quantity of longs and the opposite of shorts, less
    all fees, in exact numbers."""
    held: dict[str, tuple[Fraction, Fraction]] = {}
    total = Fraction(0)
    for one in fills:
        quantity, average = held.get(one.symbol, (Fraction(0), Fraction(0)))
        size, price = Fraction(one.signed_quantity), Fraction(one.price)
        total -= Fraction(one.fee)
        if quantity * size >= 0:
            held[one.symbol] = quantity + size, (average * quantity + price * size) / (quantity + size)
        else:
            total += (average - price) * size
            held[one.symbol] = quantity + size, average
    return total


@given(fills=fill_sequences())
def test_cash_is_capital_less_what_was_paid(fills: list[Fill]) -> None:
    ledger, _, _ = book(fills)
    assert ledger.cash == CAPITAL - sum(one.signed_quantity * one.price + one.fee for one in fills)


@given(fills=fill_sequences())
def test_cash_and_cost_are_conserved(fills: list[Fill]) -> None:
    ledger, positions, _ = book(fills)
    cost = sum(Fraction(p.entry_price) * Fraction(p.quantity) for p in positions.values())
    kept = Fraction(ledger.cash) + cost - Fraction(ledger.realized_pnl)
    assert abs(kept - Fraction(CAPITAL)) < ROUNDING


@given(fills=fill_sequences())
def test_realised_is_sales_over_average_cost_net_of_fees(fills: list[Fill]) -> None:
    ledger, _, by_positions = book(fills)
    exact = exactly_realized(fills)
    assert abs(Fraction(ledger.realized_pnl) - exact) < ROUNDING
    assert abs(Fraction(by_positions) - exact) < ROUNDING


@given(fills=fill_sequences(), mark=st.decimals("0.01", "2000", places=2))
def test_equity_is_capital_plus_realised_plus_unrealised(fills: list[Fill], mark: Decimal) -> None:
    ledger, positions, _ = book(fills)
    marked = [p.marked(mark) for p in positions.values()]
    unrealized = sum(p.unrealized_pnl for p in marked if p.is_open)
    expected = Fraction(ledger.capital) + Fraction(ledger.realized_pnl) + Fraction(unrealized)
    assert abs(Fraction(ledger.equity(marked)) - expected) < ROUNDING


@given(fills=fill_sequences())
def test_the_kernels_doubles_follow_the_ledger(fills: list[Fill]) -> None:
    ledger, positions, _ = book(fills)
    symbols = ("AAPL", "MSFT")
    spec = KernelSpec(symbols, RiskRules(), Window(time(0), time(0)))
    state = KernelBot(spec, float(CAPITAL), {symbol: usual_instrument(symbol) for symbol in symbols})
    for one in fills:
        state.apply_fill(
            symbol=one.symbol,
            side=one.side,
            quantity=float(one.quantity),
            price=float(one.price),
            fee=float(one.fee),
        )
    assert state.cash == pytest.approx(float(ledger.cash), abs=1e-6)
    open_ones = {symbol: p for symbol, p in positions.items() if p.is_open}
    assert state.holdings.keys() == open_ones.keys()
    for symbol, position in open_ones.items():
        assert state.holdings[symbol].quantity == float(position.quantity)
        assert state.holdings[symbol].entry_price == pytest.approx(float(position.entry_price), abs=1e-6)


def test_a_position_from_flat_to_flat() -> None:
    position = opened("p", fill(Side.BUY, 10, "100.00", fee="1"))
    assert (position.quantity, position.entry_price, position.realized_pnl) == (10, 100, -1)
    assert position.is_open
    assert position.opened_at == OPENED

    position = position.apply(fill(Side.BUY, 30, "104.00", minute=1))
    assert (position.quantity, position.entry_price) == (40, 103)
    assert position.marked(Decimal("102.50")).unrealized_pnl == -20

    position = position.apply(fill(Side.SELL, 15, "105.00", fee="0.50", minute=2))
    assert (position.quantity, position.entry_price) == (25, 103)
    assert position.realized_pnl == Decimal("28.50")
    assert position.closed_at is None

    position = position.apply(fill(Side.SELL, 25, "101.00", minute=3))
    assert (position.quantity, position.realized_pnl) == (0, Decimal("-21.50"))
    assert not position.is_open
    assert position.closed_at == fill(Side.SELL, 1, "1", minute=3).executed_at
    assert position.unrealized_pnl == 0


def test_a_short_from_flat_to_flat() -> None:
    position = opened("p", fill(Side.SELL, 10, "100.00", fee="1"))
    assert (position.quantity, position.entry_price, position.realized_pnl) == (-10, 100, -1)
    position = position.apply(fill(Side.SELL, 30, "96.00", minute=1))
    assert (position.quantity, position.entry_price) == (-40, 97)
    assert position.marked(Decimal("97.50")).unrealized_pnl == -20
    position = position.apply(fill(Side.BUY, 15, "95.00", fee="0.50", minute=2))
    assert (position.quantity, position.realized_pnl) == (-25, Decimal("28.50"))
    position = position.apply(fill(Side.BUY, 25, "99.00", minute=3))
    assert (position.quantity, position.realized_pnl, position.is_open) == (0, Decimal("-21.50"), False)


def test_a_position_never_flips_through_zero() -> None:
    position = opened("p", fill(Side.BUY, 10, "100.00"))
    with pytest.raises(ValueError, match="11 AAPL sold of 10 held"):
        position.apply(fill(Side.SELL, 11, "100.00"))
    short = opened("p", fill(Side.SELL, 10, "100.00"))
    with pytest.raises(ValueError, match="11 AAPL bought back of 10 held"):
        short.apply(fill(Side.BUY, 11, "100.00"))


def test_editing_capital_is_a_transfer() -> None:
    ledger = Ledger.opened(CAPITAL).apply(fill(Side.BUY, 10, "100.00"), profit=Decimal(0))
    more = ledger.with_capital(CAPITAL + 500)
    assert (more.capital, more.cash, more.realized_pnl) == (10_500, 9_500, 0)
    less = ledger.with_capital(CAPITAL - 9_500)
    assert (less.capital, less.cash) == (500, -500)
    held = [opened("p", fill(Side.BUY, 10, "100.00"))]
    assert more.equity(held) - ledger.equity(held) == 500


def test_protection_is_kept_with_the_position() -> None:
    position = opened("p", fill(Side.BUY, 10, "100.00"))
    guarded = position.protected(stop=Decimal(98), target=Decimal(104))
    assert (guarded.stop_loss_price, guarded.take_profit_price) == (98, 104)
    assert guarded.apply(fill(Side.SELL, 3, "101.00")).stop_loss_price == 98
