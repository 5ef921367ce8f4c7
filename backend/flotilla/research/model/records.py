"""What the model keeps beside the kernel's book. USD, shares or coins, seconds since 1970 UTC."""

from typing import NamedTuple

import numpy as np

from flotilla.domain.kernel.records import FloatArray, IndexArray, IntArray, Records, records

# What trading a symbol costs. Rates are fractions.
COSTS = np.dtype(
    [
        ("slippage", "f8"),  # of the price, on market and stop fills
        ("slippage_fixed", "f8"),  # USD
        ("impact", "f8"),  # of the price, times the squared share of the minute's volume
        ("commission_order", "f8"),
        ("commission_unit", "f8"),
        ("commission_rate", "f8"),
        ("commission_minimum", "f8"),
        ("sale_rate", "f8"),  # regulatory fees on what is sold
        ("sale_unit", "f8"),
        ("sale_unit_cap", "f8"),
        ("coin_rate", "f8"),  # taken in the coin when buying, in USD when selling
        ("borrow", "f8"),  # a year, of a short position's value
    ],
    align=True,
)

FILL = np.dtype(
    [
        ("tau", "i8"),  # the decision's
        ("column", "i8"),  # of the bar that filled it
        ("slot", "i8"),
        ("purpose", "i8"),
        ("reason", "i8"),
        ("sign", "f8"),
        ("quantity", "f8"),
        ("price", "f8"),
        ("fee", "f8"),
        ("profit", "f8"),  # what it realised, net
        ("shift", "f8"),  # of the price against the decision's, against us, USD a unit
    ],
    align=True,
)

# A position from flat to flat.
TRADE = np.dtype(
    [
        ("slot", "i8"),
        ("sign", "f8"),
        ("entry_column", "i8"),
        ("exit_column", "i8"),
        ("quantity", "f8"),  # all that was entered
        ("entry_price", "f8"),
        ("exit_price", "f8"),
        ("profit", "f8"),
        ("fees", "f8"),
        ("mae", "f8"),  # the deepest loss on the way, <= 0
        ("mfe", "f8"),  # the highest gain on the way, >= 0
        ("risk", "f8"),  # to the first stop; NaN without one
        ("bars", "i8"),
        ("reason", "i8"),  # of the exit
        ("purpose", "i8"),
    ],
    align=True,
)

# The position under way in a slot, on its way to a TRADE; and why its order was sent.
TRACK = np.dtype(
    [
        ("entry_column", "i8"),
        ("sign", "f8"),
        ("entered", "f8"),
        ("paid", "f8"),
        ("left", "f8"),
        ("got", "f8"),
        ("fees", "f8"),
        ("mae", "f8"),
        ("mfe", "f8"),
        ("highest", "f8"),  # price since the newest fill
        ("lowest", "f8"),
        ("risk", "f8"),
        ("bars", "i8"),
        ("order_tau", "i8"),
        ("order_reason", "i8"),
        ("inside", "i8"),  # the column in which a resting entry was met within the bar
        ("borrowed", "i8"),  # the last moment up to which borrowing is paid
    ],
    align=True,
)


class Tape(NamedTuple):
    """What the model has recorded so far; `counts` has fills, trades, overflow."""

    fills: Records
    trades: Records
    tracks: Records
    equity: FloatArray  # (B, T)
    exposure: FloatArray  # (B, T)
    counts: IntArray
    awake: IndexArray  # (B,): the first column at which a step of the bot may change anything


def tracks(count: int) -> Records:
    """Of slots that hold nothing yet."""
    found = records(TRACK, count)
    found["inside"] = -1
    return found


FILLS, TRADES, TAPE_OVERFLOW = 0, 1, 2
