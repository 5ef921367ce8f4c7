"""Our trades of a simple bot against backtesting.py's on the same bars: the same entry and exit bars.

Its trades were recorded by benchmarks/agreement.py (its licence, AGPL, keeps it out of what tests need).
"""

import csv
from pathlib import Path

from tests.parity.simple_bot import MINUTES, bars, our_trades

_RECORDED = Path(__file__).with_name("backtesting_py.csv")
Trade = tuple[int, int]


def test_the_trades_of_a_simple_bot_are_those_of_backtesting_py() -> None:
    ours, theirs = our_trades(bars()), recorded()
    assert len(theirs) > 400
    same = set(ours) & set(theirs)
    assert len(same) >= 0.99 * max(len(ours), len(theirs))
    assert all(_crosses_the_close(trade) for trade in set(theirs) - same)
    assert all(_they_held(trade, theirs) for trade in set(ours) - same)


def recorded() -> list[Trade]:
    with _RECORDED.open(newline="") as file:
        return [(int(row["entry_bar"]), int(row["exit_bar"])) for row in csv.DictReader(file)]


def _crosses_the_close(trade: Trade) -> bool:
    """It knows no sessions: on a signal of the last minute it enters at the next session's open, and we
    refuse with MARKET_CLOSING."""
    entry, _ = trade
    return entry % MINUTES == 0


def _they_held(trade: Trade, theirs: list[Trade]) -> bool:
    """Where it holds what it entered across the close, it misses an entry that we make."""
    return any(_crosses_the_close(other) and other[0] <= trade[0] <= other[1] for other in theirs)
