"""The bots of one account: each does what is wanted of it, and one that fails is fenced, and tried again."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import structlog

from flotilla.domain import order_rules
from flotilla.domain.bots import BotSpec, BotStatus, DesiredStatus, OnStop, bare_spec, not_traded_yet
from flotilla.domain.errors import DomainError, Unavailable
from flotilla.domain.market import Instrument
from flotilla.engine import backoff
from flotilla.engine.account_figures import RecentFigures
from flotilla.engine.account_limits import AccountLimiter
from flotilla.engine.bot_loop import BotLoop
from flotilla.engine.kill_switch import KillSwitch
from flotilla.engine.market_feeds import MarketFeeds
from flotilla.engine.opposed import opposed_symbols
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.seen_bars import SeenBars
from flotilla.ports.broker import Broker
from flotilla.ports.clock import WallClock
from flotilla.ports.store import Account, EngineStore, StoredBot, StoreUnavailable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What the bots of an account share; `unmanaged`: what the account holds that is no bot's, by symbol."""

    account: Account
    broker: Broker
    hub: MarketFeeds
    gateway: OrderGateway
    store: EngineStore
    clock: WallClock
    figures: RecentFigures
    limits: AccountLimiter
    kill_switch: KillSwitch
    instruments: Mapping[str, Instrument]
    unmanaged: Callable[[], Mapping[str, Decimal]]
    seen: SeenBars


