"""The limits over all bots of an account, where each bot is stepped by itself: the backtest's, bot by bot.

A backtest has all bots in one book. Live, each has its own, and what they have together is put into one
book for `mark_account`; the record that comes out is lent to each bot while it enters.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from flotilla.domain.kernel.bot import HalfStep, KernelBot
from flotilla.domain.kernel.decisions import StepResult
from flotilla.domain.kernel.records import (
    ACCOUNT,
    BOT,
    INSTRUMENT,
    LOT,
    RULES,
    SLOT,
    Book,
    IntArray,
    Market,
    Records,
)
from flotilla.domain.kernel.records import records as _records
from flotilla.domain.kernel.step import mark_account
from flotilla.domain.market import NEW_YORK, utc_offsets
from flotilla.domain.risk import AccountLimits

_FIRST: Any = np.uint64(0)
_KEPT = ("day", "day_baseline", "closing_equity", "daily_loss_halted")
_TOLD = ("exposure", "positions")  # nothing decides by them: the next mark counts anew
_DAY, _DAY_ENDS = 86_400, 16 * 3600


def write_limits(record: Any, limits: AccountLimits) -> None:
    """Turn an ACCOUNT record's limits on."""

    def percent(value: float | None) -> float:
        return math.inf if value is None else value

    record.limited = 1
    record.daily_loss = percent(limits.daily_loss_percent) / 100.0
    record.exposure_cap = percent(limits.max_exposure_percent)
    record.symbol_cap = percent(limits.max_symbol_percent)
    record.max_positions = 1 << 60 if limits.max_open_positions is None else limits.max_open_positions


def account_days(tau: IntArray) -> IntArray:
    """The numbers of the account's days, which end at 16:00 New York (the minute that ends then included)."""
    inside = tau - 1
    local = inside + utc_offsets(inside, NEW_YORK)
    days: IntArray = (local + _DAY - _DAY_ENDS) // _DAY
    return days


@dataclass(frozen=True, slots=True)
class Standing:
    """What one bot has at a tau (USD); `slots` are its symbols' SLOT records, copied."""

    equity: float
    capital: float
    symbols: tuple[str, ...]
    slots: Records

    @classmethod
    def of(cls, bot: KernelBot) -> "Standing":
        """Of a bot that is marked, and whose entries of this tau are not decided yet."""
        state = bot.book.bots[0]
        marked = float(state.closing_equity)
        equity = bot.equity if math.isnan(marked) else marked
        return cls(equity, float(state.capital), bot.symbols, bot.book.slots.copy())

    @classmethod
    def of_ledger(cls, cash: float, capital: float, held: Mapping[str, tuple[float, float]]) -> "Standing":
        """Of a bot that is not stepped: what it holds is given as (quantity, price) by symbol."""
        slots = _records(SLOT, len(held))
        for slot, (quantity, price) in zip(slots, held.values(), strict=True):
            slot.quantity, slot.mark = quantity, price
        equity = cash + sum(quantity * price for quantity, price in held.values())
        return cls(equity, capital, tuple(held), slots)


