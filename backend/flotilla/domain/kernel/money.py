"""What a bot is worth, and what of it is free."""

from flotilla.domain.codes import ENTRY
from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.records import Book


@compiled
def equity(book: Book, b: int) -> float:
    """Cash plus holdings at their last closes (USD)."""
    rule = book.rules[b]
    total = book.bots[b].cash
    for k in range(rule.first, rule.last):
        slot = book.slots[k]
        if slot.quantity != 0.0:
            total += slot.quantity * slot.mark
    return total


@compiled
def free_cash(book: Book, b: int) -> float:
    """Cash that no pending entry has reserved and no short position ties up (USD).

    A short's proceeds are not spent, and its whole value is put by besides (semantics 6).
    """
    rule = book.rules[b]
    total = book.bots[b].cash
    for k in range(rule.first, rule.last):
        slot = book.slots[k]
        total -= slot.reserved
        if slot.quantity < 0.0:
            total += 2.0 * slot.quantity * slot.mark
    return total


@compiled
def exposure(book: Book, b: int) -> float:
    """What is held, long and short, and what pending entries will add (USD)."""
    rule = book.rules[b]
    total = 0.0
    for k in range(rule.first, rule.last):
        total += symbol_exposure(book, k)
    return total


@compiled
def symbol_exposure(book: Book, k: int) -> float:
    """What is held of one symbol, and what its pending entry will add (USD)."""
    slot = book.slots[k]
    return abs(slot.quantity) * slot.mark + slot.reserved


@compiled
def positions(book: Book, b: int) -> int:
    """How many symbols are held or being entered."""
    rule = book.rules[b]
    count = 0
    for k in range(rule.first, rule.last):
        slot = book.slots[k]
        if slot.quantity != 0.0 or slot.pending == ENTRY:
            count += 1
    return count
