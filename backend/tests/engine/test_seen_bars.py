"""What is learnt of the past, minute by minute; no decision is made on a minute before it is kept."""

import asyncio
from datetime import timedelta

import numpy as np

from flotilla.domain.market import MINUTE, Bar, Series
from flotilla.engine.bar_buffer import BarBuffer
from flotilla.engine.market_hub import Minute
from flotilla.engine.seen_bars import SeenBars
from flotilla.ports.decision_log import Learnt, SeenMinute
from tests.engine.exchange import OPEN, bar_of, session_of


class Store:
    """Keeps minutes when told to."""

    def __init__(self) -> None:
        self.kept: list[SeenMinute] = []
        self.open = asyncio.Event()

    async def record_seen(self, account_id: str, minute: SeenMinute) -> None:
        await self.open.wait()
        self.kept.append(minute)


def bars(*prices: float, first: int = 0) -> list[Bar]:
    return [bar_of("AAPL", OPEN + n * MINUTE, price) for n, price in enumerate(prices, first)]


def minute(number: int, series: Series, *, in_time: bool = True) -> Minute:
    """The minute that opens `number` minutes after the session."""
    start = OPEN + number * MINUTE
    newest = {"AAPL": bar_of("AAPL", start, float(series.close[-1]))} if in_time else {}
    return Minute(start + MINUTE, session_of(OPEN.date()), newest, {"AAPL": series})


async def learnt(*minutes: Minute) -> list[list[tuple[Learnt, list[int], list[float]]]]:
    """By minute: how bars came to be known, how many minutes after the open they are, and their closes."""
    store = Store()
    store.open.set()
    recorder = SeenBars(store, account_id="x")  # type: ignore[arg-type]
    for one in minutes:
        recorder.note(one)
    task = asyncio.ensure_future(recorder.run())
    for one in minutes:
        await recorder.kept(one.tau)
    task.cancel()
    await asyncio.wait({task})
    opened = int(OPEN.timestamp())
    return [
        [
            (one.kind, ((one.bars.start - opened) // 60).tolist(), one.bars.close.tolist())
            for one in kept.learnt
        ]
        for kept in store.kept
    ]


async def test_history_is_learnt_once_and_a_minutes_own_bar_never() -> None:
    buffer = BarBuffer(8)
    buffer.merge(bars(1.0, 2.0))
    found = []
    for number in range(2, 40):  # the buffer moves and drops its oldest meanwhile
        buffer.append(bar_of("AAPL", OPEN + number * MINUTE, float(number)))
        found.append(minute(number, buffer.series(before=OPEN + (number + 1) * MINUTE)))
    assert await learnt(*found) == [[(Learnt.HISTORY, [0, 1], [1.0, 2.0])]] + [[]] * 37


async def test_late_bars_are_learnt_in_the_minute_that_sees_them() -> None:
    buffer = BarBuffer(8)
    buffer.merge(bars(1.0))
    first = minute(0, buffer.series(before=OPEN + MINUTE))
    missed = minute(1, buffer.series(before=OPEN + 2 * MINUTE), in_time=False)
    buffer.append(bars(9.0, first=1)[0])
    buffer.append(bars(3.0, first=2)[0])
    then = minute(2, buffer.series(before=OPEN + 3 * MINUTE))
    buffer.append(bars(5.0, first=4)[0])
    buffer.merge(bars(4.0, first=3))
    filled = minute(4, buffer.series(before=OPEN + 5 * MINUTE))
    found = await learnt(first, missed, then, filled)
    assert found == [[], [], [(Learnt.LATE, [1], [9.0])], [(Learnt.LATE, [3], [4.0])]]


async def test_corrected_and_older_bars_are_told_apart() -> None:
    before = Series.from_bars(bars(1.0, 2.0, 3.0, first=5))
    after = Series.from_bars([*bars(0.5, first=4), *bars(1.0, 2.5, 3.0, 4.0, first=5)])
    found = await learnt(minute(7, before), minute(8, after))
    assert found[1] == [(Learnt.HISTORY, [4], [0.5]), (Learnt.CORRECTED, [6], [2.5])]


async def test_a_decision_waits_until_its_minute_is_kept() -> None:
    store = Store()
    recorder = SeenBars(store, account_id="x")  # type: ignore[arg-type]
    one = minute(0, Series.from_bars(bars(1.0)))
    recorder.note(one)
    running = asyncio.ensure_future(recorder.run())
    waiting = asyncio.ensure_future(recorder.kept(one.tau))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    store.open.set()
    await waiting
    assert [kept.tau for kept in store.kept] == [one.tau]
    await recorder.kept(one.tau)
    await recorder.kept(
        one.tau + timedelta(hours=1)
    )  # of minutes that nobody noted there is nothing to wait for
    running.cancel()
    await asyncio.wait({running})
    assert np.array_equal(store.kept[0].bars["AAPL"].close, 1.0)
