"""One bot: its state is folded from its fills, each closed minute is one kernel step.

The loop reads inputs, calls `kernel.step`, has what it decided committed, and hands the orders on. It
decides nothing itself.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

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
from flotilla.engine.market_hub import MarketHub, Minute
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.run_terms import guarded_symbols, instruments_as_traded
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


class BotLoop:
    """One running bot. `run` is its task; the methods before it are called from outside."""

    def __init__(
        self,
        bot: StoredBot,
        spec: BotSpec,
        *,
        account: Account,
        hub: MarketHub,
        gateway: OrderGateway,
        limits: AccountLimiter,
        store: EngineStore,
        instruments: Mapping[str, Instrument],
        account_equity: float,
    ) -> None:
        self.bot = bot
        self._spec = spec
        self._account_equity = account_equity
        self._account = account
        self._hub = hub
        self._gateway = gateway
        self._limits = limits
        self._store = store
        self._instruments = instruments
        self._book: BotBook
        self._orders: BotOrders
        self._runs = DecisionRuns()
        self._kept: tuple[object, ...] = ()
        self._inbox: asyncio.Queue[Offered | None] = asyncio.Queue()
        self._news = asyncio.Event()
        self._newest: datetime | None = None
        self._following = False
        self._stopping: OnStop | None = None
        self._failure: Exception | None = None
        self._unheard: list[Callable[[], None]] | None = None  # reports that wait for a step's end
        self._log = log.bind(bot=bot.name, bot_id=bot.id)

    # --- called from outside --------------------------------------------------------------------

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
        """Ask the bot to end: at once, or when it has sold what it holds."""
        if self._stopping is not on_stop:
            self._stopping = on_stop
            self._wake()

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
            self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._inbox.put_nowait(None)

    # --- the task -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Trade until stopped. Raises whatever goes wrong: the supervisor's fence records it."""
        await self._store.set_status(self.bot.id, BotStatus.STARTING)
        async with self._gateway.joining():
            memory = await self._store.memory(self.bot.id)
            self._instruments = instruments_as_traded(self._instruments, self._spec, memory)
            self._book = BotBook(
                memory,
                self.bot.checkpoint,
                spec=self._kernel_spec(memory),
                instruments=self._instruments,
                version=self.bot.version,
            )
            self._orders = BotOrders(self._book, self._gateway, self._instruments, self._until)
            if not self._interrupted:
                self._book.state.begin_run()
            self._gateway.listen(self.bot.id, self)
        try:
            symbols = list(dict.fromkeys([*self._spec.symbols, *sorted(self._book.symbols)]))
            if await self._warmed_up(symbols):
                try:
                    with self._limits.counting(self.bot.id, lambda: self._book.state):
                        await self._follow()
                finally:
                    await self._hub.release(symbols)
        finally:
            self._gateway.unlisten(self.bot.id)

    @property
    def _interrupted(self) -> bool:
        """Whether this run goes on with one that a crash or a restart of the engine ended."""
        return self.bot.status in (BotStatus.RUNNING, BotStatus.STOPPING)

    def _kernel_spec(self, memory: BotMemory) -> KernelSpec:
        """What decides. A run that was interrupted goes on with the account's equity it began with."""
        began = self.bot.checkpoint.get("account_equity")
        equity = float(began) if self._interrupted and began is not None else self._account_equity
        spec = self._spec
        daily = spec.timeframe.is_daily
        guarded = guarded_symbols(
            self._instruments, spec, memory, self.bot.checkpoint, interrupted=self._interrupted
        )
        return KernelSpec(
            spec.symbols, spec.risk, spec.window, account_equity=equity, guarded=guarded, daily=daily
        )

    async def _warmed_up(self, symbols: Sequence[str]) -> bool:
        """Have the bars so far, as soon as they can be had; False when told to end before."""
        while not self._may_end():
            try:
                await self._hub.acquire(symbols, self._spec.base_warm_up)
            except Unavailable as error:
                self._log.warning("history_unavailable", error=error.detail)
            else:
                return True
            await self._until(self._may_end, seconds=_RETRY)
        return False

    async def _follow(self) -> None:
        self._following = True
        try:
            flattening = self._stopping is OnStop.FLATTEN
            await self._store.set_status(self.bot.id, BotStatus.STOPPING if flattening else BotStatus.RUNNING)
            self._log.info("bot_running")
            while not self._may_end():
                offered = await self._inbox.get()
                if offered is not None:
                    try:
                        await self._step(offered.minute)
                    finally:
                        self._pass(offered)
                elif self._stopping is OnStop.FLATTEN:
                    await self._store.set_status(self.bot.id, BotStatus.STOPPING)
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

    def _may_end(self) -> bool:
        self._raise_failure()
        if self._stopping is OnStop.FLATTEN:
            return self._book.is_flat
        return self._stopping is OnStop.KEEP

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
        await self._settle(minute)
        if self._ends_now():
            return
        heard = hear(self._spec, minute, self._book.last_signal)
        state = self._book.state
        result = await self._decide(minute, heard)
        bot, holdings = state.book.bots[0], state.holdings
        kept = (int(bot.day), float(bot.day_baseline), float(bot.closing_equity))
        if not (result.decisions or result.intents or holdings or kept != self._kept):
            return
        drafts = [self._draft(intent, heard) for intent in result.intents]
        entries = sum(intent.purpose is Purpose.ENTRY for intent in result.intents)
        moves = self._orders.moved_stops(minute.tau, epoch=self._account.epoch)
        drafts[len(drafts) - entries : len(drafts) - entries] = moves  # after exits, before entries
        with self._gateway.claim(draft.client_order_id for draft in drafts):
            stored = await self._store.record_step(
                StepRecord(
                    bot_id=self.bot.id,
                    account_id=self._account.id,
                    bot_version=self.bot.version,
                    tau=minute.tau,
                    decisions=self._runs.entries(result.decisions, heard, holdings),
                    orders=drafts,
                    checkpoint=self._book.checkpoint(),
                    day_pnl=Decimal(repr(round(state.day_pnl, 6))),
                    guarded=self._book.guarded(),
                )
            )
            self._kept = kept
            self._runs.stored(stored.decision_ids)
            await self._orders.send(result.intents, stored.orders)

    async def _decide(self, minute: Minute, heard: Mapping[str, SymbolSignals]) -> StepResult:
        """One kernel step; under limits of the account its entries wait for the other bots' exits."""
        state = self._book.state
        views, tau, session = self._views(minute, heard), minute.tau, minute.session
        mode = Mode.FLATTEN if self._stopping is OnStop.FLATTEN else Mode.TRADE
        held_back = self._gateway.holds_back({*self._spec.symbols, *state.holdings})
        if not self._limits.gates(tau):
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
        await self._until(lambda: self._gateway.caught_up or self._ends_now())
        while not await self._until(
            lambda: not self._book.undecided(minute) or self._ends_now(), seconds=OUTCOME_WAIT
        ):
            answers = [await self._gateway.refresh(order) for order in self._book.undecided(minute)]
            if all(answers):
                return

    def _ends_now(self) -> bool:
        self._raise_failure()
        return self._stopping is OnStop.KEEP

    def _views(self, minute: Minute, heard: Mapping[str, SymbolSignals]) -> dict[str, SymbolView]:
        symbols = dict.fromkeys([*self._spec.symbols, *self._book.state.holdings])
        return {
            symbol: symbol_view(
                series,
                heard.get(symbol),
                self._spec.risk,
                minute.bars.get(symbol),
                # Where the bot has fallen behind the market, its newest bar is as old as the market says.
                now=self._newest or minute.tau,
                must_go=self._book.must_go(symbol),
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
