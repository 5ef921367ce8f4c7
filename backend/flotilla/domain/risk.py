"""A bot's sizing and risk settings, what is wrong with them, and the codes of what they refuse."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from flotilla.domain import codes
from flotilla.domain.errors import Problem


class RefusalCode(StrEnum):
    """Why an entry was not made, or was made smaller. *Refused* is ours; *rejected* is the broker's."""

    NOT_RUNNING = "NOT_RUNNING"
    STALE_DATA = "STALE_DATA"
    WARMING_UP = "WARMING_UP"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    MARKET_CLOSING = "MARKET_CLOSING"
    DAILY_LOSS_HALT = "DAILY_LOSS_HALT"
    DRAWDOWN_HALT = "DRAWDOWN_HALT"
    LOSS_STREAK_HALT = "LOSS_STREAK_HALT"
    TRADES_A_DAY = "TRADES_A_DAY"
    COOLDOWN = "COOLDOWN"
    ORDER_PENDING = "ORDER_PENDING"
    POSITION_HELD = "POSITION_HELD"
    CONFLICTING_SIGNALS = "CONFLICTING_SIGNALS"
    MAX_OPEN_POSITIONS = "MAX_OPEN_POSITIONS"
    STOP_BEYOND_PRICE = "STOP_BEYOND_PRICE"
    NO_EDGE = "NO_EDGE"
    SIZE_TOO_SMALL = "SIZE_TOO_SMALL"
    POSITION_CAP = "POSITION_CAP"
    SYMBOL_CAP = "SYMBOL_CAP"
    EXPOSURE_CAP = "EXPOSURE_CAP"
    LIQUIDITY_CAP = "LIQUIDITY_CAP"
    ACCOUNT_LIMIT = "ACCOUNT_LIMIT"
    INSUFFICIENT_CASH = "INSUFFICIENT_CASH"
    UNRECONCILED = "UNRECONCILED"

    @classmethod
    def of(cls, code: int) -> "RefusalCode":
        """The kernel's number in words."""
        return _BY_NUMBER[code]


_BY_NUMBER = {getattr(codes, code.value): code for code in RefusalCode}

REFUSAL_SENTENCES: dict[RefusalCode, str] = {
    RefusalCode.NOT_RUNNING: "The bot opens nothing while it is paused or stopping, or while "
    "the account's kill switch is on.",
    RefusalCode.STALE_DATA: "The newest bar of the symbol is too old, or the clock is too far off to say.",
    RefusalCode.WARMING_UP: "The indicators have not seen enough bars yet.",
    RefusalCode.OUTSIDE_WINDOW: "The time is outside the trading window.",
    RefusalCode.MARKET_CLOSING: "The session or the window has no further minute in which to fill.",
    RefusalCode.DAILY_LOSS_HALT: "The day's loss reached the limit; entries wait for the next day.",
    RefusalCode.DRAWDOWN_HALT: "The loss from the bot's highest equity reached the limit; entries wait "
    "until the bot is started anew.",
    RefusalCode.LOSS_STREAK_HALT: "Too many losses in a row; entries wait for the next day.",
    RefusalCode.TRADES_A_DAY: "The bot has made as many entries today as it may.",
    RefusalCode.COOLDOWN: "The symbol was left a short while ago; the bot waits before it returns.",
    RefusalCode.ORDER_PENDING: "An order for the symbol is still under way.",
    RefusalCode.POSITION_HELD: "The bot already holds the symbol.",
    RefusalCode.CONFLICTING_SIGNALS: "The rules say buy and sell short at the same bar.",
    RefusalCode.MAX_OPEN_POSITIONS: "The bot holds as many positions as it may.",
    RefusalCode.STOP_BEYOND_PRICE: "The fixed stop or target price lies on the wrong side of the price.",
    RefusalCode.NO_EDGE: "The bot's own closed trades show no edge to bet on (Kelly is zero or "
    "less); it opens nothing more until its sizing is changed.",
    RefusalCode.SIZE_TOO_SMALL: "The size does not reach the smallest quantity that can be ordered.",
    RefusalCode.POSITION_CAP: "The position would be larger than one position may be.",
    RefusalCode.SYMBOL_CAP: "The symbol would take more of the bot's equity than it may.",
    RefusalCode.EXPOSURE_CAP: "The bot would have more in the market than it may.",
    RefusalCode.LIQUIDITY_CAP: "The order would be too large a part of what is traded in a minute.",
    RefusalCode.ACCOUNT_LIMIT: "A limit over all bots of the account forbids it.",
    RefusalCode.INSUFFICIENT_CASH: "The bot's cash does not cover the order and its reserve.",
    RefusalCode.UNRECONCILED: "The broker has something else of a symbol of the bot (or in cash) than the "
    "books say; entries wait until that is resolved.",
}


