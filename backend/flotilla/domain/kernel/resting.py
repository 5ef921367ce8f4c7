"""Entries that rest at a price of their own: where it lies, when it follows the market, when it is withdrawn.

`sign` is +1 for a purchase, -1 for a short sale.
"""

import math
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.fills import CASH_RESERVE
from flotilla.domain.kernel.money import free_cash
from flotilla.domain.kernel.protection import away
from flotilla.domain.kernel.records import INTENTS, OVERFLOW, Book, Market, Output
from flotilla.domain.kernel.rounding import tick_den, whole_price

_LAST_BIT = 1e-6  # steps: what a double of a whole price may lack
_FORBIDDING = codes.NO_ENTRIES | codes.NO_RULES | codes.FLATTEN_ALL | codes.CLOSING | codes.FLATTEN_DUE


@compiled
def own_price(rule: Any, instrument: Any, sign: float, close: float) -> float:
    """The price of an entry that rests, decided at `close`: a limit in our favour by the offset (beyond the
    close where that is negative), a stop against us by it and by one price step at least.
    """
    if rule.entry_order == codes.AT_STOP:
        return away(instrument, sign, close, close * (1.0 + sign * rule.entry_offset / 100.0))
    wanted = whole_price(instrument, close * (1.0 - sign * rule.entry_offset / 100.0))
    return max(wanted, instrument.tick_num / instrument.small_tick_den)


@compiled
def tend_entry(book: Book, market: Market, b: int, k: int, t: int, out: Output) -> None:
    """Withdraw slot `k`'s resting entry where it may wait no longer, else let a limit follow the price."""
    rule, slot = book.rules[b], book.slots[k]
    reason = _reason_to_end(book, market, b, k, t)
    if reason != codes.NONE:
        slot.pending_ends = reason
        _send_change(slot, market.tau[t], k, codes.CANCEL, reason, out)
    elif slot.pending_type == codes.AT_LIMIT and slot.chases < rule.chase_steps:
        _chase(book, market, b, k, t, out)


@compiled
def _reason_to_end(book: Book, market: Market, b: int, k: int, t: int) -> int:
    """Why a resting entry may not wait any longer; NONE while it may."""
    bot, slot = book.bots[b], book.slots[k]
    flags, signals = market.flags[b, t], market.signals[k, t]
    if slot.pending_ends != codes.NONE:
        return slot.pending_ends  # what was withdrawn is withdrawn again until it has happened
    leaves = codes.EXIT_LONG if slot.pending_sign > 0.0 else codes.EXIT_SHORT
    if (
        flags & _FORBIDDING
        or not flags & codes.IN_WINDOW
        or bot.daily_loss_halted != 0
        or bot.drawdown_halted != 0
        or signals & (codes.MUST_GO | leaves)
        or slot.leaving != codes.NOTHING
    ):
        return codes.ENTRY_WITHDRAWN
    if market.tau[t] - slot.pending_tau >= book.rules[b].entry_expiry:
        return codes.ENTRY_EXPIRED
    return codes.NONE


@compiled
def _chase(book: Book, market: Market, b: int, k: int, t: int, out: Output) -> None:
    """Move a limit after a close that ran away from it, as far as its own limit and the bot's cash allow."""
    rule, slot, instrument = book.rules[b], book.slots[k], book.instruments[k]
    if math.isnan(market.open[instrument.price_row, t]):
        return
    sign = slot.pending_sign
    worst = slot.pending_price * (1.0 + sign * rule.chase_limit / 100.0)
    wanted = own_price(rule, instrument, sign, slot.mark)
    if sign * (wanted - worst) > 0.0:
        wanted = _short_of(instrument, sign, worst)
    if sign * (wanted - slot.order_price) <= 0.0:
        return
    reserve = CASH_RESERVE * slot.pending_quantity * wanted
    if reserve - slot.reserved > free_cash(book, b):
        return
    slot.order_price, slot.reserved = wanted, reserve
    slot.chases += 1
    _send_change(slot, market.tau[t], k, codes.REPLACE, codes.ENTRY_CHASED, out)


@compiled
def _short_of(instrument: Any, sign: float, price: float) -> float:
    """The last price step that is not worse than `price`."""
    den = tick_den(instrument, price) / instrument.tick_num
    if sign > 0.0:
        return np.floor(price * den + _LAST_BIT) / den
    return np.ceil(price * den - _LAST_BIT) / den


@compiled
def _send_change(slot: Any, tau: int, k: int, action: int, reason: int, out: Output) -> None:
    i = out.counts[INTENTS]
    if i >= len(out.intents):
        out.counts[OVERFLOW] = 1
        return
    out.counts[INTENTS] = i + 1
    intent = out.intents[i]
    intent.tau, intent.slot, intent.purpose, intent.reason = tau, k, codes.ENTRY, reason
    intent.action, intent.type, intent.order_price = action, slot.pending_type, slot.order_price
    intent.sign, intent.quantity, intent.price = slot.pending_sign, slot.pending_quantity, slot.mark
    intent.stop, intent.target = slot.pending_stop, slot.pending_target
