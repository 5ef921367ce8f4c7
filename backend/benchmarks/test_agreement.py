"""What the test suite compares ours with is what backtesting.py trades. Run: pytest benchmarks"""

import pytest

pytest.importorskip("backtesting")

from benchmarks.agreement import their_trades
from tests.parity.simple_bot import bars
from tests.parity.test_backtesting_py import recorded


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_the_recorded_trades_are_those_of_backtesting_py() -> None:
    assert recorded() == their_trades(bars())
