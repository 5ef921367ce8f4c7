"""The past that a starting bot needs, out of the bar store: only what is missing is fetched.

A 200-day average needs 78,000 minutes of each symbol, eight pages of a request budget of 200 a minute; after
the first start they are on the disk. Short pasts, and what a stream has missed, are asked for directly.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from flotilla.domain.errors import Conflict, Invalid, NotFound
from flotilla.domain.market import Bar, Series, Timeframe, is_pair
from flotilla.ports.bar_history import BarHistory, BarSource
from flotilla.research.history import BarLibrary

log = structlog.get_logger(__name__)

_ONE_REQUEST = 1000  # bars: below, the store spares nothing
_SESSION, _DAY = 390, 1440  # minutes
_NEWEST = 240  # minutes at most between what is final and now, with room


class StoredHistory:
    """`ports.bar_history.BarHistory` over the bar store, with `direct` for what is not in it.

    `library` is made when it is first needed: most bots need no store.
    """

    def __init__(self, library: Callable[[], BarLibrary], source: BarSource, direct: BarHistory) -> None:
        self._make = library
        self._library: BarLibrary | None = None
        self._source = source
        self._direct = direct

    async def bars(
        self,
        symbols: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> Mapping[str, Sequence[Bar]]:
        if start is not None or end is not None or limit <= _ONE_REQUEST:
            return await self._direct.bars(symbols, start=start, end=end, limit=limit)
        return {symbol: await self._newest(symbol, limit) for symbol in symbols}

    async def latest(self, symbol: str, timeframe: Timeframe, limit: int) -> Sequence[Bar]:
        return await self._direct.latest(symbol, timeframe, limit)

    async def _newest(self, symbol: str, limit: int) -> Sequence[Bar]:
        horizon = await self._source.horizon()
        try:
            final = await self._final(symbol, horizon - _likely_length(symbol, limit), horizon)
        except (NotFound, Conflict, Invalid) as error:
            log.warning("bar_store_not_used", symbol=symbol, error=error.detail)
            final = []
        if len(final) < limit // 2:  # a young or a thin symbol: how far back its past lies is not known
            return (await self._direct.bars([symbol], limit=limit))[symbol]
        newest = (await self._direct.bars([symbol], start=horizon, limit=_NEWEST))[symbol]
        return [*final, *(bar for bar in newest if bar.start > final[-1].start)][-limit:]

    async def _final(self, symbol: str, start: datetime, end: datetime) -> list[Bar]:
        """The bars of [start, end) that nothing will change any more."""
        if self._library is None:
            self._library = await asyncio.to_thread(self._make)
        name, _ = await self._library.ensure(self._source, [symbol], start, end)
        found = await asyncio.to_thread(self._library.load, name, [symbol], start, end)
        bars = found[symbol].bars
        return _rows(symbol, bars) if bars.timeframe is Timeframe.MINUTE_1 else []


def _likely_length(symbol: str, limit: int) -> timedelta:
    """What holds so many minutes where few are missing, holidays included."""
    days = limit / _DAY if is_pair(symbol) else limit / _SESSION * 7 / 5
    return timedelta(weeks=math.ceil(days * 1.1 / 7) + 1)


def _rows(symbol: str, series: Series) -> list[Bar]:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    starts = (datetime.fromtimestamp(start, UTC) for start in series.start.tolist())
    return [
        Bar(symbol, start, *values)
        for start, *values in zip(starts, *(column.tolist() for column in columns), strict=True)
    ]