class ExitReason(StrEnum):
    """Why a position was left, or an entry made, moved or withdrawn, beyond the order's purpose."""

    SIGNAL = "signal"
    SCALE_IN = "scale_in"
    STOPPING = "stopping"
    UNFINISHED = "unfinished"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    WINDOW_END = "window_end"
    TIME_STOP = "time_stop"
    STOP_TOUCHED = "stop_touched"
    TARGET_TOUCHED = "target_touched"
    ENTRY_EXPIRED = "entry_expired"
    ENTRY_WITHDRAWN = "entry_withdrawn"
    ENTRY_CHASED = "entry_chased"

    @classmethod
    def of(cls, code: int) -> "ExitReason":
        """The kernel's number in words."""
        return _REASONS[code]


_REASONS = {getattr(codes, reason.name): reason for reason in ExitReason}


class Sizing(StrEnum):
    """How large an entry is."""

    PERCENT_OF_EQUITY = "percent_of_equity"
    FIXED_AMOUNT = "fixed_amount"
    FIXED_QUANTITY = "fixed_quantity"
    RISK_PER_TRADE = "risk_per_trade"
    KELLY = "kelly"
    VOLATILITY_TARGET = "volatility_target"


class EntryOrder(StrEnum):
    """How an entry is ordered."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class RiskRules:
    """A bot's sizing and risk settings.

    Percents are of price (stop, target, trail, distance), of the bot's equity (size, limits) or of
    what the name says; amounts in USD. What is None is off.
    """

    sizing: Sizing = Sizing.PERCENT_OF_EQUITY
    position_percent: float = 5.0
    position_amount: float = 1_000.0
    position_quantity: float = 1.0
    risk_percent: float = 1.0
    kelly_fraction: float = 0.5
    kelly_after_trades: int = 20
    volatility_percent: float = 15.0
    fixed_capital: bool = False
    fractional: bool = False

    stop_loss_percent: float | None = 2.0
    stop_loss_atr: float | None = None
    stop_loss_price: float | None = None
    take_profit_percent: float | None = 4.0
    take_profit_risk: float | None = None
    trailing_stop_percent: float | None = None
    trailing_activation_percent: float = 0.0
    trailing_step_percent: float = 0.1
    break_even_percent: float | None = None
    break_even_offset_percent: float = 0.0
    time_stop_minutes: int | None = None
    flatten_at_window_end: bool = False

    max_position_account_percent: float | None = 5.0
    max_position_amount: float | None = None
    max_symbol_percent: float | None = None
    max_exposure_percent: float | None = 100.0
    max_volume_percent: float | None = None
    max_open_positions: int = 10

    daily_loss_limit_percent: float | None = 3.0
    daily_loss_flatten: bool = False
    max_drawdown_percent: float | None = None
    max_drawdown_flatten: bool = False
    max_trades_per_day: int | None = None
    max_consecutive_losses: int | None = None
    cooldown_minutes: int = 0
    loss_cooldown_minutes: int = 0

    scale_in_steps: int = 0
    scale_in_distance_percent: float = 1.0

    entry_order: EntryOrder = EntryOrder.MARKET
    entry_offset_percent: float = 0.1
    entry_expire_minutes: int = 5
    entry_chase_steps: int = 0
    entry_chase_limit_percent: float = 0.5

    @property
    def has_stop(self) -> bool:
        """Whether every entry has a stop from its start."""
        fixed = (self.stop_loss_percent, self.stop_loss_atr, self.stop_loss_price)
        trails = self.trailing_stop_percent is not None and self.trailing_activation_percent == 0
        return trails or any(stop is not None for stop in fixed)

    @property
    def has_target(self) -> bool:
        return self.take_profit_percent is not None or self.take_profit_risk is not None

    @property
    def ends_positions(self) -> bool:
        """Whether a position is left some day without an exit rule."""
        timed = self.time_stop_minutes is not None or self.flatten_at_window_end
        return self.has_stop or self.has_target or timed


# --- what can be wrong ----------------------------------------------------------------------------

# Field -> above, at most (None: no bound), of numbers that may be off.
_RANGES: dict[str, tuple[float, float | None]] = {
    "position_percent": (0, 100),
    "position_amount": (0, None),
    "position_quantity": (0, None),
    "risk_percent": (0, 20),
    "kelly_fraction": (0, 1),
    "volatility_percent": (0, 500),
    "stop_loss_percent": (0, 99.9),
    "stop_loss_atr": (0, 50),
    "stop_loss_price": (0, None),
    "take_profit_percent": (0, 1000),
    "take_profit_risk": (0, 100),
    "trailing_stop_percent": (0, 50),
    "break_even_percent": (0, 1000),
    "max_position_account_percent": (0, 100),
    "max_position_amount": (0, None),
    "max_symbol_percent": (0, 100),
    "max_exposure_percent": (0, 100),
    "max_volume_percent": (0, 100),
    "daily_loss_limit_percent": (0, 100),
    "max_drawdown_percent": (0, 100),
}
# Field -> lowest, highest, of numbers that may be zero.
_BOUNDS: dict[str, tuple[float, float]] = {
    "kelly_after_trades": (1, 10_000),
    "trailing_activation_percent": (0, 1000),
    "trailing_step_percent": (0.01, 10),
    "break_even_offset_percent": (-50, 1000),
    "time_stop_minutes": (1, 1_000_000),
    "max_open_positions": (1, 100),
    "max_trades_per_day": (1, 10_000),
    "max_consecutive_losses": (1, 1000),
    "cooldown_minutes": (0, 100_000),
    "loss_cooldown_minutes": (0, 100_000),
    "scale_in_steps": (0, 10),
    "scale_in_distance_percent": (-90, 1000),
    "entry_offset_percent": (-20, 90),
    "entry_expire_minutes": (1, 10_000),
    "entry_chase_steps": (0, 1000),
    "entry_chase_limit_percent": (0, 20),
}


def problems(risk: RiskRules, prefix: str = "risk_management") -> Iterator[Problem]:
    """What is wrong with risk settings, by the field's path."""
    for field, (above, most) in _RANGES.items():
        value = getattr(risk, field)
        if value is None or (math.isfinite(value) and value > above and (most is None or value <= most)):
            continue
        limit = "" if most is None else f" and at most {most:g}"
        yield Problem(f"{prefix}.{field}", f"Must be above {above:g}{limit}.")
    for field, (low, high) in _BOUNDS.items():
        value = getattr(risk, field)
        if value is not None and not low <= value <= high:
            yield Problem(f"{prefix}.{field}", f"Must be from {low:g} to {high:g}.")
    yield from _combinations(risk, prefix)


