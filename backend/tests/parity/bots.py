"""The bots of the parity table: each is one row, with the bars that it trades."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import NEW_YORK, Series, Timeframe, Window, utc_offsets
from flotilla.domain.risk import RiskRules
from flotilla.domain.rules import Comparison, Condition, Constant, IndicatorValue, Rule
from flotilla.research.costs import CostTable
from tests.parity.histories import days, minutes

_DAY = Window(time(9, 30), time(16))
ALWAYS = Window(time(0), time(0))
_BARE = RiskRules(
    position_percent=40.0,
    stop_loss_percent=None,
    take_profit_percent=None,
    max_position_account_percent=None,
    daily_loss_limit_percent=None,
)


@dataclass(frozen=True)
class Row:
    """One bot. It trades from `first` on (bars from `warm` on warm it up) to `last`, both included.

    `wanted`: (purpose, reason) of fills without which the row would show nothing; of real bars.
    `halted`: a symbol that has no bars in the last half hour of a session.
    """

    name: str
    spec: BotSpec
    first: date
    last: date
    warm: date
    wanted: frozenset[tuple[str, str]]
    costs: CostTable = field(default_factory=CostTable)
    guarded: frozenset[str] = frozenset()
    coarse: bool = False
    halted: str | None = None

    def histories(self) -> Mapping[str, Series]:
        read: Callable[..., Series] = days if self.coarse else minutes
        found = {symbol: read(symbol, self.warm, self.last) for symbol in self.spec.symbols}
        if self.halted is not None:
            found[self.halted] = _halted(found[self.halted])
        return found

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(0), UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last, time(0), UTC) + timedelta(days=1)


def _halted(series: Series) -> Series:
    """Without the last half hour of each session."""
    local = (series.start + utc_offsets(series.start, NEW_YORK)) % 86_400
    return series.cut(local < (15 * 60 + 30) * 60)


# --- rules ----------------------------------------------------------------------------------------


def use(id_: str, name: str, timeframe: Timeframe | None = None, **params: float) -> IndicatorUse:
    return IndicatorUse(id_, name, params, timeframe=timeframe)


FAST, SLOW = use("fast", "SMA", timeperiod=5), use("slow", "SMA", timeperiod=20)
RSI = use("rsi", "RSI", timeperiod=7)


def value(indicator: IndicatorUse) -> IndicatorValue:
    return IndicatorValue(indicator.id, indicator.name.lower())


def crosses_up(a: IndicatorUse = FAST, b: IndicatorUse = SLOW) -> Rule:
    return Condition(value(a), Comparison.CROSSES_ABOVE, value(b))


def crosses_down(a: IndicatorUse = FAST, b: IndicatorUse = SLOW) -> Rule:
    return Condition(value(a), Comparison.CROSSES_BELOW, value(b))


def rsi_below(level: float) -> Rule:
    return Condition(value(RSI), Comparison.BELOW, Constant(level))


def rsi_above(level: float) -> Rule:
    return Condition(value(RSI), Comparison.ABOVE, Constant(level))


# --- a row ----------------------------------------------------------------------------------------

Bars = tuple[tuple[str, ...], date, date, date]  # symbols, first bars, first session to trade, last


def row(
    name: str,
    bars: Bars,
    wanted: tuple[tuple[str, str], ...],
    *,
    risk: dict[str, Any],
    indicators: tuple[IndicatorUse, ...] = (FAST, SLOW),
    window: Window = _DAY,
    timeframe: Timeframe = Timeframe.MINUTE_1,
    frequency: int | None = None,
    capital: int = 50_000,
    guarded: bool = False,
    costs: CostTable | None = None,
    halted: str | None = None,
    coarse: bool = False,
    **sides: Rule,
) -> Row:
    symbols, warm, first, last = bars
    spec = BotSpec(
        name=name,
        capital=Decimal(capital),
        symbols=symbols,
        timeframe=timeframe,
        trading_frequency=frequency or timeframe.seconds,
        indicators=indicators,
        entry=sides.get("entry"),
        exit=sides.get("exit"),
        short_entry=sides.get("short_entry"),
        short_exit=sides.get("short_exit"),
        risk=replace(_BARE, **risk),
        window=window,
    )
    return Row(
        name,
        spec,
        first,
        last,
        warm,
        frozenset(wanted),
        costs or CostTable(),
        frozenset(symbols) if guarded else frozenset(),
        coarse=coarse,
        halted=halted,
    )
