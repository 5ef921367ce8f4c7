"""What may stop an entry, and where a position's protection lies."""

import math
from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    """Why an entry was not made. *Refused* is ours; *rejected* is the broker's."""

    NOT_RUNNING = "NOT_RUNNING"
    WARMING_UP = "WARMING_UP"
    STALE_DATA = "STALE_DATA"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    MARKET_CLOSING = "MARKET_CLOSING"
    DAILY_LOSS_HALT = "DAILY_LOSS_HALT"
    ORDER_PENDING = "ORDER_PENDING"
    POSITION_HELD = "POSITION_HELD"
    MAX_OPEN_POSITIONS = "MAX_OPEN_POSITIONS"
    SIZE_TOO_SMALL = "SIZE_TOO_SMALL"
    INSUFFICIENT_CASH = "INSUFFICIENT_CASH"


REFUSAL_SENTENCES: dict[RefusalCode, str] = {
    RefusalCode.NOT_RUNNING: "The bot opens nothing while it is paused or stopping.",
    RefusalCode.WARMING_UP: "The indicators have not seen enough bars yet.",
    RefusalCode.STALE_DATA: "The newest bar of the symbol is too old.",
    RefusalCode.OUTSIDE_WINDOW: "The time is outside the trading window.",
    RefusalCode.MARKET_CLOSING: "The session has no further minute in which to fill.",
    RefusalCode.DAILY_LOSS_HALT: "The day's loss reached the limit; entries wait for the next day.",
    RefusalCode.ORDER_PENDING: "An order for the symbol is still under way.",
    RefusalCode.POSITION_HELD: "The bot already holds the symbol.",
    RefusalCode.MAX_OPEN_POSITIONS: "The bot holds as many positions as it may.",
    RefusalCode.SIZE_TOO_SMALL: "The share of capital does not buy one whole share.",
    RefusalCode.INSUFFICIENT_CASH: "The bot's cash does not cover the order and its reserve.",
}

# An entry reserves this multiple of quantity x price, so that a small gap is paid for (semantics 6).
CASH_RESERVE = 1.01


@dataclass(frozen=True, slots=True)
class RiskRules:
    """A bot's risk settings. Percents are of price (stop, target) or of the bot's equity (others)."""

    position_percent: float = 5.0
    max_open_positions: int = 10
    stop_loss_percent: float | None = 2.0
    take_profit_percent: float | None = 4.0
    daily_loss_limit_percent: float | None = 3.0


def stop_price(close: float, percent: float, step: float) -> float:
    """The stop of a long position decided at `close`: `percent` below it, in whole price steps."""
    return _whole_step(close * (1.0 - percent / 100.0), step)


def target_price(close: float, percent: float, step: float) -> float:
    """The target of a long position decided at `close`: `percent` above it, in whole price steps."""
    return _whole_step(close * (1.0 + percent / 100.0), step)


def daily_loss_reached(*, equity: float, baseline: float, limit_percent: float) -> bool:
    """Whether the day's P&L is at or below -limit x `baseline`, the equity at the day's start."""
    return equity - baseline <= -limit_percent / 100.0 * baseline


def _whole_step(price: float, step: float) -> float:
    """The nearest whole step, halves up, as the double nearest to its decimal form."""
    return round(math.floor(price / step + 0.5) * step, 9)
