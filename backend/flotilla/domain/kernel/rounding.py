"""Whole steps of price and quantity, as the doubles nearest to their decimal forms."""

from typing import Any

import numpy as np

from flotilla.domain.kernel.compiled import compiled

# A floor must not lose a step to the last bit of a double (semantics 3).
_GUARD = 1.0 + 1e-9


@compiled
def whole_quantity(instrument: Any, quantity: float) -> float:
    """`quantity` rounded down to whole steps; 0 when it is below the smallest that can be ordered."""
    steps = np.floor(quantity * instrument.step_den / instrument.step_num * _GUARD)
    whole = steps * instrument.step_num / instrument.step_den
    return whole if whole > 0.0 and whole >= instrument.min_quantity else 0.0


@compiled
def tick_den(instrument: Any, price: float) -> float:
    """How many price steps make `instrument.tick_num` USD, for a price like this."""
    return instrument.tick_den if price >= 1.0 else instrument.small_tick_den


@compiled
def whole_price(instrument: Any, price: float) -> float:
    """The nearest whole price step, halves up."""
    den = tick_den(instrument, price)
    return np.floor(price * den / instrument.tick_num + 0.5) * instrument.tick_num / den


@compiled
def beside(instrument: Any, price: float, ticks: float) -> float:
    """`price` moved by so many steps."""
    den = tick_den(instrument, price)
    return (np.floor(price * den / instrument.tick_num + 0.5) + ticks) * instrument.tick_num / den
