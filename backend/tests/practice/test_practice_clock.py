"""Market time between boundaries, on a wall clock in the test's hands."""

import asyncio
import math
from datetime import UTC, datetime, timedelta

from flotilla.practice.clock import Pace

START = datetime(2016, 1, 4, 14, 30, tzinfo=UTC)
BOUNDARY = START + timedelta(minutes=1)


class Wall:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_market_time_flows_at_the_rate_and_stays_before_the_boundary() -> None:
    wall = Wall()
    pace = Pace(START, 60, wall)
    wall.seconds += 0.5
    assert pace.now(BOUNDARY) == START + timedelta(seconds=30)
    assert not pace.is_due(BOUNDARY)
    wall.seconds += 10
    assert START < pace.now(BOUNDARY) < BOUNDARY
    assert pace.is_due(BOUNDARY)


def test_a_small_delay_is_made_up_for_and_a_long_one_is_not() -> None:
    wall = Wall()
    pace = Pace(START, 60, wall)
    wall.seconds += 1.25
    pace.arrive(BOUNDARY)
    assert pace.now(BOUNDARY + timedelta(minutes=1)) == BOUNDARY + timedelta(seconds=15)
    wall.seconds += 60
    pace.arrive(BOUNDARY + timedelta(minutes=1))
    assert pace.now(BOUNDARY + timedelta(minutes=2)) == BOUNDARY + timedelta(minutes=1)


def test_a_paused_market_stands_still_and_goes_on_where_it_was() -> None:
    wall = Wall()
    pace = Pace(START, 60, wall)
    wall.seconds += 0.5
    pace.set_rate(0, BOUNDARY)
    wall.seconds += 100
    assert pace.now(BOUNDARY) == START + timedelta(seconds=30)
    assert not pace.is_due(BOUNDARY)
    pace.set_rate(6, BOUNDARY)
    wall.seconds += 1
    assert pace.now(BOUNDARY) == START + timedelta(seconds=36)


def test_at_full_speed_every_boundary_is_due() -> None:
    pace = Pace(START, math.inf, Wall())
    assert pace.is_due(BOUNDARY)
    assert pace.now(BOUNDARY) == START


async def test_a_change_of_speed_ends_the_wait() -> None:
    pace = Pace(START, 0)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(pace.reach(BOUNDARY))
        await asyncio.sleep(0)
        assert not waiting.done()
        pace.set_rate(math.inf, BOUNDARY)
