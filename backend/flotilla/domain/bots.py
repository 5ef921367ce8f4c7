"""A bot's whole definition, and everything that can be wrong with it before it trades."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from flotilla.domain import indicators, risk, rules
from flotilla.domain.errors import Problem
from flotilla.domain.indicators import IndicatorUse, measures
from flotilla.domain.market import Timeframe, Window, is_pair
from flotilla.domain.risk import EntryOrder, RiskRules, Sizing
from flotilla.domain.rules import Rule

MAX_SYMBOLS = 30
_REGULAR_HOURS = (time(9, 30), time(16, 0))
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_MAX_CAPITAL = Decimal(1_000_000_000)
# Controls, separators, and marks that are not seen; the joiner is part of some emoji.
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
_JOINER = "\u200d"
_DAY = 86_400  # seconds
_SESSION, _COIN_DAY = 390, 1440  # minutes
_BEGINNINGS = {
    "entry": "Buy",
    "exit": "Sell",
    "short_entry": "Sell short",
    "short_exit": "Buy back",
}


class DesiredStatus(StrEnum):
    """What a person wants of a bot."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class BotStatus(StrEnum):
    """What a bot does. `starting` is also a bot that failed and is tried again."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    ERROR = "error"


class OnStop(StrEnum):
    """What becomes of the positions of a bot that is stopped."""

    KEEP = "keep"
    FLATTEN = "flatten"


@dataclass(frozen=True)
class BotSpec:
    """What a person defines. Capital in USD; `trading_frequency` in seconds.

    `entry` and `exit` are the long side's rules; at least one side has an entry.
    """

    name: str
    capital: Decimal
    symbols: tuple[str, ...]
    timeframe: Timeframe
    trading_frequency: int
    indicators: tuple[IndicatorUse, ...]
    entry: Rule | None
    exit: Rule | None
    risk: RiskRules
    window: Window
    short_entry: Rule | None = None
    short_exit: Rule | None = None

    @cached_property
    def uses(self) -> Mapping[str, IndicatorUse]:
        """The bot's indicators by the id that its rules call them."""
        return {use.id: use for use in self.indicators}

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules that the bot has, by what they are for."""
        sides = {name: getattr(self, name) for name in _BEGINNINGS}
        return {name: rule for name, rule in sides.items() if rule is not None}

    @cached_property
    def lookback(self) -> Mapping[Timeframe, int]:
        """Bars of each timeframe needed before the first decision."""
        needed = rules.lookback(self.rules.values(), self.uses, self.timeframe, self._day_minutes)
        needed[self.timeframe] = max(needed[self.timeframe], self._measured)
        return needed

    @property
    def _measured(self) -> int:
        """Bars that the stop and the size are measured on."""
        atr = measures.ATR_WARM_UP if self.risk.stop_loss_atr is not None else 0
        by_volatility = self.risk.sizing is Sizing.VOLATILITY_TARGET
        return max(atr, measures.VOLATILITY_LENGTH + 1 if by_volatility else 0)

    @property
    def warm_up(self) -> int:
        """Bars of the bot's own timeframe needed before the first decision."""
        return self.lookback[self.timeframe]

    @cached_property
    def base_warm_up(self) -> int:
        """One-minute bars that hold what `lookback` asks for."""
        return rules.base_minutes(self.lookback, self._day_minutes)

    @property
    def _day_minutes(self) -> int:
        return _COIN_DAY if self.trades_coins else _SESSION

    @property
    def trades_coins(self) -> bool:
        """Whether its symbols are pairs of coins; a bot trades one asset class."""
        return any(is_pair(symbol) for symbol in self.symbols)


def bare_spec(name: str) -> BotSpec:
    """The definition of a bot that only guards or sells what it holds: no symbols, no rules."""
    return BotSpec(
        name=name,
        capital=Decimal(0),
        symbols=(),
        timeframe=Timeframe.MINUTE_1,
        trading_frequency=60,
        indicators=(),
        entry=None,
        exit=None,
        risk=RiskRules(),
        window=Window(time(0, 0), time(0, 0)),
    )


def describe(spec: BotSpec) -> Mapping[str, str]:
    """The bot's rules as sentences, by what they are for: `Buy when RSI(14) crosses below 30`."""
    return {
        name: f"{_BEGINNINGS[name]} when {rules.sentence(rule, spec.uses)}"
        for name, rule in spec.rules.items()
    }


def problems(spec: BotSpec) -> list[Problem]:
    """Everything that is wrong with a definition, by the field's path in the request."""
    return [
        *_basic_problems(spec),
        *_symbol_problems(spec),
        *_indicator_problems(spec),
        *_rule_problems(spec),
        *risk.problems(spec.risk),
        *_quantity_problems(spec),
        *_window_problems(spec.window, coins=spec.trades_coins),
    ]


