"""Bots take turns, and the loop is not theirs alone."""

import asyncio
from itertools import pairwise

from flotilla.engine.pace import Pace


async def test_the_loop_goes_on_between_turns() -> None:
    """No more than three decide between two looks of somebody else, and in their order."""
    pace, decided, looks = Pace(3), list[int](), list[int]()

    async def bot(number: int) -> None:
        await pace.turn()
        decided.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(bot(number))
        while len(decided) < 20:
            looks.append(len(decided))
            await asyncio.sleep(0)
    looks.append(len(decided))
    assert decided == list(range(20))
    assert max(after - before for before, after in pairwise(looks)) <= 3


async def test_one_alone_does_not_wait() -> None:
    pace = Pace(1)
    async with asyncio.timeout(0):  # passes only without giving way
        await pace.turn()


async def test_a_bot_that_ends_while_it_waits_holds_nobody_up() -> None:
    pace, decided = Pace(1), list[int]()

    async def bot(number: int) -> None:
        await pace.turn()
        decided.append(number)

    async with asyncio.TaskGroup() as tasks:
        bots = [tasks.create_task(bot(number)) for number in range(4)]
        await asyncio.sleep(0)
        bots[2].cancel()
    assert decided == [0, 1, 3]
