"""What an equity curve and trades refuse, and where a day ends."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from flotilla.research.metrics import utc_day_ends
from tests.research.metrics.runs import DAY, curve, trades


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exposure": np.zeros(2)}, "differ in length"),
        ({"times": np.array([1, 3, 3])}, "times are not strictly ascending"),
        ({"equity": np.array([100.0, np.nan, 100.0])}, "not finite"),
        ({"exposure": np.array([0.0, np.inf, 0.0])}, "not finite"),
        ({"initial": 0.0}, "above zero"),
        ({"initial": np.nan}, "above zero"),
        ({"days_per_year": 0}, "above zero"),
        ({"day_ends": np.array([0, 1])}, "end with the last sample"),
        ({"day_ends": np.array([], dtype=int)}, "end with the last sample"),
        ({"day_ends": np.array([1, 1, 2])}, "day_ends are not strictly ascending"),
        ({"benchmark": np.ones(2)}, "benchmark and times"),
        ({"benchmark": np.array([1.0, 0.0, 1.0])}, "benchmark must be"),
        ({"benchmark": np.array([1.0, np.nan, 1.0])}, "benchmark must be"),
    ],
)
def test_a_broken_curve_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(curve([100, 101, 102]), **changes)


def test_a_curve_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        curve([])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mae": np.zeros(1)}, "differ in length"),
        ({"profit": np.array([1.0, np.nan])}, "not finite"),
        ({"fees": np.array([1.0, np.inf])}, "not finite"),
    ],
)
def test_broken_trades_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(trades([1, 2]), **changes)


def test_trades_are_selected_in_every_column() -> None:
    both = trades([1, -2, 3], side=np.array([1, -1, 1], dtype=np.int8))
    longs = both.where(both.side > 0)
    assert longs.profit.tolist() == [1, 3]
    assert longs.exit_time.tolist() == [60, 180]


def test_midnight_is_the_end_of_the_day_before() -> None:
    times = np.array([60, DAY - 60, DAY, DAY + 60, 3 * DAY, 3 * DAY + 60])
    assert utc_day_ends(times).tolist() == [2, 3, 4, 5]


def test_the_benchmark_stops_with_the_day_of_ruin() -> None:
    run = curve([50, 0, 10], benchmark=np.array([2.0, 3.0, 6.0]))
    assert run.daily_returns.tolist() == [-0.5, -1.0]
    assert run.benchmark_daily_returns is not None
    assert run.benchmark_daily_returns.tolist() == [0.0, 0.5]