def not_traded_yet(spec: BotSpec) -> list[Problem]:
    """What of a definition this version backtests, but does not trade: such a bot is not started."""
    settings = spec.risk
    found = (
        ("entry_order", settings.entry_order is not EntryOrder.MARKET, "An entry that waits for its price"),
    )
    return [
        Problem(
            f"risk_management.{field}",
            f"{what} can be backtested, but not traded yet: change it to start the bot.",
        )
        for field, used, what in found
        if used
    ]


def _basic_problems(spec: BotSpec) -> Iterator[Problem]:
    if not spec.name.strip():
        yield Problem("name", "Give the bot a name.")
    elif any(unicodedata.category(c) in _INVISIBLE and c != _JOINER for c in spec.name):
        yield Problem("name", "Use letters, digits and signs only: the name has an invisible character.")
    if spec.capital <= 0:
        yield Problem("capital", "Capital must be more than zero.")
    elif spec.capital > _MAX_CAPITAL:
        yield Problem("capital", "Capital must be at most 1,000,000,000.")
    elif spec.capital != round(spec.capital, 2):
        yield Problem("capital", "Capital is in whole cents.")
    if not 60 <= spec.trading_frequency <= _DAY or spec.trading_frequency % 60:
        yield Problem("trading_frequency", "Choose a whole number of minutes, in seconds, up to a day.")
    elif spec.trading_frequency > _SESSION * 60 and not (spec.trades_coins or spec.timeframe.is_daily):
        yield Problem("trading_frequency", "A session has 390 minutes: choose fewer, or daily bars.")


def _symbol_problems(spec: BotSpec) -> Iterator[Problem]:
    if not spec.symbols:
        yield Problem("symbols", "Choose at least one symbol.")
    if len(spec.symbols) > MAX_SYMBOLS:
        yield Problem("symbols", f"Choose at most {MAX_SYMBOLS} symbols.")
        return
    for index, symbol in enumerate(spec.symbols):
        if symbol in spec.symbols[:index]:
            yield Problem(f"symbols.{index}", f"{symbol} is listed twice.")
        elif is_pair(symbol) is not is_pair(spec.symbols[0]):
            yield Problem(f"symbols.{index}", "A bot trades stocks or coins, not both.")


def _indicator_problems(spec: BotSpec) -> Iterator[Problem]:
    counts = Counter(use.id for use in spec.indicators)
    for index, use in enumerate(spec.indicators):
        path = f"indicators.{index}"
        if not _ID.fullmatch(use.id):
            yield Problem(f"{path}.id", "Use a letter, then letters, digits or underscores.")
        elif counts[use.id] > 1:
            yield Problem(f"{path}.id", f"Two indicators have the id {use.id!r}.")
        yield from indicators.problems(use, path)
        yield from rules.timeframe_problems(use.timeframe, spec.timeframe, f"{path}.timeframe")


def _rule_problems(spec: BotSpec) -> Iterator[Problem]:
    for name, rule in spec.rules.items():
        yield from rules.problems(rule, spec.uses, spec.timeframe, f"rules.{name}")
    if spec.entry is None and spec.short_entry is None:
        yield Problem("rules.entry", "The bot would never buy: add an entry rule.")
    protected = spec.risk.ends_positions
    if spec.exit is None and spec.entry is not None and not protected:
        yield Problem(
            "rules.exit",
            "The bot would never sell: add an exit rule, a stop-loss or a take-profit.",
        )
    if spec.short_exit is None and spec.short_entry is not None and not protected:
        yield Problem(
            "rules.short_exit",
            "The bot would never buy back: add an exit rule for shorts, a stop-loss or a take-profit.",
        )
    for exit_, entry in (("exit", spec.entry), ("short_exit", spec.short_entry)):
        if entry is None and getattr(spec, exit_) is not None:
            yield Problem(f"rules.{exit_}", "This side has no entry rule, so there is nothing to leave.")


def _quantity_problems(spec: BotSpec) -> Iterator[Problem]:
    settings = spec.risk
    whole = not (spec.trades_coins or settings.fractional)
    fixed = settings.sizing is Sizing.FIXED_QUANTITY and whole
    if fixed and settings.position_quantity > 0 and settings.position_quantity % 1:
        yield Problem("risk_management.position_quantity", "Stocks are traded in whole shares.")
    if settings.entry_order is EntryOrder.STOP and spec.trades_coins:
        yield Problem("risk_management.entry_order", "Coins are bought at the market or with a limit.")


def _window_problems(window: Window, *, coins: bool) -> Iterator[Problem]:
    """Coins trade around the clock, in windows of UTC that may pass midnight."""
    if window.start == window.end:
        if window.start != time(0, 0):
            yield Problem(
                "end_hour",
                "The window is empty: it must end after it starts (00:00-00:00: all day).",
            )
    elif coins:
        return
    elif window.end < window.start:
        yield Problem("end_hour", "The window must end after it starts.")
    elif window.end <= _REGULAR_HOURS[0] or window.start >= _REGULAR_HOURS[1]:
        yield Problem("start_hour", "The window has no minute of the session, 09:30 to 16:00.")
