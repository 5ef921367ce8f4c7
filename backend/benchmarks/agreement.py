"""The trades of backtesting.py that the test suite compares ours with; writes them to its CSV file.

backtesting.py (AGPL) is a benchmark's dependency only. Run from backend/: python -m benchmarks.agreement
"""

import csv
import math
from pathlib import Path
from typing import Any

import backtesting
import pandas as pd
import talib

from flotilla.domain.market import Series
from tests.parity import simple_bot

RECORDED = Path(__file__).parents[1] / "tests" / "parity" / "backtesting_py.csv"


class _Simple(backtesting.Strategy):  # type: ignore[misc]
    """The rules of `simple_bot`; it knows of no sessions."""

    def init(self) -> None:
        self.fast = self.I(talib.SMA, self.data.Close, simple_bot.FAST)
        self.slow = self.I(talib.SMA, self.data.Close, simple_bot.SLOW)

    def next(self) -> None:
        above, was_above = self.fast[-1] > self.slow[-1], self.fast[-2] > self.slow[-2]
        below, was_below = self.fast[-1] < self.slow[-1], self.fast[-2] < self.slow[-2]
        if self.position:
            if below and not was_below:
                self.position.close()
        elif above and not was_above:
            close = self.data.Close[-1]
            stop, target = (_cents(close, percent) for percent in (-simple_bot.STOP, simple_bot.TARGET))
            self.buy(size=simple_bot.QUANTITY, sl=stop, tp=target)


def _cents(close: float, percent: float) -> float:
    return math.floor(close * (1.0 + percent / 100.0) * 100.0 + 0.5) / 100.0


def their_trades(series: Series) -> list[tuple[int, int]]:
    """(entry bar, exit bar) of each closed trade, in the order in which they closed."""
    columns: dict[str, Any] = {
        name: getattr(series, name.lower()) for name in ("Open", "High", "Low", "Close", "Volume")
    }
    frame = pd.DataFrame(columns, index=pd.to_datetime(series.start, unit="s"))
    stats = backtesting.Backtest(frame, _Simple, cash=simple_bot.CAPITAL).run()
    trades = stats["_trades"].sort_values("ExitBar")
    return list(zip(trades["EntryBar"].tolist(), trades["ExitBar"].tolist(), strict=True))


def record() -> None:
    with RECORDED.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("entry_bar", "exit_bar"))
        writer.writerows(their_trades(simple_bot.bars()))


if __name__ == "__main__":
    record()
