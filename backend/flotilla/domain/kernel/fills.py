"""What a fill does to a bot. Live trading and backtests call exactly this, in the same order."""

import math
from typing import Any

from flotilla.domain.codes import AT_MARKET, NOTHING
from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.records import Book

# Less than the smallest step of any coin (1e-9) is nothing.
_DUST = 5e-10
CASH_RESERVE = 1.01


@compiled
def apply_fill(
    book: Book,
    b: int,
    k: int,
    lot: int,
    sign: float,
    quantity: float,
    price: float,
    fee: float,
    coin_fee: float,
) -> None:
    """Book one execution for slot `k` of bot `b`.

    `sign` +1 bought, -1 sold; `fee` in USD, `coin_fee` in coins kept back from what was bought.
    `lot` is the row of the lot whose leg was filled, or -1: an entry fills the pending order's
    lot, an exit takes what was touched, then from the oldest.
    """
    bot, slot = book.bots[b], book.slots[k]
    bot.cash -= sign * quantity * price + fee
    bot.busy = 1
    cost = fee + coin_fee * price
    if slot.quantity * sign >= 0.0:
        _open(book, bot, slot, k, sign, quantity - coin_fee, price, cost)
    else:
        _close(book, bot, slot, k, lot, sign, quantity, price, cost)


@compiled
def _open(
    book: Book, bot: Any, slot: Any, k: int, sign: float, quantity: float, price: float, cost: float
) -> None:
    held = abs(slot.quantity)
    slot.entry_price = (held * slot.entry_price + quantity * price) / (held + quantity)
    slot.quantity += sign * quantity
    slot.realised -= cost
    bot.realised -= cost
    if slot.pending_lot < 0:
        if held > 0.0:
            slot.adds += 1
        # A row for each entry since the symbol was flat: the rows are in the order of their age.
        slot.pending_lot = min(slot.adds, book.lots.shape[1] - 1)
        slot.last_entry = slot.pending_price
    lot = book.lots[k, slot.pending_lot]
    if lot.quantity == 0.0:
        lot.stop, lot.target = slot.pending_stop, slot.pending_target
        lot.extreme = price
        lot.entry_price = 0.0
    total = lot.quantity + quantity
    lot.entry_price = (lot.quantity * lot.entry_price + quantity * price) / total
    lot.quantity = total


@compiled
def _close(
    book: Book, bot: Any, slot: Any, k: int, lot: int, sign: float, quantity: float, price: float, cost: float
) -> None:
    earned = (slot.entry_price - price) * sign * quantity - cost
    slot.realised += earned
    bot.realised += earned
    slot.quantity += sign * quantity
    if lot >= 0:
        _take(book.lots[k, lot], quantity)
    else:
        left = quantity
        for n in range(book.lots.shape[1]):
            if book.lots[k, n].leaving != 0:
                left -= _take(book.lots[k, n], left)
        for n in range(book.lots.shape[1]):
            left -= _take(book.lots[k, n], left)
    if abs(slot.quantity) < _DUST:
        _flat(book, bot, slot, k)


@compiled
def _take(lot: Any, quantity: float) -> float:
    """Reduce a lot; returns by how much."""
    taken = min(lot.quantity, quantity)
    lot.quantity -= taken
    if lot.quantity < _DUST:
        lot.quantity = 0.0
        lot.leaving = 0
    return taken


@compiled
def _flat(book: Book, bot: Any, slot: Any, k: int) -> None:
    profit = slot.realised
    if profit > 0.0:
        bot.wins += 1
        bot.won += profit
    elif profit < 0.0:
        bot.losses += 1
        bot.lost -= profit
    slot.quantity = 0.0
    slot.realised = 0.0
    slot.since = -1
    slot.adds = 0
    slot.pending_lot = -1  # what an entry under way still buys is a first lot again
    slot.leaving = NOTHING
    slot.closed = 1
    slot.closed_profit = profit
    for n in range(book.lots.shape[1]):
        book.lots[k, n].quantity = 0.0
        book.lots[k, n].leaving = 0


@compiled
def charge(book: Book, b: int, k: int, amount: float) -> None:
    """Take a cost of holding slot `k`'s position (USD) from the bot."""
    book.bots[b].cash -= amount
    book.bots[b].realised -= amount
    book.slots[k].realised -= amount


@compiled
def order_done(book: Book, k: int) -> None:
    """Forget slot `k`'s order under way: it was filled, or will never be."""
    slot = book.slots[k]
    slot.pending = NOTHING
    slot.pending_type = AT_MARKET
    slot.pending_ends = 0
    slot.chases = 0
    slot.reserved = 0.0
    slot.pending_lot = -1
    slot.pending_stop = math.nan
    slot.pending_target = math.nan
