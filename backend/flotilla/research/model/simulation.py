"""The backtest's loop: every minute, fills first, then one step of every bot."""

import numpy as np

from flotilla.domain.kernel.compiled import compiled, inlined
from flotilla.domain.kernel.records import INTENTS, OVERFLOW, Book, Market, Output, Records
from flotilla.domain.kernel.step import idle, step_all
from flotilla.research.model.bar_open import fill_minute
from flotilla.research.model.records import TAPE_OVERFLOW, Tape


@compiled
def simulate(
    book: Book, market: Market, costs: Records, first: int, last: int, tape: Tape, out: Output
) -> None:
    """Run the columns `first` to `last`; stops early, with an overflow set, when a record is full.

    Nothing is allocated: state is in `book`, what happened in `tape` and `out`.
    """
    for t in range(np.uint64(first), np.uint64(last)):
        quiet = True
        for b in range(len(book.bots)):
            quiet = quiet and idle(book, market, b, t)
        if quiet:
            for b in range(len(book.bots)):
                tape.equity[b, t] = book.bots[b].closing_equity
                tape.exposure[b, t] = 0.0
            continue
        for b in range(len(book.bots)):
            fill_minute(book, market, costs, b, t, tape)
        sent = out.counts[INTENTS]
        step_all(book, market, t, out)
        if out.counts[OVERFLOW] != 0 or tape.counts[TAPE_OVERFLOW] != 0:
            return
        for i in range(sent, out.counts[INTENTS]):
            intent = out.intents[i]
            track = tape.tracks[intent.slot]
            track.order_tau, track.order_reason = intent.tau, intent.reason
        for b in range(len(book.bots)):
            _record(book, b, t, tape)


@inlined
def _record(book: Book, b: int, t: int, tape: Tape) -> None:
    rule, bot = book.rules[b], book.bots[b]
    tape.equity[b, t] = bot.closing_equity
    held = 0.0
    if bot.busy == 0:
        tape.exposure[b, t] = held
        return
    for k in range(rule.first, rule.last):
        slot = book.slots[k]
        if slot.quantity != 0.0:
            held += abs(slot.quantity) * slot.mark
    tape.exposure[b, t] = held
