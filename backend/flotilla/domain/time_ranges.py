"""Sets of moments, as ranges: which stretches of a history are known, and which are missing.

A range is half-open, [start, end), in whole seconds since 1970 UTC.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TimeRanges:
    """Ranges that neither overlap nor touch, ascending. Build with `of`."""

    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[Range], *, bridging: int = 0) -> "TimeRanges":
        """The union of any ranges; those at most `bridging` seconds apart become one."""
        joined: list[Range] = []
        for start, end in sorted(one for one in ranges if one[0] < one[1]):
            if joined and start <= joined[-1][1] + bridging:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((start, end))
        return cls(tuple(joined))

    def __iter__(self) -> Iterator[Range]:
        return iter(self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __or__(self, other: "TimeRanges") -> "TimeRanges":
        """What is in either."""
        return TimeRanges.of((*self.ranges, *other.ranges))

    def __and__(self, other: "TimeRanges") -> "TimeRanges":
        """What is in both."""
        return TimeRanges.of(
            (max(a, c), min(b, d)) for a, b in self.ranges for c, d in other.ranges if a < d and c < b
        )

    def __sub__(self, other: "TimeRanges") -> "TimeRanges":
        """What is in this and not in the other."""
        left: list[Range] = []
        for start, end in self.ranges:
            at = start
            for cut_start, cut_end in other.ranges:
                if cut_end <= at or cut_start >= end:
                    continue
                left.append((at, cut_start))
                at = cut_end
            left.append((at, end))
        return TimeRanges.of(left)

    def bridged(self, gap: int) -> "TimeRanges":
        """The same with gaps of at most `gap` seconds closed."""
        return TimeRanges.of(self.ranges, bridging=gap)

    @property
    def seconds(self) -> int:
        """How long they are together."""
        return sum(end - start for start, end in self.ranges)


NO_TIME = TimeRanges()