def _combinations(risk: RiskRules, prefix: str) -> Iterator[Problem]:
    stops = ("stop_loss_percent", "stop_loss_atr", "stop_loss_price")
    given = [field for field in stops if getattr(risk, field) is not None]
    if len(given) > 1:
        yield Problem(f"{prefix}.{given[1]}", "Choose one kind of stop-loss: percent, ATR or price.")
    if risk.take_profit_percent is not None and risk.take_profit_risk is not None:
        yield Problem(f"{prefix}.take_profit_risk", "Choose one kind of take-profit: percent or risk.")
    if risk.take_profit_risk is not None and not risk.has_stop:
        yield Problem(f"{prefix}.take_profit_risk", "A target in multiples of risk needs a stop-loss.")
    if risk.sizing is Sizing.RISK_PER_TRADE and not risk.has_stop:
        yield Problem(f"{prefix}.sizing", "Sizing by risk needs a stop-loss: it says what is at risk.")
    starts = risk.stop_loss_percent, risk.stop_loss_atr, risk.stop_loss_price
    if all(stop is None for stop in starts):
        if risk.trailing_stop_percent is not None and risk.trailing_activation_percent > 0:
            yield Problem(
                f"{prefix}.trailing_activation_percent",
                "A trailing stop that starts later needs a stop-loss until then.",
            )
        if risk.break_even_percent is not None and not risk.has_stop:
            yield Problem(f"{prefix}.break_even_percent", "Moving to break-even needs a stop-loss to move.")
    trigger, offset = risk.break_even_percent, risk.break_even_offset_percent
    if trigger is not None and offset >= trigger:
        yield Problem(f"{prefix}.break_even_offset_percent", "Must be below the profit that triggers it.")
    if risk.scale_in_steps > 0 and risk.scale_in_distance_percent == 0:
        yield Problem(f"{prefix}.scale_in_distance_percent", "Must not be zero.")
    yield from _entry_problems(risk, prefix)


def _entry_problems(risk: RiskRules, prefix: str) -> Iterator[Problem]:
    """What belongs to another kind of order says nothing."""
    if risk.entry_order is EntryOrder.STOP and risk.entry_offset_percent < 0:
        yield Problem(f"{prefix}.entry_offset_percent", "A stop waits beyond the price: 0 or more.")


# --- all bots of an account -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What all bots of an account together may do; None: no limit.

    Percents are of the account's equity: what its bots' ledgers are worth together.
    """

    daily_loss_percent: float | None = None
    max_exposure_percent: float | None = None
    max_symbol_percent: float | None = None
    max_open_positions: int | None = None

    @property
    def is_off(self) -> bool:
        """Whether nothing is limited."""
        return self == AccountLimits()


def account_problems(limits: AccountLimits) -> Iterator[Problem]:
    """What is wrong with an account's limits, by field."""
    for field in ("daily_loss_percent", "max_exposure_percent", "max_symbol_percent"):
        value = getattr(limits, field)
        if value is not None and not (math.isfinite(value) and 0 < value <= 100):
            yield Problem(field, "Must be above 0 and at most 100.")
    most = limits.max_open_positions
    if most is not None and not 1 <= most <= 10_000:
        yield Problem("max_open_positions", "Must be from 1 to 10000.")
    exposure, symbol = limits.max_exposure_percent, limits.max_symbol_percent
    if exposure is not None and symbol is not None and symbol > exposure:
        yield Problem("max_symbol_percent", "One symbol cannot be more than all together may be.")
