"""The synthetic market: any day of any symbol, from the seed alone.

Per symbol, one daily path from 2014 to 2100 (opens, closes, volatility, volume); inside each day a
minute path bridged from that day's open to its close (minutes.py). docs/practice-market.md states
the model and its measures.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from flotilla.practice.assets import ALWAYS_LISTED
from flotilla.practice.calendar import LAST_DAY, TradingCalendar
from flotilla.practice.session import Session
from flotilla.practice.sources.cache import RecentlyUsed
from flotilla.practice.sources.extended import evening_price, extended_bars
from flotilla.practice.sources.minutes import DayShape, minute_bars
from flotilla.practice.sources.source import Floats, SessionBars, no_bars

FIRST_SESSION = date(2016, 1, 4)
HISTORY_FROM = date(2014, 1, 2)

_CACHED_SESSIONS = 2048
_GAP_SHARE = 0.25  # of a day's variance, overnight
_MARKET_SHARE = 0.4  # of a day's variance, common to all symbols
_PULL = 1 / 400  # a day, back to the base price: prices stay plausible until 2100
_VOLATILITY_MEMORY = 0.97  # a day
_VOLATILITY_OF_VOLATILITY = 0.12


@dataclass(frozen=True, slots=True)
class Character:
    """What tells one symbol from another: dollars, daily volatility, shares a day."""

    price: float
    volatility: float
    volume: float


_KNOWN = {
    "AAPL": Character(105.0, 0.016, 42e6),
    "MSFT": Character(60.0, 0.014, 33e6),
    "SPY": Character(205.0, 0.010, 95e6),
    "QQQ": Character(110.0, 0.012, 34e6),
    "TSLA": Character(230.0, 0.028, 5.5e6),
    "FAKEPACA": Character(130.0, 0.020, 2.0e6),
}


@dataclass(frozen=True, eq=False)
class DailyPath:
    """A symbol's days, one entry a session since HISTORY_FROM. Prices in dollars."""

    open: Floats
    close: Floats
    volatility: Floats
    volume: Floats


class SyntheticMarket:
    """A `PriceSource`; the same seed gives the same market for ever."""

    def __init__(self, calendar: TradingCalendar, seed: int = 0, symbols: tuple[str, ...] = ()) -> None:
        self.identity = f"synthetic:{seed}"
        self.symbols = tuple(dict.fromkeys((*ALWAYS_LISTED, *symbols)))
        self._calendar = calendar
        self._seed = seed
        self._index = {
            session.day: index for index, session in enumerate(calendar.between(HISTORY_FROM, LAST_DAY))
        }
        self._market_factor = generator_of(seed, "", "market").standard_normal((2, len(self._index)))
        self._paths: dict[str, DailyPath] = {}
        self._sessions: RecentlyUsed[tuple[str, date], SessionBars] = RecentlyUsed(_CACHED_SESSIONS)
        self._extended: RecentlyUsed[tuple[str, date], SessionBars] = RecentlyUsed(_CACHED_SESSIONS)
        first = calendar.on(FIRST_SESSION)
        assert first is not None
        self.first_session = first

    def session_from(self, day: date) -> Session | None:
        return self._calendar.on(day) or self._calendar.after(day)

    def session_before(self, day: date) -> Session | None:
        session = self._calendar.before(day)
        return session if session and session.day in self._index else None

    def sessions_between(self, first: date, last: date) -> list[Session]:
        return self._calendar.between(max(first, HISTORY_FROM), last)

    def bars(self, symbol: str, session: Session) -> SessionBars:
        if symbol not in self.symbols or session.day not in self._index:
            return no_bars(session)
        key = (symbol, session.day)
        return self._sessions.get(key, lambda: self._generate(symbol, session))

    def extended(self, symbol: str, session: Session) -> SessionBars:
        if symbol not in self.symbols or session.day not in self._index:
            return no_bars(session)
        key = (symbol, session.day)
        return self._extended.get(key, lambda: self._generate_extended(symbol, session))

    def _generate(self, symbol: str, session: Session) -> SessionBars:
        shape = self._shape(symbol, session)
        return minute_bars(session, shape, generator_of(self._seed, symbol, session.day.isoformat()))

    def _generate_extended(self, symbol: str, session: Session) -> SessionBars:
        path, index = self._path(symbol), self._index[session.day]
        before, after = (
            evening_price(float(path.close[day]), float(path.open[min(day + 1, len(path.open) - 1)]))
            for day in (max(index - 1, 0), index)
        )
        generator = generator_of(self._seed, symbol, f"{session.day.isoformat()} extended")
        return extended_bars(session, self._shape(symbol, session), before, after, generator)

    def _shape(self, symbol: str, session: Session) -> DayShape:
        path = self._path(symbol)
        index = self._index[session.day]
        return DayShape(
            open=float(path.open[index]),
            close=float(path.close[index]),
            volatility=float(path.volatility[index]) * (1 - _GAP_SHARE) ** 0.5,
            volume=float(path.volume[index]),
        )

    def _path(self, symbol: str) -> DailyPath:
        if symbol not in self._paths:
            generator = generator_of(self._seed, symbol, "days")
            character = _KNOWN.get(symbol) or _character(generator)
            self._paths[symbol] = daily_path(character, generator, self._market_factor)
        return self._paths[symbol]


def generator_of(seed: int, symbol: str, what: str) -> np.random.Generator:
    """Return the generator that everything named so is drawn from."""
    digest = hashlib.blake2b(f"{seed}|{symbol}|{what}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def _character(generator: np.random.Generator) -> Character:
    return Character(
        price=float(generator.uniform(60, 300)),
        volatility=float(generator.uniform(0.012, 0.025)),
        volume=float(10 ** generator.uniform(6, 7.3)),
    )


def daily_path(
    character: Character,
    generator: np.random.Generator,
    market: Floats,
    gap_share: float = _GAP_SHARE,
) -> DailyPath:
    """Walk the logarithm of the price: shocks of clustered size, a share common to all symbols,
    and a weak pull back to the base price. `gap_share` of a day's variance falls before its open."""
    days = market.shape[1]
    own = generator.standard_normal((2, days))
    overnight, intraday = _MARKET_SHARE**0.5 * market + (1 - _MARKET_SHARE) ** 0.5 * own
    shocks = np.asarray(generator.normal(0.0, _VOLATILITY_OF_VOLATILITY, days))
    log_volatility = _autoregressive(shocks, _VOLATILITY_MEMORY)
    volatility = character.volatility * np.exp(log_volatility - np.var(log_volatility))
    gaps = (volatility * gap_share**0.5 * overnight).tolist()
    moves = (volatility * (1 - gap_share) ** 0.5 * intraday).tolist()
    opens, closes, level = np.empty(days), np.empty(days), 0.0
    for day, (gap, move) in enumerate(zip(gaps, moves, strict=True)):
        opens[day] = level + gap - _PULL * level
        closes[day] = level = opens[day] + move
    noise = 0.25 * generator.standard_normal(days)
    return DailyPath(
        open=np.round(character.price * np.exp(opens), 2),
        close=np.round(character.price * np.exp(closes), 2),
        volatility=volatility,
        volume=character.volume * np.exp(0.6 * log_volatility + noise - 0.1),
    )


def _autoregressive(shocks: Floats, memory: float) -> Floats:
    values, value = np.zeros(len(shocks)), 0.0
    for index, shock in enumerate(shocks.tolist()):
        values[index] = value = memory * value + shock
    return values
