"""Writes that wait together are committed together, and none falls for another."""

import asyncio
from collections.abc import Sequence

import pytest

from flotilla.adapters.postgres.group_commit import GroupCommit


class Away(Exception):
    """The database is."""


class Commits:
    """Commits when told to; `groups` has what was begun, `bad` what cannot be written."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.bad: set[str] = set()
        self.away = False
        self.gate = asyncio.Event()
        self.commit = GroupCommit(self._commit, most=3, fatal=Away)

    async def _commit(self, items: Sequence[str]) -> list[str]:
        self.groups.append(list(items))
        await self.gate.wait()
        if self.away:
            raise Away
        if self.bad & set(items):
            raise ValueError(f"{self.bad & set(items)} cannot be written")
        return [item.upper() for item in items]


async def outcomes(commits: Commits, items: str) -> list[str | type[BaseException]]:
    """What becomes of items of which the first is being written when the others come."""
    writes = asyncio.gather(*map(commits.commit.write, items), return_exceptions=True)
    await turns()
    commits.gate.set()
    return [one if isinstance(one, str) else type(one) for one in await writes]


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def commits() -> Commits:
    return Commits()


async def test_what_came_during_a_commit_is_one_group(commits: Commits) -> None:
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(commits.commit.write("a"))
        await turns()
        others = [tasks.create_task(commits.commit.write(item)) for item in "bcde"]
        await turns()
        assert commits.groups == [["a"]], "nobody waits for company"
        commits.gate.set()
    assert commits.groups == [["a"], ["b", "c", "d"], ["e"]]
    assert [first.result(), *(task.result() for task in others)] == ["A", "B", "C", "D", "E"]
    assert await commits.commit.write("f") == "F"


async def test_what_is_urgent_goes_first_and_by_itself(commits: Commits) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(commits.commit.write("a"))
        await turns()
        others = [tasks.create_task(commits.commit.write(item)) for item in "bcde"]
        urgent = [tasks.create_task(commits.commit.write(item, urgent=True)) for item in "xy"]
        await turns()
        commits.gate.set()
    assert commits.groups == [["a"], ["x", "y"], ["b", "c", "d"], ["e"]]
    assert [task.result() for task in (*others, *urgent)] == list("BCDEXY")
    assert await commits.commit.write("f", urgent=True) == "F"


async def test_something_urgent_does_not_take_the_turn_that_another_has(commits: Commits) -> None:
    """It comes when the turn was given, and before the other has begun."""
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(commits.commit.write("a"))
        await turns()
        second = tasks.create_task(commits.commit.write("b"))
        await turns()
        urgent: list[asyncio.Task[str]] = []
        first.add_done_callback(
            lambda _: urgent.append(tasks.create_task(commits.commit.write("x", urgent=True)))
        )
        commits.gate.set()
        await turns()
    assert sorted(commits.groups) == [["a"], ["b"], ["x"]]
    assert [second.result(), urgent[0].result()] == ["B", "X"]


async def test_one_that_cannot_be_written_fails_alone(commits: Commits) -> None:
    commits.bad = {"c"}
    assert await outcomes(commits, "abcd") == ["A", "B", ValueError, "D"]
    assert commits.groups == [["a"], ["b", "c", "d"], ["b"], ["c"], ["d"]]
    assert await commits.commit.write("e") == "E"


async def test_an_error_that_is_nobodys_fault_is_everybodys(commits: Commits) -> None:
    commits.away = True
    assert await outcomes(commits, "abc") == [Away] * 3
    assert commits.groups == [["a"], ["b", "c"]], "none was tried again"


async def test_the_end_of_the_one_who_writes_leaves_the_others_to_the_next(commits: Commits) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(commits.commit.write("a"))
        await turns()
        second = tasks.create_task(commits.commit.write("b"))
        third = tasks.create_task(commits.commit.write("c"))
        await turns()
        commits.gate.set()
        await asyncio.sleep(0)
        commits.gate.clear()
        await turns()
        assert commits.groups == [["a"], ["b", "c"]]
        second.cancel()
        await turns()
        commits.gate.set()
    assert commits.groups[2:] == [["c"]]
    assert third.result() == "C"


async def test_whoever_stops_waiting_is_not_written_for(commits: Commits) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(commits.commit.write("a"))
        await turns()
        second = tasks.create_task(commits.commit.write("b"))
        third = tasks.create_task(commits.commit.write("c"))
        await turns()
        second.cancel()
        await turns()
        commits.gate.set()
    assert commits.groups == [["a"], ["c"]]
    assert third.result() == "C"


async def test_a_turn_that_comes_with_the_end_is_handed_on(commits: Commits) -> None:
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(commits.commit.write("a"))
        await turns()
        second = tasks.create_task(commits.commit.write("b"))
        third = tasks.create_task(commits.commit.write("c"))
        await turns()
        first.add_done_callback(lambda _: second.cancel())
        commits.gate.set()
    assert third.result() == "C"
    assert await commits.commit.write("d") == "D"
