"""Bars that cannot be used are left out and named; what is left is sorted and clean."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.bar_quality import BarFault, is_clean, screen
from flotilla.domain.market import Series


def series(*rows: tuple[float, ...]) -> Series:
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return Series(table[:, 0].astype(np.int64), *(table[:, n] for n in range(1, 6)))


GOOD = (60, 10, 12, 9, 11, 100)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ((120, math.nan, 12, 9, 11, 100), BarFault.NOT_A_NUMBER),
        ((120, 10, math.inf, 9, 11, 100), BarFault.NOT_A_NUMBER),
        ((120, 10, 12, 9, 11, math.nan), BarFault.NOT_A_NUMBER),
        ((120, -10, 12, -11, 11, 100), BarFault.PRICE_NOT_POSITIVE),
        ((120, 10, 12, 0, 11, 100), BarFault.PRICE_NOT_POSITIVE),
        ((120, 10, 9, 12, 11, 100), BarFault.HIGH_BELOW_LOW),
        ((120, 10, 10.5, 9, 11, 100), BarFault.HIGH_BELOW_LOW),
        ((120, 10, 12, 10.5, 11, 100), BarFault.HIGH_BELOW_LOW),
        ((120, 10, 12, 9, 11, -1), BarFault.NEGATIVE_VOLUME),
        ((121, 10, 12, 9, 11, 100), BarFault.OFF_THE_MINUTE),
    ],
)
def test_a_bar_that_cannot_be_is_left_out_by_its_fault(row: tuple[float, ...], fault: BarFault) -> None:
    result = screen(series(GOOD, row))
    assert result.faults == {fault: (int(row[0]),)}
    assert result.bars.start.tolist() == [60]


def test_unsorted_bars_are_put_in_their_place_and_the_last_of_two_is_kept() -> None:
    result = screen(series((180, *GOOD[1:]), GOOD, (120, *GOOD[1:]), (60, 11, 12, 9, 10, 5)))
    assert result.bars.start.tolist() == [60, 120, 180]
    assert result.bars.volume.tolist() == [5, 100, 100]
    assert result.faults == {BarFault.UNSORTED: (60, 120, 60), BarFault.DUPLICATE: (60,)}


prices = st.sampled_from([1.0, 2.0, 3.0, 0.0, -1.0, math.nan, math.inf])
rows = st.lists(st.tuples(st.integers(0, 9).map(lambda n: n * 30), *[prices] * 5), max_size=12)


@given(rows)
def test_whatever_comes_the_rest_is_clean_and_every_bar_is_accounted_for(
    rows: list[tuple[float, ...]],
) -> None:
    result = screen(series(*rows))
    assert is_clean(result.bars)
    left = sum(len(starts) for fault, starts in result.faults.items() if fault is not BarFault.UNSORTED)
    assert len(result.bars) + left == len(rows)
    again = screen(result.bars)
    assert again.faults == {}
