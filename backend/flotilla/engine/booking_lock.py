"""Reports are booked one at a time; bots that read their memory may do so together, while none is booked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class BookingLock:
    """`async with lock` excludes everybody, `async with lock.shared()` those who book.

    Whoever books waits for those who read, and those who come later wait for it: neither is starved.
    """

    def __init__(self) -> None:
        self._gate = asyncio.Lock()  # held while booking, and for a moment by each who begins to read
        self._reading = 0
        self._unread = asyncio.Event()
        self._unread.set()

    async def __aenter__(self) -> None:
        await self._gate.acquire()
        try:
            await self._unread.wait()
        except BaseException:
            self._gate.release()
            raise

    async def __aexit__(self, *_error: object) -> None:
        self._gate.release()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Nothing is booked inside."""
        async with self._gate:
            self._reading += 1
            self._unread.clear()
        try:
            yield
        finally:
            self._reading -= 1
            if not self._reading:
                self._unread.set()
