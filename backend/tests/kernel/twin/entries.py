"""The second half of a step: entries, through the gates in their order."""

from flotilla.domain.orders import OrderType, Purpose
from flotilla.domain.risk import ExitReason, RefusalCode, Sizing
from tests.kernel.twin.clock import Moment
from tests.kernel.twin.exits import last_day
from tests.kernel.twin.prices import stop_price, target_price
from tests.kernel.twin.resting import own_price
from tests.kernel.twin.sizes import RESERVE, Size, size
from tests.kernel.twin.state import (
    Account,
    Bot,
    Decision,
    Holding,
    Intent,
    Log,
    Minute,
    Order,
    Signals,
    numbered,
    total,
)

Numbers = tuple[float | None, ...]
Refusal = tuple[RefusalCode, Numbers]


def mark_account(account: Account, bots: list[Bot], day: int) -> None:
    """Where the account stands at a tau: its bots are marked already."""
    equity = total(bot.closing_equity or 0.0 for bot in bots)
    account.gross, account.exposure, account.positions = {}, 0.0, 0
    for _, _, holding in numbered(bots):
        account.gross[holding.symbol] = account.gross.get(holding.symbol, 0.0) + holding.exposure
        account.exposure += holding.exposure
        account.positions += holding.exposure > 0.0
    if account.day != day:
        account.day = day
        account.baseline = equity if account.closing_equity is None else account.closing_equity
        account.halted = False
    account.closing_equity = equity
    limit, lost = account.daily_loss_percent, account.baseline - equity
    if limit is not None and lost > 0.0 and lost >= limit / 100.0 * abs(account.baseline):
        account.halted = True


def enter(bot: Bot, number: int, account: Account | None, moment: Moment, minute: Minute, log: Log) -> None:
    """Step 5 of 0006: the bot's symbols in its order."""
    for holding in bot.holdings:
        signals = minute.signals[number][holding.symbol]
        if not signals.evaluated or holding.exit_tau == moment.tau:
            continue
        if _may_add(bot, holding):
            side, reason = holding.side, ExitReason.SCALE_IN
        elif signals.enter_long or signals.enter_short:
            side, reason = (1.0 if signals.enter_long else -1.0), ExitReason.SIGNAL
        else:
            continue
        _enter_one(bot, number, account, holding, signals, moment, side, reason, log)


def _may_add(bot: Bot, holding: Holding) -> bool:
    risk = bot.risk
    if holding.quantity == 0.0 or holding.order is not None or holding.adds >= risk.scale_in_steps:
        return False
    moved = holding.side * (holding.mark / holding.last_entry - 1.0) * 100.0
    distance = risk.scale_in_distance_percent
    return moved >= distance if distance > 0.0 else moved <= distance


def _enter_one(
    bot: Bot,
    number: int,
    account: Account | None,
    holding: Holding,
    signals: Signals,
    moment: Moment,
    side: float,
    reason: ExitReason,
    log: Log,
) -> None:
    def decide(outcome: str, code: RefusalCode | None, numbers: Numbers) -> None:
        why = reason if outcome == "enter" else None
        log.decisions.append(Decision(moment.tau, number, holding.symbol, outcome, why, code, numbers))

    kind = OrderType.MARKET if reason is ExitReason.SCALE_IN else OrderType(bot.risk.entry_order.value)
    refused = _gates(bot, holding, signals, moment, reason) or _unknown(bot, signals)
    if refused is not None:
        decide("refused", *refused)
        return
    price = holding.mark
    if kind is not OrderType.MARKET:
        price = own_price(bot.risk, holding.instrument, side, price)
    stop = stop_price(bot.risk, holding.instrument, side, price, signals.atr)
    target = target_price(bot.risk, holding.instrument, side, price, stop)
    if _beyond(side, price, stop, target):
        decide("refused", RefusalCode.STOP_BEYOND_PRICE, (price, stop, target))
        return
    found = size(bot, account, holding, signals, price, stop)
    if side < 0.0:
        found.keep_whole_shares()
    if found.refusal is not None:
        decide("refused", found.refusal, found.numbers)
        return
    _send(bot, number, account, holding, moment, side, reason, found, stop, target, kind, log)
    decide("enter", found.shrunk, found.numbers)


