"""The seam between the market and its prices."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flotilla.practice.session import MINUTE, Bar, Session

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_COLUMNS = ("minutes", "open", "high", "low", "close", "volume", "trade_count", "vwap")


@dataclass(frozen=True, eq=False)
class SessionBars:
    """One symbol's minute bars of one session, one array entry a bar, ascending.

    `minutes` counts from the session's open (before it: negative); a minute without trades has no entry.
    """

    session: Session
    minutes: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Integers | Floats
    trade_count: Integers
    vwap: Floats

    def __len__(self) -> int:
        return len(self.minutes)

    def where(self, kept: NDArray[np.bool_]) -> "SessionBars":
        """Return the bars at which `kept` is true."""
        return SessionBars(self.session, *(getattr(self, name)[kept] for name in _COLUMNS))

    @cached_property
    def rows(self) -> list[Bar]:
        columns = (self.open, self.high, self.low, self.close)
        counts = (self.volume, self.trade_count)
        values = [column.tolist() for column in (*columns, *counts, self.vwap)]
        return list(map(Bar._make, zip(*values, strict=True)))

    @cached_property
    def by_minute(self) -> dict[int, Bar]:
        """The bars by their minute's offset from the open."""
        return dict(zip(self.minutes.tolist(), self.rows, strict=True))

    def start_of(self, index: int) -> datetime:
        """Return the start of the bar at `index`, aware UTC."""
        return self.session.open + int(self.minutes[index]) * MINUTE


class PriceSource(Protocol):
    """Sessions in order, and the minute bars of each symbol in each of them."""

    @property
    def identity(self) -> str:
        """What the stored market time belongs to: another source starts at its own beginning."""
        ...

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that have bars."""
        ...

    @property
    def first_session(self) -> Session:
        """Where a market that was never run begins."""
        ...

    def session_from(self, day: date) -> Session | None:
        """Return the first session with bars on `day` or later, None past the end."""
        ...

    def session_before(self, day: date) -> Session | None:
        """Return the last session with bars earlier than `day`."""
        ...

    def sessions_between(self, first: date, last: date) -> list[Session]:
        """Return the sessions with bars from `first` to `last`, both included, ascending."""
        ...

    def bars(self, symbol: str, session: Session) -> SessionBars:
        """Return the symbol's bars of the session; empty when it has none or is unknown."""
        ...

    def extended(self, symbol: str, session: Session) -> SessionBars:
        """Return the symbol's bars of the session's day outside its regular hours."""
        ...


def joined(session: Session, parts: list[SessionBars]) -> SessionBars:
    """Return the bars of all parts, which follow each other, as bars of `session`."""
    columns = ([getattr(part, name) for part in parts] for name in _COLUMNS)
    return SessionBars(session, *(np.concatenate(column) for column in columns))


def no_bars(session: Session) -> SessionBars:
    floats, integers = np.empty(0), np.empty(0, dtype=np.int64)
    return SessionBars(session, integers, floats, floats, floats, floats, integers, integers, floats)
