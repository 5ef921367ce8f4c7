"""The first half of a step: the day, marks, halts, exits, and the stops of what stays."""

from flotilla.domain.orders import OrderType, Purpose
from flotilla.domain.risk import ExitReason
from tests.kernel.twin.clock import Moment
from tests.kernel.twin.prices import moved_stop
from tests.kernel.twin.resting import tend
from tests.kernel.twin.state import (
    Bar,
    Bot,
    Decision,
    Holding,
    Intent,
    Log,
    Lot,
    Minute,
    Order,
    Reprice,
    Signals,
    total,
)


def manage(bot: Bot, number: int, moment: Moment, minute: Minute, log: Log) -> None:
    """Steps 1 to 4 of 0006."""
    _roll_day(bot, moment)
    _mark(bot, minute)
    _halt(bot)
    for holding in bot.holdings:
        bar, signals = minute.bars.get(holding.symbol), minute.signals[number][holding.symbol]
        if holding.closed_profit is not None:
            _after_exit(bot, holding, moment.tau)
        waits = holding.order is not None and holding.order.kind is not OrderType.MARKET
        if holding.quantity != 0.0:
            if holding.order is None:
                _exit(bot, number, holding, moment, bar, signals, log)
            elif waits:
                _leave_first(bot, holding, moment, bar, signals)
            if bar is not None:
                _trail(bot, number, holding, moment, bar, log)
        if waits:
            tend(bot, number, holding, moment, bar, signals, log)


def _roll_day(bot: Bot, moment: Moment) -> None:
    if bot.day == moment.day:
        return
    bot.day = moment.day
    bot.baseline = bot.equity if bot.closing_equity is None else bot.closing_equity
    bot.daily_loss_halted = False
    bot.trades_today = bot.losses_in_a_row = 0


def _mark(bot: Bot, minute: Minute) -> None:
    for holding in bot.holdings:
        holding.mark = minute.closes.get(holding.symbol, holding.mark)
    bot.closing_equity = bot.equity
    bot.peak = max(bot.peak, bot.closing_equity)


def _halt(bot: Bot) -> None:
    assert bot.closing_equity is not None
    risk, lost, deepest = bot.risk, bot.baseline - bot.closing_equity, bot.peak - bot.closing_equity
    daily, drawdown = risk.daily_loss_limit_percent, risk.max_drawdown_percent
    if daily is not None and lost > 0.0 and lost >= daily / 100.0 * abs(bot.baseline):
        bot.daily_loss_halted = True
    if drawdown is not None and deepest >= drawdown / 100.0 * bot.peak:
        bot.drawdown_halted = True


def _after_exit(bot: Bot, holding: Holding, tau: int) -> None:
    assert holding.closed_profit is not None
    minutes = bot.risk.cooldown_minutes
    if holding.closed_profit < 0.0:
        bot.losses_in_a_row += 1
        minutes = max(minutes, bot.risk.loss_cooldown_minutes)
    else:
        bot.losses_in_a_row = 0
    holding.closed_profit = None
    holding.cooldown_until = tau + minutes * 60


# --- exits: the first reason that applies ------------------------------------------------------------


def _exit(
    bot: Bot, number: int, holding: Holding, moment: Moment, bar: Bar | None, signals: Signals, log: Log
) -> None:
    if holding.since is None:
        holding.since, holding.since_day = moment.tau, moment.day
    whole = abs(holding.quantity)
    found = _whole_position(bot, holding, moment, signals)
    if found is not None:
        reason, purpose = found
        _send(number, holding, moment, purpose, reason, whole, log)
        return
    if holding.guarded:
        touched = _touched(holding, bar)
        if touched:
            stops = any(lot.leaving is ExitReason.STOP_TOUCHED for lot in touched)
            reason = ExitReason.STOP_TOUCHED if stops else ExitReason.TARGET_TOUCHED
            quantity = min(total(lot.quantity for lot in touched), whole)
            _send(number, holding, moment, Purpose.EXIT, reason, quantity, log)
            return
    said = signals.exit_long if holding.quantity > 0.0 else signals.exit_short
    if said and moment.mode != "guard":
        _send(number, holding, moment, Purpose.EXIT, ExitReason.SIGNAL, whole, log)


