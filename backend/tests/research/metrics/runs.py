"""Small runs to measure: an equity curve from a few numbers, trades from their profits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from flotilla.research.metrics import ClosedTrades, EquityCurve

DAY = 86_400


def curve(equity: Sequence[float], **changes: Any) -> EquityCurve:
    """One sample a day at its end (midnight UTC, from 1970-01-02), from 100 USD, three days a year."""
    size = len(equity)
    fields: dict[str, Any] = {
        "times": np.arange(1, size + 1, dtype=np.int64) * DAY,
        "equity": np.array(equity, dtype=float),
        "exposure": np.zeros(size),
        "initial": 100.0,
        "day_ends": np.arange(size),
        "days_per_year": 3,
    }
    return EquityCurve(**fields | changes)


def trades(profit: Sequence[float], **changes: Any) -> ClosedTrades:
    """Long trades of one share, one a minute for a minute each, without stops."""
    size = len(profit)
    ones = np.ones(size)
    fields: dict[str, Any] = {
        "entry_time": np.arange(size, dtype=np.int64) * 60,
        "exit_time": np.arange(1, size + 1, dtype=np.int64) * 60,
        "side": np.ones(size, dtype=np.int8),
        "quantity": ones,
        "entry_price": 10 * ones,
        "exit_price": 10 * ones,
        "profit": np.array(profit, dtype=float),
        "fees": 0 * ones,
        "mae": -ones,
        "mfe": ones,
        "risk": np.full(size, np.nan),
        "bars_held": np.ones(size, dtype=np.int64),
    }
    return ClosedTrades(**fields | changes)
