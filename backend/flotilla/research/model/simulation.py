"""The backtest's loop: every minute, fills first, then one step of every bot."""

from typing import Any

import numpy as np

from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.records import INTENTS, OVERFLOW, Book, Market, Output, Records
from flotilla.domain.kernel.step import idle_until, step_all
from flotilla.research.model.bar_open import fill_minute
from flotilla.research.model.records import TAPE_OVERFLOW, Tape


@compiled
def simulate(
    book: Book, market: Market, costs: Records, first: int, last: int, tape: Tape, out: Output
) -> None:
    """Run the columns `first` to `last`; stops early, with an overflow set, when a record is full.

    Nothing is allocated: state is in `book`, what happened in `tape` and `out`.
    """
    # Unsigned: an index that cannot count from the end needs no check for it.
    t: Any = np.uint64(first)
    end: Any = np.uint64(last)
    bots: Any = np.uint64(len(book.bots))
    while t < end:
        busy = False
        for b in range(bots):
            busy = busy or book.bots[b].busy != 0
        if not busy:
            t = _rest(book, market, t, end, tape)
            if t == end:
                return
        for b in range(bots):
            fill_minute(book, market, costs, b, t, tape)
        sent = out.counts[INTENTS]
        step_all(book, market, t, out)
        if out.counts[OVERFLOW] != 0 or tape.counts[TAPE_OVERFLOW] != 0:
            return
        for i in range(sent, out.counts[INTENTS]):
            intent = out.intents[i]
            track = tape.tracks[intent.slot]
            track.order_tau, track.order_reason = intent.tau, intent.reason
        for b in range(bots):
            tape.equity[b, t] = book.bots[b].closing_equity
            tape.exposure[b, t] = book.bots[b].exposure
        t += np.uint64(1)


@compiled
def _rest(book: Book, market: Market, first: int, last: int, tape: Tape) -> int:
    """Pass over the columns in which no bot has anything to do; returns the next one."""
    until = last
    for b in range(np.uint64(len(book.bots))):
        until = idle_until(book, market, b, first, until)
    for b in range(np.uint64(len(book.bots))):
        for t in range(first, until):
            tape.equity[b, t] = book.bots[b].closing_equity
            tape.exposure[b, t] = 0.0
    return until
