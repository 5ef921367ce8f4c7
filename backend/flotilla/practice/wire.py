"""Alpaca's JSON forms of what the market knows."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flotilla.practice.assets import Asset, asset_class, asset_id, without_slash
from flotilla.practice.calendar import NEW_YORK, new_york_day
from flotilla.practice.matching.account import Account, Position
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.orders import Execution, Order, OrderClass, TradeUpdate
from flotilla.practice.numbers import cents, plain
from flotilla.practice.session import Bar

Json = dict[str, Any]

_MARGIN_PERCENT = 30
_INITIAL_MARGIN = Decimal("0.5")
_MAINTENANCE_MARGIN = Decimal("0.3")
_COIN_STEPS = {
    "min_order_size": "0.000000002",
    "min_trade_increment": "0.000000001",
    "price_increment": "0.000000001",
}
_RATIO = Decimal("1e-10")
# Events that tell of no execution report of a venue's.
_REQUESTS = frozenset({"pending_new", "accepted", "pending_cancel", "pending_replace", "held", "rejected"})
_SHARE_PRICE = Decimal("1e-9")


def timestamp(moment: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with a Z, microseconds where there are any."""
    if moment is None:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def order_json(order: Order, legs: list[Order] | None = None) -> Json:
    """Return the REST form of an order; `legs` only in nested views and the POST reply."""
    return {
        **_order_core(order),
        "legs": [order_json(leg) for leg in legs] if legs else None,
        "subtag": None,
        "source": None,
    }


def _order_core(order: Order) -> Json:
    is_simple = order.order_class is OrderClass.SIMPLE
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": timestamp(order.created_at),
        "updated_at": timestamp(order.updated_at),
        "submitted_at": timestamp(order.submitted_at),
        "filled_at": timestamp(order.filled_at),
        "expired_at": timestamp(order.expired_at),
        "canceled_at": timestamp(order.canceled_at),
        "failed_at": timestamp(order.failed_at),
        "replaced_at": timestamp(order.replaced_at),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": asset_id(order.symbol),
        "symbol": order.symbol,
        "asset_class": asset_class(order.symbol),
        "notional": _plain(order.notional),
        "qty": None if order.notional is not None else plain(order.qty),
        "filled_qty": plain(order.filled_qty),
        "filled_avg_price": _plain(order.filled_avg_price),
        "order_class": "" if is_simple else order.order_class.value,
        "order_type": order.type.value,
        "type": order.type.value,
        "side": order.side.value,
        "position_intent": order.position_intent,
        "time_in_force": order.time_in_force.value,
        "limit_price": _plain(order.limit_price),
        "stop_price": _plain(order.stop_price),
        "status": order.reported_status.value,
        "extended_hours": order.extended_hours,
        "legs": None,
        "trail_percent": _plain(order.trail_percent),
        "trail_price": _plain(order.trail_price),
        "hwm": _plain(order.hwm),
        "expires_at": timestamp(order.expires_at),
    }


def trade_update_json(update: TradeUpdate) -> Json:
    """Return one frame of the trade-updates stream."""
    order = _order_core(update.order)
    order["cancel_requested_at"] = timestamp(update.order.cancel_requested_at)
    data: Json = {
        "at": timestamp(update.at),
        "event_id": update.event_id,
        "event": update.event,
        "timestamp": timestamp(update.at),
        "order": order,
    }
    if update.event not in _REQUESTS:
        data["execution_id"] = update.execution_id
    if update.execution is not None:
        data["price"] = plain(update.execution.price)
        data["qty"] = plain(update.execution.qty)
        data["position_qty"] = plain(update.execution.position_qty)
        if update.order.is_crypto:
            data["settle_date"] = new_york_day(update.at).isoformat()
            data["swap_rate"] = "1"
        else:
            data["settle_date"] = _next_weekday(update.at)
    if update.reason is not None:
        data["reason"] = update.reason
    return {"stream": "trade_updates", "data": data}


def _next_weekday(moment: datetime) -> str:
    day = new_york_day(moment) + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day.isoformat()


def activity_id(execution: Execution) -> str:
    local = execution.at.astimezone(NEW_YORK)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}::{execution.id}"


def activity_json(execution: Execution) -> Json:
    """Return a FILL row of the account's activities."""
    return {
        "activity_type": "FILL",
        "cum_qty": plain(execution.cum_qty),
        "id": activity_id(execution),
        "leaves_qty": plain(execution.leaves_qty),
        "order_id": execution.order_id,
        "order_status": execution.order_status.value,
        "price": plain(execution.price),
        "qty": plain(execution.qty),
        "side": execution.side.value,
        "symbol": without_slash(execution.symbol),
        "transaction_time": timestamp(execution.at),
        "type": "partial_fill" if execution.leaves_qty else "fill",
    }


