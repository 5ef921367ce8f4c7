"""The second half of a step: entries, through the gates in their order (semantics 2, step 5)."""

import math
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.kernel.compiled import compiled, inlined
from flotilla.domain.kernel.fills import CASH_RESERVE
from flotilla.domain.kernel.manage import last_day
from flotilla.domain.kernel.money import equity, exposure, free_cash, positions, symbol_exposure
from flotilla.domain.kernel.protection import keep_settings, stop_price, target_price
from flotilla.domain.kernel.records import INTENTS, OVERFLOW, Book, Market, Output
from flotilla.domain.kernel.resting import own_price
from flotilla.domain.kernel.rounding import whole_quantity
from flotilla.domain.kernel.said import decide, refuse
from flotilla.domain.kernel.sizing import kelly_fraction, wanted_quantity


@inlined
def enter(book: Book, market: Market, b: int, t: int, out: Output) -> None:
    """Step 5 of bot `b` at column `t`: its symbols in the bot's order."""
    rule = book.rules[b]
    scales = rule.scale_in_steps > 0
    for k in range(rule.first, rule.last):
        signals = market.signals[k, t]
        if not signals & codes.EVALUATED or not (scales or signals & codes.ENTRY_SIGNALS):
            continue
        slot = book.slots[k]
        if slot.exit_tau == market.tau[t]:
            continue  # it is being sold at this very tau
        slot.mark = market.close[book.instruments[k].price_row, t]
        adds = scales and _may_add(rule, slot)
        if adds:
            sign, reason = (1.0 if slot.quantity > 0.0 else -1.0), codes.SCALE_IN
        elif signals & codes.ENTRY_SIGNALS:
            sign, reason = (1.0 if signals & codes.ENTER_LONG else -1.0), codes.SIGNAL
        else:
            continue
        _enter_one(book, market, b, k, t, sign, reason, out)


@compiled
def _may_add(rule: Any, slot: Any) -> bool:
    """Whether the price has moved far enough from the newest entry to add to the position."""
    if slot.quantity == 0.0 or slot.adds >= rule.scale_in_steps or slot.pending != codes.NOTHING:
        return False
    sign = 1.0 if slot.quantity > 0.0 else -1.0
    moved = sign * (slot.mark / slot.last_entry - 1.0) * 100.0
    distance = rule.scale_in_distance
    return moved >= distance if distance >= 0.0 else moved <= distance


@inlined
def _enter_one(
    book: Book, market: Market, b: int, k: int, t: int, sign: float, reason: int, out: Output
) -> None:
    code, a, c = _state_gates(book, market, b, k, t, reason)
    if code != codes.NONE:
        refuse(out, market.tau[t], k, code, a, c, 0.0, 0.0, 0.0, 0.0)
        return
    _place(book, market, b, k, t, sign, reason, out)


