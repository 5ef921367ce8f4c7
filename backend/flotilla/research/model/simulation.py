"""The backtest's loop: every minute, fills first, then one step of every bot."""

from typing import Any

import numpy as np

from flotilla.domain.codes import PLACE
from flotilla.domain.kernel.compiled import compiled, inlined
from flotilla.domain.kernel.records import INTENTS, OVERFLOW, Book, Market, Output, Records
from flotilla.domain.kernel.step import step_all
from flotilla.research.model.bar_open import fill_minute
from flotilla.research.model.quiet import pass_quiet
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
        nearest = _pass_quiet_all(book, market, t, end, tape)
        if nearest > t:
            t = nearest
            continue
        for b in range(bots):
            if tape.awake[b] <= t:
                fill_minute(book, market, costs, b, t, tape)
        sent = out.counts[INTENTS]
        step_all(book, market, tape.awake, t, out)
        if out.counts[OVERFLOW] != 0 or tape.counts[TAPE_OVERFLOW] != 0:
            return
        _note(book, t, sent, tape, out)
        t += np.uint64(1)


@inlined
def _pass_quiet_all(book: Book, market: Market, t: Any, end: Any, tape: Tape) -> Any:
    """Take every bot through its quiet columns; returns the first at which one of them has to step."""
    nearest = end
    for b in range(np.uint64(len(book.bots))):
        if tape.awake[b] <= t:
            tape.awake[b] = pass_quiet(book, market, b, t, end, tape)
        nearest = min(nearest, tape.awake[b])
    return nearest


@inlined
def _note(book: Book, t: Any, sent: int, tape: Tape, out: Output) -> None:
    """What the step at column `t` leaves: whence the orders came, and what the bots are worth."""
    for i in range(sent, out.counts[INTENTS]):
        intent = out.intents[i]
        if intent.action != PLACE:
            continue
        track = tape.tracks[intent.slot]
        track.order_tau, track.order_reason = intent.tau, intent.reason
    for b in range(np.uint64(len(book.bots))):
        if tape.awake[b] <= t:
            tape.equity[b, t] = book.bots[b].closing_equity
            tape.exposure[b, t] = book.bots[b].exposure