def _beyond(side: float, close: float, stop: float | None, target: float | None) -> bool:
    """Whether the stop or the target lies at the close, or on its wrong side."""
    below = stop is None or side * (close - stop) > 0.0
    above = target is None or side * (target - close) > 0.0
    return not (below and above)


# --- gates: the first that refuses gives the code, and the numbers it rests on -------------------------


def _gates(
    bot: Bot, holding: Holding, signals: Signals, moment: Moment, reason: ExitReason
) -> Refusal | None:
    return (
        _moment_gates(signals, moment)
        or _bot_gates(bot)
        or _symbol_gates(bot, holding, signals, moment, reason)
    )


def _moment_gates(signals: Signals, moment: Moment) -> Refusal | None:
    if moment.mode != "trade":
        return RefusalCode.NOT_RUNNING, ()
    if not signals.fresh:
        return RefusalCode.STALE_DATA, ()
    if not signals.warmed_up:
        return RefusalCode.WARMING_UP, ()
    if not moment.in_window:
        return RefusalCode.OUTSIDE_WINDOW, ()
    if moment.closing or moment.flatten_due:
        return RefusalCode.MARKET_CLOSING, ()
    return None


def _bot_gates(bot: Bot) -> Refusal | None:
    risk = bot.risk
    assert bot.closing_equity is not None
    if bot.daily_loss_halted:
        return RefusalCode.DAILY_LOSS_HALT, (bot.closing_equity - bot.baseline, bot.baseline)
    if bot.drawdown_halted:
        return RefusalCode.DRAWDOWN_HALT, (bot.closing_equity, bot.peak)
    streak, trades = risk.max_consecutive_losses, risk.max_trades_per_day
    if streak is not None and bot.losses_in_a_row >= streak:
        return RefusalCode.LOSS_STREAK_HALT, (bot.losses_in_a_row, streak)
    if trades is not None and bot.trades_today >= trades:
        return RefusalCode.TRADES_A_DAY, (bot.trades_today, trades)
    return None


def _symbol_gates(
    bot: Bot, holding: Holding, signals: Signals, moment: Moment, reason: ExitReason
) -> Refusal | None:
    if moment.tau < holding.cooldown_until:
        return RefusalCode.COOLDOWN, (holding.cooldown_until - moment.tau,)
    if holding.order is not None:
        return RefusalCode.ORDER_PENDING, ()
    if reason is ExitReason.SCALE_IN:
        return None
    if holding.quantity != 0.0:
        return RefusalCode.POSITION_HELD, (holding.quantity, holding.entry_price)
    if signals.enter_long and signals.enter_short:
        return RefusalCode.CONFLICTING_SIGNALS, ()
    if bot.positions >= bot.risk.max_open_positions:
        return RefusalCode.MAX_OPEN_POSITIONS, (bot.positions, bot.risk.max_open_positions)
    return None


def _unknown(bot: Bot, signals: Signals) -> Refusal | None:
    """What the stop or the size is made from is not known yet."""
    by_atr = bot.risk.stop_loss_atr is not None
    by_volatility = bot.risk.sizing is Sizing.VOLATILITY_TARGET
    if (by_atr and signals.atr is None) or (by_volatility and signals.volatility is None):
        return RefusalCode.WARMING_UP, ()
    return None


def _send(
    bot: Bot,
    number: int,
    account: Account | None,
    holding: Holding,
    moment: Moment,
    side: float,
    reason: ExitReason,
    found: Size,
    stop: float | None,
    target: float | None,
    kind: OrderType,
    log: Log,
) -> None:
    quantity, price = found.quantity, found.price
    # With legs at the broker it is good till cancelled, like them.
    legs = not holding.guarded and (stop is not None or target is not None)
    holding.order = Order(
        moment.tau,
        Purpose.ENTRY,
        reason,
        side,
        quantity,
        holding.mark,
        None if legs else last_day(holding, moment),
        stop,
        target,
        reserve=RESERVE * quantity * price,
        kind=kind,
        own=price,
    )
    bot.trades_today += 1
    if account is not None:
        account.positions += holding.quantity == 0.0
        account.gross[holding.symbol] += quantity * price
        account.exposure += quantity * price
    log.intents.append(
        Intent(
            moment.tau,
            number,
            holding.symbol,
            Purpose.ENTRY,
            reason,
            side,
            quantity,
            holding.mark,
            stop,
            target,
            kind=kind,
            own=None if kind is OrderType.MARKET else price,
        )
    )
