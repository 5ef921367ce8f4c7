"""A bar's walk: through its four prices, within its minute, with all of its volume."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.practice.matching.walk import path, walk
from flotilla.practice.session import Bar

START = datetime(2016, 1, 4, 14, 30, tzinfo=UTC)


def bar(opening: float, high: float, low: float, close: float, volume: float = 1000) -> Bar:
    return Bar(opening, high, low, close, volume, 10, opening)


PATHS = [
    ("the low is nearer", bar(100, 103, 99, 102), (100, 99, 103, 102)),
    ("the high is nearer", bar(100, 101, 97, 98), (100, 101, 97, 98)),
    ("as near, rises: the low first", bar(100, 102, 98, 101), (100, 98, 102, 101)),
    ("as near, falls: the high first", bar(100, 102, 98, 99), (100, 102, 98, 99)),
    ("opens at its low", bar(98, 102, 98, 99), (98, 98, 102, 99)),
]


@pytest.mark.parametrize(("_why", "b", "expected"), PATHS)
def test_the_path_goes_to_the_nearer_extreme_first(_why: str, b: Bar, expected: tuple[float, ...]) -> None:
    assert path(b) == expected
    assert tuple(tick.trade_price for tick in walk(b, "A", START)) == expected


@given(
    st.lists(st.integers(1, 50_000), min_size=4, max_size=4),
    st.integers(0, 10_000),
    st.sampled_from(["A", "BTC/USD"]),
    st.integers(0, 5),
)
def test_quotes_and_sizes_are_those_of_a_market(
    cents: list[int], volume: int, symbol: str, seed: int
) -> None:
    low, *middle, high = sorted(cents)
    b = bar(middle[0] / 100, high / 100, low / 100, middle[1] / 100, volume)
    ticks = walk(b, symbol, START, seed)
    offsets = [tick.offset for tick in ticks]
    assert offsets == sorted(set(offsets))
    assert offsets[0] == timedelta(0)
    assert offsets[-1] < timedelta(minutes=1)
    for tick in ticks:
        assert 0 < tick.bid < tick.ask
        assert tick.trade_price in (tick.bid, tick.ask)
        assert min(tick.bid_size, tick.ask_size) > 0
    sizes = [tick.trade_size for tick in ticks]
    assert min(sizes) >= 0
    assert sum(sizes) == pytest.approx(volume)
    if symbol == "A":
        assert all(size == int(size) for size in sizes)


def test_the_walk_depends_on_nothing_but_its_arguments() -> None:
    b = bar(100, 103, 99, 102)
    assert walk(b, "A", START, 1) == walk(b, "A", START, 1)
    assert walk(b, "A", START, 1) != walk(b, "A", START, 2)
    assert walk(b, "A", START, 1) != walk(b, "B", START, 1)
