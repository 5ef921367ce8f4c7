"""Fleets of 10 to 10,000 bots in one engine on one core, against the practice market over the wire.

The figures of the fleets that goals are set for stand in the table of all benchmarks; all of them, and how
they grow, in a table of their own.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.conftest import Goal
from benchmarks.load.fleet import Fleet
from benchmarks.load.report import MOST_A_BOT, MOST_MEMORY, Load, growth
from benchmarks.load.rig import rig

# Bots with so many symbols each out of so many, and the minutes that are measured.
FLEETS = {
    "ten": (Fleet(10, 3, 200), 12),
    "hundred": (Fleet(100, 3, 200), 12),
    "thousand": (Fleet(1_000, 3, 200), 15),
    "ten_thousand": (Fleet(10_000, 1, 500), 8),
}
WARMING_UP = 2  # minutes: what a first minute has to load and to build is there afterwards
PAUSE = 2.0  # seconds after each minute, for what follows it
_done: dict[str, Load] = {}


async def _measure(fleet: Fleet, minutes: int, folder: Path) -> Load:
    async with rig(fleet, folder) as running:
        reports = []
        for number in range(WARMING_UP + minutes):
            report = await running.step()
            await asyncio.sleep(PAUSE)
            if number >= WARMING_UP:
                reports.append(report)
        return Load(fleet, reports, running.started)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Load]:
    """The fleet of that name, run once."""

    def run(name: str) -> Load:
        if name not in _done:
            fleet, minutes = FLEETS[name]
            _done[name] = asyncio.run(_measure(fleet, minutes, tmp_path_factory.mktemp(name)))
        return _done[name]

    return run


@pytest.fixture(scope="module", autouse=True)
def in_the_end() -> Iterator[None]:
    """Show how it grows."""
    yield
    Console(width=150).print(growth(list(_done.values())))


@pytest.mark.parametrize("name", FLEETS)
def test_every_decision_of_a_minute(
    told: Callable[..., None], load: Callable[[str], Load], name: str
) -> None:
    """From the first bar's arrival until the last bot's decisions are committed."""
    goal = {"thousand": Goal(worst=0.4), "ten_thousand": Goal(worst=3.0)}.get(name)
    told(_what(name, "every decision of a minute"), load(name).each("decided"), goal)


def test_from_the_bar_to_the_orders_row(told: Callable[..., None], load: Callable[[str], Load]) -> None:
    rows = load("thousand").all("ordered")
    assert rows, "no bot wanted to trade: nothing was measured"
    told(_what("thousand", "from the bars to an order's row"), rows, Goal(p99=0.150))


def test_the_lag_of_the_loop(told: Callable[..., None], load: Callable[[str], Load]) -> None:
    told(_what("thousand", "lag of the event loop"), load("thousand").all("lags"), Goal(p99=0.050))


def test_the_start(told: Callable[..., None], load: Callable[[str], Load]) -> None:
    told(_what("ten_thousand", "until all run"), [load("ten_thousand").started], Goal(worst=60.0))


def test_memory(load: Callable[[str], Load]) -> None:
    """Not the machine's business: these hold however busy it is."""
    assert load("thousand").memory <= MOST_MEMORY
    assert load("ten_thousand").a_bot <= MOST_A_BOT


def _what(name: str, figure: str) -> str:
    fleet: Any = FLEETS[name][0]
    return f"engine, {fleet.bots:,} bots x {fleet.each} of {fleet.symbols} symbols: {figure}"
