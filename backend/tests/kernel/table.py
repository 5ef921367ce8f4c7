"""One bot over a few bars, written so that a test reads like a story.

A bar is a price (open = high = low = close), a tuple of the four, or None: no trades in that minute.
What the rules say is a dict of minute -> "buy", "short", "sell", "cover" (or several words, or "ask":
nothing). Minutes count from 0, across days; an order decided at minute n fills at the open of n + 1. The
twin plays along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flotilla.domain.market import Instrument
from flotilla.domain.risk import RefusalCode, RiskRules
from tests.kernel.arrays import KernelRun, kernel_run
from tests.kernel.scene import Limits, Scene, SceneBot, session_taus, sessions
from tests.kernel.twin.state import Bar, Decision, Signals
from tests.kernel.twins import assert_same, run_twin, twin_run

Price = float | tuple[float, float, float, float] | None
DAYS = (date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12))

# Everything off that can be off; all of the money in one position.
BARE: dict[str, Any] = {
    "position_percent": 50.0,
    "stop_loss_percent": None,
    "take_profit_percent": None,
    "max_position_account_percent": None,
    "max_exposure_percent": None,
    "daily_loss_limit_percent": None,
}


def bare(**changes: Any) -> RiskRules:
    return RiskRules(**BARE | changes)


@dataclass
class Rules:
    """What a bot's rules say, by symbol and minute; `numbers` are ATR, volatility and usual volume."""

    said: Mapping[str, Mapping[int, str]]
    numbers: Mapping[str, float] = field(default_factory=dict)

    def signals(self, count: int) -> list[dict[str, Signals]]:
        return [{s: self._one(said.get(t, "")) for s, said in self.said.items()} for t in range(count)]

    def _one(self, words: str) -> Signals:
        return Signals(
            evaluated=words != "",
            enter_long="buy" in words,
            enter_short="short" in words,
            exit_long="sell" in words,
            exit_short="cover" in words,
            warmed_up="cold" not in words,
            fresh="stale" not in words,
            must_go="must go" in words,
            **self.numbers,
        )


def bot(risk: RiskRules, said: Mapping[int, str] | Mapping[str, Mapping[int, str]], **more: Any) -> SceneBot:
    """A bot for AAPL, or for several symbols; `more`: see `SceneBot`, and ATR, volatility, liquidity."""
    several = any(isinstance(words, Mapping) for words in said.values())
    table: Any = said if several else {"AAPL": said}
    numbers = {name: more.pop(name) for name in ("atr", "volatility", "liquidity") if name in more}
    return SceneBot(risk, tuple(table), signals=Rules(table, numbers).signals(1_000), **more)


def play(
    bots: SceneBot | Sequence[SceneBot],
    *days: Sequence[Price] | Mapping[str, Sequence[Price]],
    session: int = 390,
    limits: Limits | None = None,
    instruments: Mapping[str, Instrument] | None = None,
) -> KernelRun:
    """Run bots over days of bars from the session's open; a day of one symbol, or one of each."""
    many = [bots] if isinstance(bots, SceneBot) else list(bots)
    found = sessions(session, *DAYS[: len(days)])
    minutes: list[tuple[int, dict[str, Bar]]] = []
    for opened, day in zip(found, days, strict=True):
        table = day if isinstance(day, Mapping) else {"AAPL": day}
        rows = zip(*table.values(), strict=True)
        for tau, row in zip(session_taus([opened]), rows, strict=False):
            named = zip(table, row, strict=True)
            minutes.append((tau, {s: bar(price) for s, price in named if price is not None}))
    known = instruments or {s: Instrument(s, s) for one in many for s in one.symbols}
    taus, bars = [tau for tau, _ in minutes], [one for _, one in minutes]
    return played(Scene(dict(known), found, taus, bars, many, limits))


def played(scene: Scene) -> KernelRun:
    run, twin = kernel_run(scene), twin_run(scene)
    run.run_to(len(scene.taus))
    run_twin(twin, scene, 0, len(scene.taus))
    assert_same(run, twin)
    return run


def bar(price: Price) -> Bar:
    assert price is not None
    prices = price if isinstance(price, tuple) else (price,) * 4
    return Bar(*prices, volume=1_000.0)


# --- what to look at ----------------------------------------------------------------------------------


def minute(run: KernelRun, seconds: int) -> int:
    """The number of the minute that ends, or starts, then."""
    ends = {tau: n for n, tau in enumerate(run.scene.taus)}
    return ends[seconds] if seconds in ends else ends[seconds + 60] - 1


def fills(run: KernelRun) -> list[tuple[int, str, float, float]]:
    """(minute of the bar, purpose, signed quantity, price)"""
    return [
        (minute(run, one.time + 60), one.purpose.value, one.sign * one.quantity, one.price)
        for one in run.fills
    ]


def reasons(run: KernelRun) -> list[tuple[int, str]]:
    """(minute of the bar, why) of every fill that is not an entry."""
    exits = [one for one in run.fills if one.purpose != "entry"]
    return [(minute(run, one.time + 60), one.reason.value) for one in exits]


def refusals(run: KernelRun) -> list[tuple[int, RefusalCode]]:
    found = [one for one in run.decisions if one.outcome == "refused"]
    return [(minute(run, one.tau), one.refusal) for one in found if one.refusal is not None]


def entries(run: KernelRun) -> list[Decision]:
    return [one for one in run.decisions if one.outcome == "enter"]


def stops(run: KernelRun) -> list[tuple[int, float]]:
    """(minute, where a stop was moved)"""
    return [(minute(run, one.tau), one.stop) for one in run.reprices]