def _leave_first(bot: Bot, holding: Holding, moment: Moment, bar: Bar | None, signals: Signals) -> None:
    """A part of a waiting entry that should go is sold when the rest is withdrawn."""
    if holding.since is None:
        holding.since, holding.since_day = moment.tau, moment.day
    found = _whole_position(bot, holding, moment, signals)
    if found is not None:
        reason, purpose = found
        if reason is not ExitReason.STOPPING:
            holding.leaving = purpose
        return
    said = signals.exit_long if holding.quantity > 0.0 else signals.exit_short
    if (holding.guarded and _touches(holding, bar)) or (said and moment.mode != "guard"):
        holding.leaving = Purpose.EXIT


def _touches(holding: Holding, bar: Bar | None) -> bool:
    if bar is None:
        return False
    best, worst = (bar.high, bar.low) if holding.quantity > 0.0 else (bar.low, bar.high)
    return any(
        (lot.stop is not None and holding.side * (worst - lot.stop) <= 0.0)
        or (lot.target is not None and holding.side * (best - lot.target) >= 0.0)
        for lot in holding.lots
    )


def _whole_position(
    bot: Bot, holding: Holding, moment: Moment, signals: Signals
) -> tuple[ExitReason, Purpose] | None:
    assert holding.since is not None
    risk, held = bot.risk, moment.tau - holding.since
    if moment.mode == "flatten":
        return ExitReason.STOPPING, Purpose.FLATTEN
    if holding.leaving is not None:
        return ExitReason.UNFINISHED, holding.leaving
    if signals.must_go:
        return ExitReason.UNFINISHED, Purpose.EXIT
    if moment.mode == "guard":
        return None
    if bot.daily_loss_halted and risk.daily_loss_flatten:
        return ExitReason.DAILY_LOSS, Purpose.FLATTEN
    if bot.drawdown_halted and risk.max_drawdown_flatten:
        return ExitReason.DRAWDOWN, Purpose.FLATTEN
    overnight = not (holding.instrument.is_coin or bot.daily) and holding.since_day != moment.day
    if moment.flatten_due or (risk.flatten_at_window_end and overnight):
        return ExitReason.WINDOW_END, Purpose.FLATTEN
    if risk.time_stop_minutes is not None and held >= risk.time_stop_minutes * 60:
        return ExitReason.TIME_STOP, Purpose.EXIT
    return None


def _touched(holding: Holding, bar: Bar | None) -> list[Lot]:
    """The lots that the engine must sell: touched by this bar, or before and not sold yet."""
    if bar is not None:
        best, worst = (bar.high, bar.low) if holding.quantity > 0.0 else (bar.low, bar.high)
        for lot in holding.lots:
            if lot.stop is not None and holding.side * (worst - lot.stop) <= 0.0:
                lot.leaving = ExitReason.STOP_TOUCHED
            elif lot.target is not None and holding.side * (best - lot.target) >= 0.0:
                lot.leaving = ExitReason.TARGET_TOUCHED
    return [lot for lot in holding.lots if lot.leaving is not None]


def last_day(holding: Holding, moment: Moment) -> int | None:
    """A day order sent after the close belongs to the next day; coins' orders never end."""
    return None if holding.instrument.is_coin else moment.day + moment.next_session


def _send(
    number: int,
    holding: Holding,
    moment: Moment,
    purpose: Purpose,
    reason: ExitReason,
    quantity: float,
    log: Log,
) -> None:
    # Whether a bot that was told to sell everything still should is for the person to say.
    again = reason is not ExitReason.STOPPING and quantity >= abs(holding.quantity)
    holding.leaving = purpose if again else None
    holding.exit_tau = moment.tau
    sign, price = -holding.side, holding.mark
    holding.order = Order(moment.tau, purpose, reason, sign, quantity, price, last_day(holding, moment))
    log.intents.append(
        Intent(moment.tau, number, holding.symbol, purpose, reason, sign, quantity, price, None, None)
    )
    log.decisions.append(
        Decision(moment.tau, number, holding.symbol, "exit", reason, None, (quantity, price))
    )


# --- stops that move ---------------------------------------------------------------------------------


def _trail(bot: Bot, number: int, holding: Holding, moment: Moment, bar: Bar, log: Log) -> None:
    """Every lot sees the bar's best price; its stop moves unless an order is under way."""
    for lot in holding.lots:
        lot.best = max(lot.best, bar.high) if holding.quantity > 0.0 else min(lot.best, bar.low)
        if holding.order is not None:
            continue
        stop = moved_stop(bot.risk, holding.instrument, holding.side, lot, holding.mark)
        if stop is not None and stop != lot.stop:
            lot.stop = stop
            log.reprices.append(Reprice(moment.tau, number, holding.symbol, stop))
