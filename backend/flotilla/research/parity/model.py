"""The backtest of what a bot traded: the fill model `bar_open` from the state that the bot began with.

It runs over the bars as they settled: what a backtest would say of the session tomorrow.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from flotilla.domain import codes
from flotilla.domain.errors import Invalid
from flotilla.domain.kernel.bot import KernelBot
from flotilla.domain.kernel.records import OVERFLOW, IntArray, output, records
from flotilla.domain.market import NEW_YORK, Series, Session
from flotilla.research.costs import PRACTICE, cost_records
from flotilla.research.model.records import FILL, TAPE_OVERFLOW, TRADE, Tape, tracks
from flotilla.research.model.simulation import simulate
from flotilla.research.parity.fills import Timed, backtest_fills
from flotilla.research.parity.replay import Recording, restored
from flotilla.research.preparation import Prepared, prepare
from flotilla.research.result import BacktestResult

_ROOM = 1_024  # orders of a session; more are made room for
_LONG_AGO = 86_400 * 30  # seconds


def model_fills(recording: Recording, sessions: "list[Session]", last_tau: int) -> list[Timed]:
    """What the bot would have filled from the origin's step to `last_tau` (seconds since 1970 UTC).

    `sessions` cover all bars. Costs are none: what slippage took is a difference, and measured.
    """
    bot = restored(recording)
    spec = replace(recording.spec, symbols=bot.symbols)
    first = recording.origin.tau
    histories = {symbol: _bars(recording, symbol) for symbol in bot.symbols}
    end = datetime.fromtimestamp(last_tau, UTC)
    try:
        made = prepare([spec], histories, sessions, start=first - timedelta(seconds=1), end=end)
    except Invalid:
        return []  # no bar of its symbols came
    _as_live(made, recording, sessions, len(recording.spec.symbols))
    return backtest_fills(_run(recording, made, bot.symbols))


def _bars(recording: Recording, symbol: str) -> Series:
    """A symbol of which no bar is known is one whose last was long ago: nothing can be decided on it."""
    found = recording.seen.settled(symbol)
    if len(found):
        return found
    start = int(recording.origin.tau.timestamp()) - _LONG_AGO
    value = np.ones(1)
    clock = UTC if "/" in symbol else NEW_YORK
    return Series(np.array([start]), value, value, value, value, value, clock=clock)


def _as_live(made: Prepared, recording: Recording, sessions: "list[Session]", own: int) -> None:
    """Count the days as live trading does, and ask no rules of what is only held."""
    market = made.market
    if not recording.spec.trades_coins:
        market.day[0] = _days(market.tau, sessions)
    market.signals[own:] &= np.uint8(codes.FRESH)
    # What was asked before the origin is not asked again.
    asked = recording.origin.asked
    evaluated = set(recording.origin.evaluated)
    for k, symbol in enumerate(recording.spec.symbols):
        if symbol not in evaluated and market.tau[0] == int(recording.origin.tau.timestamp()):
            known, chart = asked.get(symbol), made.charts[0, symbol]
            newest = int(np.searchsorted(chart.ends, market.tau[0], side="right")) - 1
            if newest >= 0 and known is not None and int(chart.bars.start[newest]) <= known:
                market.signals[k, 0] &= np.uint8(codes.FRESH)


def _days(tau: IntArray, sessions: "list[Session]") -> IntArray:
    closes = np.array([int(one.close.timestamp()) for one in sessions], np.int64)
    days = np.array([one.open.astimezone(NEW_YORK).toordinal() for one in sessions], np.int64)
    found: IntArray = days[np.searchsorted(closes, tau)]
    return found


def _run(recording: Recording, made: Prepared, symbols: tuple[str, ...]) -> BacktestResult:
    room = _ROOM
    while True:
        bot: KernelBot = restored(recording)
        instruments = [bot.instruments[symbol] for symbol in symbols]
        shape = (1, len(made.market.tau))
        begun = tracks(len(symbols))
        # An order that was under way when the bot began has lost why: it is the signal's.
        begun.order_reason[:] = codes.SIGNAL
        begun.order_tau[:] = made.market.tau[0]
        counts = np.zeros(3, np.int64)
        tape = Tape(
            records(FILL, room),
            records(TRADE, room),
            begun,
            np.empty(shape),
            np.empty(shape),
            counts,
            np.zeros(1, np.uint64),
        )
        asked = int(np.count_nonzero(made.market.signals & np.uint8(codes.ENTRY_SIGNALS)))
        out = output(intents=room, reprices=0, decisions=asked + 2 * room)
        simulate(bot.book, made.market, cost_records(PRACTICE, instruments), 0, shape[1], tape, out)
        if not (out.counts[OVERFLOW] or tape.counts[TAPE_OVERFLOW]):
            spec = replace(recording.spec, symbols=symbols)
            return BacktestResult([spec], made, bot.book, tape, out)
        room *= 8
