"""The first half of a step: marks, the day, halts, exits, and the stops of what stays (semantics 2)."""

import math
from typing import Any

from flotilla.domain import codes
from flotilla.domain.kernel.compiled import compiled, inlined
from flotilla.domain.kernel.money import equity
from flotilla.domain.kernel.protection import moved_stop
from flotilla.domain.kernel.records import DECISIONS, INTENTS, OVERFLOW, REPRICES, Book, Market, Output
from flotilla.domain.kernel.resting import tend_entry


@inlined
def manage(book: Book, market: Market, b: int, t: int, out: Output) -> None:
    """Steps 2 to 4 of bot `b` at column `t`: fills up to it are applied."""
    _roll_day(book, market, b, t)
    rule, bot = book.rules[b], book.bots[b]
    if bot.busy == 0:
        return
    _mark(book, market, b, t)
    _halt(rule, bot)
    bot.busy = 0
    for k in range(rule.first, rule.last):
        slot = book.slots[k]
        if slot.closed != 0:
            _after_exit(rule, bot, slot, market.tau[t])
        if slot.quantity != 0.0:
            if slot.pending == codes.NOTHING:
                _exit(book, market, b, k, t, out)
            elif slot.pending_type != codes.AT_MARKET:
                _leave_first(book, market, b, k, t)
            if slot.trail > 0.0 or slot.break_even > 0.0:
                _reprice(book, market, b, k, t, out)
        if slot.pending_type != codes.AT_MARKET:
            tend_entry(book, market, b, k, t, out)
        if slot.quantity != 0.0 or slot.pending != codes.NOTHING:
            bot.busy = 1


@inlined
def _roll_day(book: Book, market: Market, b: int, t: int) -> None:
    """A new day starts from the equity after the last step, so that the overnight gap counts in it.

    Not from the equity of now: what a stop sold at the gap's open is booked already.
    """
    bot = book.bots[b]
    if bot.day == market.day[b, t]:
        return
    bot.day = market.day[b, t]
    if math.isnan(bot.closing_equity):
        bot.closing_equity = equity(book, b)
    bot.day_baseline = bot.closing_equity
    bot.daily_loss_halted = 0
    bot.trades_today = 0
    bot.losses_in_a_row = 0


@inlined
def _mark(book: Book, market: Market, b: int, t: int) -> None:
    rule, bot = book.rules[b], book.bots[b]
    total, held = bot.cash, 0.0
    for k in range(rule.first, rule.last):
        slot = book.slots[k]
        close = market.close[book.instruments[k].price_row, t]
        if not math.isnan(close):
            slot.mark = close
        if slot.quantity != 0.0:
            value = slot.quantity * slot.mark
            total += value
            held += abs(value)
    bot.closing_equity, bot.exposure = total, held
    if total > bot.peak_equity:
        bot.peak_equity = total


@inlined
def _halt(rule: Any, bot: Any) -> None:
    # A short's gap may leave less than nothing: a part of that is of its size, and off stays off.
    lost = bot.day_baseline - bot.closing_equity
    if lost > 0.0 and lost >= rule.daily_loss * abs(bot.day_baseline):
        bot.daily_loss_halted = 1
    if bot.peak_equity - bot.closing_equity >= rule.drawdown * bot.peak_equity:
        bot.drawdown_halted = 1


@compiled
def _after_exit(rule: Any, bot: Any, slot: Any, tau: int) -> None:
    """Cooldown and streak of a position that went flat since the last step."""
    slot.closed = 0
    pause = rule.cooldown
    if slot.closed_profit < 0.0:
        bot.losses_in_a_row += 1
        pause = max(pause, rule.loss_cooldown)
    else:
        bot.losses_in_a_row = 0
    slot.cooldown_until = tau + int(pause)


# --- exits ----------------------------------------------------------------------------------------


