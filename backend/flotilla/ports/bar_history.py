"""Bars of the past."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from flotilla.domain.market import Bar, Timeframe


class BarHistory(Protocol):
    async def bars(
        self,
        symbols: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> Mapping[str, Sequence[Bar]]:
        """One-minute bars of the regular session, oldest first; the newest `limit` of each symbol.

        A symbol without bars is in the answer with an empty list. Raises Unavailable.
        """
        ...

    async def latest(self, symbol: str, timeframe: Timeframe, limit: int) -> Sequence[Bar]:
        """The newest `limit` closed bars of a timeframe, built from one-minute bars, oldest first."""
        ...
