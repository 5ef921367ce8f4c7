"""Entries that wait at a price of their own."""

import math

from flotilla.domain.market import Instrument
from flotilla.domain.orders import Action, OrderType, Purpose
from flotilla.domain.risk import EntryOrder, ExitReason, RiskRules
from tests.kernel.twin.clock import Moment
from tests.kernel.twin.prices import away, smallest_tick, ticks, whole_price
from tests.kernel.twin.state import Bar, Bot, Holding, Intent, Log, Order, Signals

RESERVE = 1.01


def own_price(risk: RiskRules, instrument: Instrument, side: float, close: float) -> float:
    """A limit lies in our favour, a stop against us and one step away at least."""
    if risk.entry_order is EntryOrder.STOP:
        return away(instrument, side, close, close * (1.0 + side * risk.entry_offset_percent / 100.0))
    wanted = whole_price(instrument, close * (1.0 - side * risk.entry_offset_percent / 100.0))
    return max(wanted, smallest_tick(instrument))


def tend(
    bot: Bot, number: int, holding: Holding, moment: Moment, bar: Bar | None, signals: Signals, log: Log
) -> None:
    """Withdraw a waiting entry, or let its limit follow the price."""
    order = holding.order
    assert order is not None
    order.ends = order.ends or _why_it_ends(bot, holding, order, moment, signals)
    if order.ends is not None:
        _say(number, holding, order, moment, Action.CANCEL, order.ends, log)
    elif order.kind is OrderType.LIMIT and order.chases < bot.risk.entry_chase_steps and bar is not None:
        price = _followed(bot, holding, order)
        reserve = RESERVE * order.quantity * price
        if order.sign * (price - order.own) > 0.0 and reserve - order.reserve <= bot.free_cash:
            order.own, order.reserve = price, reserve
            order.chases += 1
            _say(number, holding, order, moment, Action.REPLACE, ExitReason.ENTRY_CHASED, log)


def _why_it_ends(
    bot: Bot, holding: Holding, order: Order, moment: Moment, signals: Signals
) -> ExitReason | None:
    may_enter = moment.mode == "trade" and moment.in_window and not moment.closing and not moment.flatten_due
    halted = bot.daily_loss_halted or bot.drawdown_halted
    unwanted = signals.must_go or (signals.exit_long if order.sign > 0.0 else signals.exit_short)
    if not may_enter or halted or unwanted or holding.leaving is not None:
        return ExitReason.ENTRY_WITHDRAWN
    if moment.tau >= order.tau + bot.risk.entry_expire_minutes * 60:
        return ExitReason.ENTRY_EXPIRED
    return None


def _followed(bot: Bot, holding: Holding, order: Order) -> float:
    """Where the newest close puts the limit, at worst the last step within the chase's own limit."""
    risk, instrument = bot.risk, holding.instrument
    wanted = own_price(risk, instrument, order.sign, holding.mark)
    worst = order.price * (1.0 + order.sign * risk.entry_chase_limit_percent / 100.0)
    if order.sign * (wanted - worst) <= 0.0:
        return wanted
    numerator, denominator = ticks(instrument, worst)
    steps = worst * (denominator / numerator)
    whole = math.floor(steps + 1e-6) if order.sign > 0.0 else math.ceil(steps - 1e-6)
    return whole / (denominator / numerator)


def _say(
    number: int, holding: Holding, order: Order, moment: Moment, action: Action, why: ExitReason, log: Log
) -> None:
    log.intents.append(
        Intent(
            moment.tau,
            number,
            holding.symbol,
            Purpose.ENTRY,
            why,
            order.sign,
            order.quantity,
            holding.mark,
            order.stop,
            order.target,
            action,
            order.kind,
            order.own,
        )
    )


def met(order: Order, bar: Bar) -> tuple[float, bool] | None:
    """Where a bar fills a waiting entry, and whether within the bar rather than at its open."""
    lower_is_met = (order.kind is OrderType.LIMIT) == (order.sign > 0.0)

    def reached(price: float) -> bool:
        return price <= order.own if lower_is_met else price >= order.own

    if reached(bar.open):
        return bar.open, False
    if reached(bar.low if lower_is_met else bar.high):
        return order.own, True
    return None
