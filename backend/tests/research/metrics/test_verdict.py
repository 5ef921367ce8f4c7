"""What a person is told: the marks and the sentence."""

import numpy as np
import pytest

from flotilla.research.metrics import EquityCurve, Mark, Verdict, confidence, judge, measure
from tests.research.metrics.runs import curve, trades

QUIET = curve([100.0 + day % 2 for day in range(60)], days_per_year=252)


def _judge(profit: list[float], run: EquityCurve = QUIET) -> Verdict:
    closed = trades(profit)
    return judge(measure(run, closed, traded_value=0.0), confidence(run, closed))


@pytest.mark.parametrize(
    ("trades_", "days", "marked"),
    [(29, 60, True), (30, 59, True), (30, 60, False), (0, 500, True)],
)
def test_how_many_are_enough(trades_: int, days: int, marked: bool) -> None:
    run = curve([100.0 + day % 2 for day in range(days)], days_per_year=252)
    profit = [5.0 + number % 3 for number in range(trades_)]
    assert (Mark.TOO_FEW_TRADES in _judge(profit, run).marks) is marked


def test_no_trades() -> None:
    assert _judge([]) == Verdict(
        (Mark.TOO_FEW_TRADES,), "The bot closed no trade in 60 days, so there is nothing to judge."
    )


def test_too_few() -> None:
    got = _judge([5.0], curve([100.0]))
    assert got.sentence == (
        "1 closed trade in 1 day are not enough to say whether this bot works: "
        "judge it from at least 30 trades and 60 days."
    )


def test_luck() -> None:
    got = _judge([10.0, -9.0] * 20)
    assert got.marks == (Mark.LUCK,)
    assert got.sentence.startswith("40 closed trades made 0.50 USD each on average, and anything from -")
    assert got.sentence.endswith("is plausible, so this result cannot be told from luck.")


def test_more_than_luck() -> None:
    got = _judge([10.0, -2.0] * 20)
    assert got.marks == ()
    assert got.sentence.endswith("so more than luck was at work in this period.")


def test_a_sure_loser() -> None:
    got = _judge([2.0, -10.0] * 20)
    assert got.marks == ()
    assert got.sentence.startswith("40 closed trades lost 4.00 USD each on average")
    assert got.sentence.endswith("so these rules lose money and not by bad luck.")


def test_holding_was_better() -> None:
    run = curve([100.0 + day % 2 for day in range(60)], benchmark=np.linspace(100, 110, 60))
    assert _judge([10.0, -2.0] * 20, run).sentence.endswith(
        "; buying and holding would have returned 10.0% instead of 1.0%."
    )


def test_holding_was_worse() -> None:
    run = curve([100.0 + day % 2 for day in range(60)], benchmark=np.linspace(100, 90, 60))
    assert "holding" not in _judge([10.0, -2.0] * 20, run).sentence


def test_ruin() -> None:
    got = _judge([-100.0], curve([50.0, -1.0]))
    assert got.marks == (Mark.RUINED, Mark.TOO_FEW_TRADES)
    assert got.sentence == "The bot lost all of its money by 1970-01-02."


def test_losses_so_small_that_they_round_to_nothing() -> None:
    assert "-0.00" not in _judge([-0.001, 0.0] * 20).sentence
