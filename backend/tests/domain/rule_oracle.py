"""A second reading of rules, slow and obvious: one bar at a time, and truth is true, false or unknown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from flotilla.domain.indicators import IndicatorUse, compute
from flotilla.domain.market import NEW_YORK, Series, Timeframe
from flotilla.domain.rules import (
    All,
    Any,
    Between,
    Change,
    Comparison,
    Condition,
    Constant,
    Direction,
    Held,
    IndicatorValue,
    Leaf,
    Not,
    Operand,
    Price,
    Rule,
    Trend,
)
from tests.domain.series import utc

Truth = bool | None
OPPOSITE = {True: False, False: True, None: None}


def local_start(minute: int, timeframe: Timeframe) -> int:
    """The open time of the bar that a minute belongs to, by New York's wall clock."""
    local = utc(minute).astimezone(NEW_YORK)
    passed = (local.hour * 60 + local.minute) % timeframe.minutes
    wall = local.replace(tzinfo=None) - timedelta(minutes=passed)
    return int(wall.replace(tzinfo=NEW_YORK).timestamp())


@dataclass(frozen=True, eq=False)
class Frame:
    """The closed bars of a timeframe, and when each could first be seen."""

    series: Series
    ends: Sequence[int]


@dataclass(frozen=True, eq=False)
class Oracle:
    """Answers for one symbol's minutes; `closes` are when sessions end, in seconds since 1970."""

    base: Series
    timeframe: Timeframe
    uses: Mapping[str, IndicatorUse]
    until: datetime
    closes: Sequence[int]
    frames: dict[Timeframe, Frame] = field(default_factory=dict)
    outputs: dict[str, Mapping[str, np.ndarray]] = field(default_factory=dict)

    def answers(self, rule: Rule) -> list[Truth]:
        return [self.holds(rule, at) for at in range(len(self.frame(None).ends))]

    def frame(self, timeframe: Timeframe | None) -> Frame:
        timeframe = timeframe or self.timeframe
        if timeframe not in self.frames:
            self.frames[timeframe] = self.built(timeframe)
        return self.frames[timeframe]

    def built(self, timeframe: Timeframe) -> Frame:
        groups: dict[int, list[int]] = {}
        for row, minute in enumerate(self.base.start.tolist()):
            groups.setdefault(local_start(minute, timeframe), []).append(row)
        starts, ends, bars = [], [], []
        for start, rows in groups.items():
            session_end = min((close for close in self.closes if close > start), default=math.inf)
            end = int(min(start + timeframe.seconds, session_end))
            if end <= self.until.timestamp():
                starts.append(start)
                ends.append(end)
                bars.append(self.bar(rows))
        columns = np.array(bars, np.float64).reshape(-1, 5).T.copy()
        return Frame(Series(np.array(starts, np.int64), *columns, timeframe=timeframe), ends)

    def bar(self, rows: list[int]) -> tuple[float, ...]:
        base = self.base
        return (
            float(base.open[rows[0]]),
            float(np.max(base.high[rows])),
            float(np.min(base.low[rows])),
            float(base.close[rows[-1]]),
            float(np.add.reduceat(base.volume[rows], [0])[0]),
        )

    def columns(self, use: str) -> Mapping[str, np.ndarray]:
        if use not in self.outputs:
            self.outputs[use] = compute(self.uses[use], self.frame(self.uses[use].timeframe).series)
        return self.outputs[use]

    def value(self, operand: Operand, at: int) -> float | None:
        """What an operand is at the bot's bar `at`."""
        timeframe = self.timeframe_of(operand)
        return self.value_in(operand, self.newest(timeframe, at))

    def timeframe_of(self, operand: Operand) -> Timeframe | None:
        match operand:
            case Change(of):
                return self.timeframe_of(of)
            case IndicatorValue(indicator):
                return self.uses[indicator].timeframe
            case Price():
                return operand.timeframe
            case Constant():
                return None

    def newest(self, timeframe: Timeframe | None, at: int) -> int:
        """The newest bar of a timeframe that could be seen when the bot's bar `at` ended; -1: none."""
        if timeframe in (None, self.timeframe):
            return at
        seen = [end for end in self.frame(timeframe).ends if end <= self.frame(None).ends[at]]
        return len(seen) - 1

    def value_in(self, operand: Operand, index: int) -> float | None:
        """What an operand is at a bar of its own timeframe."""
        match operand:
            case Constant(number):
                return number
            case Price(name, ago, timeframe):
                column = getattr(self.frame(timeframe).series, name)
            case IndicatorValue(indicator, output, ago):
                column = self.columns(indicator)[output]
            case Change(of, bars):
                now, then = self.value_in(of, index), self.value_in(of, index - bars)
                if now is None or then is None or then == 0.0:
                    return None
                return (now - then) / abs(then) * 100.0
        if index - ago < 0 or math.isnan(column[index - ago]):
            return None
        return float(column[index - ago])

    def holds(self, rule: Rule, at: int) -> Truth:
        """Whether `rule` holds at the bot's bar `at`."""
        if at < 0:
            return None
        match rule:
            case All(of):
                return every([self.holds(member, at) for member in of])
            case Any(of):
                return OPPOSITE[every([OPPOSITE[self.holds(member, at)] for member in of])]
            case Not(of):
                return OPPOSITE[self.holds(of, at)]
            case Held(of, bars):
                return every([self.holds(of, at - n) for n in range(bars)])
            case _:
                return self.meets(rule, at)

    def meets(self, condition: Leaf, at: int) -> Truth:
        """Whether a single condition holds at the bot's bar `at`."""
        match condition:
            case Between(value, low, high):
                inside = (self.compare(value, Comparison.AT_LEAST, low, at),)
                return every([*inside, self.compare(value, Comparison.AT_MOST, high, at)])
            case Trend(value, direction, bars):
                index = self.newest(self.timeframe_of(value), at)
                run = [self.value_in(value, index - n) if index >= n else None for n in range(bars + 1)]
                op = Comparison.ABOVE if direction is Direction.RISING else Comparison.BELOW
                return every([plain(op, run[n], run[n + 1]) for n in range(bars)])
            case Condition(left, Comparison.CROSSES_ABOVE, right):
                beyond = self.compare(left, Comparison.ABOVE, right, at)
                return every([beyond, self.compare(left, Comparison.AT_MOST, right, at - 1)])
            case Condition(left, Comparison.CROSSES_BELOW, right):
                beyond = self.compare(left, Comparison.BELOW, right, at)
                return every([beyond, self.compare(left, Comparison.AT_LEAST, right, at - 1)])
            case Condition(left, op, right):
                return self.compare(left, op, right, at)

    def compare(self, left: Operand, op: Comparison, right: Operand, at: int) -> Truth:
        return None if at < 0 else plain(op, self.value(left, at), self.value(right, at))


def every(truths: Sequence[Truth]) -> Truth:
    """All of them: false as soon as one is, unknown where none is false and one unknown."""
    if False in truths:
        return False
    return None if None in truths else True


def plain(op: Comparison, left: float | None, right: float | None) -> Truth:
    if left is None or right is None:
        return None
    match op:
        case Comparison.ABOVE:
            return left > right
        case Comparison.AT_LEAST:
            return left >= right
        case Comparison.BELOW:
            return left < right
        case Comparison.AT_MOST:
            return left <= right
    raise AssertionError(op)
