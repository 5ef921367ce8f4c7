"""A market, bots and an account as plain data: what the kernel and its twin are both run over."""

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from flotilla.domain.market import NEW_YORK, Instrument, Session, Window
from flotilla.domain.risk import RiskRules
from tests.kernel.twin.costs import Costs
from tests.kernel.twin.state import Bar, Signals

ALL_DAY = Window(time(0), time(0))
STOCK = Instrument("AAPL", "Apple Inc.")
FRACTIONAL = Instrument("MSFT", "Microsoft", quantity_step=Decimal("0.000000001"))
COIN = Instrument(
    "BTC/USD",
    "Bitcoin",
    price_step=Decimal("0.5"),
    quantity_step=Decimal("0.0001"),
    min_quantity=Decimal("0.0002"),
    is_coin=True,
)
FEE_COIN = replace(COIN, symbol="ETH/USD", price_step=Decimal("0.05"), quantity_step=Decimal("0.000000001"))


@dataclass
class SceneBot:
    """One bot. `signals[minute]` by symbol, `modes[minute]`; both may end early: nothing, trade."""

    risk: RiskRules
    symbols: tuple[str, ...]
    window: Window = ALL_DAY
    daily: bool = False  # it trades on daily bars
    capital: float = 10_000.0
    account_equity: float = math.inf
    guarded: frozenset[str] = frozenset()
    costs: dict[str, Costs] = field(default_factory=dict)
    signals: list[dict[str, Signals]] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)

    def signal(self, minute: int, symbol: str) -> Signals:
        said = self.signals[minute] if minute < len(self.signals) else {}
        return said.get(symbol, Signals())

    def mode(self, minute: int) -> str:
        return self.modes[minute] if minute < len(self.modes) else "trade"


@dataclass
class Limits:
    """An account's limits in percent of its equity; None: off."""

    daily_loss: float | None = None
    exposure: float | None = None
    symbol: float | None = None
    positions: int | None = None


@dataclass
class Scene:
    """Minutes that end at `taus` (seconds). `bars[minute]` by symbol: a symbol may be missing."""

    instruments: dict[str, Instrument]
    sessions: list[Session]
    taus: list[int]
    bars: list[dict[str, Bar]]
    bots: list[SceneBot]
    limits: Limits | None = None
    source: object = None  # what made the bars

    @property
    def around_the_clock(self) -> bool:
        return any(instrument.is_coin for instrument in self.instruments.values())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis shows of it: not every bar."""
        bots = [replace(bot, signals=[], modes=[]) for bot in self.bots]
        printer.text(f"Scene of {len(self.taus)} minutes: {self.source}, {self.limits}, {bots}")


def sessions(minutes: int, *days: date) -> list[Session]:
    """Sessions from 09:30 New York, so many minutes long."""
    opens = [datetime.combine(day, time(9, 30), NEW_YORK).astimezone(UTC) for day in days]
    return [Session(opened, opened + timedelta(minutes=minutes)) for opened in opens]


def session_taus(found: list[Session]) -> list[int]:
    ends: list[int] = []
    for session in found:
        first, last = int(session.open.timestamp()), int(session.close.timestamp())
        ends.extend(range(first + 60, last + 60, 60))
    return ends
