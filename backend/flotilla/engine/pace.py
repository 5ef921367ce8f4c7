"""A thousand bots have the same minute to decide on; what else the loop has to do does not wait for all."""

import asyncio
from collections import deque


class Pace:
    """Lets `at_once` bots decide in one turn of the event loop, in the order in which they came."""

    def __init__(self, at_once: int = 16) -> None:
        self._at_once = at_once
        self._left = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._scheduled = False

    async def turn(self) -> None:
        """Return when it is this one's turn; what it does until it next waits should be short."""
        self._schedule()
        if self._left and not self._waiting:
            self._left -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """In the next turn of the loop: as many again."""
        self._scheduled = False
        self._left = self._at_once
        while self._left and self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # else its bot was ended
                first.set_result(None)
                self._left -= 1
        if self._waiting:
            self._schedule()
