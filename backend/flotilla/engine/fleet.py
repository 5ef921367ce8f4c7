"""One supervisor for each account, so that what fails on one account is that account's alone.

An account that fails is connected to anew, later and later; one that is added, changed or archived is
taken up or let go. Only the database's absence ends the engine: without it nothing can be kept.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog

from flotilla.domain.errors import Unavailable
from flotilla.engine.supervisor import Supervisor
from flotilla.ports.accounts import AccountDirectory, TradingAccount
from flotilla.ports.broker import KEYS_REFUSED
from flotilla.ports.bus import ACCOUNTS, Nudges
from flotilla.ports.store import StoreUnavailable

log = structlog.get_logger(__name__)

# Wall seconds. Keys that are refused are tried seldom: a broker may lock who asks often.
_POLL, _STEADY = 15.0, 60.0
_BACKOFF = (1.0, 2.0, 5.0, 15.0, 60.0)
_KEYS_AGAIN = 60.0

Connect = Callable[[TradingAccount], AbstractAsyncContextManager[Supervisor]]


@dataclass(frozen=True, slots=True)
class _Running:
    account: TradingAccount
    task: asyncio.Task[None]


class Fleet:
    """The engine of all accounts. `connect` makes an account's supervisor, and closes what it used.

    `connect` raises Unavailable where the account's keys cannot be read or are refused.
    """

    def __init__(self, accounts: AccountDirectory, nudges: Nudges, connect: Connect) -> None:
        self._accounts = accounts
        self._nudges = nudges
        self._connect = connect
        self._running: dict[str, _Running] = {}
        self._look_again = asyncio.Event()

    async def run(self) -> None:
        """Trade on every account that may be traded on, until cancelled. Raises StoreUnavailable."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._nudged(), name="account-nudges")
            while True:
                self._look_again.clear()
                await self._follow(tasks)
                try:
                    async with asyncio.timeout(_POLL):
                        await self._look_again.wait()
                except TimeoutError:
                    continue

    async def _nudged(self) -> None:
        async with self._nudges.listen(ACCOUNTS) as queue:
            while (await queue.get())[0]:
                self._look_again.set()
        raise ConnectionError("the database connection that brings nudges was lost")

    async def _follow(self, tasks: asyncio.TaskGroup) -> None:
        """Make the running supervisors those of the stored accounts, each as it is stored now."""
        wanted = {account.id: account for account in await self._accounts.trading()}
        for account_id, running in list(self._running.items()):
            if wanted.get(account_id) != running.account:
                await _end(running.task)
                del self._running[account_id]
                log.info("account_let_go", account=running.account.name, account_id=account_id)
        for account in wanted.values():
            if account.id not in self._running:
                task = tasks.create_task(self._keep(account), name=f"account:{account.id}")
                self._running[account.id] = _Running(account, task)

    async def _keep(self, account: TradingAccount) -> None:
        """Supervise an account for ever."""
        failures = 0
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            problem, pause = await self._supervise(account)
            failures = 0 if clock() - started > _STEADY else min(failures + 1, len(_BACKOFF))
            log.warning("account_failed", account=account.name, account_id=account.id, problem=problem)
            await self._accounts.say(account.id, problem)
            await asyncio.sleep(pause or _BACKOFF[max(failures - 1, 0)])

    async def _supervise(self, account: TradingAccount) -> tuple[str, float | None]:
        """Run the account's supervisor until it fails: why, and how long to let it be, if that is known."""
        try:
            async with self._connect(account) as supervisor:
                await self._accounts.say(account.id, None)
                await supervisor.run()
        except Unavailable as error:
            refused = error.code in (KEYS_REFUSED, "KEYS_UNREADABLE")
            return error.detail, _KEYS_AGAIN if refused else None
        except Exception as error:
            if _is_the_databases(error):
                raise
            log.exception("supervisor_failed", account=account.name, account_id=account.id)
            return f"It failed, and is tried again: {_first(error)}"[:500], None
        return "It ended, and is started again.", None


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a supervisor, and wait until what it used is closed."""
    task.cancel()
    await asyncio.wait({task})


def _is_the_databases(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_is_the_databases(one) for one in error.exceptions)
    return isinstance(error, StoreUnavailable)


def _first(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
