"""What a fill costs: the price against us, and the fees."""

from typing import Any

import numpy as np

from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.rounding import tick_den

# Two prices that differ by less are a tie: what is left of a multiplication in doubles.
_TIE = 1e-6
_PARTS = 1_000_000  # of a rate: ten thousandths of a percent
_FINEST = 1e9  # steps of a coin, and of a fee in USD taken of its sale


@compiled
def slipped(cost: Any, instrument: Any, sign: float, quantity: float, price: float, volume: float) -> float:
    """The price of a market or stop fill, `sign` +1 for a purchase: worse, then rounded to its step.

    Volume share as in Zipline's VolumeShareSlippage: the impact grows with the square of the order's
    share of the bar's volume. Where nothing slips, the price is kept to the digit.
    """
    share = min(quantity / volume, 1.0) if cost.impact > 0.0 and volume > 0.0 else 0.0
    part = cost.slippage + cost.impact * share * share
    if part == 0.0 and cost.slippage_fixed == 0.0:
        return price
    worse = price * (1.0 + sign * part) + sign * cost.slippage_fixed
    den = tick_den(instrument, price) / instrument.tick_num
    steps = np.floor(worse * den)
    rest = worse * den - steps
    if abs(rest - 0.5) < _TIE:
        steps += steps % 2.0  # halves to the even step, as Decimal rounds
    elif rest > 0.5:
        steps += 1.0
    return max(steps, 1.0) / den


@compiled
def executed(instrument: Any, quantity: float) -> float:
    """A quantity as the broker has it: of what comes in parts the double nearest to nine decimals."""
    return np.rint(quantity * _FINEST) / _FINEST if instrument.step_den > 1.0 else quantity


@compiled
def fee(cost: Any, sign: float, quantity: float, price: float) -> float:
    """Fees of a fill in USD, without what is taken in the coin."""
    value = quantity * price
    total = cost.commission_order + cost.commission_unit * quantity + cost.commission_rate * value
    total = max(total, cost.commission_minimum)
    if sign < 0.0:
        total += cost.sale_rate * value + min(cost.sale_unit * quantity, cost.sale_unit_cap)
        total += np.rint(cost.coin_rate * value * _FINEST) / _FINEST
    return total


@compiled
def coins_kept(cost: Any, sign: float, quantity: float) -> float:
    """Coins kept back from a purchase; what is left of it is truncated to nine decimals."""
    if cost.coin_rate == 0.0 or sign < 0.0:
        return 0.0
    # In whole numbers: a double of a hundred coins is not exact to nine decimals, and a broker's report is.
    steps, rest = divmod(int(np.rint(quantity * _FINEST)), _PARTS)
    kept_parts = int(np.rint(cost.coin_rate * _PARTS))
    return (steps * kept_parts - (-rest * kept_parts // _PARTS)) / _FINEST