@inlined
def _exit(book: Book, market: Market, b: int, k: int, t: int, out: Output) -> None:
    rule, bot, slot = book.rules[b], book.bots[b], book.slots[k]
    tau = market.tau[t]
    if slot.since < 0:
        slot.since, slot.since_day = tau, bot.day
    reason, purpose = _reason(rule, bot, slot, market.flags[b, t], market.signals[k, t], tau)
    if reason != codes.NONE:
        _send_exit(book, market, b, k, t, purpose, reason, abs(slot.quantity), out)
    elif book.instruments[k].guarded != 0:
        _guard(book, market, b, k, t, out)
    if slot.pending == codes.NOTHING and _signals_exit(slot, market.flags[b, t], market.signals[k, t]):
        _send_exit(book, market, b, k, t, codes.EXIT, codes.SIGNAL, abs(slot.quantity), out)


@compiled
def _leave_first(book: Book, market: Market, b: int, k: int, t: int) -> None:
    """What a resting entry has bought already must go: the rest is withdrawn, then it is sold.

    Of protection that the engine holds, too: a touch sells the whole position.
    """
    rule, bot, slot = book.rules[b], book.bots[b], book.slots[k]
    tau, flags, signals = market.tau[t], market.flags[b, t], market.signals[k, t]
    if slot.since < 0:
        slot.since, slot.since_day = tau, bot.day
    reason, purpose = _reason(rule, bot, slot, flags, signals, tau)
    if reason == codes.NONE and book.instruments[k].guarded != 0:
        for n in range(book.lots.shape[1]):
            lot = book.lots[k, n]
            if lot.quantity != 0.0 and (
                _touched(book, market, k, lot, t, True) or _touched(book, market, k, lot, t, False)
            ):
                reason, purpose = codes.STOP_TOUCHED, codes.EXIT
    if reason == codes.NONE and _signals_exit(slot, flags, signals):
        reason, purpose = codes.SIGNAL, codes.EXIT
    if reason != codes.NONE and reason != codes.STOPPING:
        slot.leaving = purpose


@inlined
def _reason(rule: Any, bot: Any, slot: Any, flags: int, signals: int, tau: int) -> tuple[int, int]:
    """Why a whole position must go, whatever its rules say, and the purpose of that order."""
    if flags & codes.FLATTEN_ALL:
        return codes.STOPPING, codes.FLATTEN
    if slot.leaving != codes.NOTHING:
        return codes.UNFINISHED, slot.leaving
    if signals & codes.MUST_GO:
        return codes.UNFINISHED, codes.EXIT
    if flags & codes.NO_RULES:
        return codes.NONE, codes.NOTHING
    if bot.daily_loss_halted != 0 and rule.daily_loss_flattens != 0:
        return codes.DAILY_LOSS, codes.FLATTEN
    if bot.drawdown_halted != 0 and rule.drawdown_flattens != 0:
        return codes.DRAWDOWN, codes.FLATTEN
    # The last minutes may have had no bar to act on: then it goes with the first of the next day.
    if flags & codes.FLATTEN_DUE or (rule.flat_overnight != 0 and slot.since_day != bot.day):
        return codes.WINDOW_END, codes.FLATTEN
    if tau - slot.since >= slot.time_stop:
        return codes.TIME_STOP, codes.EXIT
    return codes.NONE, codes.NOTHING


@inlined
def _signals_exit(slot: Any, flags: int, signals: int) -> bool:
    if flags & codes.NO_RULES:
        return False
    return bool(signals & (codes.EXIT_LONG if slot.quantity > 0.0 else codes.EXIT_SHORT))


@compiled
def _guard(book: Book, market: Market, b: int, k: int, t: int, out: Output) -> None:
    """Protection that the engine holds: what the bar touched is sold at the market (semantics 3)."""
    slot = book.slots[k]
    quantity, stopped = 0.0, False
    for n in range(book.lots.shape[1]):
        lot = book.lots[k, n]
        if lot.quantity == 0.0:
            continue
        stops = _touched(book, market, k, lot, t, True)
        if stops or _touched(book, market, k, lot, t, False):
            lot.leaving = codes.STOP_TOUCHED if stops else codes.TARGET_TOUCHED
        if lot.leaving != 0:
            quantity += lot.quantity
            stopped = stopped or lot.leaving == codes.STOP_TOUCHED
    if quantity > 0.0:
        reason = codes.STOP_TOUCHED if stopped else codes.TARGET_TOUCHED
        _send_exit(book, market, b, k, t, codes.EXIT, reason, min(quantity, abs(slot.quantity)), out)


