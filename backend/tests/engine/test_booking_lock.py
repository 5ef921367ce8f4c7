"""Who books is alone; who reads is not, but never reads while something is booked."""

import asyncio

from flotilla.engine.booking_lock import BookingLock


class Room:
    """Who is inside, and what was seen."""

    def __init__(self) -> None:
        self.lock = BookingLock()
        self.inside: list[str] = []
        self.seen: list[tuple[str, ...]] = []
        self.leave = asyncio.Event()

    async def read(self, name: str) -> None:
        async with self.lock.shared():
            await self._stay(name)

    async def book(self, name: str) -> None:
        async with self.lock:
            await self._stay(name)

    async def _stay(self, name: str) -> None:
        self.inside.append(name)
        self.seen.append(tuple(self.inside))
        await self.leave.wait()
        self.inside.remove(name)


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_readers_are_together_and_who_books_is_alone() -> None:
    room = Room()
    async with asyncio.TaskGroup() as tasks:
        for name in ("r1", "r2"):
            tasks.create_task(room.read(name))
        await turns()
        tasks.create_task(room.book("b1"))
        tasks.create_task(room.read("r3"))
        tasks.create_task(room.book("b2"))
        await turns()
        assert room.inside == ["r1", "r2"], "who came after the one who books waits for it"
        room.leave.set()
    assert room.seen == [("r1",), ("r1", "r2"), ("b1",), ("r3",), ("b2",)]


async def test_who_gives_up_waiting_to_book_lets_the_others_in() -> None:
    room = Room()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(room.read("r1"))
        await turns()
        booking = tasks.create_task(room.book("b1"))
        await turns()
        booking.cancel()
        tasks.create_task(room.read("r2"))
        await turns()
        assert room.inside == ["r1", "r2"]
        room.leave.set()
