"""Makes every bot of an account do what is wanted of it, and keeps what they share alive.

What fails, but for a bot (`fleet`), ends the engine, and whoever started it starts it again: a restart is an
ordinary start (crash-only).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.domain.market import NEW_YORK, Instrument
from flotilla.engine.account_figures import RecentFigures
from flotilla.engine.account_limits import AccountLimiter
from flotilla.engine.account_watch import AccountWatch
from flotilla.engine.bot_loop import BotLoop
from flotilla.engine.budgeted_broker import BudgetedBroker, BudgetedHistory
from flotilla.engine.clock_watch import ClockWatch
from flotilla.engine.kill_switch import KillSwitch
from flotilla.engine.market_feeds import MarketFeeds
from flotilla.engine.market_hub import Minute
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.reconciliation import keep_reconciled, reconcile
from flotilla.engine.request_budget import RequestBudget
from flotilla.engine.roster import Roster, Shared
from flotilla.engine.seen_bars import SeenBars
from flotilla.engine.sessions import SessionCalendar
from flotilla.ports.account_books import AccountBooks
from flotilla.ports.bar_history import BarHistory
from flotilla.ports.broker import Broker
from flotilla.ports.bus import BOTS, Nudges
from flotilla.ports.clock import WallClock
from flotilla.ports.market_data import BarStream, Connected, TradeUpdateStream
from flotilla.ports.store import (
    Account,
    EngineStore,
    MarketSnapshot,
    PriceFeed,
)

log = structlog.get_logger(__name__)

# Wall seconds.
_POLL, _HEARTBEAT, _RETRY = 5.0, 2.0, 1.0


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that the engine of one account talks to."""

    account: Account
    broker: Broker
    bar_stream: BarStream
    trade_updates: TradeUpdateStream
    history: BarHistory
    store: EngineStore
    account_books: AccountBooks
    prices: PriceFeed
    nudges: Nudges
    clock: WallClock
    whole_frames: bool
    coin_stream: BarStream | None = None
    symbol_limit: int | None = None  # what the account's data plan streams on one connection
    clock_is_ours: bool = True  # the market lives by the world's time, so that ours can be off


