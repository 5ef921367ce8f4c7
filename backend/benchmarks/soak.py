"""A fleet at many times speed for a long time: do memory, tasks and connections stay, does the loop lag?

    python -m benchmarks.soak [--minutes 60] [--bots 1000] [--speed 60] [--settle 10]

Prints a line a minute. The status is 1 when after `--settle` minutes memory has grown by more than 5 %, the
number of tasks or connections is another, or the 99th percentile of the lag was above 50 ms.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.load.fleet import Fleet
from benchmarks.load.rig import Rig, rig

_MOST_GROWTH = 1.05
_MOST_LAG = 0.050  # seconds, p99


@dataclass(slots=True)
class Watched:
    """What the engine said, by the wall minute since the start."""

    reports: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def at(self, minute: float) -> dict[str, Any]:
        """The first report at or after a wall minute; the last when there is none."""
        return next((one for when, one in self.reports if when >= minute * 60), self.reports[-1][1])

    def lags(self, since: float = 0.0) -> list[float]:
        """From a wall minute on."""
        return [lag for when, one in self.reports if when >= since * 60 for lag in one["lags"]]


async def watch(running: Rig, minutes: float, console: Console) -> Watched:
    """Listen to the engine for so many wall minutes, and say each minute how it is."""
    watched, began, said = Watched(), time.monotonic(), 0
    while (passed := time.monotonic() - began) < minutes * 60:
        watched.reports.append((passed, await running.minute()))
        if passed >= said * 60:
            _say(watched, said, console)
            said += 1
    return watched


def _say(watched: Watched, minute: int, console: Console) -> None:
    newest = watched.reports[-1][1]
    since = [one for when, one in watched.reports if when >= (minute - 1) * 60]
    lags = [lag for one in since for lag in one["lags"]] or [0.0]
    console.print(
        f"{minute:3d} min  {newest['memory'] / 1e6:6.1f} MB  {newest['tasks']} tasks  "
        f"{newest['connections']} connections  lag p99 {np.quantile(lags, 0.99) * 1e3:5.1f} ms  "
        f"market minutes {len(since)}  orders {sum(len(one['ordered']) for one in since)}  "
        f"decided in {max(one['decided'] for one in since) * 1e3:.0f} ms at most"
    )


def judge(watched: Watched, settle: float) -> list[str]:
    """What is not as it should be."""
    settled, last = watched.at(settle), watched.reports[-1][1]
    lag = float(np.quantile(watched.lags(settle) or watched.lags(), 0.99))
    growth = last["memory"] / settled["memory"]
    found = (
        (growth <= _MOST_GROWTH, f"memory is {growth:.1%} of what it was after {settle:g} minutes"),
        (lag <= _MOST_LAG, f"the loop's lag has a p99 of {lag * 1e3:.0f} ms"),
        *(
            (settled[name] == last[name], f"{settled[name]} {name} have become {last[name]}")
            for name in ("tasks", "connections")
        ),
    )
    return [problem for is_well, problem in found if not is_well]


async def soak(arguments: argparse.Namespace) -> list[str]:
    """Run it; returns what is not as it should be."""
    console = Console(width=150)
    with tempfile.TemporaryDirectory(prefix="flotilla-soak-") as folder:
        async with rig(Fleet(arguments.bots, 3, 200), Path(folder)) as running:
            console.print(f"{arguments.bots:,} bots run after {running.started:.1f} s")
            await running.speed(arguments.speed)
            watched = await watch(running, arguments.minutes, console)
    return judge(watched, arguments.settle)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of the wall clock")
    parser.add_argument("--bots", type=int, default=1_000)
    parser.add_argument("--speed", default="60", help="market seconds a second")
    parser.add_argument("--settle", type=float, default=10.0, help="minutes after which nothing may grow")
    found = asyncio.run(soak(parser.parse_args()))
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
