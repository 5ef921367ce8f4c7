"""Where a position's stop and target lie. `sign` is +1 for long, -1 for short."""

import math
from typing import Any

import numpy as np

from flotilla.domain.codes import ATR, OFF, PERCENT, PRICE, RISK_MULTIPLE
from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.rounding import beside, tick_den, whole_price

_LAST_BIT = 1e-6  # steps: what a double of a whole price may lack


@compiled
def stop_price(rule: Any, instrument: Any, sign: float, close: float, atr: float) -> float:
    """The stop of an entry decided at `close`: NaN when there is none, `close` itself or beyond when
    a fixed price lies on the wrong side.

    It lies at least one price step away from `close` and above zero: the broker takes no other.
    """
    if rule.stop == OFF:
        if rule.trail <= 0.0 or rule.trail_activation > 0.0:
            return math.nan
        wanted = close * (1.0 - sign * rule.trail / 100.0)
    elif rule.stop == PERCENT:
        wanted = close * (1.0 - sign * rule.stop_value / 100.0)
    elif rule.stop == ATR:
        wanted = close - sign * rule.stop_value * atr
    else:  # PRICE
        return whole_price(instrument, rule.stop_value)
    return away(instrument, -sign, close, wanted)


@compiled
def target_price(rule: Any, instrument: Any, sign: float, close: float, stop: float) -> float:
    """The target of an entry decided at `close` with its stop at `stop`; NaN when there is none."""
    if rule.target == PERCENT:
        wanted = close * (1.0 + sign * rule.target_value / 100.0)
    elif rule.target == RISK_MULTIPLE:
        wanted = close + sign * rule.target_value * abs(close - stop)
    elif rule.target == PRICE:
        return whole_price(instrument, rule.target_value)
    else:
        return math.nan
    return away(instrument, sign, close, wanted)


@compiled
def away(instrument: Any, direction: float, close: float, wanted: float) -> float:
    """`wanted` in whole steps, at least one from `close` in `direction`, and above zero."""
    price = whole_price(instrument, wanted)
    den = tick_den(instrument, close) / instrument.tick_num
    if direction > 0.0:
        return max(price, (np.ceil(close * den - _LAST_BIT) + 1.0) / den)
    nearest = (np.floor(close * den + _LAST_BIT) - 1.0) / den
    smallest = instrument.tick_num / instrument.small_tick_den
    return max(min(price, nearest), smallest)


@compiled
def keep_settings(rule: Any, slot: Any) -> None:
    """What a position is left by, beside its stop and target, is as it was when it was entered."""
    slot.time_stop = rule.time_stop
    slot.trail = rule.trail
    slot.trail_activation = rule.trail_activation
    slot.trail_step = rule.trail_step
    slot.break_even = rule.break_even
    slot.break_even_offset = rule.break_even_offset


@compiled
def moved_stop(rule: Any, instrument: Any, sign: float, lot: Any, close: float) -> float:
    """Where trailing and break-even want a lot's stop now; its old one when it stays. `rule` is the slot
    that keeps its settings.

    It moves one way, by at least `trail_step`, and never reaches the newest close: it is an order
    that waits.
    """
    best = -math.inf
    if rule.trail > 0.0 and _gained(lot, sign, rule.trail_activation):
        best = sign * lot.extreme * (1.0 - sign * rule.trail / 100.0)
    if rule.break_even > 0.0 and _gained(lot, sign, rule.break_even):
        best = max(best, sign * lot.entry_price * (1.0 + sign * rule.break_even_offset / 100.0))
    if best == -math.inf:
        return lot.stop
    wanted = whole_price(instrument, sign * best)
    nearest = beside(instrument, close, -sign)
    wanted = min(wanted, nearest) if sign > 0.0 else max(wanted, nearest)
    if wanted <= 0.0:
        return lot.stop
    if math.isnan(lot.stop) or sign * (wanted - lot.stop) >= rule.trail_step / 100.0 * close:
        return wanted
    return lot.stop


@compiled
def _gained(lot: Any, sign: float, percent: float) -> bool:
    """Whether the best price since the entry was that far beyond it."""
    return sign * (lot.extreme - lot.entry_price) >= percent / 100.0 * lot.entry_price
