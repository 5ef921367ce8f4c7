"""The bars of one symbol as a bot's rules see them: its own, longer ones beside them, indicators on each."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from flotilla.domain import indicators
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import FloatArray, Series, TimeArray, Timeframe, aggregate, bar_ends
from flotilla.domain.rules.tree import Uses

BoolArray = npt.NDArray[np.bool_]
Compute = Callable[[IndicatorUse, Series], Mapping[str, FloatArray]]
_Column = TypeVar("_Column", FloatArray, BoolArray)
_NO_CLOSES: TimeArray = np.empty(0, np.int64)


class Chart:
    """Each timeframe is built and each indicator computed once, when a rule first asks for it.

    A value of a longer timeframe at one of the bot's bars is that of the newest longer bar that could
    be seen when the bot's bar ended. Nothing is copied that is on the bot's own timeframe.
    """

    def __init__(
        self,
        base: Series,
        timeframe: Timeframe,
        uses: Uses,
        *,
        until: datetime,
        closes: TimeArray = _NO_CLOSES,
        compute: Compute = indicators.compute,
        frames: dict[Timeframe, Series] | None = None,
    ) -> None:
        """`base`: one-minute bars that ended by `until`; `closes`: when sessions closed, ascending, in
        seconds since 1970 UTC; `compute` may share columns between charts of the same bars, as `frames`
        shares their longer bars.
        """
        self.timeframe = timeframe
        self.uses = uses
        self._base = base
        self._until = until
        self._closes = _NO_CLOSES if base.clock is UTC else closes  # coins have no sessions
        self._compute = compute
        self._frames = {} if frames is None else frames
        self.bars = self.frame(timeframe)
        self._outputs: dict[str, Mapping[str, FloatArray]] = {}
        self._counts: dict[Timeframe, TimeArray] = {}

    def __len__(self) -> int:
        return len(self.bars)

    @cached_property
    def ends(self) -> TimeArray:
        """When each bar could be seen, in seconds since 1970 UTC."""
        return self._ends(self.bars)

    def frame(self, timeframe: Timeframe | None) -> Series:
        """The closed bars of a timeframe, None: of the bot's own."""
        wanted = timeframe or self.timeframe
        if wanted not in self._frames:
            self._frames[wanted] = aggregate(self._base, wanted, until=self._until, closes=self._closes)
        return self._frames[wanted]

    def column(self, indicator: str, output: str) -> FloatArray:
        """An output of the use with that id, over the bars of the use's timeframe."""
        return self._computed(indicator)[output]

    def columns(self) -> dict[tuple[str, str], FloatArray]:
        """Every indicator's outputs over the bot's bars: (use id, output) -> column."""
        return {
            (use.id, output): self.aligned(column, use.timeframe)
            for use in self.uses.values()
            for output, column in self._computed(use.id).items()
        }

    def aligned(self, column: _Column, timeframe: Timeframe | None) -> _Column:
        """A column over a timeframe's bars as seen at each of the bot's; unknown: NaN or false."""
        if timeframe is None or timeframe is self.timeframe:
            return column
        unknown = np.zeros(1, np.bool_) if column.dtype == np.bool_ else np.full(1, np.nan)
        return np.repeat(np.concatenate((unknown, column)), self._seen(timeframe))

    def ready_from(self, lookback: Mapping[Timeframe, int]) -> int:
        """The index of the first bar at which so many bars of each timeframe could be seen.

        The number of bars when there is none.
        """
        first = 0
        for timeframe, needed in lookback.items():
            if timeframe is self.timeframe:
                first = max(first, needed - 1)
            elif needed > len(self.frame(timeframe)):
                return len(self)
            else:
                first = max(first, int(np.cumsum(self._seen(timeframe))[needed - 1]))
        return min(first, len(self))

    def _computed(self, indicator: str) -> Mapping[str, FloatArray]:
        if indicator not in self._outputs:
            use = self.uses[indicator]
            self._outputs[indicator] = self._compute(use, self.frame(use.timeframe))
        return self._outputs[indicator]

    def _seen(self, timeframe: Timeframe) -> TimeArray:
        """How many of the bot's bars see no bar of a timeframe yet, its first as newest, its second, ..."""
        if timeframe not in self._counts:
            first_seen = np.searchsorted(self.ends, self._ends(self.frame(timeframe)))
            self._counts[timeframe] = np.diff(np.concatenate(([0], first_seen, [len(self)])))
        return self._counts[timeframe]

    def _ends(self, series: Series) -> TimeArray:
        if series.timeframe is Timeframe.MINUTE_1:
            return series.start + 60  # no session ends within a minute
        return bar_ends(series.start, series.timeframe, self._closes)
