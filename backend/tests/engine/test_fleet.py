"""One supervisor an account: what comes, goes or fails on one account is that account's alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from flotilla.domain.errors import Unavailable
from flotilla.engine.fleet import Fleet
from flotilla.ports.accounts import KeysUnreadable, TradingAccount
from flotilla.ports.broker import KEYS_REFUSED
from flotilla.ports.store import StoreUnavailable
from tests.engine.fakes import FakeNudges
from tests.engine.harness import LoopClock, turns, until

PRACTICE = TradingAccount("1", "Practice", "practice", "iex", None)
PAPER = TradingAccount("2", "Paper", "alpaca_paper", "iex", "sealed")


class Accounts:
    """`ports.accounts.AccountDirectory` in memory."""

    def __init__(self, *accounts: TradingAccount) -> None:
        self.stored = list(accounts)
        self.problems: dict[str, str | None] = {}
        self.away = False

    async def trading(self) -> Sequence[TradingAccount]:
        return list(self.stored)

    async def find(self, account_id: str) -> TradingAccount | None:
        return next((one for one in self.stored if one.id == account_id), None)

    async def say(self, account_id: str, problem: str | None) -> None:
        if self.away:
            raise StoreUnavailable
        self.problems[account_id] = problem


class Supervisors:
    """Stands for the supervisors: counts their lives, and lets one fail when told to."""

    def __init__(self) -> None:
        self.lives: Counter[str] = Counter()
        self.alive: set[str] = set()
        self.connected: list[TradingAccount] = []
        self.refusal: dict[str, Exception] = {}
        self._failing: dict[str, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def connect(self, account: TradingAccount) -> AsyncIterator[Any]:
        if account.id in self.refusal:
            raise self.refusal[account.id]
        self.connected.append(account)
        self._failing[account.id] = asyncio.get_running_loop().create_future()
        try:
            yield self
        finally:
            self.alive.discard(account.id)

    async def run(self) -> None:
        account = self.connected[-1].id
        self.lives[account] += 1
        self.alive.add(account)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._life(account))

    async def _life(self, account: str) -> None:
        await self._failing[account]

    def fail(self, account: str, error: Exception) -> None:
        self._failing[account].set_exception(error)


@asynccontextmanager
async def running(fleet: Fleet) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(fleet.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, ExceptionGroup):
            await task


Made = tuple[Fleet, Accounts, Supervisors, FakeNudges]


@pytest.fixture
def made() -> Made:
    accounts, supervisors, nudges = Accounts(PRACTICE, PAPER), Supervisors(), FakeNudges()
    return Fleet(accounts, nudges, supervisors.connect), accounts, supervisors, nudges


async def test_every_account_has_a_supervisor_of_its_own(made: Made) -> None:
    fleet, accounts, supervisors, _ = made
    async with running(fleet):
        await until(lambda: supervisors.alive == {"1", "2"})
        assert accounts.problems == {"1": None, "2": None}
    assert supervisors.alive == set()


async def test_accounts_that_are_added_changed_and_archived_are_followed(made: Made) -> None:
    fleet, accounts, supervisors, nudges = made
    async with running(fleet):
        await until(lambda: supervisors.alive == {"1", "2"})
        accounts.stored.append(replace(PAPER, id="3", name="Third"))
        nudges.nudge()
        await until(lambda: supervisors.alive == {"1", "2", "3"})
        other = replace(PAPER, sealed_keys="other keys", name="Renamed")
        accounts.stored[1] = other
        nudges.nudge()
        await until(lambda: supervisors.lives["2"] == 2)
        assert supervisors.connected[-1] == other
        accounts.stored[1] = replace(other, name="Only renamed")
        nudges.nudge()
        await turns()
        del accounts.stored[2]
        nudges.nudge()
        await until(lambda: supervisors.alive == {"1", "2"})
        assert supervisors.lives == {"1": 1, "2": 2, "3": 1}


async def test_an_account_that_fails_is_tried_again_and_disturbs_nobody(made: Made, clock: LoopClock) -> None:
    fleet, accounts, supervisors, _ = made
    async with running(fleet):
        await until(lambda: supervisors.alive == {"1", "2"})
        supervisors.fail("2", ConnectionError("the stream ended"))
        await until(lambda: accounts.problems["2"] is not None)
        assert accounts.problems["2"] == ("It failed, and is tried again: ConnectionError: the stream ended")
        assert supervisors.alive == {"1"}
        clock.advance(1.0)
        await until(lambda: supervisors.alive == {"1", "2"})
        assert accounts.problems == {"1": None, "2": None}
        assert supervisors.lives == {"1": 1, "2": 2}


@pytest.mark.parametrize(
    "refusal",
    [lambda: Unavailable("The keys are refused.", code=KEYS_REFUSED), KeysUnreadable],
    ids=["refused", "unreadable"],
)
async def test_wrong_keys_are_said_and_tried_once_a_minute(
    made: Made, clock: LoopClock, refusal: Callable[[], Exception]
) -> None:
    fleet, accounts, supervisors, nudges = made
    error = supervisors.refusal["2"] = refusal()
    async with running(fleet):
        await until(lambda: accounts.problems.get("2") is not None)
        assert accounts.problems["2"] == str(error)
        await until(lambda: supervisors.alive == {"1"})
        del supervisors.refusal["2"]
        clock.advance(59.0)
        await turns()
        assert supervisors.alive == {"1"}
        # Replaced keys are tried at once.
        accounts.stored[1] = replace(PAPER, sealed_keys="right keys")
        nudges.nudge()
        await until(lambda: supervisors.alive == {"1", "2"})
        assert accounts.problems["2"] is None


async def test_without_the_database_the_whole_engine_ends(made: Made) -> None:
    fleet, _, supervisors, _ = made
    async with running(fleet) as task:
        await until(lambda: supervisors.alive == {"1", "2"})
        supervisors.fail("2", StoreUnavailable())
        await until(task.done)
        assert isinstance(task.exception(), ExceptionGroup)
    assert supervisors.alive == set()


async def test_a_failure_that_cannot_be_kept_ends_the_engine_too(made: Made) -> None:
    fleet, accounts, supervisors, _ = made
    async with running(fleet) as task:
        await until(lambda: supervisors.alive == {"1", "2"})
        accounts.away = True
        supervisors.fail("1", OSError("connection refused"))
        await until(task.done)
        assert supervisors.alive == set()
