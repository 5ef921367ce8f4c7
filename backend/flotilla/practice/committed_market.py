"""The matching core with its store and its streams, one thing at a time.

Everything that changes the market runs under one lock, in the order: core -> commit -> streams. So an
acknowledged order and a published fill are in the database, and what a request reads is committed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import structlog

from flotilla.practice.assets import AssetDirectory
from flotilla.practice.calendar import TradingCalendar, new_york_day
from flotilla.practice.clock import MAX_SPEED, Pace
from flotilla.practice.corporate_actions import ActionType, CorporateActions
from flotilla.practice.errors import ApiError, unprocessable
from flotilla.practice.history import History
from flotilla.practice.matching.book import UnknownOrder
from flotilla.practice.matching.changes import Changes
from flotilla.practice.matching.fill_model import FillModel
from flotilla.practice.matching.market import Market
from flotilla.practice.numbers import exact
from flotilla.practice.publishing.publisher import Publisher
from flotilla.practice.queries import Queries
from flotilla.practice.session import MINUTE, Session
from flotilla.practice.sources.minute_feed import MinuteFeed
from flotilla.practice.sources.source import PriceSource
from flotilla.practice.store import Store, StoredClock

log = structlog.get_logger(__name__)
T = TypeVar("T")

_ONE_DAY = timedelta(days=1)
_SPLIT_PRICE = Decimal("1e-6")
_OWED_SECONDS = 0.2


class CommittedMarket:
    """What is in memory is in the database, or is read again before anything else happens."""

    market: Market

    def __init__(
        self,
        *,
        source: PriceSource,
        coins: PriceSource | None,
        history: History,
        publisher: Publisher,
        assets: AssetDirectory,
        calendar: TradingCalendar,
        store: Store,
        queries: Queries,
        fill_model: FillModel,
        start: Session,
        rate: float,
        corporate_actions: CorporateActions | None = None,
        extended_hours: bool = False,
    ) -> None:
        self.source = source
        self.coins = coins
        self.assets = assets
        self.calendar = calendar
        self.history = history
        self.queries = queries
        self.publisher = publisher
        self.ended = False
        self._feed = MinuteFeed(source, coins)
        self._coin_subscribers: set[object] = set()
        self._always_extended = extended_hours
        self._store = store
        self._corporate_actions = corporate_actions or CorporateActions()
        self._fill_model = fill_model
        self._start = start
        self._lock = asyncio.Lock()
        self._stale = False  # memory is ahead of the database: read it again before anything else
        self._skipping = False
        self._owed_time: StoredClock | None = None  # passed without a change, not committed yet
        self._committed_at = 0.0  # on the wall's clock
        self._reached = start.open  # the newest minute boundary that market time has crossed
        self._pace = Pace(start.open, rate)

    @property
    def now(self) -> datetime:
        """Market time."""
        return self._pace.now(self._boundary)

    @property
    def reached(self) -> datetime:
        """The newest minute boundary crossed: bars that end here or earlier are seen."""
        return self._reached

    @property
    def rate(self) -> float:
        return self._pace.rate

    @property
    def _boundary(self) -> datetime:
        """Where market time goes next; while closed it stands at the close."""
        return self._reached + MINUTE if self.market.minute else self._reached

    @property
    def crypto_wanted(self) -> bool:
        """Say whether coins are subscribed, held or ordered: then market time runs around the clock."""
        return bool(self._coin_subscribers) or self.market.has_coins

    @property
    def extended_wanted(self) -> bool:
        """Say whether the hours around a session pass minute by minute: asked for, or an order waits."""
        return (self._always_extended or self.market.book.has_extended_orders()) and not self.ended

    @asynccontextmanager
    async def committed(self) -> AsyncIterator[Market]:
        """Give the market while nothing is half done."""
        async with self._lock:
            if self._stale:
                await self._reload()
            yield self.market

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return the close of the session before the day of market time, in the shares of now."""
        before = self.history.day_before(symbol, self._reached)
        if before is None:
            return None
        at, day = before
        close, effective = exact(day.close), max(new_york_day(self._reached), self.market.session.day)
        for action in self._corporate_actions.of(symbol, new_york_day(at), effective):
            if action.type is ActionType.SPLIT:
                close = (close / action.value).quantize(_SPLIT_PRICE)
        return close

    async def resume(self) -> None:
        """Read the stored state and go on from there."""
        async with self._lock:
            await self._reload()

    async def _reload(self) -> None:
        stored = await self._store.load(self.source.identity)
        clock = stored.clock or StoredClock(self._start.open, closed=False)
        day = new_york_day(clock.now)
        session = self._session_from(day + _ONE_DAY if clock.closed else day)
        self.market = Market(
            stored.accounts,
            stored.open_groups,
            self._fill_model,
            stored.counters,
            session,
            last_session=self._last_session,
        )
        self._reached = clock.now.replace(second=0, microsecond=0)
        self._pace.jump(clock.now)
        self._mark_positions()
        self._stale = False
        if session.open <= self._reached or self.crypto_wanted or self.extended_wanted:
            await self._begin(self._reached)

    async def _begin(self, tau: datetime) -> None:
        """Market time has reached `tau`: the next minute begins, or the session closes."""
        raise NotImplementedError

    def _clock(self, now: datetime) -> StoredClock:
        return StoredClock(now, closed=new_york_day(now) < self.market.session.day)

    def _session_from(self, day: date) -> Session:
        """Return the next session with bars; past the end, one that market time never reaches."""
        session = self.source.session_from(day)
        self.ended = session is None
        if session is None:
            log.info("the bars are over, the market stays closed", source=self.source.identity)
            session = self.calendar.on(day) or self.calendar.after(day)
            assert session is not None
        return session

    def _last_session(self, day: date) -> date:
        """Return the last trading day up to `day`."""
        session = self.calendar.on(day) or self.calendar.before(day)
        return session.day if session else day

    def _mark_positions(self) -> None:
        for account in self.market.accounts.values():
            for position in account.positions.values():
                try:
                    self._mark(position.symbol)
                except ApiError:  # held since another source of prices was in use
                    self.market.marks[position.symbol] = position.average_price

    def _mark(self, symbol: str) -> None:
        """Make sure that the core knows a price of `symbol`; raises ApiError when there is none."""
        if symbol in self.market.marks:
            return
        seen = self.history.last_minute(symbol, self._reached)
        bar = self.market.minute.bars.get(symbol) if self.market.minute else None
        if seen is not None:
            self.market.marks[symbol] = exact(seen[1].close)
        elif bar is not None:
            self.market.marks[symbol] = exact(bar.open)
        else:
            raise unprocessable(f'asset "{symbol}" has no price yet')

    async def _change(self, action: Callable[[], T], clock: StoredClock | None = None) -> T:
        """Run `action` on the core, commit what it did, then publish it."""
        market = self.market
        try:
            result = action()
        except (ApiError, UnknownOrder):  # refused: nothing has changed
            raise
        except BaseException:
            self._stale = True
            raise
        changes = market.take_changes()
        if changes or (clock and not self._may_owe_time()):
            await self._commit(changes, clock or self._clock(self.now))
            self.publisher.trade_updates(changes.updates)
        elif clock:
            self._owed_time = clock
        return result

    async def _commit(self, changes: Changes, clock: StoredClock) -> None:
        self._stale = True
        await self._store.commit(changes, self.market.sequence, self.source.identity, clock)
        self._stale = False
        self._owed_time, self._committed_at = None, time.monotonic()

    def _may_owe_time(self) -> bool:
        """Say whether a minute in which nothing happened may be committed with a later one: when
        market time does not wait, most of it would be spent on committing how far it has come."""
        hurries = self.rate == MAX_SPEED or self._skipping
        return hurries and time.monotonic() - self._committed_at < _OWED_SECONDS

    async def _settle_time(self) -> None:
        if self._owed_time is not None and not self._stale:
            await self._commit(Changes(), self._owed_time)
