"""A bot's risk settings and instruments as the kernel's records."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.kernel.records import (
    ACCOUNT,
    BOT,
    INSTRUMENT,
    LOT,
    RULES,
    SLOT,
    Book,
    records,
)
from flotilla.domain.market import Instrument
from flotilla.domain.risk import EntryOrder, RiskRules, Sizing

_NEVER = 1 << 60
_SIZES = {
    Sizing.PERCENT_OF_EQUITY: (codes.BY_PERCENT, "position_percent"),
    Sizing.FIXED_AMOUNT: (codes.BY_AMOUNT, "position_amount"),
    Sizing.FIXED_QUANTITY: (codes.BY_QUANTITY, "position_quantity"),
    Sizing.RISK_PER_TRADE: (codes.BY_RISK, "risk_percent"),
    Sizing.KELLY: (codes.BY_KELLY, "kelly_fraction"),
    Sizing.VOLATILITY_TARGET: (codes.BY_VOLATILITY, "volatility_percent"),
}
_ENTRIES = {
    EntryOrder.MARKET: codes.AT_MARKET,
    EntryOrder.LIMIT: codes.AT_LIMIT,
    EntryOrder.STOP: codes.AT_STOP,
}


def rules_row(
    risk: RiskRules, *, first: int, last: int, account_equity: float, overnight: bool
) -> tuple[Any, ...]:
    """A RULES record. `account_equity` (USD) is what a position's share of the account is of.

    `overnight`: the bot has no end of a session at which to be flat (coins, daily bars).
    """
    sizing, size = _SIZES[risk.sizing]
    stop, stop_value = _stop(risk)
    target, target_value = _target(risk)
    share = _limit(risk.max_position_account_percent) / 100.0 * account_equity
    values = {
        "first": first,
        "last": last,
        "sizing": sizing,
        "size_value": getattr(risk, size),
        "kelly_after": risk.kelly_after_trades,
        "kelly_before": risk.position_percent,
        "fixed_capital": risk.fixed_capital,
        "stop": stop,
        "stop_value": stop_value,
        "target": target,
        "target_value": target_value,
        "trail": risk.trailing_stop_percent or 0.0,
        "trail_activation": risk.trailing_activation_percent,
        "trail_step": risk.trailing_step_percent,
        "break_even": risk.break_even_percent or 0.0,
        "break_even_offset": risk.break_even_offset_percent,
        "time_stop": _limit(risk.time_stop_minutes) * 60.0,
        "position_cap": min(share, _limit(risk.max_position_amount)),
        "symbol_cap": _limit(risk.max_symbol_percent),
        "exposure_cap": _limit(risk.max_exposure_percent),
        "liquidity_cap": _limit(risk.max_volume_percent),
        "max_positions": risk.max_open_positions,
        "daily_loss": _limit(risk.daily_loss_limit_percent) / 100.0,
        "daily_loss_flattens": risk.daily_loss_flatten,
        "flat_overnight": risk.flatten_at_window_end and not overnight,
        "drawdown": _limit(risk.max_drawdown_percent) / 100.0,
        "drawdown_flattens": risk.max_drawdown_flatten,
        "trades_a_day": risk.max_trades_per_day or _NEVER,
        "cooldown": risk.cooldown_minutes * 60.0,
        "loss_cooldown": risk.loss_cooldown_minutes * 60.0,
        "losses_in_a_row": risk.max_consecutive_losses or _NEVER,
        "scale_in_steps": risk.scale_in_steps,
        "scale_in_distance": risk.scale_in_distance_percent,
        "entry_order": _ENTRIES[risk.entry_order],
        "entry_offset": risk.entry_offset_percent,
        "entry_expiry": risk.entry_expire_minutes * 60.0,
        "chase_steps": risk.entry_chase_steps,
        "chase_limit": risk.entry_chase_limit_percent,
    }
    return tuple(values[name] for name in RULES.names or ())


def _limit(value: float | None) -> float:
    return math.inf if value is None else float(value)


def _stop(risk: RiskRules) -> tuple[int, float]:
    if risk.stop_loss_atr is not None:
        return codes.ATR, risk.stop_loss_atr
    if risk.stop_loss_price is not None:
        return codes.PRICE, risk.stop_loss_price
    if risk.stop_loss_percent is not None:
        return codes.PERCENT, risk.stop_loss_percent
    return codes.OFF, 0.0


def _target(risk: RiskRules) -> tuple[int, float]:
    if risk.take_profit_risk is not None:
        return codes.RISK_MULTIPLE, risk.take_profit_risk
    if risk.take_profit_percent is not None:
        return codes.PERCENT, risk.take_profit_percent
    return codes.OFF, 0.0


def write_instrument(record: Any, instrument: Instrument, *, price_row: int, guarded: bool) -> None:
    """Fill an INSTRUMENT record; `guarded`: the engine holds its protection (semantics 3, placement)."""
    record.price_row, record.guarded = price_row, guarded
    record.tick_num, record.tick_den = _fraction(instrument.price_step)
    # Below one dollar Alpaca takes prices in hundredths of a cent.
    is_cents = instrument.price_step == Decimal("0.01")
    record.small_tick_den = 10_000.0 if is_cents else record.tick_den
    record.step_num, record.step_den = _fraction(instrument.quantity_step)
    record.min_quantity = float(instrument.min_quantity)
    record.around_the_clock = instrument.is_coin


def _fraction(step: Decimal) -> tuple[float, float]:
    numerator, denominator = step.as_integer_ratio()
    return float(numerator), float(denominator)


def new_book(bots: int, slots: int, lots: int, series: int) -> Book:
    """Bots that have nothing yet."""
    book = Book(
        records(RULES, bots),
        records(BOT, bots),
        records(INSTRUMENT, slots),
        records(SLOT, slots),
        records(LOT, slots, lots),
        records(ACCOUNT, 1),
        np.zeros(series),
    )
    # By item: an attribute of records takes ten times as long, and a sweep makes thousands of books.
    for name in ("since", "pending_lot", "exit_tau"):
        book.slots[name] = -1
    for name in ("pending_stop", "pending_target"):
        book.slots[name] = math.nan
    for name in ("stop", "target"):
        book.lots[name] = math.nan
    book.bots["day"] = book.account["day"] = -1
    book.account["closing_equity"] = math.nan
    return book


def fund(bot: Any, capital: float) -> None:
    """Give a new bot its capital (USD)."""
    bot.capital = bot.cash = bot.peak_equity = capital
    bot.closing_equity = math.nan
    bot.busy = 1


def lots_needed(risks: Sequence[RiskRules]) -> int:
    """Lots a symbol may have at once: its first entry, and what is added."""
    return 1 + max((risk.scale_in_steps for risk in risks), default=0)
