"""What a fleet's minutes were like, as figures; and one table that shows how they grow with the fleet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.load.fleet import Fleet

MINUTE = 60.0  # seconds, from one minute's bars to the next one's where nobody hurries
MOST_MEMORY = 450.0  # MB, with 1,000 bots
MOST_A_BOT = 100.0  # kB
MOST_BETWEEN = 0.10  # of a core


@dataclass(frozen=True, slots=True)
class Load:
    """`minutes`: what the engine said of each; `started`: seconds until all bots ran."""

    fleet: Fleet
    minutes: Sequence[dict[str, Any]]
    started: float

    def each(self, figure: str) -> list[float]:
        """A figure of every minute."""
        return [float(minute[figure]) for minute in self.minutes]

    def all(self, figure: str) -> list[float]:
        """A figure of everything that happened in any minute."""
        return [float(value) for minute in self.minutes for value in minute[figure]]

    @property
    def memory(self) -> float:
        """MB of the engine at the end."""
        return self.minutes[-1]["memory"] / 1e6

    @property
    def a_bot(self) -> float:
        """kB for each bot, over what the engine took before it knew of any."""
        last = self.minutes[-1]
        return (last["unique"] - last["empty"]) / 1e3 / self.fleet.bots

    @property
    def between(self) -> float:
        """The share of a core between the bars of one minute and the next: orders, bookings, heartbeats."""
        spent, passed = (sum(minute["idle"][k] for minute in self.minutes) for k in (0, 1))
        followed = sum(minute["after"] for minute in self.minutes)
        return spent / passed + followed / len(self.minutes) / MINUTE if passed else 0.0

    def rate(self, figure: str, until: str) -> float:
        """Things a second, while there are any to be done."""
        return sum(self.each(figure)) / max(sum(self.each(until)), 1e-9)


def growth(loads: Sequence[Load]) -> Table:
    """A column for each fleet."""
    table = Table(title="How the engine's costs grow", show_lines=False)
    table.add_column("")
    for load in loads:
        table.add_column(f"{load.fleet.bots:,} x {load.fleet.each} of {load.fleet.symbols}", justify="right")
    for what, shown in _ROWS:
        table.add_row(what, *(shown(load) for load in loads))
    return table


def _ms(values: Sequence[float]) -> str:
    if not values:
        return "-"
    p50, p99 = np.quantile(values, [0.5, 0.99])
    return f"{p50 * 1e3:,.0f} / {p99 * 1e3:,.0f} / {max(values) * 1e3:,.0f} ms"


def _held(value: str, met: bool, asked: bool) -> str:
    return f"{value} {'yes' if met else 'NO'}" if asked else value


_ROWS: Sequence[tuple[str, Callable[[Load], str]]] = (
    ("bars a second", lambda one: f"{one.rate('bars', 'decided'):,.0f}"),
    ("decisions a second", lambda one: f"{one.rate('decisions', 'decided'):,.0f}"),
    ("orders written", lambda one: f"{len(one.all('ordered')):,}"),
    ("orders answered a second", lambda one: f"{len(one.all('answered')) / _answering(one):,.0f}"),
    ("from a minute's bars (p50 / p99 / worst):", lambda _: ""),
    ("  to the last bot's decision", lambda one: _ms(one.each("computed"))),
    ("  to the last one's commit", lambda one: _ms(one.each("decided"))),
    ("  to an order's row", lambda one: _ms(one.all("ordered"))),
    ("  to an order's answer", lambda one: _ms(one.all("answered"))),
    ("  to the watermark", lambda one: _ms(one.each("done"))),
    ("CPU of a minute, until all is decided", lambda one: _ms(one.each("cpu"))),
    (
        f"of a core between bars (at most {MOST_BETWEEN:.0%})",
        lambda one: _held(f"{one.between:.1%}", one.between <= MOST_BETWEEN, one.fleet.bots <= 1_000),
    ),
    ("lag of the event loop", lambda one: _ms(one.all("lags"))),
    ("started", lambda one: f"{one.started:.1f} s"),
    (
        f"memory (1,000 bots: at most {MOST_MEMORY:.0f} MB)",
        lambda one: _held(f"{one.memory:,.0f} MB", one.memory <= MOST_MEMORY, one.fleet.bots == 1_000),
    ),
    (
        f"memory of a bot (at most {MOST_A_BOT:.0f} kB)",
        lambda one: _held(f"{one.a_bot:,.0f} kB", one.a_bot <= MOST_A_BOT, one.fleet.bots > 1_000),
    ),
    ("tasks / connections", lambda one: f"{one.minutes[-1]['tasks']} / {one.minutes[-1]['connections']}"),
)


def _answering(load: Load) -> float:
    """Seconds from the first row of a minute to its last answer, over all minutes with orders."""
    spans = [
        max(minute["answered"]) - min(minute["ordered"])
        for minute in load.minutes
        if minute["ordered"] and minute["answered"]
    ]
    return max(sum(spans), 1e-9)
