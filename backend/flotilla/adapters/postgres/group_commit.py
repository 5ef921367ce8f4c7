"""Many writes that wait at the same time, in one transaction: a commit costs the same for one as for all.

There is no task that writes: whoever finds nobody at it commits everything that waits, and hands over to
the first of those who came meanwhile. So a lone write is committed at once, and under load a commit takes
as many as came during the one before. What is urgent goes first, and by itself: it waits for one commit
that is under way, and for none that many others fill.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    """`turn` is set when it is its turn to commit (True), or when that has been done for it (False)."""

    item: Item
    turn: "asyncio.Future[bool]"
    result: Result | None = None
    error: Exception | None = None
    is_done: bool = field(default=False)


class GroupCommit(Generic[Item, Result]):
    """`commit` writes items in one transaction and returns their results, in their order.

    `most` items are written at once. `fatal`: errors that are no item's fault, so that none is tried alone.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int,
        fatal: type[Exception],
    ) -> None:
        self._commit = commit
        self._most = most
        self._fatal = fatal
        self._urgent: deque[_Waiting[Item, Result]] = deque()
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._busy = False

    async def write(self, item: Item, *, urgent: bool = False) -> Result:
        """Return what `commit` says of the item when it is committed; raise what it raised for it.

        Items that are `urgent` are committed before all others.
        """
        mine: _Waiting[Item, Result] = _Waiting(item, asyncio.get_running_loop().create_future())
        queue = self._urgent if urgent else self._waiting
        queue.append(mine)
        leads = not self._busy
        if self._busy:
            leads = await self._turn_of(mine)
        if leads:
            self._busy = True
            try:
                await self._write_waiting(queue)
            finally:
                self._hand_over()
        if mine.error is not None:
            raise mine.error
        assert mine.is_done, "its group was committed"
        return mine.result  # type: ignore[return-value]

    async def _turn_of(self, mine: _Waiting[Item, Result]) -> bool:
        try:
            return await mine.turn
        except asyncio.CancelledError:
            for queue in (self._urgent, self._waiting):
                if mine in queue:
                    queue.remove(mine)
            if mine.turn.done() and not mine.turn.cancelled() and mine.turn.result():
                self._hand_over()  # it was told to go on at the very moment in which it was ended
            raise

    async def _write_waiting(self, queue: deque[_Waiting[Item, Result]]) -> None:
        group = [queue.popleft() for _ in range(min(self._most, len(queue)))]
        try:
            await self._write(group)
        finally:
            # Ended in the middle, it leaves to the next what nobody knows to be written.
            queue.extendleft(one for one in reversed(group[1:]) if not one.is_done)
            for one in group:
                if one.is_done and not one.turn.done():
                    one.turn.set_result(False)

    async def _write(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = await self._commit([one.item for one in group])
        except self._fatal as error:
            for one in group:
                one.error, one.is_done = error, True
        except Exception as error:  # noqa: BLE001 - it is raised where the item came from
            if len(group) == 1:
                group[0].error, group[0].is_done = error, True
                return
            # One of them cannot be written: it must not take the others with it.
            for one in group:
                await self._write([one])
        else:
            for one, result in zip(group, results, strict=True):
                one.result, one.is_done = result, True

    def _hand_over(self) -> None:
        for queue in (self._urgent, self._waiting):
            while queue and queue[0].turn.done():
                queue.popleft()  # its writer was ended
        following = self._urgent or self._waiting
        self._busy = bool(following)
        if following:
            following[0].turn.set_result(True)
