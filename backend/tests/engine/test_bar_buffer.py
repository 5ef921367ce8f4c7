"""The columns grow at the end, take late bars in their place, and never change under a reader."""

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.market import MINUTE, Bar, Series
from flotilla.engine.bar_buffer import BarBuffer
from tests.engine.exchange import OPEN

LATER = OPEN + timedelta(days=9)


def bar(minute: int, close: float | None = None) -> Bar:
    at = float(minute) if close is None else close
    return Bar("AAPL", OPEN + minute * MINUTE, at, at + 1, at - 1, at, 100.0 + minute)


def minutes(series: Series) -> list[int]:
    return [int(start - OPEN.timestamp()) // 60 for start in series.start]


def test_a_bar_that_is_not_newer_is_not_appended() -> None:
    buffer = BarBuffer(4)
    assert buffer.append(bar(1))
    assert not buffer.append(bar(1, close=7.0))
    assert not buffer.append(bar(0))
    assert list(buffer.series(before=LATER).close) == [1.0]


def test_late_bars_come_into_their_place_and_change_nothing_that_is_there() -> None:
    buffer = BarBuffer(8)
    for minute in (1, 4):
        buffer.append(bar(minute))
    buffer.merge([bar(2), bar(0), bar(1, close=99.0), bar(2, close=98.0)])
    series = buffer.series(before=LATER)
    assert minutes(series) == [0, 1, 2, 4]
    assert list(series.close) == [0, 1, 2, 4]


def test_a_grown_buffer_has_the_same_bars_and_room_for_more() -> None:
    buffer = BarBuffer(2)
    for minute in range(4):
        buffer.append(bar(minute))
    larger = buffer.grown(8)
    larger.merge([bar(-2), bar(-1)])
    assert minutes(larger.series(before=LATER)) == [-2, -1, 0, 1, 2, 3]
    assert larger.grown(2).capacity == 8


@given(
    st.integers(1, 6),
    st.lists(st.one_of(st.integers(0, 30), st.lists(st.integers(0, 30), max_size=5)), max_size=40),
)
def test_it_keeps_the_newest_bars_whatever_comes_in_whatever_order(
    capacity: int, arrivals: list[int | list[int]]
) -> None:
    """Against a plain dictionary. What was read before stays as it was read."""
    buffer, everything = BarBuffer(capacity), dict[int, float]()
    read: list[tuple[Series, list[int], list[float]]] = []
    for number, arrival in enumerate(arrivals):
        some = [arrival] if isinstance(arrival, int) else arrival
        for minute in some:
            everything.setdefault(minute, float(number))
        if isinstance(arrival, int):
            if not buffer.append(bar(arrival, close=float(number))):
                buffer.merge([bar(arrival, close=float(number))])
        else:
            buffer.merge([bar(minute, close=float(number)) for minute in some])
        series = buffer.series(before=LATER)
        newest = sorted(everything)[-capacity:]
        assert minutes(series)[-capacity:] == newest
        assert list(series.close[-capacity:]) == [everything[minute] for minute in newest]
        assert len(series) <= 2 * capacity
        assert all(a < b for a, b in pairwise(series.start))
        read.append((series, minutes(series), series.close.tolist()))
    for series, starts, closes in read:
        assert (minutes(series), series.close.tolist()) == (starts, closes)


@given(st.sets(st.integers(0, 30)), st.integers(0, 31))
def test_a_reader_sees_what_opened_before_a_moment(known: set[int], end: int) -> None:
    buffer = BarBuffer(16)
    buffer.merge([bar(minute) for minute in known])
    before: datetime = OPEN + end * MINUTE
    assert minutes(buffer.series(before=before)) == sorted(m for m in known if m < end)


def test_columns_are_contiguous_doubles() -> None:
    buffer = BarBuffer(4)
    for minute in range(11):
        buffer.append(bar(minute))
    series = buffer.series(before=LATER)
    for column in (series.open, series.high, series.low, series.close, series.volume):
        assert column.flags["C_CONTIGUOUS"]
        assert column.dtype == np.float64
