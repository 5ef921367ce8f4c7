"""The API and the engine work on the same bot at the same time: nobody waits for ever, nothing is lost."""

import asyncio
from decimal import Decimal

from flotilla.domain.bots import BotStatus
from flotilla.domain.kernel.decisions import Decision, Outcome
from flotilla.domain.orders import OrderStatus
from flotilla.ports.store import DecisionEntry
from tests.adapters.postgres.desk import Desk, draft, execution, report
from tests.features.api import Api

ROUNDS = 15


async def test_api_and_engine_on_one_bot(api: Api, desk: Desk) -> None:
    path = f"/bots/{desk.bot_id}"

    async def person() -> None:
        for _ in range(ROUNDS):
            assert (await api.client.post(f"{path}/start")).status_code == 200
            assert (await api.client.get(path)).status_code == 200
            assert (await api.client.post(f"{path}/stop", json={})).status_code == 200

    async def steps() -> None:
        decision = DecisionEntry(Decision("AAPL", Outcome.NONE), [], None)
        for number in range(ROUNDS):
            wanted = draft(f"step-{number}", symbol=f"S{number}", quantity=Decimal(1))
            stored = await desk.step(wanted, decisions=[decision], checkpoint={"n": number})
            (order,) = stored.orders
            done = execution(order, 1, 1, "10")
            await asyncio.gather(
                desk.book(report(order, OrderStatus.FILLED, 1), done),
                desk.book(report(order, OrderStatus.FILLED, 1), done, source="reconciliation"),
            )

    async def statuses() -> None:
        for _ in range(ROUNDS):
            await desk.store.set_status(desk.bot_id, BotStatus.RUNNING)
            await desk.store.set_status(desk.bot_id, BotStatus.STOPPED)

    async def marks() -> None:
        for price in range(ROUNDS):
            await desk.store.mark(desk.account_id, {f"S{n}": 10.0 + price for n in range(ROUNDS)})

    async with asyncio.TaskGroup() as tasks:
        for work in (person, steps, statuses, marks):
            tasks.create_task(work())
    bot = await desk.bot()
    assert bot.cash == 10_000 - 10 * ROUNDS
    assert bot.checkpoint == {"n": ROUNDS - 1}
    assert (bot.status, bot.desired_status) == ("stopped", "stopped")
    assert len(await desk.trades()) == ROUNDS