class Roster:
    """`loops` gets a loop for each bot that does something; `changed` is set when one has ended."""

    def __init__(
        self,
        shared: Shared,
        tasks: asyncio.TaskGroup,
        *,
        loops: dict[str, BotLoop],
        changed: asyncio.Event,
    ) -> None:
        self._shared = shared
        self._store = shared.store
        self._tasks = tasks
        self._changed = changed
        self._chance = random.Random()
        self._due: dict[str, float] = {}  # in the loop's time: when a bot that failed is tried again
        self._quiet: set[str] = set()  # bots at rest, found to have nothing that the engine must guard
        self._ended: set[str] = set()  # since the bots were last read
        self._loops = loops

    async def follow(self) -> float | None:
        """Make the actual state follow the desired one; wall seconds until there is more to do."""
        self._ended.clear()
        bots = await self._store.bots(self._shared.account.id)
        self._shared.gateway.guard.opposed = opposed_symbols(bots, self._shared.unmanaged())
        for gone in self._due.keys() - {bot.id for bot in bots}:
            del self._due[gone]
        for bot in bots:
            await self._bring(bot)
        now = asyncio.get_running_loop().time()
        return min((max(0.0, due - now) for due in self._due.values()), default=None)

    async def _bring(self, bot: StoredBot) -> None:
        if bot.id in self._ended:
            return  # what was read of it is older than that
        loop = self._loops.get(bot.id)
        wanted = bot.desired_status is not DesiredStatus.STOPPED
        if loop is not None:
            self._tell(loop, bot)
        elif wanted and bot.status is not BotStatus.ERROR:
            self._quiet.discard(bot.id)
            if self._may_try(bot):
                await self._start(bot)
        elif self._closes(bot):
            await self._wind_down(bot, OnStop.FLATTEN)
        elif not bot.holds or bot.id in self._quiet:
            await self._at_rest(bot)
        else:
            await self._wind_down(bot, OnStop.KEEP)

    def _tell(self, loop: BotLoop, bot: StoredBot) -> None:
        if bot.desired_status is DesiredStatus.STOPPED:
            loop.stop(bot.on_stop)
        elif loop.is_stopping:
            loop.end_guard()  # it is started anew, with its newest definition
        else:
            loop.pause(paused=bot.desired_status is DesiredStatus.PAUSED)
            if bot.version > loop.version:
                self._edit(loop, bot)

    def _edit(self, loop: BotLoop, bot: StoredBot) -> None:
        """Hand a running bot its new definition; one that cannot run leaves the old one running."""
        loop.version = bot.version
        problem = self._problem(bot)
        if problem is not None or bot.spec is None:
            log.error("edit_not_taken_over", bot=bot.name, bot_id=bot.id, reason=problem)
            return
        self._tasks.create_task(self._prepared(loop, bot, bot.spec), name=f"edit:{bot.id}")

    async def _prepared(self, loop: BotLoop, bot: StoredBot, spec: BotSpec) -> None:
        try:
            await loop.prepare(bot, spec)
        except Exception:
            log.exception("edit_not_taken_over", bot=bot.name, bot_id=bot.id)

    def _closes(self, bot: StoredBot) -> bool:
        """Whether a bot without a loop has something to sell: it was asked to, or all of the account are."""
        asked = bot.desired_status is DesiredStatus.STOPPED and bot.on_stop is OnStop.FLATTEN
        in_error = bot.status is BotStatus.ERROR
        return bot.holds and ((asked and not in_error) or self._shared.kill_switch.flattens)

    async def _at_rest(self, bot: StoredBot) -> None:
        self._due.pop(bot.id, None)
        if bot.status not in (BotStatus.STOPPED, BotStatus.ERROR):
            await self._store.set_status(bot.id, BotStatus.STOPPED)

    def _may_try(self, bot: StoredBot) -> bool:
        """Whether the pause after a failure is over; of one from before a restart, what is left of it."""
        now = asyncio.get_running_loop().time()
        if bot.next_attempt_at is not None:
            left = (bot.next_attempt_at - self._shared.clock.now()).total_seconds()
            self._due.setdefault(bot.id, now + max(0.0, left))
        elif bot.status is not BotStatus.ERROR:
            self._due.pop(bot.id, None)  # a person wants it now
        if now < self._due.get(bot.id, now):
            return False
        self._due.pop(bot.id, None)
        return True

    # --- one bot --------------------------------------------------------------------------------

    async def _start(self, bot: StoredBot) -> None:
        """Start a bot's loop, if it can run."""
        problem = self._problem(bot)
        if problem is not None or bot.spec is None:
            await self._store.set_status(bot.id, BotStatus.ERROR, problem)
        else:
            await self._run(bot, bot.spec)

    async def _wind_down(self, bot: StoredBot, on_stop: OnStop) -> None:
        """Start the loop of a bot that is not to run, for what it has left: to sell it, or to guard it.

        No rule is asked, so that it works without a definition.
        """
        if self._may_try(bot):
            await self._run(bot, bot.spec or bare_spec(bot.name), on_stop)

    async def _run(self, bot: StoredBot, spec: BotSpec, stopping: OnStop | None = None) -> None:
        try:
            figures = await self._shared.figures.get()
        except Unavailable as error:
            log.warning("account_unavailable", error=error.detail)
            return  # it is started when the broker answers
        loop = self._loop(bot, spec, float(figures.equity))
        if stopping is not None:
            loop.stop(stopping)
        loop.pause(paused=bot.desired_status is DesiredStatus.PAUSED)
        self._loops[bot.id] = loop
        self._tasks.create_task(self._fenced(loop), name=f"bot:{bot.id}")

    def _loop(self, bot: StoredBot, spec: BotSpec, account_equity: float) -> BotLoop:
        shared = self._shared
        return BotLoop(
            bot,
            spec,
            account=shared.account,
            hub=shared.hub,
            gateway=shared.gateway,
            limits=shared.limits,
            store=shared.store,
            kill_switch=shared.kill_switch,
            instruments=shared.instruments,
            account_equity=account_equity,
            seen=shared.seen,
        )

    def _problem(self, bot: StoredBot) -> str | None:
        """Why a bot cannot run; trying it again would not help."""
        if bot.spec is None:
            return bot.spec_error
        unknown = [symbol for symbol in bot.spec.symbols if symbol not in self._shared.instruments]
        if unknown:
            return f"The account cannot trade {', '.join(unknown)}: edit the bot's symbols."
        found = [*not_traded_yet(bot.spec), *order_rules.problems(bot.spec, self._shared.instruments)]
        return " ".join(problem.message for problem in found) or None

    async def _fenced(self, loop: BotLoop) -> None:
        """Run one bot; whatever it raises ends this bot only, and it is tried again later."""
        bot = loop.bot
        began = asyncio.get_running_loop().time()
        try:
            await loop.run()
        except StoreUnavailable:
            raise  # no fault of the bot's: it goes on when the engine has been started again
        except Exception as error:
            log.exception("bot_failed", bot=bot.name, bot_id=bot.id)
            steady = asyncio.get_running_loop().time() - began >= backoff.STEADY
            failures = 1 if steady else bot.failures + 1
            named = isinstance(error, DomainError)
            reason = str(error) if named else f"{type(error).__name__}: {error}"[:500]
            await self._failed(loop, reason, failures)
        else:
            log.info("bot_stopped", bot=bot.name, bot_id=bot.id)
            self._quiet.add(bot.id)
            if bot.status is not BotStatus.ERROR:  # whose reason stays
                await self._store.set_status(bot.id, BotStatus.STOPPED)
        finally:
            del self._loops[bot.id]
            self._ended.add(bot.id)
            self._changed.set()

    async def _failed(self, loop: BotLoop, reason: str, failures: int) -> None:
        bot = loop.bot
        if failures >= backoff.MAX_FAILURES or loop.is_stopping:
            if loop.is_stopping:  # it is not given up while it holds something
                self._due[bot.id] = asyncio.get_running_loop().time() + backoff.LONGEST
            await self._store.set_status(bot.id, BotStatus.ERROR, reason)
            return
        pause = backoff.pause(failures, chance=self._chance)
        self._due[bot.id] = asyncio.get_running_loop().time() + pause
        at = self._shared.clock.now() + timedelta(seconds=pause)
        log.warning("bot_tried_again", bot=bot.name, bot_id=bot.id, failures=failures, pause=pause)
        await self._store.record_failure(bot.id, reason, failures=failures, next_attempt_at=at)
