"""How a practice market is started."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from flotilla.practice.clock import MAX_SPEED
from flotilla.practice.errors import PracticeStartError

_SYMBOL = re.compile(r"[A-Z][A-Z0-9.\-]{0,15}")


class FillModelName(StrEnum):
    """How bars fill orders: along a walk of quotes, or exactly as a backtest does."""

    QUOTES = "quotes"
    BAR_OPEN = "bar_open"


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account's credentials and the dollars it begins with."""

    key: str = "PKPRACTICE"
    secret: str = "practice"
    cash: Decimal = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    """`speed`: market seconds a second, 0 = paused, infinity = do not wait. `bars`: a folder to
    replay (None: the synthetic market). `start`: the first session of a market never run before;
    `anew`: of one that was run, too.
    `tokens`: OAuth tokens, each with the key of its account. `rate_limit`: requests a key may make in a
    minute of market time (0: any number). `symbol_limit`: symbols of trades and quotes
    that a connection may subscribe to. `extended_hours`: the hours around a session pass minute by minute
    and are part of history, not only while an order asks for them.
    """

    database_url: str
    host: str = "127.0.0.1"
    port: int = 8010
    bars: Path | None = None
    symbols: tuple[str, ...] = ()
    speed: float = 60.0
    start: date | None = None
    anew: bool = False
    seed: int = 0
    slippage_bps: Decimal = Decimal(0)
    extended_hours: bool = False
    accounts: tuple[AccountSettings, ...] = field(default=(AccountSettings(),))
    tokens: tuple[tuple[str, str], ...] = ()
    rate_limit: int = 200
    spread_bps: float = 2.0
    fill_model: FillModelName = FillModelName.QUOTES
    symbol_limit: int = 30
    scenario: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    authentication_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Raises PracticeStartError when a certificate comes without its key, or is not there."""
        files = (self.tls_cert, self.tls_key)
        if any(files) and not all(path and path.is_file() for path in files):
            raise PracticeStartError("TLS needs both a certificate's file and its key's.")


def parse_speed(text: str) -> float:
    """Read "60", "0.5", "0" or "max"; raises PracticeStartError."""
    if text.strip().lower() == "max":
        return MAX_SPEED
    try:
        speed = float(text)
    except ValueError:
        speed = -1
    if not 0 <= speed < MAX_SPEED:
        raise PracticeStartError(f"The speed must be a number from 0 up, or max; not {text!r}.")
    return speed


def parse_account(text: str) -> AccountSettings:
    """Read KEY:SECRET:CASH; raises PracticeStartError."""
    key, _, rest = text.partition(":")
    secret, _, cash = rest.rpartition(":")
    try:
        amount = Decimal(cash)
    except InvalidOperation:
        amount = Decimal(-1)
    if not key or not secret or not amount.is_finite() or amount < 0:
        raise PracticeStartError(f"An account is KEY:SECRET:CASH, not {text!r}.")
    return AccountSettings(key, secret, amount)


def parse_token(text: str) -> tuple[str, str]:
    """Read TOKEN:KEY; raises PracticeStartError."""
    token, _, key = text.rpartition(":")
    if not token or not key:
        raise PracticeStartError(f"A token is TOKEN:KEY, not {text!r}.")
    return token, key


def parse_symbols(text: str) -> tuple[str, ...]:
    """Read A,B,C; raises PracticeStartError for what is no symbol of a stock."""
    symbols = tuple(dict.fromkeys(s.strip().upper() for s in text.split(",") if s.strip()))
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise PracticeStartError(f"{symbol[:30]!r} is not the symbol of a stock.")
    return symbols
