"""A backtest: the kernel over history, in the fill model `bar_open`, several bots on one account."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from flotilla.domain import codes
from flotilla.domain.bots import BotSpec
from flotilla.domain.kernel.account import account_days, write_limits
from flotilla.domain.kernel.records import Book, Output, output, records
from flotilla.domain.kernel.settings import fund, lots_needed, new_book, rules_row, write_instrument
from flotilla.domain.market import Instrument, Series, Session, usual_instrument
from flotilla.domain.placement import Placement, placement, traded_as
from flotilla.domain.risk import AccountLimits
from flotilla.research.costs import PRACTICE, CostTable, cost_records
from flotilla.research.model.records import FILL, TRADE, Tape, tracks
from flotilla.research.model.simulation import simulate
from flotilla.research.preparation import Prepared, prepare
from flotilla.research.result import BacktestResult

_CHUNK = 50_000  # columns between two looks at whether to go on
_ROOM = 4_096  # orders; doubled when they do not suffice


class BacktestCancelled(Exception):
    """Whoever asked for the backtest wants it no more."""


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What to run. `start` and `end` are aware; `account_equity` (USD) is what a position's share of the
    account is of, by default the larger of USD 100,000 and the bots' capital; `guarded` are symbols
    whose protection the engine holds (besides those of `domain.placement`: coins, fractions of shares).
    """

    bots: Sequence[BotSpec]
    start: datetime
    end: datetime
    costs: CostTable = PRACTICE
    account_equity: float | None = None
    limits: AccountLimits | None = None
    guarded: frozenset[str] = frozenset()
    instruments: Mapping[str, Instrument] = field(default_factory=dict)


def run(
    request: BacktestRequest,
    histories: Mapping[str, Series],
    sessions: Sequence[Session],
    *,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> BacktestResult:
    """Run to the end. Pure but for `progress` (0 to 1) and `cancelled`, which are asked now and then.

    Raises Invalid where the histories do not serve, BacktestCancelled.
    """
    made = prepare(request.bots, histories, sessions, start=request.start, end=request.end)
    market = made.market
    if request.limits is not None:
        market = market._replace(day=np.vstack([market.day, account_days(market.tau)]))
    room = _ROOM
    while True:
        book = _book(request, made)
        tape, out = _paper(request, made, room)
        costs = cost_records(
            request.costs, [_instrument(request, s) for b in request.bots for s in b.symbols]
        )
        times = len(made.market.tau)
        for first in range(0, times, _CHUNK):
            if cancelled():
                raise BacktestCancelled
            simulate(book, market, costs, first, min(first + _CHUNK, times), tape, out)
            progress(min(first + _CHUNK, times) / times)
        if not (out.counts[3] or tape.counts[2]):
            return BacktestResult(request.bots, made, book, tape, out)
        room *= 8  # a run is deterministic: the next one has the same orders, and room for them


def _book(request: BacktestRequest, made: Prepared) -> Book:
    bots = request.bots
    slots = sum(len(bot.symbols) for bot in bots)
    book = new_book(len(bots), slots, lots_needed([bot.risk for bot in bots]), len(made.symbols))
    equity = request.account_equity or max(100_000.0, float(sum(bot.capital for bot in bots)))
    first = 0
    for b, bot in enumerate(bots):
        last = first + len(bot.symbols)
        overnight = bot.trades_coins or bot.timeframe.is_daily
        book.rules[b] = rules_row(
            bot.risk, first=first, last=last, account_equity=equity, overnight=overnight
        )
        fund(book.bots[b], float(bot.capital))
        for k, symbol in enumerate(bot.symbols, first):
            instrument = traded_as(_instrument(request, symbol), bot.risk)
            guarded = symbol in request.guarded or placement(instrument) is Placement.ENGINE
            row = made.symbols.index(symbol)
            write_instrument(book.instruments[k], instrument, price_row=row, guarded=guarded)
        first = last
    if request.limits is not None:
        write_limits(book.account[0], request.limits)
    return book


def _paper(request: BacktestRequest, made: Prepared, room: int) -> tuple[Tape, Output]:
    """Room for what happens: an entry signal is a decision at least."""
    asked = int(np.count_nonzero(made.market.signals & np.uint8(codes.ENTRY_SIGNALS)))
    shape = (len(request.bots), len(made.market.tau))
    tape = Tape(
        records(FILL, room),
        records(TRADE, room),
        tracks(len(made.market.signals)),
        np.empty(shape),
        np.empty(shape),
        np.zeros(3, np.int64),
        np.zeros(len(request.bots), np.uint64),
    )
    return tape, output(intents=room, reprices=0, decisions=asked + 2 * room)


def _instrument(request: BacktestRequest, symbol: str) -> Instrument:
    return request.instruments.get(symbol) or usual_instrument(symbol)
