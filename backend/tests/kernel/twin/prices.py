"""Whole steps of quantity and price, and where stops and targets lie."""

import math

from flotilla.domain.market import Instrument
from flotilla.domain.risk import RiskRules
from tests.kernel.twin.state import Lot


def whole_quantity(instrument: Instrument, quantity: float) -> float:
    """Floor to whole steps, which one part in 1e9 does not lose; below the minimum: nothing."""
    if quantity <= 0.0:
        return 0.0
    numerator, denominator = instrument.quantity_step.as_integer_ratio()
    steps = math.floor(quantity * denominator / numerator * (1.0 + 1e-9))
    whole = steps * numerator / denominator
    return whole if whole >= float(instrument.min_quantity) else 0.0


def ticks(instrument: Instrument, price: float) -> tuple[int, int]:
    """Numerator and denominator of the price step at `price`: below a dollar a hundredth of a cent."""
    numerator, denominator = instrument.price_step.as_integer_ratio()
    if price < 1.0 and (numerator, denominator) == (1, 100):
        return 1, 10_000
    return numerator, denominator


def smallest_tick(instrument: Instrument) -> float:
    numerator, denominator = ticks(instrument, 0.0)
    return numerator / denominator


def whole_price(instrument: Instrument, price: float, extra: int = 0) -> float:
    """The nearest step, halves up, and `extra` steps more."""
    numerator, denominator = ticks(instrument, price)
    return (math.floor(price * denominator / numerator + 0.5) + extra) * numerator / denominator


def stop_price(
    risk: RiskRules, instrument: Instrument, side: float, close: float, atr: float | None
) -> float | None:
    if risk.stop_loss_price is not None:
        return whole_price(instrument, risk.stop_loss_price)
    if risk.stop_loss_atr is not None:
        assert atr is not None
        wanted = close - side * risk.stop_loss_atr * atr
    elif risk.stop_loss_percent is not None:
        wanted = close * (1.0 - side * risk.stop_loss_percent / 100.0)
    elif risk.trailing_stop_percent is not None and risk.trailing_activation_percent == 0.0:
        wanted = close * (1.0 - side * risk.trailing_stop_percent / 100.0)
    else:
        return None
    return away(instrument, -side, close, wanted)


def target_price(
    risk: RiskRules, instrument: Instrument, side: float, close: float, stop: float | None
) -> float | None:
    if risk.take_profit_percent is not None:
        wanted = close * (1.0 + side * risk.take_profit_percent / 100.0)
    elif risk.take_profit_risk is not None:
        assert stop is not None
        wanted = close + side * risk.take_profit_risk * abs(close - stop)
    else:
        return None
    return away(instrument, side, close, wanted)


def away(instrument: Instrument, direction: float, close: float, wanted: float) -> float:
    """`wanted` in whole steps, at least one from the close, and above zero."""
    price = whole_price(instrument, wanted)
    numerator, denominator = ticks(instrument, close)
    steps = close * (denominator / numerator)
    if direction > 0.0:
        return max(price, (math.ceil(steps - 1e-6) + 1) / (denominator / numerator))
    nearest = (math.floor(steps + 1e-6) - 1) / (denominator / numerator)
    return max(min(price, nearest), smallest_tick(instrument))


def moved_stop(risk: RiskRules, instrument: Instrument, side: float, lot: Lot, close: float) -> float | None:
    """Where trailing and break-even put a lot's stop; the old one when it stays."""
    wishes: list[float] = []
    gain = side * (lot.best - lot.entry_price)
    trail, trigger = risk.trailing_stop_percent, risk.break_even_percent
    if trail is not None and gain >= risk.trailing_activation_percent / 100.0 * lot.entry_price:
        wishes.append(lot.best * (1.0 - side * trail / 100.0))
    if trigger is not None and gain >= trigger / 100.0 * lot.entry_price:
        wishes.append(lot.entry_price * (1.0 + side * risk.break_even_offset_percent / 100.0))
    if not wishes:
        return lot.stop
    short_of_close = whole_price(instrument, close, -1 if side > 0.0 else 1)
    if side > 0.0:
        wanted = min(whole_price(instrument, max(wishes)), short_of_close)
    else:
        wanted = max(whole_price(instrument, min(wishes)), short_of_close)
    if wanted <= 0.0:
        return lot.stop
    least = risk.trailing_step_percent / 100.0 * close
    if lot.stop is None or side * (wanted - lot.stop) >= least:
        return wanted
    return lot.stop