def account_json(account: Account, book: Book, marks: dict[str, Decimal], now: datetime) -> Json:
    """Return GET /v2/account."""
    long, short = account.long_market_value(marks), account.short_market_value(marks)
    equity, gross, reserved = account.equity(marks), long - short, book.reserved(account.id)
    coins = book.reserved_cash(account.id)
    buying_power = account.buying_power(marks, reserved, coins)
    multiplier = account.effective_multiplier
    overnight = max(Decimal(0), min(Decimal(2), multiplier) * equity - gross - reserved)
    return {
        "id": account.id,
        "account_number": f"PA{account.id.replace('-', '')[:10].upper()}",
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "cash": cents(account.cash - coins),
        "buying_power": cents(buying_power),
        "effective_buying_power": cents(buying_power),
        "regt_buying_power": cents(overnight),
        "options_buying_power": cents(max(Decimal(0), account.cash - reserved)),
        "non_marginable_buying_power": cents(max(Decimal(0), account.cash - reserved)),
        "daytrading_buying_power": "0",
        "equity": plain(equity),
        "last_equity": plain(account.last_equity),
        "portfolio_value": plain(equity),
        "long_market_value": plain(long),
        "short_market_value": plain(short),
        "position_market_value": plain(gross),
        "initial_margin": plain(gross * _INITIAL_MARGIN),
        "maintenance_margin": plain(gross * _MAINTENANCE_MARGIN),
        "last_maintenance_margin": "0",
        "sma": cents(account.cash),
        "multiplier": plain(multiplier),
        "accrued_fees": "0",
        "pending_reg_taf_fees": "0",
        "intraday_adjustments": "0",
        "balance_asof": new_york_day(now).isoformat(),
        "created_at": timestamp(account.created_at),
        "crypto_tier": 1,
        "options_approved_level": 0,
        "options_trading_level": 0,
        "shorting_enabled": account.may_borrow and not account.configurations.no_shorting,
        "account_blocked": False,
        "trade_suspended_by_user": account.configurations.suspend_trade,
        "trading_blocked": False,
        "transfers_blocked": False,
        "pattern_day_trader": False,
        "daytrade_count": 0,
        "admin_configurations": {},
        "user_configurations": None,
    }


def position_json(
    position: Position,
    asset: Asset | None,
    price: Decimal,
    previous_close: Decimal,
    held: Decimal,
    opened_today: bool,
) -> Json:
    """Return one row of GET /v2/positions; `held`: the quantity that open orders hold."""
    value = position.qty * price
    profit = value - position.cost
    day_base = position.cost if opened_today else position.qty * previous_close
    return {
        "asset_id": asset_id(position.symbol),
        "symbol": without_slash(position.symbol),
        "exchange": asset.exchange if asset else "NYSE",
        "asset_class": asset_class(position.symbol),
        "asset_marginable": asset_class(position.symbol) == "us_equity",
        "qty": plain(position.qty),
        "qty_available": plain((abs(position.qty) - held) * (1 if position.qty > 0 else -1)),
        "avg_entry_price": plain(position.average_price.quantize(_SHARE_PRICE)),
        "side": "long" if position.qty > 0 else "short",
        "market_value": plain(value),
        "cost_basis": plain(position.cost),
        "unrealized_pl": plain(profit),
        "unrealized_plpc": _ratio(profit, abs(position.cost)),
        "unrealized_intraday_pl": plain(value - day_base),
        "unrealized_intraday_plpc": _ratio(value - day_base, abs(day_base)),
        "current_price": plain(price),
        "lastday_price": plain(previous_close),
        "change_today": _ratio(price - previous_close, previous_close),
    }


def _ratio(part: Decimal, whole: Decimal) -> str:
    return plain((part / whole).quantize(_RATIO)) if whole else "0"


def asset_json(asset: Asset) -> Json:
    borrowable = asset.tradable and asset.shortable
    return {
        "id": asset.id,
        "class": asset.asset_class,
        "exchange": asset.exchange,
        "symbol": asset.symbol,
        "name": asset.name,
        "status": "active",
        "tradable": asset.tradable,
        "marginable": not asset.is_crypto,
        "maintenance_margin_requirement": _MARGIN_PERCENT,
        "margin_requirement_long": str(_MARGIN_PERCENT),
        "margin_requirement_short": str(_MARGIN_PERCENT),
        "shortable": borrowable,
        "easy_to_borrow": borrowable,
        "borrow_status": "easy_to_borrow" if borrowable else "not_shortable",
        "fractionable": asset.fractionable,
        "attributes": list(asset.attributes),
        **(_COIN_STEPS if asset.is_crypto else {}),
    }


def bar_json(start: datetime, bar: Bar) -> Json:
    """Return a bar of market-data REST: numbers, not strings."""
    return {
        "t": timestamp(start),
        "o": bar.open,
        "h": bar.high,
        "l": bar.low,
        "c": bar.close,
        "v": bar.volume,
        "n": bar.trade_count,
        "vw": bar.vwap,
    }
