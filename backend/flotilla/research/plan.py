"""What is to be tested: which bots, on which days, on whose bars, at which costs."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from flotilla.domain import bots
from flotilla.domain.bots import BotSpec
from flotilla.domain.errors import Invalid, Problem
from flotilla.domain.market import NEW_YORK
from flotilla.domain.risk import AccountLimits
from flotilla.ports.calendar import SessionCalendar
from flotilla.research.costs import PRACTICE, CostTable

MAX_BOTS = 20
_SESSION, _DAY = 390, 1_440  # minutes
_FEWEST_DAYS = 4
_SOURCE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9./^_-]{0,31}")
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2100, 12, 30)


def bot_field(index: int) -> str:
    """Where a request has its bots, for the fields of what is wrong with one."""
    return f"bots.{index}."


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """`first` and `last` are days, both included: New York's of stocks, UTC's of coins; None leaves the
    choice to what bars there are. `source`: a provider to fetch from, or the name of stored bars.
    `field` says where the request has a bot, so that what is wrong is said beside it.
    """

    bots: Sequence[BotSpec]
    first: date | None = None
    last: date | None = None
    source: str = "practice"
    costs: CostTable = PRACTICE
    limits: AccountLimits | None = None
    account_equity: float | None = None
    field: Callable[[int], str] = bot_field

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol once, in the order of the bots."""
        return tuple(dict.fromkeys(symbol for bot in self.bots for symbol in bot.symbols))

    @property
    def trades_coins(self) -> bool:
        return any(bot.trades_coins for bot in self.bots)

    @property
    def clock(self) -> tzinfo:
        """The clock that its days go by."""
        return UTC if self.trades_coins else NEW_YORK

    def of_symbol(self, symbol: str, message: str) -> list[Problem]:
        """The same problem wherever a bot names the symbol."""
        return [
            Problem(f"{self.field(b)}symbols.{k}", message)
            for b, bot in enumerate(self.bots)
            for k, named in enumerate(bot.symbols)
            if named == symbol
        ]


def check(plan: BacktestPlan) -> None:
    """Raise Invalid with everything that is wrong with a plan before any bar is looked at."""
    found = list(_problems(plan))
    if found:
        raise Invalid(found)


def moments(first: date, last: date, clock: tzinfo) -> tuple[datetime, datetime]:
    """The days [first, last] as [start, end), aware UTC."""
    after = last + timedelta(days=1)
    start, end = (datetime.combine(day, time(), clock).astimezone(UTC) for day in (first, after))
    return start, end


def seen_from(plan: BacktestPlan, start: datetime, calendar: SessionCalendar) -> datetime:
    """Since when bars must be known for every indicator to be warmed up at `start`.

    Rounded up to 4, 8, 16, ... sessions (coins: days), and one more where sessions are short: the
    bars of one preview so serve the next, whose indicator is a little longer.
    """
    minutes = max(bot.base_warm_up for bot in plan.bots)
    length = _DAY if plan.trades_coins else _SESSION
    days = max(_FEWEST_DAYS, 1 << (-(-minutes // length)).bit_length())
    if plan.trades_coins:
        return start - timedelta(days=days)
    day = start.astimezone(NEW_YORK).date()
    # 252 sessions are 365 days; a fortnight more covers any row of holidays.
    before = calendar.sessions(day - timedelta(days=days * 3 // 2 + 14), day - timedelta(days=1))
    return before[-days].open if len(before) >= days else start - timedelta(days=days * 2)


def _problems(plan: BacktestPlan) -> Iterator[Problem]:
    if not plan.bots:
        yield Problem("bots", "Name at least one bot.")
    if len(plan.bots) > MAX_BOTS:
        yield Problem("bots", f"Test at most {MAX_BOTS} bots together.")
        return
    for index, bot in enumerate(plan.bots):
        for problem in bots.problems(bot):
            yield replace(problem, field=plan.field(index) + problem.field)
        for k, symbol in enumerate(bot.symbols):
            if not _SYMBOL.fullmatch(symbol):
                yield Problem(f"{plan.field(index)}symbols.{k}", f"{symbol or 'This'} is not a symbol.")
        if bot.trades_coins and not all("/" in symbol for symbol in bot.symbols):
            yield Problem(f"{plan.field(index)}symbols", "A bot trades stocks or coins, not both.")
    if not _SOURCE.fullmatch(plan.source):
        yield Problem("source", "Name a source: practice, alpaca, or one that `flotilla bars list` shows.")
    if len({bot.trades_coins for bot in plan.bots}) > 1:
        yield Problem("bots", "Stocks and coins go by different days: test their bots apart.")
    yield from _range_problems(plan)


def _range_problems(plan: BacktestPlan) -> Iterator[Problem]:
    if plan.first is not None and plan.first < _FIRST_DAY:
        yield Problem("first", f"No bars are older than {_FIRST_DAY}.")
    if plan.first is not None and plan.last is not None and plan.last < plan.first:
        yield Problem("last", "The last day lies before the first: the range is empty.")
    for name, day in (("first", plan.first), ("last", plan.last)):
        if day is not None and day > _LAST_DAY:
            yield Problem(name, f"No bars are newer than {_LAST_DAY}.")
