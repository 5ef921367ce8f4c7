"""What a fill costs: the price against us, and the fees."""

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from flotilla.domain.market import Instrument
from tests.kernel.twin.prices import ticks

TIE = 1e-6


@dataclass(frozen=True)
class Costs:
    """What trading a symbol costs; rates are fractions."""

    slippage: float = 0.0
    slippage_fixed: float = 0.0
    impact: float = 0.0
    commission_order: float = 0.0
    commission_unit: float = 0.0
    commission_rate: float = 0.0
    commission_minimum: float = 0.0
    sale_rate: float = 0.0
    sale_unit: float = 0.0
    sale_unit_cap: float = math.inf
    coin_rate: float = 0.0
    borrow: float = 0.0


def slipped(
    costs: Costs, instrument: Instrument, sign: float, quantity: float, price: float, volume: float
) -> float:
    """The price of a market or stop fill: worse, then rounded half-even to its step."""
    share = min(quantity / volume, 1.0) if volume > 0.0 else 0.0
    part = costs.slippage + costs.impact * share * share
    if part == 0.0 and costs.slippage_fixed == 0.0:
        return price
    worse = price * (1.0 + sign * part) + sign * costs.slippage_fixed
    numerator, denominator = ticks(instrument, price)
    steps = worse * (denominator / numerator)
    whole = math.floor(steps)
    rest = steps - whole
    if abs(rest - 0.5) < TIE:
        whole += whole % 2
    elif rest > 0.5:
        whole += 1
    return max(whole, 1) / (denominator / numerator)


def executed(instrument: Instrument, quantity: float) -> float:
    """Of what comes in parts, the double nearest to nine decimals."""
    return quantity if instrument.quantity_step == 1 else round(quantity * 1e9) / 1e9


def fee(costs: Costs, sign: float, quantity: float, price: float) -> float:
    """In USD, without what is taken in the coin."""
    value = quantity * price
    paid = costs.commission_order + costs.commission_unit * quantity + costs.commission_rate * value
    paid = max(paid, costs.commission_minimum)
    if sign < 0.0:
        paid += costs.sale_rate * value + min(costs.sale_unit * quantity, costs.sale_unit_cap)
        paid += round(costs.coin_rate * value * 1e9) / 1e9
    return paid


def coins_kept(costs: Costs, sign: float, quantity: float) -> float:
    """Kept back from a purchase, so that what is left is truncated to nine decimals."""
    if costs.coin_rate == 0.0 or sign < 0.0:
        return 0.0
    bought = Decimal(round(quantity * 1e9)).scaleb(-9)
    left = bought * (1 - Decimal(costs.coin_rate).quantize(Decimal("1e-6")))
    return float(bought - left.quantize(Decimal("1e-9"), ROUND_DOWN))