@dataclass(slots=True)
class AccountBook:
    """Where an account with limits stands. `mark` at every tau, then `enter` for bot after bot.

    A bot that comes or goes, or whose capital is changed, brings or takes its money: neither is a profit
    or a loss of the account's day. `members` has the equity and capital that were counted last, by bot.
    """

    limits: AccountLimits
    members: dict[str, tuple[float, float]] = field(default_factory=dict)
    marked: bool = False
    _account: Records = field(init=False)
    _gross: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._account = _records(ACCOUNT, 1)
        self._account.day = -1
        self._account.closing_equity = math.nan
        self.limit(self.limits)

    def limit(self, limits: AccountLimits) -> None:
        """Change the limits: they hold from the next entry on; the day goes on."""
        self.limits = limits
        write_limits(self._account[0], limits)

    @property
    def record(self) -> Any:
        """The kernel's ACCOUNT record."""
        return self._account[0]

    def mark(self, tau: datetime, standings: Mapping[str, Standing]) -> None:
        """Count the bots in the order of their ids, roll the day, and see whether it is halted."""
        found = {bot_id: standings[bot_id] for bot_id in sorted(standings)}
        self._transfer(found)
        symbols = dict.fromkeys(symbol for one in found.values() for symbol in one.symbols)
        rows = {symbol: row for row, symbol in enumerate(symbols)}
        book = _together(list(found.values()), rows, self._account)
        (day,) = account_days(np.array([int(tau.timestamp())]))
        mark_account(book, _day(max(int(day), int(self.record.day))), _FIRST)
        self._gross = {symbol: float(book.gross[row]) for symbol, row in rows.items()}
        self.marked = True

    def enter(self, half: HalfStep) -> StepResult:
        """Decide a bot's entries within the limits; what it enters counts for the bots after it."""
        bot, book = half.bot, half.bot.book
        book.account[0] = self._account[0]
        book.gross[:] = [self._gross.get(symbol, 0.0) for symbol in bot.symbols]
        try:
            return bot.enter(half)
        finally:
            self._account[0] = book.account[0]
            self._gross.update(zip(bot.symbols, map(float, book.gross), strict=True))
            book.account.limited = 0

    def _transfer(self, found: Mapping[str, Standing]) -> None:
        now = {bot_id: (one.equity, one.capital) for bot_id, one in found.items()}
        if not math.isnan(self.record.closing_equity):
            moved = sum(e for bot_id, (e, _) in now.items() if bot_id not in self.members)
            moved -= sum(e for bot_id, (e, _) in self.members.items() if bot_id not in now)
            moved += sum(now[b][1] - capital for b, (_, capital) in self.members.items() if b in now)
            self.record.closing_equity += moved
            self.record.day_baseline += moved
        self.members = now

    # --- what survives a restart ----------------------------------------------------------------

    def checkpoint(self) -> dict[str, Any]:
        """The day, its baseline and its halt, where the account stands, and the members, as JSON.

        Doubles are kept exactly.
        """
        kept = {name: self._account[name][0].item() for name in (*_KEPT, *_TOLD)}
        kept["closing_equity"] = None if math.isnan(kept["closing_equity"]) else kept["closing_equity"]
        return kept | {"members": {bot_id: list(pair) for bot_id, pair in self.members.items()}}

    def restore(self, checkpoint: Mapping[str, Any]) -> None:
        """Take what `checkpoint` gave. Raises KeyError where it is of another layout."""
        kept = {name: checkpoint[name] for name in _KEPT}
        members = {bot_id: (float(e), float(c)) for bot_id, (e, c) in checkpoint["members"].items()}
        for name, value in kept.items():
            self._account[name] = math.nan if value is None else value
        self.members = members


def _together(found: Sequence[Standing], rows: Mapping[str, int], account: Records) -> Book:
    """All bots in one book, as far as `mark_account` reads it."""
    slots = _records(SLOT, 0) if not found else np.concatenate([one.slots for one in found])
    book = Book(
        _records(RULES, 0),
        _records(BOT, len(found)),
        _records(INSTRUMENT, len(slots)),
        slots.view(np.recarray),
        _records(LOT, 0, 1),
        account,
        np.zeros(len(rows)),
    )
    book.bots.closing_equity = [one.equity for one in found]
    book.instruments.price_row = [rows[symbol] for one in found for symbol in one.symbols]
    return book


def _day(number: int) -> Market:
    """A market of one column of which only the day is read."""
    none = np.zeros((0, 1))
    day, flags = np.full((1, 1), number, np.int64), np.zeros((1, 1), np.uint8)
    signals = np.zeros((0, 1), np.uint8)
    return Market(np.zeros(1, np.int64), day, flags, none, none, none, none, none, signals, none, none, none)
