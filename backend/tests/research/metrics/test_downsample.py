"""Fewer points, and none of the extremes lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.research.metrics import downsample, downsample_indices, drawdown_curve

curves = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400).map(np.array)


@given(curves, st.integers(8, 60))
def test_extremes_are_kept_within_the_limit(values: np.ndarray, limit: int) -> None:
    times = np.arange(len(values)) * 60
    thin_times, thin = downsample(times, values, limit)
    assert len(thin) == len(thin_times) <= limit
    assert (np.diff(thin_times) > 0).all()
    np.testing.assert_array_equal(values[thin_times // 60], thin)
    assert (thin_times[0], thin_times[-1]) == (times[0], times[-1])
    assert (thin.min(), thin.max()) == (values.min(), values.max())


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=400).map(np.array), st.integers(8, 60))
def test_the_deepest_fall_is_kept(values: np.ndarray, limit: int) -> None:
    thin = values[downsample_indices(values, limit)]
    assert drawdown_curve(thin, thin[0]).max() == drawdown_curve(values, values[0]).max()


def test_the_largest_fall_is_kept_below_zero_too() -> None:
    values = np.zeros(1_000)
    values[500:502] = -1, -90  # not the lowest of all
    values[502:] = np.linspace(-80, -91, 498)
    values[510] = 8
    kept = downsample_indices(values, 8)
    assert {510, 999} <= set(kept.tolist())


@given(curves, st.integers(8, 60))
def test_a_short_curve_stays_as_it_is(values: np.ndarray, limit: int) -> None:
    values = values[:limit]
    np.testing.assert_array_equal(downsample_indices(values, limit), np.arange(len(values)))


def test_every_stretch_keeps_its_own_extremes() -> None:
    values = np.sin(np.arange(98_280) / 7) * np.linspace(1, 5, 98_280) + 100
    kept = downsample_indices(values)
    assert 1_900 <= len(kept) <= 2_000
    assert np.diff(kept).max() < 4 * 98_280 / 2_000


def test_no_curve_at_all() -> None:
    times, values = downsample(np.array([], dtype=np.int64), np.array([]))
    assert (len(times), len(values)) == (0, 0)


def test_too_small_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        downsample_indices(np.arange(10.0), 7)
