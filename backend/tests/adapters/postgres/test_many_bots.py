"""Many bots at once: their steps, statuses and memories share transactions, and nothing else."""

import asyncio
from decimal import Decimal

from sqlalchemy import select, update

from flotilla.db.tables import BotRow, EventRow
from flotilla.domain.bots import BotStatus
from flotilla.domain.orders import OrderStatus
from flotilla.ports.store import StepRecord, StepStored
from tests.adapters.postgres.desk import TAU, Desk, draft, execution, report
from tests.builders import add_bot


async def step(desk: Desk, bot_id: str, key: str, quantity: int) -> StepStored | BaseException:
    record = StepRecord(
        bot_id=bot_id,
        account_id=desk.account_id,
        bot_version=1,
        tau=TAU,
        decisions=[],
        orders=[draft(key, quantity=Decimal(quantity))],
        checkpoint={"of": key},
        day_pnl=Decimal(quantity),
    )
    return await desk.store.record_step(record)


async def test_a_step_that_cannot_be_written_fails_alone(desk: Desk) -> None:
    bots = [await add_bot(desk.database, desk.account_id, name=f"Bot {n}") for n in range(5)]
    quantities = [10, 11, 0, 13, 14]  # nobody orders nothing
    found = await asyncio.gather(
        *(step(desk, bot, f"entry-{n}", quantities[n]) for n, bot in enumerate(bots)), return_exceptions=True
    )
    assert [isinstance(one, StepStored) for one in found] == [True, True, False, True, True]
    assert "quantity_positive" in str(found[2])
    kept = [one.orders[0] for one in found if isinstance(one, StepStored)]
    assert [(order.bot_id, order.quantity) for order in kept] == [
        (bots[n], quantities[n]) for n in (0, 1, 3, 4)
    ]
    memories = await asyncio.gather(*map(desk.store.memory, bots))
    assert [memory.checkpoint.get("of") for memory in memories] == [
        "entry-0",
        "entry-1",
        None,
        "entry-3",
        "entry-4",
    ]
    assert [[order.id for order in memory.open_orders] for memory in memories] == [
        [kept[0].id],
        [kept[1].id],
        [],
        [kept[2].id],
        [kept[3].id],
    ]


async def test_each_bot_remembers_its_own(desk: Desk) -> None:
    order = await desk.order(draft("entry-1"))
    await desk.book(report(order, OrderStatus.FILLED, 10), execution(order, 10, 10, "100"))
    other = await add_bot(desk.database, desk.account_id, name="Other")
    mine, theirs, again = await asyncio.gather(*map(desk.store.memory, (desk.bot_id, other, desk.bot_id)))
    assert [fill.quantity for fill in mine.fills] == [10]
    assert mine.protected == {"AAPL"}
    assert (theirs.fills, theirs.protected) == ([], frozenset())
    assert again == mine


async def test_statuses_are_told_in_their_order(desk: Desk) -> None:
    bots = [await add_bot(desk.database, desk.account_id, name=f"Bot {n}") for n in range(3)]
    async with desk.database.transaction() as session:
        told_before = set(await session.scalars(select(EventRow.id)))
    wanted = [(bot, status) for bot in bots for status in (BotStatus.STARTING, BotStatus.RUNNING)]
    await asyncio.gather(*(desk.store.set_status(bot, status) for bot, status in wanted))
    async with desk.database.transaction() as session:
        events = await session.scalars(
            select(EventRow).where(EventRow.id.not_in(told_before)).order_by(EventRow.id)
        )
        told = [(event.bot_id, event.payload["bot"]["status"]) for event in events]
    assert told == wanted
    listed = {bot.id: bot.status for bot in await desk.store.bots(desk.account_id)}
    assert [listed[bot] for bot in bots] == [BotStatus.RUNNING] * 3


async def test_a_definition_is_read_anew_when_it_has_a_new_version(desk: Desk) -> None:
    (before,) = await desk.store.bots(desk.account_id)
    assert before.spec is not None
    async with desk.database.transaction() as session:
        await session.execute(
            update(BotRow).where(BotRow.id == desk.bot_id).values(symbols=["SPY"], version=before.version + 1)
        )
    (after,) = await desk.store.bots(desk.account_id)
    assert after.spec is not None
    assert (after.spec.symbols, after.version) == (("SPY",), before.version + 1)
    (again,) = await desk.store.bots(desk.account_id)
    assert again.spec is after.spec
