"""From money to a quantity: how many shares an entry asks for."""

import math

# Floors to whole steps must not lose a step to the last bit of a double (semantics 3).
_GUARD = 1.0 + 1e-9


def percent_of_equity(*, equity: float, percent: float, price: float, step: float) -> float:
    """The quantity that `percent` of `equity` (USD) buys at `price` (USD), in whole steps.

    Returns 0 when it buys less than a step, or when there is no positive equity.
    """
    if equity <= 0.0 or price <= 0.0:
        return 0.0
    return whole_steps(equity * percent / 100.0 / price, step)


def affordable(*, cash: float, price: float, reserve: float, step: float) -> float:
    """The largest quantity whose reserved cost, `reserve` x quantity x `price`, fits into `cash`."""
    if cash <= 0.0 or price <= 0.0:
        return 0.0
    return whole_steps(cash / (price * reserve), step)


def whole_steps(quantity: float, step: float) -> float:
    """`quantity` rounded down to whole steps."""
    return round(math.floor(quantity / step * _GUARD) * step, 9)
