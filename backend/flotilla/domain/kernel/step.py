"""One step of one bot (live), or of all bots of an account at once (backtest)."""

import math

import numpy as np

from flotilla.domain.kernel.compiled import compiled, inlined
from flotilla.domain.kernel.enter import enter
from flotilla.domain.kernel.manage import manage
from flotilla.domain.kernel.records import Book, IndexArray, Market, Output


@compiled
def step_bot(book: Book, market: Market, b: int, t: int, out: Output) -> None:
    """Decide for bot `b` at column `t`, in the order of semantics 2; fills are applied already."""
    manage(book, market, b, t, out)
    enter(book, market, b, t, out)


@compiled
def manage_bot(book: Book, market: Market, b: int, t: int, out: Output) -> None:
    """The first half of `step_bot`, where the entries wait for the account's other bots."""
    manage(book, market, b, t, out)


@compiled
def enter_bot(book: Book, market: Market, b: int, t: int, out: Output) -> None:
    """The second half: the entries of bot `b`, also through the limits of `book.account`."""
    enter(book, market, b, t, out)


@inlined
def step_all(book: Book, market: Market, awake: IndexArray, t: int, out: Output) -> None:
    """Decide for every bot at column `t`: exits pass first, then the account's limits gate the entries.

    `awake`: by bot, the first column at which a step may change anything; the others are left out.
    """
    for b in range(np.uint64(len(book.bots))):
        if awake[b] <= t:
            manage(book, market, b, t, out)
    if book.account[0].limited != 0:
        mark_account(book, market, t)
    for b in range(np.uint64(len(book.bots))):
        if awake[b] <= t:
            enter(book, market, b, t, out)


@compiled
def mark_account(book: Book, market: Market, t: int) -> None:
    """Where the account stands at a tau: the sum over its bots, each marked already."""
    account = book.account[0]
    account.exposure = 0.0
    account.positions = 0
    book.gross[:] = 0.0
    total = 0.0
    for b in range(np.uint64(len(book.bots))):
        total += book.bots[b].closing_equity
    for k in range(len(book.slots)):
        slot = book.slots[k]
        value = abs(slot.quantity) * slot.mark + slot.reserved
        book.gross[book.instruments[k].price_row] += value
        account.exposure += value
        if value > 0.0:
            account.positions += 1
    day = market.day[len(market.day) - 1, t]
    if account.day != day:
        account.day = day
        account.day_baseline = total if math.isnan(account.closing_equity) else account.closing_equity
        account.daily_loss_halted = 0
    account.equity = total
    account.closing_equity = total
    lost = account.day_baseline - total
    if lost > 0.0 and lost >= account.daily_loss * abs(account.day_baseline):
        account.daily_loss_halted = 1
