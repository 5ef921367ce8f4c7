"""Killed at every call around a pause, an edit or the kill switch, the engine still does what was asked,
and nothing of it twice. (The way of `test_crashes`.)
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from flotilla.db.session import Database
from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.orders import OrderStatus
from tests.builders import add_account, condition, constant, every, price
from tests.engine.exchange import Exchange
from tests.engine.harness import NO_LEGS, RISK, WatchedStore
from tests.engine.test_crashes import BROKER_CALLS, STORE_CALLS, Fuse, Fused, Mortal

ENTER = {"AAPL": 101.0}
CALLS = (*STORE_CALLS, "kill_switch", "bots", "open_orders")
EXITS_ABOVE_110 = {
    "entry": every(condition(price(), "above", constant(100)), condition(price(), "below", constant(105))),
    "exit": every(condition(price(), "above", constant(110))),
}


class Controlled(Mortal):
    """What a person asks for is stored once; the engine has heard of it, or is dead, when `ask` returns."""

    bot_id: str

    def arm(self, fuse: Fuse) -> None:
        self.fuse = fuse
        self.broker = Fused(self.exchange, BROKER_CALLS, fuse)
        self.make_store = lambda: Fused(WatchedStore(self.database), CALLS, fuse)  # type: ignore[method-assign]

    async def heard(self, ready: Callable[[], bool]) -> None:
        await self.until(lambda: self.dead or ready())

    @property
    def loop(self) -> Any:
        return self.supervisor._loops.get(self.bot_id)

    async def pause(self) -> None:
        await self.want(self.bot_id, "paused")
        await self.heard(lambda: self.loop is not None and self.loop._paused)

    async def change(self) -> None:
        await self.edit(self.bot_id, risk_management=NO_LEGS, rules=EXITS_ABOVE_110)
        await self.heard(lambda: self.loop is not None and self.loop.bot.version == 2)

    async def flatten(self) -> None:
        await self.set_kill_switch(flatten=True)
        await self.heard(lambda: self.supervisor._kill_switch.flattens)

    async def sell(self) -> None:
        await self.want(self.bot_id, "stopped", OnStop.FLATTEN)

    async def tell(self, story: list[Any]) -> list[Any]:
        """One life, to its death or the story's end; what is left of the story."""
        async with self.running():
            await self.heard(lambda: self.store.status(self.bot_id) in (BotStatus.RUNNING, BotStatus.PAUSED))
            while story and not self.dead:
                part, *story = story
                if callable(part):
                    await part(self)
                    continue
                tau = self.exchange.minute(**part)
                await self.until(lambda tau=tau: self.dead or self.has_done(tau))  # type: ignore[misc]
        return story


Part = dict[str, Any] | Callable[[Controlled], Awaitable[None]]
STORIES: dict[str, tuple[dict[str, Any], list[Part], str]] = {
    "a pause, then an exit": (NO_LEGS, [ENTER, Controlled.pause, {"AAPL": 121.0}, ENTER], "paused"),
    "an edit, then its exit": (NO_LEGS, [ENTER, Controlled.change, {"AAPL": 112.0}], "running"),
    "the kill switch": (RISK, [ENTER, Controlled.flatten, ENTER, ENTER], "running"),
}


async def survive(database: Database, name: str, at: int | None) -> Controlled:
    risk, story, status = STORIES[name]
    engine = Controlled(database, await add_account(database, str(uuid4())), Exchange())
    engine.bot_id = await engine.add_bot(risk_management=risk)
    await engine.want(engine.bot_id, "running")
    engine.arm(fuse := Fuse(at))
    left = await engine.tell(story)
    if engine.dead:
        engine.arm(Fuse(None))
        quiet: list[Part] = [{"AAPL": 106.0}, {"AAPL": 112.0}, {"AAPL": 121.0}]
        assert await engine.tell([*left, *quiet]) == []
        # A minute at which the entry was written but not sent is not made up for; nothing else is missing.
    await engine.assert_books_agree(engine.bot_id)
    assert await engine.position(engine.bot_id) is None, "what was bought is sold"
    assert [
        row for row in await engine.orders(engine.bot_id) if not OrderStatus(row.status).is_terminal
    ] == []
    entries = [row for row in await engine.orders(engine.bot_id) if row.purpose == "entry"]
    assert len(entries) <= 1, "nothing was entered after it was forbidden"
    assert (await engine.bot(engine.bot_id)).status == status
    engine.fuse = fuse
    return engine


@pytest.mark.parametrize("name", STORIES)
async def test_a_death_at_any_call_is_made_good(engine_database_url: str, name: str) -> None:
    database = Database(engine_database_url, pool_size=10)
    try:
        whole = await survive(database, name, None)
        at_once = asyncio.Semaphore(4)

        async def one(at: int) -> bool:
            async with at_once:
                return (await survive(database, name, at)).dead

        calls = range(1, whole.fuse.count + 1)
        async with asyncio.TaskGroup() as tasks:
            stories = [tasks.create_task(one(at), name=f"death at {at}") for at in calls]
        assert sum(story.result() for story in stories) >= 0.8 * len(stories), "the deaths were deaths"
    finally:
        await database.close()
