"""Bars of the past."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from flotilla.domain.adjustment import CorporateAction
from flotilla.domain.market import Bar, Series, Timeframe


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


class BarSource(Protocol):
    """A provider of whole histories, page by page. Every method raises Unavailable without an answer."""

    async def name(self) -> str:
        """What its bars are kept under, so that none of another feed or market are mixed with them."""
        ...

    async def horizon(self) -> datetime:
        """The moment up to which bars are final and may be asked for."""
        ...

    def pages(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> AsyncGenerator[Series, None]:
        """The bars as they were traded with start <= bar start < end, oldest first, all hours of the day."""
        ...

    async def actions(self, symbol: str, first: date, last: date) -> Sequence[CorporateAction]:
        """The splits and dividends with first <= ex-date <= last."""
        ...
