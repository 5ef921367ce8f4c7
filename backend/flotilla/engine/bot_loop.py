"""One bot: its state is folded from its fills, each closed minute is one kernel step.

The loop reads inputs, calls `kernel.step`, has what it decided committed, and hands the orders on. It
decides nothing itself.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from flotilla.domain.bots import BotSpec, BotStatus, OnStop
from flotilla.domain.errors import Unavailable
from flotilla.domain.kernel.bot import KernelSpec, SymbolView
from flotilla.domain.kernel.decisions import Mode, StepResult
from flotilla.domain.market import Instrument
from flotilla.domain.orders import Intent, Order, Purpose
from flotilla.engine.account_limits import AccountLimiter
from flotilla.engine.bot_book import BotBook
from flotilla.engine.bot_orders import OUTCOME_WAIT, BotOrders
from flotilla.engine.decision_log import DecisionLog
from flotilla.engine.kill_switch import KillSwitch
from flotilla.engine.market_feeds import MarketFeeds
from flotilla.engine.market_hub import Minute
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.run_terms import guarded_symbols, instruments_as_traded
from flotilla.engine.seen_bars import SeenBars
from flotilla.engine.shared_charts import Questions
from flotilla.engine.signals import SymbolSignals, hear, symbol_view
from flotilla.engine.step_record import DecisionRuns, order_draft
from flotilla.ports.store import Account, Booked, BotMemory, EngineStore, OrderDraft, StepRecord, StoredBot

log = structlog.get_logger(__name__)

_RETRY = 1.0  # wall seconds


@dataclass(slots=True)
class Offered:
    """A minute to step through; `done` is set when the bot has, or has ended."""

    minute: Minute
    done: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Edited:
    """A version to be taken over; `symbols` are subscribed, and their history is there."""

    bot: StoredBot
    spec: BotSpec
    symbols: Sequence[str]


class BotLoop:
    """One running bot. `run` is its task; the methods before it are called from outside.

    Steps that say nothing new are written together, every `WRITES_EVERY` minutes.
    """

    WRITES_EVERY = 5

    def __init__(
        self,
        bot: StoredBot,
        spec: BotSpec,
        *,
        account: Account,
        hub: MarketFeeds,
        gateway: OrderGateway,
        limits: AccountLimiter,
        store: EngineStore,
        kill_switch: KillSwitch,
        instruments: Mapping[str, Instrument],
        account_equity: float,
        seen: SeenBars,
    ) -> None:
        self.bot = bot
        self._spec = spec
        self._questions = Questions(spec)
        self._account_equity = account_equity
        self._account = account
        self._hub = hub
        self._gateway = gateway
        self._limits = limits
        self._store = store
        self._kill_switch = kill_switch
        self._listed = self._instruments = instruments
        self._book: BotBook
        self._orders: BotOrders
        self._seen = seen
        self._runs: DecisionRuns
        self._decision_log: DecisionLog
        self._kept: tuple[object, ...] = ()
        self._inbox: asyncio.Queue[Offered | None] = asyncio.Queue()
        self._news = asyncio.Event()
        self._newest: datetime | None = None
        self._following = False
        self._paused = False
        self._stopping: OnStop | None = None
        self._guard_over = False
        self._told: BotStatus | None = None
        self._last: Minute | None = None
        self._symbols: Sequence[str] = ()
        self._edited: Edited | None = None
        self._ended = False
        self.version = bot.version  # the newest that it has been told of
        self._failure: Exception | None = None
        self._unheard: list[Callable[[], None]] | None = None  # reports that wait for a step's end
        self._log = log.bind(bot=bot.name, bot_id=bot.id)

    # --- called from outside --------------------------------------------------------------------

    @property
    def trades_coins(self) -> bool:
        """Whether its minutes are those of coins; a bot trades one asset class."""
        return self._spec.trades_coins

    def offer(self, minute: Minute) -> asyncio.Event:
        """Hand the bot a closed minute; the event is set when it is done with it.

        A bot that is not ready when a minute closes does not decide on it.
        """
        offered = Offered(minute)
        self._newest = minute.tau
        if self._following:
            self._inbox.put_nowait(offered)
        else:
            offered.done.set()
        return offered.done

    def stop(self, on_stop: OnStop) -> None:
        """Ask the bot to end: when it has sold what it holds, or when nothing of it is the engine's to
        guard any more (at once, where its protection is at the broker).
        """
        if self._stopping is not on_stop:
            self._stopping = on_stop
            self.wake()

    def pause(self, *, paused: bool) -> None:
        """Ask the bot to open nothing, or to trade again."""
        if self._paused is not paused:
            self._paused = paused
            self.wake()

    def end_guard(self) -> None:
        """Ask a bot that only guards to end: it is wanted again. One that sells goes on until it is flat."""
        self._guard_over = True
        self.wake()

    async def prepare(self, bot: StoredBot, spec: BotSpec) -> None:
        """Have the history that an edited version needs, then have it taken over between two steps.

        Awaited by a task of its own: the bot goes on as it was meanwhile.
        """
        held = sorted(self._book.symbols) if self._following else self._symbols
        symbols = list(dict.fromkeys([*spec.symbols, *held]))
        while self.version == bot.version and not self._ended:
            try:
                await self._hub.acquire(symbols, spec.base_warm_up)
            except Unavailable as error:
                self._log.warning("history_unavailable", error=error.detail)
                await asyncio.sleep(_RETRY)
                continue
            if self.version != bot.version or self._ended:
                await self._hub.release(symbols)
                return
            self._edited = Edited(bot, spec, symbols)
            self.wake()
            return

    @property
    def is_stopping(self) -> bool:
        return self._stopping is not None

    def wake(self) -> None:
        """Have the bot look at what is wanted of it, whatever it waits for."""
        self._news.set()
        self._inbox.put_nowait(None)

    def on_booked(self, booked: Booked) -> None:
        self._hear(lambda: self._book.apply(booked))

    def on_closed(self, order: Order) -> None:
        self._hear(lambda: self._book.track(order))

    def on_split(self, rest: Order) -> None:
        self._hear(lambda: self._book.track(rest))

    def on_caught_up(self) -> None:
        self._news.set()

    def _hear(self, change: Callable[[], None]) -> None:
        if self._unheard is not None:
            self._unheard.append(change)
            return
        try:
            change()
        except Exception as error:  # noqa: BLE001 - it ends this bot, in its own task, not the caller's
            self._failure = error
        self._news.set()
        if self._stopping is not None or self._failure is not None:
            self.wake()

    # --- the task -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Trade until stopped. Raises whatever goes wrong: the supervisor's fence records it."""
        if not self.is_stopping:
            await self._store.set_status(self.bot.id, BotStatus.STARTING)
        async with self._gateway.joining():
            self._book = await self._remember()
            if not (self._interrupted or self.is_stopping):
                self._book.state.begin_run()
            self._gateway.listen(self.bot.id, self)
        try:
            self._symbols = list(dict.fromkeys([*self._spec.symbols, *sorted(self._book.symbols)]))
            if await self._warmed_up(self._symbols):
                try:
                    with self._limits.counting(self.bot.id, lambda: self._book.state):
                        await self._follow()
                finally:
                    await self._hub.release(self._symbols)
        finally:
            self._ended = True
            self._gateway.unlisten(self.bot.id)
            if self._edited is not None:
                await self._hub.release(self._edited.symbols)

    async def _remember(self, known: Mapping[str, Any] | None = None) -> BotBook:
        """The bot's state as of a checkpoint (None: the stored one) and all that was booked since, for
        the version of now.
        """
        memory = await self._store.memory(self.bot.id)
        checkpoint = memory.checkpoint if known is None else known
        self._instruments = instruments_as_traded(self._listed, self._spec, memory)
        book = BotBook(
            memory,
            checkpoint,
            spec=self._kernel_spec(memory, checkpoint),
            instruments=self._instruments,
            version=self.bot.version,
        )
        if self.bot.protection_version > checkpoint.get("version", 0):
            book.state.apply_settings()
        self._orders = BotOrders(book, self._gateway, self._instruments, self._until)
        if known is None:
            self._runs = DecisionRuns(memory.decision_runs)
            self._decision_log = DecisionLog(checkpoint, interrupted=self._interrupted)
        return book

    async def _take_over(self, edited: Edited) -> None:
        """Go on with another version, as a restart would: what is held keeps its settings."""
        async with self._gateway.joining():
            self.bot, self._spec = edited.bot, edited.spec
            self._book = await self._remember(self._book.checkpoint())
        self._edited, self._kept = None, ()
        left = [s for s in self._symbols if s in self._book.symbols and s not in edited.symbols]
        gone = [s for s in self._symbols if s not in left]
        self._symbols = [*edited.symbols, *left]
        await self._hub.release(gone)
        self._log.info("bot_edited", version=self.bot.version)

    @property
    def _interrupted(self) -> bool:
        """Whether this run goes on with one that a crash, a failure or a restart of the engine ended."""
        return self.bot.failures > 0 or self.bot.status in (
            BotStatus.RUNNING,
            BotStatus.PAUSED,
            BotStatus.STOPPING,
        )

    def _kernel_spec(self, memory: BotMemory, checkpoint: Mapping[str, Any]) -> KernelSpec:
        """What decides. A run that was interrupted goes on with the account's equity it began with, and
        with its placement, unless the definition is another one meanwhile.
        """
        began = checkpoint.get("account_equity")
        equity = float(began) if self._interrupted and began is not None else self._account_equity
        spec = self._spec
        daily = spec.timeframe.is_daily
        guarded = guarded_symbols(
            self._instruments,
            spec,
            memory,
            checkpoint,
            interrupted=self._interrupted and checkpoint.get("version") == self.bot.version,
            opposed=self._gateway.guard.opposed,
        )
        return KernelSpec(
            spec.symbols, spec.risk, spec.window, account_equity=equity, guarded=guarded, daily=daily
        )

    async def _warmed_up(self, symbols: Sequence[str]) -> bool:
        """Have the bars so far, as soon as they can be had; False when told to end before."""
        while not self._may_end():
            try:
                await self._hub.acquire(symbols, self._past)
            except Unavailable as error:
                self._log.warning("history_unavailable", error=error.detail)
            else:
                return True
            await self._until(self._may_end, seconds=_RETRY)
        return False

    @property
    def _past(self) -> int:
        """Minutes of history that it needs: to sell, none; to guard, what there is of the newest."""
        if self._mode is Mode.FLATTEN:
            return 0
        return 1 if self._mode is Mode.GUARD else self._spec.base_warm_up

    async def _follow(self) -> None:
        self._following = True
        try:
            await self._look()
            self._log.info("bot_running")
            while not self._may_end():
                offered = await self._inbox.get()
                if offered is None:
                    await self._look()
                    continue
                try:
                    await self._step(offered.minute)
                finally:
                    self._pass(offered)
            await self._write_rest()
        finally:
            self._following = False
            while not self._inbox.empty():
                left = self._inbox.get_nowait()
                if left is not None:
                    self._pass(left)

    def _pass(self, offered: Offered) -> None:
        """Be done with a minute: nobody waits for this bot any more."""
        self._limits.pass_by(offered.minute.tau, self.bot.id)
        offered.done.set()

    async def _look(self) -> None:
        """Something is wanted, or was heard. What the kill switch closes does not wait for a minute."""
        if self._edited is not None:
            await self._take_over(self._edited)
        await self._tell_status()
        minute = self._last
        if minute is not None and self._kill_switch.flattens and minute.tau < minute.session.close:
            await self._step(minute)

    async def _tell_status(self) -> None:
        if self.bot.status is BotStatus.ERROR:
            return  # and it stays so, with its reason: what it has left is only guarded or sold
        if self._mode is Mode.FLATTEN and self.is_stopping:
            status = BotStatus.STOPPING
        elif self.is_stopping:
            status = BotStatus.STOPPED
        else:
            status = BotStatus.PAUSED if self._paused else BotStatus.RUNNING
        if status is not self._told:
            self._told = status
            if status is BotStatus.STOPPED:
                await self._write_rest()  # it may be looked at as soon as it is said to have stopped
            await self._store.set_status(self.bot.id, status)

    @property
    def _mode(self) -> Mode:
        """What it may do at its next step (semantics 7)."""
        if self._stopping is OnStop.FLATTEN or self._kill_switch.flattens:
            return Mode.FLATTEN
        if self._stopping is OnStop.KEEP:
            return Mode.GUARD
        return Mode.PAUSED if self._paused or self._kill_switch.engaged else Mode.TRADE

    def _may_end(self) -> bool:
        self._raise_failure()
        if not self.is_stopping:
            return False
        if self._mode is Mode.FLATTEN:
            return self._book.is_flat
        return self._guard_over or not self._book.guards

    async def _until(self, ready: Callable[[], bool], *, seconds: float | None = None) -> bool:
        """Wait for news until `ready`; False when that many seconds have passed before.

        Raises what went wrong while a report was heard.
        """
        try:
            async with asyncio.timeout(seconds):
                while not ready():
                    self._raise_failure()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return ready()
        return True

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # --- one step -------------------------------------------------------------------------------

    async def _step(self, minute: Minute) -> None:
        await self._hub.pace.turn()
        await self._settle(minute)
        if self._may_end():
            return
        self._last, mode = minute, self._mode
        asks = mode in (Mode.TRADE, Mode.PAUSED)
        self._questions = self._questions.of(self._asked())
        heard = hear(self._questions, minute, self._book.last_signal) if asks else {}
        state = self._book.state
        result = await self._decide(minute, heard, mode)
        bot, holdings = state.book.bots[0], state.holdings
        kept = (int(bot.day), float(bot.day_baseline), float(bot.closing_equity))
        quiet = not (result.intents or holdings or kept != self._kept) and state.journal.is_empty
        if quiet and not (result.decisions or self._runs.has_unwritten):
            return
        drafts = [self._draft(intent, heard) for intent in result.intents]
        entries = sum(intent.purpose is Purpose.ENTRY for intent in result.intents)
        moves = self._orders.moved_stops(minute.tau, epoch=self._account.epoch)
        drafts[len(drafts) - entries : len(drafts) - entries] = moves  # after exits, before entries
        self._runs.take(result.decisions, heard, holdings, drafts, version=self.bot.version)
        if quiet and not bot.busy and self._runs.says_nothing_new and not self._writes_at(minute):
            self._runs.put_off(minute.tau)
            self._decision_log.passed(minute.tau)
            return
        await self._seen.kept(minute.tau)
        with self._gateway.claim(draft.client_order_id for draft in drafts):
            stored = await self._store.record_step(
                self._record(minute.tau, drafts, anew=self._writes_at(minute))
            )
            self._kept = kept
            self._runs.stored(stored.decision_ids)
            await self._orders.send(result.intents, stored.orders)

    def _writes_at(self, minute: Minute) -> bool:
        """Whether what was put off is written now: each bot has its own turn, and no session ends before."""
        turn = int(minute.tau.timestamp()) // 60 + int(self.bot.id[-4:], 16)
        return turn % self.WRITES_EVERY == 0 or minute.tau >= minute.session.close

    def _record(self, tau: datetime, drafts: Sequence[OrderDraft] = (), *, anew: bool = True) -> StepRecord:
        state = self._book.state
        return StepRecord(
            bot_id=self.bot.id,
            account_id=self._account.id,
            bot_version=self.bot.version,
            tau=tau,
            decisions=self._runs.entries(anew=anew),
            orders=drafts,
            checkpoint=self._book.checkpoint() | {"tau": tau.isoformat()},
            day_pnl=Decimal(repr(round(state.day_pnl, 6))),
            journal=self._decision_log.journal(
                state, self._book.last_signal, tau=tau, version=self.bot.version
            ),
            guarded=self._book.guarded(),
            day=state.trading_day,
            equity=Decimal(repr(round(state.equity, 6))),
        )

    async def _write_rest(self) -> None:
        """What was put off, when nothing follows."""
        if self._last is not None and self._runs.has_unwritten:
            await self._seen.kept(self._last.tau)
            stored = await self._store.record_step(self._record(self._last.tau))
            self._runs.stored(stored.decision_ids)

    async def _decide(self, minute: Minute, heard: Mapping[str, SymbolSignals], mode: Mode) -> StepResult:
        """One kernel step; under limits of the account its entries wait for the other bots' exits."""
        state = self._book.state
        views, tau, session = self._views(minute, heard), minute.tau, minute.session
        held_back = self._gateway.holds_back({*self._spec.symbols, *state.holdings})
        if mode is Mode.FLATTEN or not self._limits.gates(tau):
            return state.step(views, tau=tau, session=session, mode=mode, held_back=held_back)
        with self._hearing_later():
            half = state.manage(views, tau=tau, session=session, mode=mode, held_back=held_back)
            return await self._limits.enter(self.bot.id, half)

    @contextmanager
    def _hearing_later(self) -> Iterator[None]:
        """Fold no fill between the two halves of a step."""
        unheard: list[Callable[[], None]] = []
        self._unheard = unheard
        try:
            yield
        finally:
            self._unheard = None
            for change in unheard:
                self._hear(change)

    async def _settle(self, minute: Minute) -> None:
        """Wait until the books are the broker's, and for the outcome of every order that this
        minute's bars must have decided.

        The stream usually has told it; after two seconds of wall time the broker is asked, until it
        answers. A bot that is to end at once waits for nothing.
        """
        await self._until(lambda: self._gateway.caught_up or self._may_end())
        while not await self._until(
            lambda: not self._book.undecided(minute) or self._may_end(), seconds=OUTCOME_WAIT
        ):
            answers = [await self._gateway.refresh(order) for order in self._book.undecided(minute)]
            if all(answers):
                return

    def _asked(self) -> BotSpec:
        """What the rules are asked about: the bot's symbols, and those that it still holds."""
        left = [symbol for symbol in self._book.state.holdings if symbol not in self._spec.symbols]
        return replace(self._spec, symbols=(*self._spec.symbols, *left)) if left else self._spec

    def _only_left(self, symbol: str, view: SymbolView) -> SymbolView:
        """Of a symbol that is the bot's no longer, only the exit rules count."""
        if symbol in self._spec.symbols:
            return view
        return replace(view, entry=None, short_entry=None)

    def _views(self, minute: Minute, heard: Mapping[str, SymbolSignals]) -> dict[str, SymbolView]:
        symbols = dict.fromkeys([*self._spec.symbols, *self._book.state.holdings])
        return {
            symbol: self._only_left(
                symbol,
                symbol_view(
                    series,
                    heard.get(symbol),
                    self._spec.risk,
                    minute.bars.get(symbol),
                    # Where the bot has fallen behind the market, its newest bar is as old as the market says.
                    now=self._newest or minute.tau,
                    must_go=self._book.must_go(symbol),
                    clock_is_right=minute.clock_is_right,
                ),
            )
            for symbol in symbols
            if (series := minute.series.get(symbol)) is not None and len(series)
        }

    def _draft(self, intent: Intent, heard: Mapping[str, SymbolSignals]) -> OrderDraft:
        return order_draft(
            intent,
            bot_id=self.bot.id,
            epoch=self._account.epoch,
            instrument=self._instruments[intent.symbol],
            heard=heard.get(intent.symbol),
            guarded=intent.symbol in self._book.state.spec.guarded,
        )
