"""Market time: minute after minute of a session, and of the hours in which somebody wants to trade."""

from datetime import datetime, timedelta
from functools import partial

from flotilla.practice.calendar import extended_hours, new_york_day
from flotilla.practice.committed_market import CommittedMarket
from flotilla.practice.corporate_actions import ActionType
from flotilla.practice.errors import unprocessable
from flotilla.practice.matching.coin_fees import book_coin_fees
from flotilla.practice.matching.orders import is_crypto
from flotilla.practice.session import MINUTE, Session
from flotilla.practice.store import StoredClock
from flotilla.practice.timeframes import midnight

_ONE_DAY = timedelta(days=1)


class MarketTime(CommittedMarket):
    """`run` moves market time at its pace until it is cancelled; a paused market is stepped."""

    def want_crypto(self, subscriber: object, wanted: bool = True) -> None:
        """Hear that `subscriber` (a connection) wants coins' prices, or no longer does."""
        if wanted:
            self._coin_subscribers.add(subscriber)
            self._wake_coins()
        else:
            self._coin_subscribers.discard(subscriber)

    async def run(self) -> None:
        """Move market time, minute after minute, at the pace that is set."""
        try:
            while True:
                await self._pace.reach(None if self.ended else self._boundary)
                async with self.committed():
                    if self._pace.is_due(self._boundary) and not self.ended:
                        await self._advance()
        finally:
            async with self._lock:
                await self._settle_time()

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
            self._skipping = True
            try:
                await self._skip()
            finally:
                self._skipping = False
            await self._settle_time()

    async def _skip(self) -> None:
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
            await self._settle_time()

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
        # After the last session nothing trades any more, in the evening neither.
        evening = extended_hours(new_york_day(tau))[1] if self.ended else tau
        if self.market.expiry.overdue(evening):
            await self._change(lambda: self.market.expire_extended(evening))
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
