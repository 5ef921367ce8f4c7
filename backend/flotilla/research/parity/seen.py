"""Bars as decisions saw them, minute by minute, and as they settled in the end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property

import numpy as np

from flotilla.domain.market import NEW_YORK, FloatArray, Series, Session, TimeArray
from flotilla.ports.decision_log import Learnt

Values = tuple[float, float, float, float, float]  # open, high, low, close, volume


@dataclass(frozen=True, slots=True)
class ClosedMinute:
    """A minute that was closed at `tau` (seconds since 1970 UTC), with the bars that came in time."""

    tau: int
    session: Session
    bars: Mapping[str, Values]


@dataclass(frozen=True, slots=True)
class LearntLater:
    """Bars of a symbol's past that decisions saw from `tau` on (seconds since 1970 UTC)."""

    tau: int
    symbol: str
    kind: Learnt
    bars: Series


@dataclass(frozen=True, slots=True)
class LateBar:
    """A bar that a decision on its minute had not seen, or had seen otherwise. Seconds since 1970 UTC."""

    symbol: str
    start: int
    known_from: int
    kind: Learnt


class SeenBars:
    """What one account's engine saw. Of each bar every version is kept, with when it was known."""

    def __init__(self, minutes: Sequence[ClosedMinute], learnt: Sequence[LearntLater]) -> None:
        """`minutes` must be oldest first."""
        self.minutes = minutes
        self._learnt = learnt
        self._versions: dict[str, _Versions] = {}

    @cached_property
    def by_tau(self) -> Mapping[int, ClosedMinute]:
        return {minute.tau: minute for minute in self.minutes}

    def as_of(self, symbol: str, tau: int) -> Series:
        """A symbol's bars as a decision at `tau` saw them: of each the newest version known by then."""
        return self._of(symbol).known_by(tau)

    def settled(self, symbol: str) -> Series:
        """A symbol's bars as they are known by now."""
        return self._of(symbol).known_by(None)

    def turns(self, symbols: Iterable[str], after: int, until: int) -> list[int]:
        """When in (after, until] decisions began to see another past of these symbols."""
        wanted = set(symbols)
        return sorted({one.tau for one in self._learnt if one.symbol in wanted and after < one.tau <= until})

    def late(self, symbols: Iterable[str]) -> list[LateBar]:
        """The bars that came late or were corrected."""
        wanted = set(symbols)
        return [
            LateBar(one.symbol, start, one.tau, one.kind)
            for one in self._learnt
            if one.symbol in wanted and one.kind is not Learnt.HISTORY
            for start in one.bars.start.tolist()
        ]

    def _of(self, symbol: str) -> "_Versions":
        if symbol not in self._versions:
            seen = [(m.tau, m.bars[symbol]) for m in self.minutes if symbol in m.bars]
            learnt = [one for one in self._learnt if one.symbol == symbol]
            self._versions[symbol] = _Versions.of(symbol, seen, learnt)
        return self._versions[symbol]


@dataclass(frozen=True, slots=True)
class _Versions:
    """Every version of a symbol's bars, by start and then by when it was known."""

    symbol: str
    start: TimeArray
    known: TimeArray
    values: FloatArray  # (5, n)

    @classmethod
    def of(
        cls, symbol: str, seen: Sequence[tuple[int, Values]], learnt: Sequence[LearntLater]
    ) -> "_Versions":
        taus = np.array([tau for tau, _ in seen], np.int64)
        prices = np.array([values for _, values in seen], np.float64).reshape(-1, 5).T
        starts, known, values = [taus - 60], [taus], [prices]
        for one in learnt:
            bars = one.bars
            starts.append(bars.start)
            known.append(np.full(len(bars), one.tau, np.int64))
            values.append(np.stack([bars.open, bars.high, bars.low, bars.close, bars.volume]))
        start, since = np.concatenate(starts), np.concatenate(known)
        order = np.lexsort((since, start))
        return cls(symbol, start[order], since[order], np.concatenate(values, axis=1)[:, order])

    def known_by(self, tau: int | None) -> Series:
        rows = np.arange(len(self.start)) if tau is None else np.flatnonzero(self.known <= tau)
        start = self.start[rows]
        newest = np.ones(len(rows), np.bool_)
        newest[:-1] = start[1:] != start[:-1]
        rows = rows[newest]
        columns = (np.ascontiguousarray(self.values[n, rows]) for n in range(5))
        clock = UTC if "/" in self.symbol else NEW_YORK
        return Series(self.start[rows], *columns, clock=clock)
