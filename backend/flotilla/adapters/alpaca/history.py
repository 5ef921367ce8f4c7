"""Bars of the past, from Alpaca's data API; of stocks only the regular session's minutes."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from alpaca.common.enums import Sort
from alpaca.data.enums import Adjustment, DataFeed
from alpaca.data.requests import CryptoBarsRequest, StockBarsRequest
from alpaca.data.timeframe import TimeFrame

from flotilla.adapters.alpaca import mapping
from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.domain.market import (
    MINUTE,
    Bar,
    Series,
    Session,
    Timeframe,
    aggregate,
    clock_of,
    is_pair,
)

_MINUTES_A_SESSION = 390
_MINUTES_A_DAY = 1440
# Where a symbol trades thinly, or a replay has gaps of years, look as far back as there is data.
_BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)


class AlpacaBarHistory:
    """`ports.bar_history.BarHistory` over alpaca-py."""

    def __init__(self, client: AlpacaClient, broker: AlpacaBroker) -> None:
        self._client = client
        self._broker = broker

    async def bars(
        self,
        symbols: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> Mapping[str, Sequence[Bar]]:
        until = end or (await self._broker.market_state()).now
        found = await asyncio.gather(*(self._newest(symbol, start, until, limit) for symbol in symbols))
        return dict(zip(symbols, found, strict=True))

    async def latest(self, symbol: str, timeframe: Timeframe, limit: int) -> Sequence[Bar]:
        until = (await self._broker.market_state()).now
        # One bar more than asked for: the oldest may lack its first minutes.
        minutes = await self._newest(symbol, None, until, (limit + 1) * timeframe.minutes)
        series = aggregate(Series.from_bars(minutes, clock=clock_of(symbol)), timeframe, until=until).tail(
            limit
        )
        return [
            Bar(symbol, datetime.fromtimestamp(int(start), UTC), *map(float, prices))
            for start, *prices in zip(
                series.start,
                series.open,
                series.high,
                series.low,
                series.close,
                series.volume,
                strict=True,
            )
        ]

    async def _newest(
        self, symbol: str, start: datetime | None, until: datetime, limit: int
    ) -> Sequence[Bar]:
        likely = until - _likely_length(symbol, limit)
        found = await self._closed(symbol, start or likely, until, limit)
        if len(found) < limit and start is None:
            found = await self._closed(symbol, _BEGINNING, until, limit)
        return found

    async def _closed(self, symbol: str, start: datetime, until: datetime, limit: int) -> Sequence[Bar]:
        """The newest `limit` minutes (stocks: of regular sessions) ended at `until`, oldest first."""
        if is_pair(symbol):
            return (await self._coins(symbol, start, until, limit))[-limit:]
        request = StockBarsRequest(
            symbol_or_symbols=symbol,
            timeframe=TimeFrame.Minute,
            start=start,
            end=until,
            # Half as many again: pre-market and after-hours minutes are dropped below.
            limit=limit + limit // 2 + 1,
            sort=Sort.DESC,
            adjustment=Adjustment.SPLIT,  # indicators must not see a split as a fall
            # The stream's; without one, accounts that may not read SIP are refused.
            feed=DataFeed(self._client.config.feed),
        )
        raw: Mapping[str, Any] = await self._client.read(lambda: self._client.data.get_stock_bars(request))
        bars = [mapping.bar(symbol, row) for row in reversed(raw.get(symbol) or ())]
        if not bars:
            return []
        sessions = await self._broker.sessions(bars[0].start.date(), until.date())
        return [b for b in _regular(bars, sessions) if b.start + MINUTE <= until][-limit:]

    async def _coins(self, symbol: str, start: datetime, until: datetime, limit: int) -> list[Bar]:
        request = CryptoBarsRequest(
            symbol_or_symbols=symbol,
            timeframe=TimeFrame.Minute,
            start=start,
            end=until,
            limit=limit + 1,  # the minute under way may be among them
            sort=Sort.DESC,
        )
        raw: Mapping[str, Any] = await self._client.read(lambda: self._client.coins.get_crypto_bars(request))
        bars = [mapping.bar(symbol, row) for row in reversed(raw.get(symbol) or ())]
        return [bar for bar in bars if bar.start + MINUTE <= until]


def _likely_length(symbol: str, limit: int) -> timedelta:
    """What usually holds so many minutes; where bars are missing, more is asked for."""
    if is_pair(symbol):
        return timedelta(days=limit / _MINUTES_A_DAY * 1.2 + 0.1)
    sessions = math.ceil(limit / _MINUTES_A_SESSION) + 1
    return timedelta(days=sessions * 7 / 5 + 5)


def _regular(bars: Sequence[Bar], sessions: Sequence[Session]) -> list[Bar]:
    opens = np.array([s.open.timestamp() for s in sessions])
    closes = np.array([s.close.timestamp() for s in sessions])
    starts = np.array([b.start.timestamp() for b in bars])
    at = np.searchsorted(opens, starts, side="right") - 1
    inside = (at >= 0) & (starts < closes[np.maximum(at, 0)]) if len(opens) else np.zeros(len(bars), bool)
    return [bar for bar, keep in zip(bars, inside, strict=True) if keep]
