"""How fresh the bars of an account are, from what its engine has written."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.tables import EngineStateRow
from flotilla.domain.market import STALE_AFTER
from flotilla.features.market_data.schemas import FeedOut, FreshnessOut, MarketDataStateOut


class MarketDataRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def state(self, account_id: str) -> MarketDataStateOut:
        """The engine's newest report on an account's streams, with each bar's age at the market's time."""
        return _state(await self._session.get(EngineStateRow, account_id))


def _state(row: EngineStateRow | None) -> MarketDataStateOut:
    if row is None:
        return MarketDataStateOut(now=None, clock_offset_seconds=None, feeds=[], symbols=[])
    feeds = dict(sorted((row.feeds or {}).items()))
    return MarketDataStateOut(
        now=row.market_now,
        clock_offset_seconds=row.clock_offset,
        feeds=[FeedOut.model_validate({"feed": name, **report["counts"]}) for name, report in feeds.items()],
        symbols=[one for name, report in feeds.items() for one in _symbols(name, report, row.market_now)],
    )


def _symbols(feed: str, report: Mapping[str, Any], now: datetime | None) -> Iterator[FreshnessOut]:
    for symbol, newest in sorted(report["symbols"].items()):
        until = None if newest is None else datetime.fromisoformat(newest["until"])
        age = None if until is None or now is None else max((now - until).total_seconds(), 0.0)
        yield FreshnessOut.model_validate(
            {
                "symbol": symbol,
                "feed": feed,
                "until": until,
                "age_seconds": age,
                "source": None if newest is None else newest["source"],
                "stale": age is None or age >= STALE_AFTER.total_seconds(),
            }
        )