@compiled
def _place(book: Book, market: Market, b: int, k: int, t: int, sign: float, reason: int, out: Output) -> None:
    """Size the entry, and send or refuse it. `price` is its own, or the close that it was decided at.

    What is added to a position is bought at the market: it keeps no exit waiting.
    """
    rule, instrument, price = book.rules[b], book.instruments[k], book.slots[k].mark
    kind = rule.entry_order if reason == codes.SIGNAL else codes.AT_MARKET
    if kind != codes.AT_MARKET:
        price = own_price(rule, instrument, sign, price)
    atr = market.atr[k, t] if market.atr.shape[1] > 0 else 0.0
    volatility = market.volatility[k, t] if market.volatility.shape[1] > 0 else 0.0
    unknown = rule.sizing == codes.BY_VOLATILITY and math.isnan(volatility)
    if math.isnan(atr) or unknown:
        refuse(out, market.tau[t], k, codes.WARMING_UP, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        return
    stop = stop_price(rule, instrument, sign, price, atr)
    target = target_price(rule, instrument, sign, price, stop)
    if sign * (price - stop) <= 0.0 or sign * (target - price) <= 0.0:
        refuse(out, market.tau[t], k, codes.STOP_BEYOND_PRICE, price, stop, target, 0.0, 0.0, 0.0)
        return
    code, shrunk, quantity, wanted, limit, cash, whole = _size(book, market, b, k, t, price, stop)
    if code == codes.NONE and sign < 0.0:
        quantity = np.floor(quantity)  # the broker lends whole shares
        if quantity == 0.0:
            code = codes.SIZE_TOO_SMALL
    if code == codes.ACCOUNT_LIMIT:
        account, held = book.account[0], book.gross[instrument.price_row]
        lost = account.equity - account.day_baseline
        count = float(account.positions)
        refuse(
            out, market.tau[t], k, code, account.equity, limit * price, account.exposure, held, count, lost
        )
        return
    if code != codes.NONE:
        refuse(out, market.tau[t], k, code, whole, price, wanted, limit, cash, quantity)
        return
    if market.flags[b, t] & codes.HELD_BACK:
        refuse(out, market.tau[t], k, codes.UNRECONCILED, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        return
    slot = book.slots[k]
    slot.pending_type, slot.order_price = kind, price
    _send_entry(book, market, b, k, t, sign, reason, quantity, stop, target, out)
    decide(out, market.tau[t], k, codes.ENTERED, reason, shrunk, whole, price, wanted, limit, cash, quantity)


# --- gates ----------------------------------------------------------------------------------------


@inlined
def _state_gates(book: Book, market: Market, b: int, k: int, t: int, reason: int) -> tuple[int, float, float]:
    """The first gate that refuses, and the two numbers it rests on; NONE when all let pass."""
    code = _moment_gates(market.flags[b, t], market.signals[k, t])
    if code != codes.NONE:
        return code, 0.0, 0.0
    code, a, c = _bot_gates(book.rules[b], book.bots[b])
    if code != codes.NONE:
        return code, a, c
    return _symbol_gates(book, market, b, k, t, reason)


@inlined
def _moment_gates(flags: int, signals: int) -> int:
    if flags & (codes.NO_ENTRIES | codes.NO_RULES | codes.FLATTEN_ALL):
        return codes.NOT_RUNNING
    if not signals & codes.FRESH:
        return codes.STALE_DATA
    if not signals & codes.WARMED_UP:
        return codes.WARMING_UP
    if not flags & codes.IN_WINDOW:
        return codes.OUTSIDE_WINDOW
    if flags & (codes.CLOSING | codes.FLATTEN_DUE):
        return codes.MARKET_CLOSING
    return codes.NONE


@inlined
def _bot_gates(rule: Any, bot: Any) -> tuple[int, float, float]:
    if bot.daily_loss_halted != 0:
        return codes.DAILY_LOSS_HALT, bot.closing_equity - bot.day_baseline, bot.day_baseline
    if bot.drawdown_halted != 0:
        return codes.DRAWDOWN_HALT, bot.closing_equity, bot.peak_equity
    if bot.losses_in_a_row >= rule.losses_in_a_row:
        return codes.LOSS_STREAK_HALT, float(bot.losses_in_a_row), float(rule.losses_in_a_row)
    if bot.trades_today >= rule.trades_a_day:
        return codes.TRADES_A_DAY, float(bot.trades_today), float(rule.trades_a_day)
    return codes.NONE, 0.0, 0.0


@inlined
def _symbol_gates(
    book: Book, market: Market, b: int, k: int, t: int, reason: int
) -> tuple[int, float, float]:
    rule, slot, tau, signals = book.rules[b], book.slots[k], market.tau[t], market.signals[k, t]
    if tau < slot.cooldown_until:
        return codes.COOLDOWN, float(slot.cooldown_until - tau), 0.0
    if slot.pending != codes.NOTHING:
        return codes.ORDER_PENDING, 0.0, 0.0
    if reason != codes.SIGNAL:
        return codes.NONE, 0.0, 0.0
    if slot.quantity != 0.0:
        return codes.POSITION_HELD, slot.quantity, slot.entry_price
    if (signals & codes.ENTRY_SIGNALS) == codes.ENTRY_SIGNALS:
        return codes.CONFLICTING_SIGNALS, 0.0, 0.0
    held = positions(book, b)
    if held >= rule.max_positions:
        return codes.MAX_OPEN_POSITIONS, float(held), float(rule.max_positions)
    return codes.NONE, 0.0, 0.0


@compiled
def _size(
    book: Book, market: Market, b: int, k: int, t: int, close: float, stop: float
) -> tuple[int, int, float, float, float, float, float]:
    """Size, caps and cash: (refusal, what shrank it, quantity, wanted, limit, cash, equity).

    `limit` is the quantity that the cap in question allows.
    """
    rule, bot, instrument = book.rules[b], book.bots[b], book.instruments[k]
    whole = equity(book, b)
    base = bot.capital if rule.fixed_capital != 0 else whole
    volatility = market.volatility[k, t] if market.volatility.shape[1] > 0 else 0.0
    asked = wanted_quantity(rule, bot, base, close, stop, volatility)
    cash = free_cash(book, b)
    if math.isnan(asked):
        return codes.NO_EDGE, codes.NONE, 0.0, 0.0, kelly_fraction(bot), cash, whole
    wanted = whole_quantity(instrument, asked) if asked > 0.0 else 0.0
    if wanted <= 0.0:
        return codes.SIZE_TOO_SMALL, codes.NONE, 0.0, asked, 0.0, cash, whole
    quantity, shrunk, limit = _capped(book, market, b, k, t, close, whole, wanted)
    if quantity <= 0.0:
        return shrunk, shrunk, 0.0, wanted, limit, cash, whole
    if _account_refuses(book, k, quantity * close):
        return codes.ACCOUNT_LIMIT, shrunk, 0.0, wanted, quantity, cash, whole
    affordable = cash / (close * CASH_RESERVE)
    if affordable < quantity:
        quantity = whole_quantity(instrument, affordable) if affordable > 0.0 else 0.0
        shrunk, limit = codes.INSUFFICIENT_CASH, affordable
        if quantity <= 0.0:
            return codes.INSUFFICIENT_CASH, shrunk, 0.0, wanted, limit, cash, whole
    return codes.NONE, shrunk, quantity, wanted, limit, cash, whole


@compiled
def _capped(
    book: Book, market: Market, b: int, k: int, t: int, close: float, whole: float, wanted: float
) -> tuple[float, int, float]:
    """`wanted` within every cap: (quantity, the cap that cut it last, what that one allows)."""
    rule, instrument = book.rules[b], book.instruments[k]
    held = symbol_exposure(book, k)
    quantity, shrunk, limit = wanted, codes.NONE, wanted
    for cap in (codes.POSITION_CAP, codes.SYMBOL_CAP, codes.EXPOSURE_CAP, codes.LIQUIDITY_CAP):
        if cap == codes.POSITION_CAP:
            allowed = (min(rule.position_cap, whole) - held) / close
        elif cap == codes.SYMBOL_CAP:
            allowed = (rule.symbol_cap / 100.0 * whole - held) / close
        elif cap == codes.EXPOSURE_CAP:
            allowed = (rule.exposure_cap / 100.0 * whole - exposure(book, b)) / close
        elif market.liquidity.shape[1] > 0:
            allowed = rule.liquidity_cap / 100.0 * market.liquidity[k, t]
        else:
            continue
        if allowed < quantity:
            quantity = whole_quantity(instrument, allowed) if allowed > 0.0 else 0.0
            shrunk, limit = cap, allowed
            if quantity <= 0.0:
                break
    return quantity, shrunk, limit


@compiled
def _account_refuses(book: Book, k: int, value: float) -> bool:
    """Whether a limit over all bots of the account forbids an entry worth `value` (USD)."""
    account = book.account[0]
    if account.limited == 0:
        return False
    series = book.gross[book.instruments[k].price_row]
    return (
        account.daily_loss_halted != 0
        or account.exposure + value > account.exposure_cap / 100.0 * account.equity
        or series + value > account.symbol_cap / 100.0 * account.equity
        or (book.slots[k].quantity == 0.0 and account.positions >= account.max_positions)
    )


# --- what leaves ----------------------------------------------------------------------------------


@compiled
def _send_entry(
    book: Book,
    market: Market,
    b: int,
    k: int,
    t: int,
    sign: float,
    reason: int,
    quantity: float,
    stop: float,
    target: float,
    out: Output,
) -> None:
    bot, slot, account, tau = book.bots[b], book.slots[k], book.account[0], market.tau[t]
    if slot.quantity == 0.0:
        keep_settings(book.rules[b], slot)
    slot.pending, slot.pending_sign, slot.pending_lot = codes.ENTRY, sign, -1
    slot.pending_price, slot.pending_stop, slot.pending_target = slot.mark, stop, target
    slot.pending_quantity, slot.pending_tau, slot.chases, slot.pending_ends = quantity, tau, 0, 0
    # With legs at the broker it is good till cancelled, like them.
    legs = book.instruments[k].guarded == 0 and not (math.isnan(stop) and math.isnan(target))
    slot.pending_until = 1 << 60 if legs else last_day(book, market, b, k, t)
    slot.reserved = CASH_RESERVE * quantity * slot.order_price
    bot.trades_today += 1
    bot.busy = 1
    if account.limited != 0:
        row = book.instruments[k].price_row
        if slot.quantity == 0.0:
            account.positions += 1
        book.gross[row] += quantity * slot.order_price
        account.exposure += quantity * slot.order_price
    i = out.counts[INTENTS]
    if i >= len(out.intents):
        out.counts[OVERFLOW] = 1
        return
    out.counts[INTENTS] = i + 1
    intent = out.intents[i]
    intent.tau, intent.slot, intent.purpose, intent.reason = tau, k, codes.ENTRY, reason
    intent.sign, intent.quantity, intent.price = sign, quantity, slot.mark
    intent.action, intent.type = codes.PLACE, slot.pending_type
    intent.order_price = math.nan if slot.pending_type == codes.AT_MARKET else slot.order_price
    intent.stop, intent.target = stop, target
