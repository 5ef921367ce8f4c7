"""The kernel's arrays. Money in USD, quantities in shares or coins, times in seconds since 1970 UTC.

One record is one bot or one of its symbols. The symbols of bot b are the rows `rules[b].first` to
`rules[b].last` of `instruments`, `slots` and `lots`, and of the columns in `Market` that are the bot's own.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Records = np.recarray
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IndexArray = npt.NDArray[np.uint64]
ByteArray = npt.NDArray[np.uint8]

# A bot's settings. Percents as people write them (5.0 is 5 %); a limit that is off is infinite.
RULES = np.dtype(
    [
        ("first", "u8"),  # unsigned, as every index of a hot loop: no check for counting from the end
        ("last", "u8"),
        ("sizing", "i8"),
        # Percent of equity, USD, quantity, percent at risk, part of Kelly, percent a year.
        ("size_value", "f8"),  # not "size": of a record that is how many it is
        ("kelly_after", "i8"),  # closed trades before Kelly is trusted
        ("kelly_before", "f8"),  # percent of equity until then
        ("fixed_capital", "i8"),
        ("stop", "i8"),
        ("stop_value", "f8"),
        ("target", "i8"),
        ("target_value", "f8"),
        ("trail", "f8"),  # percent; 0: off
        ("trail_activation", "f8"),
        ("trail_step", "f8"),
        ("break_even", "f8"),  # percent of profit that moves the stop; 0: off
        ("break_even_offset", "f8"),
        ("time_stop", "f8"),  # seconds
        ("position_cap", "f8"),  # USD
        ("symbol_cap", "f8"),  # percent of the bot's equity
        ("exposure_cap", "f8"),  # percent of the bot's equity
        ("liquidity_cap", "f8"),  # percent of a minute's volume
        ("max_positions", "i8"),
        ("daily_loss", "f8"),  # part of the day's first equity
        ("daily_loss_flattens", "i8"),
        ("flat_overnight", "i8"),
        ("drawdown", "f8"),  # part of the highest equity
        ("drawdown_flattens", "i8"),
        ("trades_a_day", "i8"),
        ("cooldown", "f8"),  # seconds
        ("loss_cooldown", "f8"),  # seconds
        ("losses_in_a_row", "i8"),
        ("scale_in_steps", "i8"),
        ("scale_in_distance", "f8"),  # percent; above 0 with the position, below 0 against it
        ("entry_order", "i8"),
        ("entry_offset", "f8"),  # percent of the decision's close
        ("entry_expiry", "f8"),  # seconds
        ("chase_steps", "i8"),
        ("chase_limit", "f8"),  # percent of the decision's close
    ],
    align=True,
)

# A bot's state besides its symbols'.
BOT = np.dtype(
    [
        ("capital", "f8"),
        ("cash", "f8"),
        ("day", "i8"),
        ("day_baseline", "f8"),
        ("closing_equity", "f8"),  # after the newest step; NaN before the first
        ("exposure", "f8"),  # what was held at it, long and short
        ("peak_equity", "f8"),
        ("daily_loss_halted", "i8"),
        ("drawdown_halted", "i8"),
        ("trades_today", "i8"),
        ("losses_in_a_row", "i8"),
        ("wins", "i8"),
        ("won", "f8"),
        ("losses", "i8"),
        ("lost", "f8"),
        ("realised", "f8"),
        ("busy", "i8"),  # holds something, or has an order under way: else a minute changes nothing
    ],
    align=True,
)

# What a symbol can be traded in. Steps are fractions num/den, so that whole steps are exact doubles.
INSTRUMENT = np.dtype(
    [
        ("price_row", "u8"),
        ("tick_num", "f8"),
        ("tick_den", "f8"),
        ("small_tick_den", "f8"),  # of prices below one USD
        ("step_num", "f8"),
        ("step_den", "f8"),
        ("min_quantity", "f8"),
        ("guarded", "i8"),  # its protection is held by the engine, not by the broker
        ("around_the_clock", "i8"),  # coins: orders do not end with the day
    ],
    align=True,
)

# A bot's holding of a symbol, and its order under way.
SLOT = np.dtype(
    [
        ("quantity", "f8"),  # below zero: short
        ("entry_price", "f8"),  # average
        ("mark", "f8"),
        ("realised", "f8"),  # of the open position, net of fees
        ("since", "i8"),  # the first tau that saw the position; -1
        ("since_day", "i8"),
        ("adds", "i8"),
        ("last_entry", "f8"),  # the decision's close of the newest entry
        ("pending", "i8"),
        ("pending_sign", "f8"),
        ("pending_quantity", "f8"),
        ("pending_price", "f8"),  # the decision's close
        ("pending_type", "i8"),
        ("order_price", "f8"),  # its own; of a market order the decision's close
        ("pending_tau", "i8"),  # when an entry was decided
        ("pending_ends", "i8"),  # why an entry that rests was withdrawn
        ("chases", "i8"),  # how often it was moved
        ("pending_stop", "f8"),
        ("pending_target", "f8"),
        ("pending_lot", "i8"),
        ("pending_until", "i8"),  # the last day on which it can fill
        ("reserved", "f8"),  # USD that a pending entry may cost
        ("leaving", "i8"),  # why an exit was decided that has not happened yet
        ("exit_tau", "i8"),
        ("closed", "i8"),  # went flat since the newest step
        ("closed_profit", "f8"),
        ("cooldown_until", "i8"),
        # Settings of the version that entered: an edit of a running bot does not change them.
        ("time_stop", "f8"),
        ("trail", "f8"),
        ("trail_activation", "f8"),
        ("trail_step", "f8"),
        ("break_even", "f8"),
        ("break_even_offset", "f8"),
    ],
    align=True,
)

# What one entry bought or sold short, with its own stop and target (NaN: none).
LOT = np.dtype(
    [
        ("quantity", "f8"),  # never below zero
        ("entry_price", "f8"),
        ("stop", "f8"),
        ("target", "f8"),
        ("extreme", "f8"),  # the best price since the entry bar
        ("leaving", "i8"),  # its stop or target was touched, and the engine is selling it
    ],
    align=True,
)

# The account's limits, and where it stands at a tau. Limits in percent of the account's equity.
ACCOUNT = np.dtype(
    [
        ("limited", "i8"),
        ("daily_loss", "f8"),  # part
        ("exposure_cap", "f8"),
        ("symbol_cap", "f8"),
        ("max_positions", "i8"),
        ("day", "i8"),
        ("day_baseline", "f8"),
        ("closing_equity", "f8"),
        ("daily_loss_halted", "i8"),
        ("equity", "f8"),
        ("exposure", "f8"),
        ("positions", "i8"),
    ],
    align=True,
)

INTENT = np.dtype(
    [
        ("tau", "i8"),
        ("slot", "i8"),
        ("purpose", "i8"),
        ("reason", "i8"),
        ("action", "i8"),
        ("type", "i8"),
        ("sign", "f8"),  # +1 buys, -1 sells
        ("quantity", "f8"),
        ("price", "f8"),  # the newest close
        ("order_price", "f8"),  # of a limit or stop order; NaN at the market
        ("stop", "f8"),
        ("target", "f8"),
    ],
    align=True,
)

# A stop that is to be moved.
REPRICE = np.dtype([("tau", "i8"), ("slot", "i8"), ("lot", "i8"), ("stop", "f8")], align=True)

# What became of a signal; `shrunk` is the cap that made an entry smaller. What the numbers are: `numbers`.
DECISION = np.dtype(
    [
        ("tau", "i8"),
        ("slot", "i8"),
        ("outcome", "i8"),
        ("code", "i8"),
        ("shrunk", "i8"),
        ("a", "f8"),
        ("b", "f8"),
        ("c", "f8"),
        ("d", "f8"),
        ("e", "f8"),
        ("f", "f8"),
    ],
    align=True,
)


class Market(NamedTuple):
    """What is known at each tau (column). B bots, K symbols of bots, P price series, T times.

    A minute in which a series has no bar has a NaN `open`; `close` is the newest known one.
    """

    tau: IntArray  # (T,)
    # A number that rises with each trading day, of each bot: (B, T). Where the account has limits one more
    # row has the account's days.
    day: IntArray
    flags: ByteArray  # (B, T)
    open: FloatArray  # (P, T)
    high: FloatArray  # (P, T)
    low: FloatArray  # (P, T)
    close: FloatArray  # (P, T)
    volume: FloatArray  # (P, T)
    signals: ByteArray  # (K, T)
    atr: FloatArray  # (K, T), or (K, 0) where no bot needs it
    volatility: FloatArray  # (K, T) or (K, 0): standard deviation of returns, percent a year
    liquidity: FloatArray  # (K, T) or (K, 0): volume of a usual minute


class Book(NamedTuple):
    """The bots, and what they hold. L lots a symbol, A price series of the account."""

    rules: Records  # (B,)
    bots: Records  # (B,)
    instruments: Records  # (K,)
    slots: Records  # (K,)
    lots: Records  # (K, L)
    account: Records  # (1,)
    gross: FloatArray  # (P,): what all bots hold of a series, USD


class Output(NamedTuple):
    """What steps decided. An array of length zero is not wanted; a full one sets `counts[OVERFLOW]`."""

    intents: Records
    reprices: Records
    decisions: Records
    counts: IntArray  # (4,): intents, reprices, decisions, overflow


INTENTS, REPRICES, DECISIONS, OVERFLOW = 0, 1, 2, 3


def records(dtype: np.dtype[np.void], *shape: int) -> Records:
    """Zeroed records of a kind."""
    return np.zeros(shape, _with_attributes(dtype)).view(np.recarray)


@cache
def _with_attributes(dtype: np.dtype[np.void]) -> np.dtype[np.void]:
    """The dtype that a view as records would make anew each time."""
    return np.dtype((np.record, dtype))


def output(*, intents: int, reprices: int, decisions: int) -> Output:
    """Room for that many."""
    return Output(
        records(INTENT, intents),
        records(REPRICE, reprices),
        records(DECISION, decisions),
        np.zeros(4, np.int64),
    )
