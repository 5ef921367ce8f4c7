"""The venue: the matching core, its clock, its store and its streams, one thing at a time.

Everything that changes the market runs under one lock, in the order: core -> commit -> streams. So an
acknowledged order and a published fill are in the database, and what a request reads is committed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

import structlog

from flotilla.practice.assets import AssetDirectory
from flotilla.practice.calendar import TradingCalendar, extended_hours, new_york_day
from flotilla.practice.clock import Pace
from flotilla.practice.corporate_actions import ActionType, CorporateActions
from flotilla.practice.errors import ApiError, invalid_parameter, not_found, unprocessable
from flotilla.practice.history import History
from flotilla.practice.matching.back_office import BackOffice
from flotilla.practice.matching.coin_fees import book_coin_fees
from flotilla.practice.matching.configurations import check_allowed
from flotilla.practice.matching.fill_model import FillModel
from flotilla.practice.matching.market import Market, UnknownOrder
from flotilla.practice.matching.orders import Order, OrderTicket, is_crypto
from flotilla.practice.matching.tickets import Replacement
from flotilla.practice.numbers import exact
from flotilla.practice.publishing.publisher import Publisher
from flotilla.practice.queries import Queries
from flotilla.practice.session import MINUTE, Session
from flotilla.practice.sources.minute_feed import MinuteFeed
from flotilla.practice.sources.source import PriceSource
from flotilla.practice.store import Store, StoredClock
from flotilla.practice.timeframes import midnight

log = structlog.get_logger(__name__)
T = TypeVar("T")

_ONE_DAY = timedelta(days=1)
_SPLIT_PRICE = Decimal("1e-6")


class Venue:
    """Call `resume` first; `run` then moves market time until it is cancelled."""

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
        self._reached = start.open  # the newest minute boundary that market time has crossed
        self._pace = Pace(start.open, rate)

    # Reading ----------------------------------------------------------------------------------

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
        return (self._always_extended or self.market.has_extended_orders) and not self.ended

    def want_crypto(self, subscriber: object, wanted: bool = True) -> None:
        """Hear that `subscriber` (a connection) wants coins' prices, or no longer does."""
        if wanted:
            self._coin_subscribers.add(subscriber)
            self._wake_coins()
        else:
            self._coin_subscribers.discard(subscriber)

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

    # Requests ---------------------------------------------------------------------------------

    async def submit(self, account_id: str, ticket: OrderTicket, rejection: str | None = None) -> list[Order]:
        """Accept an order; returns the receipt (the order, then its legs) once it is committed.

        With a `rejection` the venue then refuses it, for that reason.
        """
        async with self.committed() as market:
            await self._check_client_order_id(account_id, ticket.client_order_id)
            self._mark(ticket.symbol)
            asset = self.assets.find(ticket.symbol)
            assert asset is not None
            check_allowed(market.accounts[account_id], ticket, asset.shortable)
            if ticket.is_crypto:
                await self._begin_coins()
            elif ticket.extended_hours:
                await self._begin_extended()
            return await self._change(lambda: market.submit(account_id, ticket, self.now, rejection))

    async def cancel(self, account_id: str, order_id: str) -> None:
        """Cancel one order and its group; raises ApiError when it is unknown or closed."""
        async with self.committed() as market:
            await self._on_order(account_id, order_id, lambda: market.cancel(account_id, order_id, self.now))

    async def replace(self, account_id: str, order_id: str, replacement: Replacement) -> Order:
        """Replace an order; returns the new one."""
        async with self.committed() as market:
            await self._check_client_order_id(account_id, replacement.client_order_id)
            return await self._on_order(
                account_id,
                order_id,
                lambda: market.replace(account_id, order_id, replacement, self.now),
            )

    async def cancel_all(self, account_id: str) -> list[Order]:
        """Cancel every open order of the account; returns them."""
        async with self.committed() as market:
            return await self._change(lambda: market.cancel_all(account_id, self.now))

    async def administer(self, action: Callable[[BackOffice], T]) -> T:
        """Change an account beside its orders; committed when this returns."""
        async with self.committed() as market:
            return await self._change(lambda: action(market.back_office))

    async def rewrite(self, action: Callable[[Store], Awaitable[None]]) -> None:
        """Change what is stored beside the core's own changes, then read it all again."""
        async with self.committed():
            self._stale = True
            await action(self._store)
            await self._reload()

    async def _check_client_order_id(self, account_id: str, client_order_id: str | None) -> None:
        if client_order_id and await self.queries.by_client_order_id(account_id, client_order_id):
            raise invalid_parameter("client_order_id must be unique")

    async def _on_order(self, account_id: str, order_id: str, action: Callable[[], T]) -> T:
        try:
            return await self._change(action)
        except UnknownOrder:
            order = await self.queries.order(account_id, order_id)
            if order is None:
                raise not_found(f"order not found for {order_id}") from None
            raise unprocessable(f'order is already in "{order.status.value}" state') from None

    # Time -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Move market time, minute after minute, at the pace that is set."""
        while True:
            await self._pace.reach(None if self.ended else self._boundary)
            async with self.committed():
                if self._pace.is_due(self._boundary) and not self.ended:
                    await self._advance()

    async def step(self) -> None:
        """Let one minute of a paused market pass; raises ApiError when it runs by itself."""
        async with self.committed():
            if self.rate:
                raise unprocessable("the market is running: set its speed to 0 before stepping")
            if not self.ended:
                await self._advance()

    async def skip_to_next_session(self) -> None:
        """Let the rest of the session pass at once, and stand at the open of the next."""
        async with self.committed():
            while self.market.is_open and not self.ended:
                await self._advance()
            while not self.market.is_open and not self.ended:
                if self.market.minute is not None and self.market.minute.extended:
                    await self._advance()
                else:
                    await self._open(self.market.session)

    async def set_rate(self, rate: float) -> None:
        async with self.committed():
            self._pace.set_rate(rate, self._boundary)

    async def _advance(self) -> None:
        """Let one minute of a session pass; closed hours before it pass at once.

        Returns when every trade update, then every bar, has been handed to the sockets.
        """
        if self.market.minute is None and self.crypto_wanted:
            await self._begin_coins()
        if self.market.minute is None:
            await self._open(self.market.session)
        minute = self.market.minute
        assert minute is not None
        tau = minute.start + MINUTE
        await self._change(self.market.complete_minute, self._clock(tau))
        await self.publisher.flushed()
        self._reached = tau
        self._pace.arrive(tau)
        self.publisher.bars(minute)
        await self.publisher.flushed()
        await self._end_day(minute.start, tau)
        await self._begin(tau)
        await self.publisher.flushed()

    async def _open(self, session: Session) -> None:
        """Closed hours pass at once, up to where stocks trade again."""
        at = session.open
        if self.extended_wanted:
            first, _ = extended_hours(session.day)
            at = first if self._reached < first else at
        before, self._reached = self._reached, at
        self._pace.jump(at)
        self.publisher.statuses(at)
        await self._end_day(before, at)
        await self._begin(at)
        await self.publisher.flushed()

    async def _begin(self, tau: datetime) -> None:
        """Market time has reached `tau`: the next minute begins, or the session closes."""
        session = self.market.session
        if tau >= session.close and not self.ended:
            following = self._session_from(session.day + _ONE_DAY)
            await self._change(partial(self._close, session, following, tau), StoredClock(tau, closed=True))
        if self.market.has_overdue(tau):
            await self._change(lambda: self.market.expire_extended(tau))
        coins = self.crypto_wanted and not self.ended
        minute = self._feed.minute(self.market.session, tau, coins=coins, extended=self.extended_wanted)
        if coins or minute.extended or tau >= self.market.session.open:
            await self._change(lambda: self.market.begin_minute(minute))
        else:
            self.market.sleep()

    def _close(self, session: Session, following: Session, tau: datetime) -> None:
        """Close the session. What goes ex until the next one opens is applied in the same commit, so
        that it is applied once."""
        self.market.close_session(following)
        office = self.market.back_office
        for action in self._corporate_actions.all:
            if session.day < action.ex_date <= following.day:
                apply = office.split if action.type is ActionType.SPLIT else office.dividend
                apply(action.symbol, action.value, tau, action.ex_date)

    async def _begin_coins(self) -> None:
        """Coins trade from now on: in the minute in progress, or in one that begins now."""
        self._wake_coins()
        if self.market.minute is None and not self.ended:
            await self._wake(coins=True, extended=self.extended_wanted)

    async def _begin_extended(self) -> None:
        """If these are the hours around a session, stocks trade in them from now on."""
        if self.market.is_open or self.ended or self._feed.extended_session(self._reached) is None:
            return
        minute = self.market.minute
        if minute is None:
            await self._wake(coins=False, extended=True)
        elif not minute.extended:  # one of coins
            session = self.market.session
            self.market.minute = self._feed.minute(session, minute.start, coins=True, extended=True)

    async def _wake(self, *, coins: bool, extended: bool) -> None:
        minute = self._feed.minute(self.market.session, self._reached, coins=coins, extended=extended)
        self._pace.jump(self._reached)
        await self._change(lambda: self.market.begin_minute(minute))

    def _wake_coins(self) -> None:
        """Add the coins' bars to the minute in progress if they are not in it yet."""
        minute = self.market.minute
        if minute is not None and not any(is_crypto(symbol) for symbol in minute.bars):
            minute.bars.update(self._feed.coins(minute.start))

    async def _end_day(self, before: datetime, after: datetime) -> None:
        """State the fees of a New York day that ended between the two moments."""
        today = new_york_day(after)
        if new_york_day(before) == today or not any(a.fees for a in self.market.accounts.values()):
            return
        executions = await self._store.unbooked_fees(midnight(today))
        await self._change(lambda: book_coin_fees(self.market.back_office, executions, after))

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

    # State ------------------------------------------------------------------------------------

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
        if changes or clock:
            clock = clock or self._clock(self.now)
            self._stale = True
            await self._store.commit(changes, market.sequence, self.source.identity, clock)
            self._stale = False
            self.publisher.trade_updates(changes.updates)
        return result
