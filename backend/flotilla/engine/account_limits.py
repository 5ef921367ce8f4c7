"""The limits over all bots of an account: who decides its entries when.

With limits set, a step of the account has two phases (semantics 2): every bot manages what it holds; then
the account is marked, and the bots enter in the order of their ids. The kernel's functions decide; here is
only the order in which they are called. Without limits no bot waits for another.

A bot that has not managed its part after three seconds (an order's outcome is awaited, or it is slow) is
counted as it was last known, and enters later, on its own, within what the others left.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from flotilla.domain.kernel.account import AccountBook, Standing
from flotilla.domain.kernel.bot import HalfStep, KernelBot
from flotilla.domain.kernel.decisions import StepResult
from flotilla.domain.risk import AccountLimits
from flotilla.ports.store import EngineStore

log = structlog.get_logger(__name__)

PATIENCE = 3.0  # wall seconds
_AT_ONCE = 50  # bots


@dataclass(slots=True)
class _AccountStep:
    """One tau of the account: whose first half is awaited, and whose entries are."""

    tau: datetime
    awaited: set[str]
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    managed: dict[str, Standing] = field(default_factory=dict)
    entering: dict[str, tuple[HalfStep, asyncio.Future[StepResult]]] = field(default_factory=dict)

    def await_too(self, bot_ids: Iterable[str]) -> None:
        self.awaited.update(bot_ids)
        if self.awaited:
            self.complete.clear()

    def done_with(self, bot_id: str) -> None:
        self.awaited.discard(bot_id)
        if not self.awaited:
            self.complete.set()

    async def managed_by_all(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.complete.wait()
        except TimeoutError:
            log.warning("entries_do_not_wait", tau=self.tau.isoformat(), bots=len(self.awaited))


class AccountLimiter:
    """The account's limits in the engine. `run` is a task; bots call `enter`, and may wait in it."""

    def __init__(self, store: EngineStore, account_id: str) -> None:
        self._store = store
        self._account_id = account_id
        self._book: AccountBook | None = None
        self._bots: dict[str, Callable[[], KernelBot]] = {}
        self._gone: dict[str, Standing] = {}
        self._steps: dict[datetime, _AccountStep] = {}
        self._opened: asyncio.Queue[_AccountStep] = asyncio.Queue()

    async def look(self) -> None:
        """Take the limits as they are stored now; they hold from the next minute on."""
        limits, state = await self._store.account_limits(self._account_id)
        if limits.is_off and self._book is not None:
            self._book = None
            await self._store.save_limits_state(self._account_id, {})
        elif limits.is_off:
            return
        elif self._book is None:
            self._book = _recalled(limits, state)
            log.info("account_limits_on", account_id=self._account_id)
        elif self._book.limits != limits:
            self._book.limit(limits)

    # --- called by the supervisor and the bots ----------------------------------------------------

    @contextmanager
    def counting(self, bot_id: str, bot: Callable[[], KernelBot]) -> Iterator[None]:
        """Count a bot while it is alive; `bot` gives its state."""
        self._bots[bot_id] = bot
        try:
            yield
        finally:
            del self._bots[bot_id]
            # Once more: what it has lost since the account was marked is part of the day's loss.
            self._gone[bot_id] = Standing.of(bot())

    def open(self, tau: datetime, bot_ids: Iterable[str]) -> None:
        """A minute has been handed to these bots; that of stocks and that of coins are one step."""
        if self._book is None:
            return
        known = self._steps.get(tau)
        if known is not None:
            known.await_too(bot_ids)
            return
        self._steps[tau] = step = _AccountStep(tau, set(bot_ids))
        step.done_with("")
        self._opened.put_nowait(step)

    def gates(self, tau: datetime) -> bool:
        """Whether the entries of `tau` are gated: the step is to be taken in its two halves."""
        return tau in self._steps or (self._book is not None and self._book.marked)

    async def enter(self, bot_id: str, half: HalfStep) -> StepResult:
        """The second half of a bot's step, when its turn has come."""
        step = self._steps.get(half.tau)
        if step is None:
            return half.bot.enter(half) if self._book is None else self._book.enter(half)
        step.managed[bot_id] = Standing.of(half.bot)
        if not half.may_enter:
            step.done_with(bot_id)
            return half.bot.enter(half)
        turn: asyncio.Future[StepResult] = asyncio.get_running_loop().create_future()
        step.entering[bot_id] = half, turn
        step.done_with(bot_id)
        return await turn

    def pass_by(self, tau: datetime, bot_id: str) -> None:
        """A bot is done with a minute, whatever it did in it."""
        if tau in self._steps:
            self._steps[tau].done_with(bot_id)

    # --- the task -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Bring the account through one minute after the other."""
        while True:
            step = await self._opened.get()
            await step.managed_by_all()
            book = self._book
            if book is not None:
                book.mark(step.tau, await self._standings(step))
                # Before an entry is let pass: a restart must not forget a halt that it was refused by.
                state = book.checkpoint() | {"tau": step.tau.isoformat()}
                await self._store.save_limits_state(self._account_id, state)
            del self._steps[step.tau]
            for n, bot_id in enumerate(sorted(step.entering), 1):
                _take_turn(book, *step.entering[bot_id])
                if n % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # for what must not wait for a thousand bots

    async def _standings(self, step: _AccountStep) -> Mapping[str, Standing]:
        """Every bot of the account: as it arrived, as it was last known, or as the books have it."""
        ledgers = await self._store.ledgers(self._account_id, besides=self._bots.keys())
        found = {one.bot_id: Standing.of_ledger(one.cash, one.capital, one.held) for one in ledgers}
        found |= self._gone
        self._gone = {}
        found |= {b: Standing.of(bot()) for b, bot in self._bots.items() if b not in step.managed}
        return found | step.managed


def _take_turn(book: AccountBook | None, half: HalfStep, turn: asyncio.Future[StepResult]) -> None:
    if turn.done():
        return  # its bot has ended meanwhile
    try:
        turn.set_result(half.bot.enter(half) if book is None else book.enter(half))
    except Exception as error:  # noqa: BLE001 - it ends this bot, in its own task, not the others
        turn.set_exception(error)


def _recalled(limits: AccountLimits, state: Mapping[str, Any]) -> AccountBook:
    """The account as it was when it was marked last; without a state that fits, as new."""
    book = AccountBook(limits)
    if state:
        try:
            book.restore(state)
        except (KeyError, TypeError, ValueError):
            return AccountBook(limits)
    return book
