"""The fill model `bar_open` (semantics 4).

A market order fills whole at the open of the next bar, exits first; legs at the open when it is beyond
their price, else at their price when the bar touches it, the stop when it touches both.
"""

import math
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.kernel.compiled import compiled, inlined
from flotilla.domain.kernel.fills import apply_fill, charge, order_done
from flotilla.domain.kernel.records import Book, Market, Records
from flotilla.research.model.costs import coins_kept, executed, fee, slipped
from flotilla.research.model.records import FILLS, TAPE_OVERFLOW, TRADES, Tape

_YEAR = 365.0 * 86_400.0  # seconds


@inlined
def fill_minute(book: Book, market: Market, costs: Records, b: int, t: int, tape: Tape) -> None:
    """Fill bot `b`'s orders in the minute that ends at column `t`."""
    rule = book.rules[b]
    if book.bots[b].busy == 0:
        return
    pending = False
    for k in range(rule.first, rule.last):
        if book.slots[k].pending > codes.ENTRY:
            _at_open(book, market, costs, b, k, t, tape)
        pending = pending or book.slots[k].pending == codes.ENTRY
    if pending:
        for k in range(rule.first, rule.last):
            slot = book.slots[k]
            if slot.pending == codes.ENTRY and slot.pending_type != codes.AT_MARKET:
                _at_its_price(book, market, costs, b, k, t, tape)
            elif slot.pending == codes.ENTRY:
                _at_open(book, market, costs, b, k, t, tape)
    for k in range(rule.first, rule.last):
        if book.slots[k].quantity != 0.0:
            _legs(book, market, costs, b, k, t, tape)
            _follow(book, market, costs, b, k, t, tape)


@compiled
def _at_open(book: Book, market: Market, costs: Records, b: int, k: int, t: int, tape: Tape) -> None:
    """A market order: at the bar's open; a day order of a day that is over has expired."""
    slot, track = book.slots[k], tape.tracks[k]
    if market.day[b, t] > slot.pending_until:
        order_done(book, k)
        return
    row = book.instruments[k].price_row
    price = market.open[row, t]
    if math.isnan(price):
        return
    sign, quantity, purpose, reason = (
        slot.pending_sign,
        slot.pending_quantity,
        slot.pending,
        track.order_reason,
    )
    _fill(book, market, costs, b, k, t, tape, -1, purpose, reason, sign, quantity, price, True)
    order_done(book, k)


@compiled
def _at_its_price(book: Book, market: Market, costs: Records, b: int, k: int, t: int, tape: Tape) -> None:
    """An entry that rests: at the open when that is at its price or beyond, else at its price when the bar
    touches it. What was withdrawn is gone before the bar; nothing slips under a limit.
    """
    slot, track, row = book.slots[k], tape.tracks[k], book.instruments[k].price_row
    if slot.pending_ends != codes.NONE or market.day[b, t] > slot.pending_until:
        order_done(book, k)
        return
    opening, high, low = market.open[row, t], market.high[row, t], market.low[row, t]
    limited, sign, price = slot.pending_type == codes.AT_LIMIT, slot.pending_sign, slot.order_price
    # A limit waits for better prices, a stop for worse ones.
    waits_below = limited == (sign > 0.0)
    if (opening <= price) if waits_below else (opening >= price):
        price = opening
    elif (low <= price) if waits_below else (high >= price):
        track.inside = t
    else:
        return
    quantity, reason = slot.pending_quantity, track.order_reason
    _fill(book, market, costs, b, k, t, tape, -1, codes.ENTRY, reason, sign, quantity, price, not limited)
    order_done(book, k)


@inlined
def _legs(book: Book, market: Market, costs: Records, b: int, k: int, t: int, tape: Tape) -> None:
    """Stops and targets at the broker, each lot's own."""
    slot, instrument = book.slots[k], book.instruments[k]
    # An exit has cancelled them, also one that has expired by now.
    if instrument.guarded != 0 or slot.pending > codes.ENTRY or slot.leaving != codes.NOTHING:
        return
    row = instrument.price_row
    opening, high, low = market.open[row, t], market.high[row, t], market.low[row, t]
    sign = 1.0 if slot.quantity > 0.0 else -1.0
    if tape.tracks[k].inside == np.int64(t):
        _stop_inside(book, market, costs, b, k, t, tape)
        return
    for n in range(np.uint64(book.lots.shape[1])):
        lot = book.lots[k, n]
        price, stops = leg_price(lot, sign, opening, high, low)
        if math.isnan(price):
            continue
        purpose = codes.STOP_LOSS if stops else codes.TAKE_PROFIT
        reason = codes.STOP_TOUCHED if stops else codes.TARGET_TOUCHED
        _fill(book, market, costs, b, k, t, tape, n, purpose, reason, -sign, lot.quantity, price, stops)


@compiled
def _stop_inside(book: Book, market: Market, costs: Records, b: int, k: int, t: int, tape: Tape) -> None:
    """In the bar within which an entry was met only its stop counts: nobody knows what came first."""
    slot, lot, row = book.slots[k], book.lots[k, 0], book.instruments[k].price_row
    sign = 1.0 if slot.quantity > 0.0 else -1.0
    worst = market.low[row, t] if sign > 0.0 else market.high[row, t]
    if sign * (worst - lot.stop) <= 0.0:
        purpose, reason = codes.STOP_LOSS, codes.STOP_TOUCHED
        _fill(book, market, costs, b, k, t, tape, 0, purpose, reason, -sign, lot.quantity, lot.stop, True)


