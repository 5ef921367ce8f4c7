"""Figures of closed trades: by hand, and where they are undefined."""

import math

import numpy as np
import pytest

from flotilla.research.metrics import SqnBasis, r_multiples
from flotilla.research.metrics.trades import kelly_fraction, system_quality_number, trade_metrics
from tests.research.metrics.runs import trades

# In the order of the exits: +100, -50, 0, +200, -50, -100, +300; R: 2, -1, 0, 2, -1, -1, 3.
SEVEN = trades(
    [300, 100, -50, 0, 200, -50, -100],
    exit_time=np.array([700, 100, 200, 300, 400, 500, 600]),
    entry_time=np.array([690, 90, 190, 290, 390, 490, 530]),
    risk=np.array([100.0, 50, 50, 50, 100, 50, 100]),
    fees=np.full(7, 0.5),
    mae=np.array([-10.0, -20, -30, -40, -50, -60, -70]),
    mfe=np.array([7.0, 14, 21, 28, 35, 42, 49]),
    bars_held=np.array([1, 2, 3, 4, 5, 6, 7]),
)


def test_by_hand() -> None:
    got = trade_metrics(SEVEN)
    assert (got.trades, got.wins, got.losses) == (7, 3, 3)
    assert (got.net_profit, got.gross_profit, got.gross_loss, got.total_fees) == (400, 600, 200, 3.5)
    assert got.win_rate == pytest.approx(3 / 7)
    assert got.profit_factor == 3.0
    assert got.expectancy == pytest.approx(400 / 7)
    assert (got.expectancy_r, got.r_trades) == (pytest.approx(4 / 7), 7)
    assert got.sqn == pytest.approx(math.sqrt(7) * (4 / 7) / math.sqrt((20 - 16 / 7) / 6))
    assert got.sqn_basis is SqnBasis.R
    assert (got.average_win, got.average_loss) == (200.0, pytest.approx(-200 / 3))
    assert got.payoff_ratio == pytest.approx(3.0)
    assert (got.largest_win, got.largest_loss) == (300.0, -100.0)
    assert (got.average_mae, got.average_mfe) == (-40.0, 28.0)
    assert (got.average_bars_held, got.average_time_held) == (4.0, pytest.approx(130 / 7))
    assert got.kelly == pytest.approx(0.5 - 0.5 / 3)


@pytest.mark.parametrize(
    ("profit", "wins", "losses"),
    [
        ([], 0, 0),
        ([0, 0], 0, 0),
        ([1], 1, 0),
        ([1, 1, -1, 1, 1, 1], 3, 1),
        ([-1, -1, 0, -1, 5], 1, 2),  # breaking even ends a streak
        ([-1, -1, -1], 0, 3),
    ],
)
def test_streaks(profit: list[float], wins: int, losses: int) -> None:
    got = trade_metrics(trades(profit))
    assert (got.longest_win_streak, got.longest_loss_streak) == (wins, losses)


def test_streaks_go_by_the_exits() -> None:
    got = trade_metrics(SEVEN)
    assert (got.longest_win_streak, got.longest_loss_streak) == (1, 2)


def test_no_trades() -> None:
    got = trade_metrics(trades([]))
    assert (got.trades, got.net_profit, got.gross_loss, got.total_fees) == (0, 0.0, 0.0, 0.0)
    undefined = (got.win_rate, got.profit_factor, got.expectancy, got.expectancy_r, got.sqn, got.sqn_basis)
    assert undefined == (None,) * 6
    averages = (got.average_win, got.average_loss, got.payoff_ratio, got.largest_win, got.largest_loss)
    assert averages == (None,) * 5
    assert (got.average_mae, got.average_mfe, got.average_bars_held, got.average_time_held) == (None,) * 4
    assert got.kelly is None


def test_only_wins() -> None:
    got = trade_metrics(trades([10, 20]))
    assert (got.win_rate, got.average_win, got.largest_win) == (1.0, 15.0, 20.0)
    assert (got.profit_factor, got.payoff_ratio, got.kelly, got.largest_loss) == (None, None, None, None)


def test_only_losses() -> None:
    got = trade_metrics(trades([-10, -20]))
    assert (got.win_rate, got.profit_factor, got.gross_loss) == (0.0, 0.0, 30.0)
    assert (got.average_win, got.payoff_ratio, got.kelly) == (None, None, None)


def test_risk_is_missing_without_a_stop() -> None:
    mixed = trades([10, -5, 8, 4], risk=np.array([5.0, np.nan, 0.0, np.inf]))
    got = trade_metrics(mixed)
    assert r_multiples(mixed) == (2.0, None, None, None)
    assert (got.expectancy_r, got.r_trades) == (2.0, 1)
    assert got.sqn_basis is SqnBasis.USD
    assert got.sqn == pytest.approx(2 * 4.25 / np.std([10, -5, 8, 4], ddof=1))


@pytest.mark.parametrize("results", [[], [1.0], [0.1, 0.1, 0.1]])
def test_quality_of_too_little_is_undefined(results: list[float]) -> None:
    assert system_quality_number(np.array(results)) is None


@pytest.mark.parametrize(
    ("wins", "losses", "payoff", "expected"),
    [
        (60, 40, 1.0, 0.2),  # Kelly's biased coin: p - q
        (50, 50, 2.0, 0.25),
        (50, 50, 1.0, 0.0),
        (20, 80, 1.0, -0.6),
        (5, 0, None, None),
        (0, 5, None, None),
    ],
)
def test_kelly(wins: int, losses: int, payoff: float | None, expected: float | None) -> None:
    assert kelly_fraction(wins, losses, payoff) == (None if expected is None else pytest.approx(expected))
