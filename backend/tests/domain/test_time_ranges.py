"""Coverage arithmetic against sets of seconds."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.time_ranges import TimeRanges

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def seconds(ranges: TimeRanges) -> set[int]:
    return {second for start, end in ranges for second in range(start, end)}


def given_seconds(of: list[tuple[int, int]]) -> set[int]:
    return {second for start, end in of for second in range(start, end)}


def assert_canonical(ranges: TimeRanges) -> None:
    edges = [edge for one in ranges for edge in one]
    assert edges == sorted(set(edges))
    assert ranges.seconds == len(seconds(ranges))
    assert bool(ranges) is bool(seconds(ranges))


@given(pairs, pairs)
def test_union_intersection_and_difference_are_those_of_sets(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    a, b = TimeRanges.of(first), TimeRanges.of(second)
    assert seconds(a) == given_seconds(first)
    for result, expected in (
        (a | b, seconds(a) | seconds(b)),
        (a & b, seconds(a) & seconds(b)),
        (a - b, seconds(a) - seconds(b)),
    ):
        assert seconds(result) == expected
        assert_canonical(result)


@given(pairs, st.integers(0, 20))
def test_bridging_closes_short_gaps_only(of: list[tuple[int, int]], gap: int) -> None:
    ranges = TimeRanges.of(of)
    bridged = ranges.bridged(gap)
    closed = bridged - ranges
    assert seconds(ranges) <= seconds(bridged)
    assert all(end - start <= gap for start, end in closed)
    edges = bridged.ranges
    assert all(later[0] - earlier[1] > gap for earlier, later in itertools.pairwise(edges))