@compiled
def _touched(book: Book, market: Market, k: int, lot: Any, t: int, stop: bool) -> bool:
    """Whether the bar that ends at the tau, if there is one, reached a lot's stop or else its target.

    A comparison with NaN is false: neither a missing bar nor a missing price is touched.
    """
    row = book.instruments[k].price_row
    if math.isnan(market.open[row, t]):
        return False
    high, low = market.high[row, t], market.low[row, t]
    if book.slots[k].quantity > 0.0:
        return low <= lot.stop if stop else high >= lot.target
    return high >= lot.stop if stop else low <= lot.target


@compiled
def last_day(book: Book, market: Market, b: int, k: int, t: int) -> int:
    """The last day on which a day order sent at column `t` can fill: after the close, the next one."""
    if book.instruments[k].around_the_clock != 0:
        return 1 << 60
    return market.day[b, t] + (1 if market.flags[b, t] & (codes.CLOSING | codes.NEXT_SESSION) else 0)


@compiled
def _send_exit(
    book: Book,
    market: Market,
    b: int,
    k: int,
    t: int,
    purpose: int,
    reason: int,
    quantity: float,
    out: Output,
) -> None:
    slot, tau = book.slots[k], market.tau[t]
    whole = quantity >= abs(slot.quantity)
    # What was decided is decided again until it has happened; what a person asked for, they ask for.
    slot.leaving = purpose if whole and reason != codes.STOPPING else codes.NOTHING
    slot.pending = purpose
    slot.pending_sign = -1.0 if slot.quantity > 0.0 else 1.0
    slot.pending_price = slot.mark
    slot.pending_quantity = quantity
    slot.pending_until = last_day(book, market, b, k, t)
    slot.reserved = 0.0
    slot.exit_tau = tau
    i = out.counts[INTENTS]
    if i >= len(out.intents):
        out.counts[OVERFLOW] = 1
        return
    out.counts[INTENTS] = i + 1
    intent = out.intents[i]
    intent.tau, intent.slot, intent.purpose, intent.reason = tau, k, purpose, reason
    intent.action, intent.type, intent.order_price = codes.PLACE, codes.AT_MARKET, math.nan
    intent.sign, intent.quantity, intent.price = slot.pending_sign, quantity, slot.mark
    intent.stop, intent.target = math.nan, math.nan
    i = out.counts[DECISIONS]
    if i >= len(out.decisions):
        out.counts[OVERFLOW] = 1
        return
    out.counts[DECISIONS] = i + 1
    decision = out.decisions[i]
    decision.tau, decision.slot, decision.outcome = tau, k, codes.EXITED
    decision.code, decision.shrunk, decision.a, decision.b = reason, codes.NONE, quantity, slot.mark


# --- stops that move ------------------------------------------------------------------------------


@compiled
def _reprice(book: Book, market: Market, b: int, k: int, t: int, out: Output) -> None:
    """Trail a position's stops: decided at tau, valid from the next bar.

    The best price is taken in while an order is under way, too; the stop waits for its end.
    """
    instrument, slot = book.instruments[k], book.slots[k]
    row = instrument.price_row
    if math.isnan(market.open[row, t]):
        return
    sign = 1.0 if slot.quantity > 0.0 else -1.0
    best = market.high[row, t] if sign > 0.0 else market.low[row, t]
    for n in range(book.lots.shape[1]):
        lot = book.lots[k, n]
        if lot.quantity == 0.0:
            continue
        if sign * (best - lot.extreme) > 0.0:
            lot.extreme = best
        if slot.pending != codes.NOTHING:
            continue
        stop = moved_stop(slot, instrument, sign, lot, slot.mark)
        if stop != lot.stop and not math.isnan(stop):
            lot.stop = stop
            _send_reprice(k, n, stop, market.tau[t], out)


@compiled
def _send_reprice(k: int, n: int, stop: float, tau: int, out: Output) -> None:
    if len(out.reprices) == 0:
        return
    i = out.counts[REPRICES]
    if i >= len(out.reprices):
        out.counts[OVERFLOW] = 1
        return
    out.counts[REPRICES] = i + 1
    reprice = out.reprices[i]
    reprice.tau, reprice.slot, reprice.lot, reprice.stop = tau, k, n, stop
