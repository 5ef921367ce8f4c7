"""One backtest of a year of minutes, beside the floor and the peers, in one run."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import peers
from benchmarks.a_year import Year, a_year, ours
from benchmarks.conftest import Goal
from benchmarks.floor import bare_s1

Figure = Callable[..., Any]


@pytest.fixture(scope="module")
def year() -> Year:
    return a_year()


def test_bare_loop(figure: Figure, year: Year) -> None:
    trades, _, _ = figure("floor: TA-Lib and a bare Numba loop of S1", lambda: bare_s1(year), rounds=300)
    assert trades > 200


def test_run(figure: Figure, year: Year) -> None:
    goal = Goal(beside="test_bare_loop", at_most_times=5, seconds=0.002)
    # As the peers' runs: the result is let go before the next one begins.
    figure("Flotilla: arrays to trades and curve", lambda: len(ours(year).times), goal, rounds=300)
    floor, _, _ = bare_s1(year)
    assert abs(len(ours(year).trades) - floor) < 0.05 * floor


def test_run_with_figures(figure: Figure, year: Year) -> None:
    goal = Goal(beside="test_bare_loop")
    figure("Flotilla: the same, with every metric", lambda: ours(year).metrics, goal, rounds=100)


@pytest.mark.parametrize("engine", ["rust", "numba"])
def test_vectorbt(figure: Figure, year: Year, engine: str) -> None:
    assert figure(f"vectorbt, {engine}", lambda: peers.run_vectorbt(year, engine), rounds=20) > 200


def test_raptorbt(figure: Figure, year: Year) -> None:
    assert figure("raptorbt", lambda: peers.run_raptorbt(year), rounds=20) > 200


def test_backtesting(figure: Figure, year: Year) -> None:
    assert figure("backtesting.py", lambda: peers.run_backtesting(year), rounds=3) > 200


@pytest.mark.parametrize(
    "peer", ["test_vectorbt[rust]", "test_vectorbt[numba]", "test_raptorbt", "test_backtesting"]
)
def test_ahead(figure: Figure, year: Year, peer: str) -> None:
    """The result with its figures, as theirs."""
    figure("Flotilla, with every metric", lambda: ours(year).metrics, Goal(peer, ahead=True), rounds=30)


def test_first_backtest_of_a_process(figure: Figure) -> None:
    """Imports, compiled kernels from disk, one run."""
    program = "from benchmarks.a_year import a_year, ours; ours(a_year())"
    goal = Goal(seconds=3.0)
    figure(
        "Flotilla: a process's first backtest, start to end",
        lambda: subprocess.run([sys.executable, "-c", program], check=True),
        goal,
        rounds=5,
    )
