"""Killed at every single call that it makes, the engine goes on as if nothing had happened twice.

A story is told again and again, and each time the engine dies at another of its calls to the broker or to
the database. A new engine over the same database and the same exchange has to bring the story to its end.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from flotilla.db.session import Database
from flotilla.domain.bots import BotStatus
from flotilla.domain.orders import OrderStatus
from tests.builders import add_account
from tests.engine.exchange import Exchange, Prices
from tests.engine.harness import BOT, NO_LEGS, RISK, SHORT, Engine, WatchedStore

# What the engine asks of the outside, as far as a crash beside it could matter.
BROKER_CALLS = ("submit", "replace", "cancel", "find", "get", "executions", "open_orders")
STORE_CALLS = ("record_step", "book", "close_order", "resize_order", "memory", "set_status")


class Fuse:
    """Counts calls. The one that was chosen is carried out, but whoever made it never hears of it, and
    nothing else is done any more. (Death before a call is death after the one before it.)
    """

    def __init__(self, at: int | None) -> None:
        self._at = at
        self.count = 0
        self.blown = asyncio.Event()
        self._never = asyncio.Event()

    async def pass_through(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self.blown.is_set():
            await self._never.wait()
        self.count += 1
        mine = self.count == self._at
        answer = await call(*args, **options)
        if mine or self.blown.is_set():
            self.blown.set()
            await self._never.wait()
        return answer


class Fused:
    """An object whose named methods pass through the fuse."""

    def __init__(self, inner: Any, names: tuple[str, ...], fuse: Fuse) -> None:
        self._inner, self._names, self._fuse = inner, names, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        async def fused(*args: Any, **options: Any) -> Any:
            return await self._fuse.pass_through(found, *args, **options)

        return fused


Story = list[dict[str, Any]]


class Mortal(Engine):
    """An engine whose next life has a fuse."""

    fuse: Fuse

    def make_store(self) -> Any:
        self.fuse = Fuse(None)
        return WatchedStore(self.database)

    def arm(self, fuse: Fuse) -> None:
        self.fuse = fuse
        self.broker = Fused(self.exchange, BROKER_CALLS, fuse)
        self.make_store = lambda: Fused(WatchedStore(self.database), STORE_CALLS, fuse)  # type: ignore[method-assign]

    @property
    def dead(self) -> bool:
        return self.fuse.blown.is_set()

    async def live(self, bot_id: str, story: Story) -> Story:
        """One life, from its start to its death or the end of the story; returns what is left of it."""
        async with self.running():
            await self.until(lambda: self.dead or self.store.status(bot_id) == BotStatus.RUNNING)
            while story and not self.dead:
                prices, *story = story
                tau = self.exchange.minute(**prices)
                await self.until(lambda tau=tau: self.dead or self.has_done(tau))  # type: ignore[misc]
        return story

    def has_done(self, tau: datetime) -> bool:
        return tau in self.store.taus and self.exchange.trade_updates.last_id in self.store.event_ids


QUIET = {"AAPL": 119.5}
FAR = RISK | {"take_profit_percent": 40.0}
TRAILING = FAR | {"trailing_stop_percent": 2.0}


def told(risk: dict[str, Any], *minutes: Prices, rules: Any = BOT["rules"]) -> tuple[dict[str, Any], Story]:
    """A bot, and the minutes that it lives through after it was started."""
    return {"risk_management": risk, "rules": rules}, [{"AAPL": one} for one in minutes]


STORIES: dict[str, tuple[dict[str, Any], Story]] = {
    # Its legs are cancelled, then what it holds is sold.
    "exit of a bracket": told(FAR, 101.0, 121.0),
    "exit without legs": told(NO_LEGS, 101.0, 121.0),
    "stop": told(RISK, 101.0, (101.0, 101.0, 98.0, 98.5)),
    # The stop is moved twice, then touched.
    "trailing stop": told(TRAILING, 101.0, 105.0, 110.0, (110.0, 110.0, 98.0, 98.5)),
    "exit of a trailing bracket": told(TRAILING, 101.0, 105.0, 121.0),
    "short, bought back": told(FAR, 97.0, 79.0, rules=SHORT),
    "short with a trailing stop": told(TRAILING, 97.0, 94.0, (94.0, 101.0, 94.0, 101.0), rules=SHORT),
    # Two entries with legs of their own; those of both are cancelled.
    "scaling in": told(
        TRAILING | {"position_percent": 30, "scale_in_steps": 1, "scale_in_distance_percent": 2.0},
        101.0,
        104.0,
        121.0,
    ),
    "fractions, guarded by the engine": told(
        RISK | {"fractional": True}, 101.0, (101.0, 101.0, 98.0, 98.5), 98.5
    ),
}


async def survive(database: Database, name: str, at: int | None) -> Mortal:
    """Tell a story with a death at call `at`; returns the engine at the end, its books checked."""
    changes, story = STORIES[name]
    engine = Mortal(database, await add_account(database, str(uuid4())), Exchange())
    bot_id = await engine.add_bot(**changes)
    await engine.want(bot_id, "running")
    engine.arm(fuse := Fuse(at))
    left = await engine.live(bot_id, story)
    if engine.dead:
        # A few quiet minutes at the end: whatever was cut short is made good by then.
        engine.arm(Fuse(None))
        assert await engine.live(bot_id, [*left, QUIET, QUIET]) == []
    await engine.assert_books_agree(bot_id)
    assert await engine.position(bot_id) is None, "what was bought is sold"
    open_ = [row for row in await engine.orders(bot_id) if not OrderStatus(row.status).is_terminal]
    assert open_ == []
    bot = await engine.bot(bot_id)
    assert (bot.status, bot.status_reason) == ("running", None)
    engine.fuse = fuse
    return engine


@pytest.mark.parametrize("name", STORIES)
async def test_a_death_at_any_call_loses_nothing_and_doubles_nothing(
    engine_database_url: str, name: str
) -> None:
    database = Database(engine_database_url, pool_size=10)
    try:
        whole = await survive(database, name, None)
        calls = whole.fuse.count
        assert calls >= 12, whole.exchange.calls
        assert bool(whole.exchange.called("replace")) is ("trailing" in name or name == "scaling in")
        at_once = asyncio.Semaphore(4)

        async def one(at: int) -> bool:
            async with at_once:
                return (await survive(database, name, at)).dead

        async with asyncio.TaskGroup() as tasks:
            stories = [tasks.create_task(one(at), name=f"death at {at}") for at in range(1, calls + 1)]
        assert sum(story.result() for story in stories) >= calls - 2, "the deaths were deaths"
    finally:
        await database.close()
