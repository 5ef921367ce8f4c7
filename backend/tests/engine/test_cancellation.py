"""The end: whatever was under way, nothing is left behind, and nothing waits for a time-out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from flotilla.domain.bots import BotStatus
from tests.engine.fakes import Gate
from tests.engine.harness import Engine, turns, until

# Its rule asks for an indicator that the bot does not have.


@asynccontextmanager
async def waiting_for_history(engine: Engine) -> AsyncIterator[None]:
    engine.exchange.history.once("bars", gate := Gate())
    bot_id = await engine.add_bot()
    await engine.want(bot_id, "running")
    await until(lambda: gate.reached)
    yield


@asynccontextmanager
async def waiting_for_an_answer(engine: Engine) -> AsyncIterator[None]:
    await engine.start_bot()
    engine.exchange.once("submit", gate := Gate())
    engine.exchange.minute(AAPL=101.0)
    await until(lambda: gate.reached)
    yield


@asynccontextmanager
async def waiting_for_an_outcome(engine: Engine) -> AsyncIterator[None]:
    await engine.start_bot()
    await engine.minute(AAPL=101.0)
    engine.exchange.touches = False
    engine.exchange.minute(AAPL=(101.0, 101.0, 98.0, 98.5))
    await turns()
    yield


@asynccontextmanager
async def waiting_for_legs(engine: Engine) -> AsyncIterator[None]:
    await engine.start_bot()
    await engine.minute(AAPL=101.0)
    engine.exchange.touches = False
    engine.exchange.once("cancel", gate := Gate())
    engine.exchange.minute(AAPL=(101.0, 109.0, 101.0, 109.0))
    engine.exchange.minute(AAPL=(101.0, 109.0, 101.0, 121.0))
    gate.open.set()
    await turns()
    yield


@asynccontextmanager
async def waiting_for_the_books(engine: Engine) -> AsyncIterator[None]:
    await engine.start_bot()
    engine.exchange.once("open_orders", gate := Gate())
    engine.exchange.trade_updates.reconnect()
    await until(lambda: gate.reached)
    engine.exchange.minute(AAPL=101.0)
    await turns()
    yield


@asynccontextmanager
async def waiting_for_nothing(engine: Engine) -> AsyncIterator[None]:
    await engine.start_bot()
    await engine.start_bot(symbols=["MSFT", "SPY"])
    await engine.minute(AAPL=90.0, MSFT=90.0, SPY=90.0)
    yield


@pytest.mark.parametrize(
    "moment",
    [
        waiting_for_nothing,
        waiting_for_history,
        waiting_for_an_answer,
        waiting_for_an_outcome,
        waiting_for_legs,
        waiting_for_the_books,
    ],
)
async def test_cancellation_ends_everything_whatever_was_under_way(engine: Engine, moment: Any) -> None:
    """The leak check of tests/engine/conftest.py finds what is left; nothing waits for a time-out."""
    before = asyncio.all_tasks()
    async with engine.running(), moment(engine):
        running = asyncio.all_tasks() - before
        assert {"market-hub", "trade-updates", "minutes"} <= {task.get_name() for task in running}
        assert engine.task is not None
        engine.task.cancel()
        started = asyncio.get_running_loop().time()
        await asyncio.wait({engine.task})
        assert asyncio.get_running_loop().time() - started < 1.0
        assert engine.task.cancelled()
        assert [task for task in running if not task.done()] == []
    assert BotStatus.ERROR not in {status for _, status in engine.store.statuses}
    assert engine.exchange.bar_stream.values is None
    assert engine.exchange.trade_updates.values is None
