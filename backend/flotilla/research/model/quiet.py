"""Minutes in which nothing can happen to a bot but that prices move: passed over in tight loops.

Most minutes of most backtests are like that: nothing is held, or what is held only waits. Where a step could
do more than to mark - an order under way, a signal, a leg that is touched, a new day, a limit of loss - it is
left to the step; what is left out here is exactly what a step would have left as it was.
"""

import math
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.records import Book, Market
from flotilla.research.model.records import Tape

_FLATTENS = codes.FLATTEN_ALL | codes.FLATTEN_DUE
# How far a symbol looks ahead of its bot's other ones: what they find nearer makes it look again.
_AHEAD = 256


@compiled
def pass_quiet(book: Book, market: Market, b: int, first: int, last: int, tape: Tape) -> int:
    """Take bot `b` through its quiet columns from `first` on; returns the next one (at most `last`)."""
    if book.bots[b].busy == 0:
        return _idle(book, market, b, first, last, tape)
    if not _only_waits(book, b):
        return first
    rule = book.rules[b]
    until: Any = last
    if until - first > np.uint64(_AHEAD):
        until = first + np.uint64(_AHEAD)
    for k in range(rule.first, rule.last):
        until = _undisturbed(book, market, b, k, first, until)
        if until == first:
            return first
    until = _mark(book, market, b, first, until, tape)
    if until > first:
        _follow(book, market, b, first, until, tape)
    return until


@compiled
def _idle(book: Book, market: Market, b: int, first: int, last: int, tape: Tape) -> int:
    """A bot that holds nothing waits for a new day or an entry signal."""
    rule, bot = book.rules[b], book.bots[b]
    today, equity, until = bot.day, bot.closing_equity, last
    for t in range(first, last):
        signals = np.uint8(0)
        for k in range(rule.first, rule.last):
            signals |= market.signals[k, t]
        if market.day[b, t] != today or signals & np.uint8(codes.ENTRY_SIGNALS):
            until = t
            break
    for t in range(first, until):
        tape.equity[b, t] = equity
        tape.exposure[b, t] = 0.0
    return until


@compiled
def _only_waits(book: Book, b: int) -> bool:
    """Whether nothing is under way, and nothing moves but what is marked."""
    rule, bot = book.rules[b], book.bots[b]
    if rule.trail > 0.0 or rule.break_even > 0.0 or book.account[0].limited != 0:
        return False  # an account's limits look at every bot of a minute
    if bot.daily_loss_halted != 0 and rule.daily_loss_flattens != 0:
        return False
    if math.isnan(bot.closing_equity) or (bot.drawdown_halted != 0 and rule.drawdown_flattens != 0):
        return False
    for k in range(rule.first, rule.last):
        slot = book.slots[k]
        if slot.pending != codes.NOTHING or slot.leaving != codes.NOTHING or slot.closed != 0:
            return False
        overstays = rule.flat_overnight != 0 and slot.since_day != bot.day
        if slot.quantity != 0.0 and (slot.since < 0 or overstays):
            return False
    return True


@compiled
def _undisturbed(book: Book, market: Market, b: int, k: int, first: int, last: int) -> int:
    """The first column at which a signal, a leg, the clock or the day makes slot `k` act."""
    rule, slot, today = book.rules[b], book.slots[k], book.bots[b].day
    since, time_stop, waited = slot.since, rule.time_stop, codes.ENTRY_SIGNALS
    if slot.quantity == 0.0:
        time_stop = math.inf
    else:
        waited |= codes.MUST_GO | (codes.EXIT_LONG if slot.quantity > 0.0 else codes.EXIT_SHORT)
        if slot.adds < rule.scale_in_steps:
            waited |= codes.EVALUATED
    lower, upper = _bounds(book, k)
    row = book.instruments[k].price_row
    for t in range(first, last):
        if market.signals[k, t] & waited or market.flags[b, t] & _FLATTENS or market.day[b, t] != today:
            return t
        # Without a bar the prices are NaN: nothing is touched.
        if market.low[row, t] <= lower or market.high[row, t] >= upper:
            return t
        if market.open[row, t] <= lower or market.open[row, t] >= upper:
            return t
        if market.tau[t] - since >= time_stop:
            return t
    return last


@compiled
def _bounds(book: Book, k: int) -> tuple[float, float]:
    """Between which prices no leg of slot `k` is touched; none at all while the engine sells one's lot."""
    lower, upper = -math.inf, math.inf
    rises = book.slots[k].quantity > 0.0
    for n in range(np.uint64(book.lots.shape[1])):
        lot = book.lots[k, n]
        if lot.quantity == 0.0:
            continue
        if lot.leaving != 0:
            return math.inf, -math.inf
        below, above = (lot.stop, lot.target) if rises else (lot.target, lot.stop)
        # A comparison with NaN is false: a leg that is not there bounds nothing.
        if below > lower:
            lower = below
        if above < upper:
            upper = above
    return lower, upper


@compiled
def _mark(book: Book, market: Market, b: int, first: int, last: int, tape: Tape) -> int:
    """Equity and exposure of the columns, up to the first at which a limit of loss is reached."""
    rule, bot = book.rules[b], book.bots[b]
    cash = bot.cash
    for t in range(first, last):
        tape.equity[b, t] = cash
        tape.exposure[b, t] = 0.0
    for k in range(rule.first, rule.last):
        quantity, row = book.slots[k].quantity, book.instruments[k].price_row
        if quantity == 0.0:
            continue
        for t in range(first, last):
            value = quantity * market.close[row, t]
            tape.equity[b, t] += value
            tape.exposure[b, t] += abs(value)
    return _within_limits(book, b, first, last, tape)


@compiled
def _within_limits(book: Book, b: int, first: int, last: int, tape: Tape) -> int:
    rule, bot = book.rules[b], book.bots[b]
    baseline, peak = bot.day_baseline, bot.peak_equity
    daily_loss = math.inf if bot.daily_loss_halted != 0 else rule.daily_loss * abs(baseline)
    drawdown = math.inf if bot.drawdown_halted != 0 else rule.drawdown
    until = last
    for t in range(first, last):
        total = tape.equity[b, t]
        highest = total if total > peak else peak
        lost = baseline - total
        if (lost > 0.0 and lost >= daily_loss) or highest - total >= drawdown * highest:
            until = t
            break
        peak = highest
    bot.peak_equity = peak
    return until


@compiled
def _follow(book: Book, market: Market, b: int, first: int, last: int, tape: Tape) -> None:
    """What the newest of the columns leaves behind, and what holding on through them has shown."""
    rule, bot, newest = book.rules[b], book.bots[b], last - np.uint64(1)
    bot.closing_equity, bot.exposure = tape.equity[b, newest], tape.exposure[b, newest]
    for k in range(rule.first, rule.last):
        slot, track, row = book.slots[k], tape.tracks[k], book.instruments[k].price_row
        if not math.isnan(market.close[row, newest]):
            slot.mark = market.close[row, newest]
        if slot.quantity == 0.0:
            continue
        lowest, highest, bars = track.lowest, track.highest, 0
        for t in range(first, last):
            if not math.isnan(market.open[row, t]):
                lowest, highest = min(lowest, market.low[row, t]), max(highest, market.high[row, t])
                bars += 1
        track.lowest, track.highest = lowest, highest
        track.bars += bars