@inlined
def leg_price(lot: Any, sign: float, opening: float, high: float, low: float) -> tuple[float, bool]:
    """Where a bar fills one of a lot's legs (NaN: nowhere), and whether that is the stop."""
    if lot.quantity == 0.0 or math.isnan(opening):
        return math.nan, False
    best, worst = (high, low) if sign > 0.0 else (low, high)
    # A comparison with NaN is false: a leg that is not there is never touched.
    if sign * (opening - lot.stop) <= 0.0:
        return opening, True
    if sign * (opening - lot.target) >= 0.0:
        return opening, False
    if sign * (worst - lot.stop) <= 0.0:
        return lot.stop, True
    if sign * (best - lot.target) >= 0.0:
        return lot.target, False
    return math.nan, False


@compiled
def _fill(
    book: Book,
    market: Market,
    costs: Records,
    b: int,
    k: int,
    t: int,
    tape: Tape,
    lot: int,
    purpose: int,
    reason: int,
    sign: float,
    quantity: float,
    price: float,
    slips: bool,
) -> None:
    slot, track, instrument, cost = book.slots[k], tape.tracks[k], book.instruments[k], costs[k]
    wanted, quantity = price, executed(instrument, quantity)
    if slips:
        price = slipped(cost, instrument, sign, quantity, price, market.volume[instrument.price_row, t])
    kept = coins_kept(cost, sign, quantity)
    paid = fee(cost, sign, quantity, price)
    before = book.bots[b].realised
    opens = slot.quantity * sign >= 0.0
    if opens:
        _enter_track(track, slot, t, market.tau[t], sign, quantity - kept, price)
    else:
        track.left += quantity
        track.got += quantity * price
        _excursion(track, slot, price)
    track.fees += paid + kept * price
    tau = track.order_tau if lot < 0 else market.tau[t]
    apply_fill(book, b, k, lot, sign, quantity, price, paid, kept)
    earned = book.bots[b].realised - before
    i = tape.counts[FILLS]
    if i >= len(tape.fills):
        tape.counts[TAPE_OVERFLOW] = 1
    else:
        tape.counts[FILLS] = i + 1
        fill = tape.fills[i]
        fill.tau, fill.column, fill.slot, fill.purpose, fill.reason = tau, t, k, purpose, reason
        fill.sign, fill.quantity, fill.price = sign, quantity, price
        fill.fee, fill.profit = paid + kept * price, earned
        expected = slot.pending_price if lot < 0 else wanted
        fill.shift = sign * (price - expected)
    if not opens and slot.quantity == 0.0:
        _close_track(track, slot, k, t, purpose, reason, tape)


# --- positions from flat to flat ------------------------------------------------------------------


@compiled
def _enter_track(track: Any, slot: Any, t: int, tau: int, sign: float, quantity: float, price: float) -> None:
    if slot.quantity == 0.0:
        track.entry_column, track.sign = t, sign
        track.entered, track.paid, track.left, track.got = 0.0, 0.0, 0.0, 0.0
        track.fees, track.mae, track.mfe, track.bars = 0.0, 0.0, 0.0, 0
        track.risk, track.borrowed = math.nan, tau
    else:
        _excursion(track, slot, price)
    track.lowest = track.highest = price
    if not math.isnan(slot.pending_stop):
        risk = abs(price - slot.pending_stop) * quantity
        track.risk = risk if math.isnan(track.risk) else track.risk + risk
    track.entered += quantity
    track.paid += quantity * price


@compiled
def _excursion(track: Any, slot: Any, price: float) -> None:
    """How far the position was in loss or gain since its newest fill, and is at `price`."""
    for seen in (track.lowest, track.highest, price):
        result = slot.realised + (seen - slot.entry_price) * slot.quantity
        track.mae = min(track.mae, result)
        track.mfe = max(track.mfe, result)
    track.lowest = track.highest = price


@inlined
def _follow(book: Book, market: Market, costs: Records, b: int, k: int, t: int, tape: Tape) -> None:
    """What holding on through the bar has shown and cost."""
    slot, track, row = book.slots[k], tape.tracks[k], book.instruments[k].price_row
    if slot.quantity == 0.0:
        return
    if slot.quantity < 0.0 and costs[k].borrow > 0.0 and market.day[b, t] != book.bots[b].day:
        # A new day: the nights since the last one are paid.
        share = (market.tau[t] - track.borrowed) / _YEAR
        track.borrowed = market.tau[t]
        amount = costs[k].borrow * share * -slot.quantity * slot.mark
        charge(book, b, k, amount)
        track.fees += amount
    if math.isnan(market.open[row, t]):
        return
    track.bars += 1
    track.lowest = min(track.lowest, market.low[row, t])
    track.highest = max(track.highest, market.high[row, t])


@compiled
def _close_track(track: Any, slot: Any, k: int, t: int, purpose: int, reason: int, tape: Tape) -> None:
    i = tape.counts[TRADES]
    if i >= len(tape.trades):
        tape.counts[TAPE_OVERFLOW] = 1
        return
    tape.counts[TRADES] = i + 1
    trade = tape.trades[i]
    trade.slot, trade.sign = k, track.sign
    trade.entry_column, trade.exit_column = track.entry_column, t
    trade.quantity, trade.entry_price = track.entered, track.paid / track.entered
    trade.exit_price = track.got / track.left
    trade.profit, trade.fees = slot.closed_profit, track.fees
    trade.mae, trade.mfe = min(track.mae, slot.closed_profit), max(track.mfe, slot.closed_profit)
    trade.risk, trade.bars = track.risk, track.bars + 1
    trade.purpose, trade.reason = purpose, reason