class Supervisor:
    """The engine of one account. `run` ends only by cancellation or by a failure of its own."""

    def __init__(self, outside: Outside) -> None:
        free = outside.account.kind == "practice"
        self.budget = RequestBudget(outside.account.requests_per_minute)
        broker = BudgetedBroker(outside.broker, self.budget, clock_is_free=free)
        outside = replace(outside, broker=broker, history=BudgetedHistory(outside.history))
        self._out = outside
        self._account_id = outside.account.id
        self._calendar = SessionCalendar(outside.broker)
        self._figures = RecentFigures(outside.broker)
        self._clock = ClockWatch()
        self._gateway = OrderGateway(
            outside.broker,
            outside.store,
            account_id=self._account_id,
            market_now=self.budget.market_now,
            market_heard=self.budget.market_heard,
        )
        self._watch = AccountWatch(
            outside.broker,
            outside.store,
            outside.account_books,
            self._gateway,
            outside.nudges,
            account_id=self._account_id,
            closes_unmanaged=lambda: self._kill_switch.closes_unmanaged,
        )
        self._limits = AccountLimiter(outside.store, self._account_id)
        self._hub = MarketFeeds(
            (outside.bar_stream, outside.coin_stream),
            outside.history,
            self._calendar,
            whole_frames=outside.whole_frames,
            on_minute=self._on_minute,
            symbol_limit=outside.symbol_limit,
        )
        self._seen = SeenBars(outside.store, account_id=self._account_id)
        self._market = MarketSnapshot()
        self._instruments: Mapping[str, Instrument] = {}
        self._kill_switch = KillSwitch(outside.store, self._gateway, broker, account_id=self._account_id)
        self._loops: dict[str, BotLoop] = {}
        self._watched: set[str] = set()
        self._closing: asyncio.Queue[tuple[Minute, list[asyncio.Event]]] = asyncio.Queue()
        self._reconciled = asyncio.Event()  # for the first time
        self._look_again = asyncio.Event()
        self._switched = asyncio.Event()

    async def run(self) -> None:
        """Connect, reconcile, then let the bots trade."""
        await self._first_contact()
        async with asyncio.TaskGroup() as tasks:
            await self._kill_switch.look()  # before anything can be sent
            tasks.create_task(self._heartbeats(), name="heartbeats")
            tasks.create_task(self._seen.run(), name="seen-bars")
            tasks.create_task(self._hub.run(), name="market-hub")
            tasks.create_task(self._trade_updates(), name="trade-updates")
            # No bot may decide before the broker's truth is ours (design section 8).
            await self._reconciled.wait()
            await self._watch.load()
            reconciled = keep_reconciled(self._reconcile, self._gateway.doubt)
            tasks.create_task(reconciled, name="reconciliations")
            tasks.create_task(self._gateway.send_freed(), name="freed-orders")
            tasks.create_task(self._watch.run(), name="account-watch")
            tasks.create_task(self._minutes(), name="minutes")
            tasks.create_task(self._limits.run(), name="account-limits")
            tasks.create_task(self._nudged(), name="nudges")
            self._switched.set()
            tasks.create_task(self._controls(), name="controls")
            await self._keep_bots(self._roster(tasks))

    # --- the account ----------------------------------------------------------------------------

    async def _first_contact(self) -> None:
        """Wait for the broker; a market that is slow to start is no failure."""
        await self._beat()
        if not self._market.connected:
            log.warning("waiting_for_broker")
        while not (found := await self._listed()):
            await asyncio.sleep(_RETRY)
            await self._beat()
        self._instruments = {instrument.symbol: instrument for instrument in found}

    async def _listed(self) -> Sequence[Instrument]:
        """What the account can trade; nothing while the broker does not say."""
        try:
            return await self._out.broker.instruments() if self._market.connected else ()
        except Unavailable as error:
            log.warning("broker_unavailable", error=error.detail)
            return ()

    async def _heartbeats(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT)
            await self._beat()
            if self._market.connected and self._market.now is not None:
                await self._hub.watch(self._market.now, self._market.rate)

    async def _beat(self) -> None:
        """Record that we live, and what time it is in the market."""
        market = self._market
        market.in_flight = self._gateway.in_flight
        market.feeds = self._hub.report()
        asked = self._out.clock.now()
        try:
            state = await self._out.broker.market_state()
            await self._calendar.ensure(state.now)
        except Unavailable as error:
            if market.connected:
                log.warning("broker_unavailable", error=error.detail)
            market.connected, market.problem = False, error.detail
        else:
            market.connected, market.problem = True, None
            if self._out.clock_is_ours and self._out.account.kind != "practice":
                self._clock.measured(asked, state.now, self._out.clock.now())
                market.clock_offset = self._clock.seconds
            market.now, market.rate, market.source = state.now, state.rate, state.source
            session = self._calendar.at(state.now)
            if session is not None:
                market.session_open, market.session_close = session.open, session.close
            market.next_open = self._calendar.next_open(state.now)
        await self._out.store.heartbeat(self._account_id, market, self._out.clock.now())

    async def _trade_updates(self) -> None:
        async with self._out.trade_updates.open() as updates:
            async for update in updates:
                if isinstance(update, Connected):
                    # Nothing is replayed: what happened before this connection is asked for, and no
                    # bot decides before it is booked.
                    self._gateway.fall_behind()
                    await self._reconcile_until_done()
                    self._gateway.catch_up()
                else:
                    await self._gateway.on_update(update)

    async def _reconcile_until_done(self) -> None:
        while True:
            if await self._reconcile():
                self._reconciled.set()
                return
            await asyncio.sleep(_RETRY)

    async def _reconcile(self) -> bool:
        try:
            await reconcile(self._out.broker, self._out.store, self._gateway, account_id=self._account_id)
        except Unavailable as error:
            log.warning("reconciliation_failed", error=error.detail)
            return False
        return True

    # --- minutes --------------------------------------------------------------------------------

    def _on_minute(self, minute: Minute) -> None:
        """Hand a closed minute to every bot at once; none waits for another."""
        self._seen.note(minute)
        self.budget.hear_time(minute.tau)
        if self._clock.is_too_far:
            minute = replace(minute, clock_is_right=False)
        loops = {i: loop for i, loop in self._loops.items() if loop.trades_coins is minute.of_coins}
        offered = {bot_id: loop.offer(minute) for bot_id, loop in loops.items()}
        self._limits.open(minute.tau, (bot_id for bot_id, done in offered.items() if not done.is_set()))
        self._closing.put_nowait((minute, list(offered.values())))

    async def _minutes(self) -> None:
        """What follows a minute, when the bots are done with it: prices, marks, account, watermark."""
        while True:
            minute, waits = await self._closing.get()
            await self._out.prices.publish([asdict(bar) for bar in minute.bars.values()])
            for done in waits:
                await done.wait()
            if self._closing.empty():
                await self._value(minute)
            if not self._hub.owe(minute.tau):  # else the other feed's same minute says it
                await self._out.store.watermark(self._account_id, minute.tau)

    async def _value(self, minute: Minute) -> None:
        closes = {symbol: bar.close for symbol, bar in minute.bars.items()}
        await self._out.store.mark(self._account_id, closes)
        day = minute.session.open.astimezone(NEW_YORK).date()
        await self._out.store.mark_idle(self._account_id, day)
        try:
            figures = await self._out.broker.account()
        except Unavailable as error:
            log.warning("account_unavailable", error=error.detail)
        else:
            await self._out.store.save_account(self._account_id, figures, minute.tau)

    # --- bots -----------------------------------------------------------------------------------

    def _roster(self, tasks: asyncio.TaskGroup) -> Roster:
        out = self._out
        shared = Shared(
            account=out.account,
            broker=out.broker,
            hub=self._hub,
            gateway=self._gateway,
            store=out.store,
            clock=out.clock,
            figures=self._figures,
            limits=self._limits,
            kill_switch=self._kill_switch,
            instruments=self._instruments,
            unmanaged=lambda: self._watch.unmanaged,
            seen=self._seen,
        )
        return Roster(shared, tasks, loops=self._loops, changed=self._look_again)

    async def _nudged(self) -> None:
        """Turn nudges into a look at what is wanted."""
        async with self._out.nudges.listen(BOTS) as queue:
            while (await queue.get())[0]:
                self._switched.set()
                self._look_again.set()
        raise ConnectionError("the database connection that brings nudges was lost")

    async def _keep_bots(self, roster: Roster) -> None:
        while True:
            self._look_again.clear()
            await self._limits.look()
            due = await roster.follow()
            await self._watch_held()
            await _woken(self._look_again, _POLL if due is None else min(_POLL, due))

    async def _controls(self) -> None:
        """Follow the kill switch, by a task of its own: whatever else waits, it does not."""
        done = True
        while True:
            await _woken(self._switched, _POLL if done else _RETRY)
            self._switched.clear()
            if await self._kill_switch.look():
                for loop in self._loops.values():
                    loop.wake()
                self._look_again.set()
                self._gateway.news.set()  # the account watch closes what is no bot's
            done = await self._kill_switch.act()

    async def _watch_held(self) -> None:
        """Have the bars of whatever is held, though its bot is stopped: positions are marked."""
        held = set(await self._out.store.held_symbols(self._account_id))
        added = await self._hub.acquire_what_fits(held - self._watched)
        await self._hub.release(self._watched - held)
        self._watched = (self._watched & held) | added


async def _woken(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set, or that many wall seconds have passed."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
