"""The body of POST and PATCH /v2/orders, read and validated: shapes and numbers."""

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from flotilla.practice.assets import Asset, AssetDirectory
from flotilla.practice.errors import ApiError, invalid_parameter, refused, unprocessable
from flotilla.practice.matching.account import COIN_STEP
from flotilla.practice.matching.orders import (
    OrderClass,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.matching.tickets import Replacement
from flotilla.practice.rest.order_rules import check_rules
from flotilla.practice.rest.parameters import decimal, text

_CLIENT_ORDER_ID_LENGTH = 128
_MOST_LEGS = 4
_BOTH = 2
# What a binary float may trail behind it; whether that is too fine a step is judged with the asset.
_ANY_PLACES = 30
_LEAST_TRAIL_PERCENT, _WHOLE = Decimal("0.1"), Decimal(100)
_INTENTS = ("buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close")


class _Wanted(NamedTuple):
    """Whether an order type needs a limit and a stop price; what is said when one is missing or too much."""

    prices: tuple[bool, bool]
    missing: str
    surplus: str


_NO_PRICES = "market orders require no stop or limit price"
_WANTED_PRICES = {
    OrderType.MARKET: _Wanted((False, False), _NO_PRICES, _NO_PRICES),
    OrderType.LIMIT: _Wanted(
        (True, False), "limit orders require a limit price", "limit orders require no stop price"
    ),
    OrderType.STOP: _Wanted(
        (False, True), "stop orders require a stop price", "stop orders require no limit price"
    ),
    OrderType.STOP_LIMIT: _Wanted((True, True), "stop limit orders require both stop and limit price", ""),
    OrderType.TRAILING_STOP: _Wanted(
        (False, False), "", "trailing stop orders require no stop or limit price"
    ),
}

E = TypeVar("E", bound=StrEnum)
Body = dict[str, Any]


def ticket_of(body: Body, assets: AssetDirectory) -> OrderTicket:
    """Return what the body asks for; raises ApiError in the order in which Alpaca checks."""
    order_class = _order_class(body)
    side = _member(body, "side", Side)
    order_type = _order_type(body, order_class)
    time_in_force = _member(body, "time_in_force", TimeInForce)
    qty, notional = _quantity(body)
    take_profit, stop_loss, stop_loss_limit = _leg_prices(body, order_class)
    limit_price, stop_price = _prices(body, order_type, order_class)
    trail_price, trail_percent = _trail(body, order_type)
    ticket = OrderTicket(
        symbol="",
        side=side,
        type=order_type,
        time_in_force=time_in_force,
        qty=qty,
        limit_price=limit_price,
        stop_price=stop_price,
        order_class=order_class,
        take_profit=take_profit,
        stop_loss=stop_loss,
        stop_loss_limit=stop_loss_limit,
        client_order_id=_client_order_id(body),
        extended_hours=_extended_hours(body),
        notional=notional,
        trail_price=trail_price,
        trail_percent=trail_percent,
        position_intent=_intent(body),
    )
    asset = _asset(body, assets)
    ticket = replace(ticket, symbol=asset.symbol, qty=_stepped(qty, asset))
    check_rules(ticket, asset)
    return ticket


def replacement_of(body: Body) -> Replacement:
    """Return what the body of a PATCH changes."""
    changes = Replacement(
        qty=decimal(body, "qty"),
        limit_price=_price(body, "limit_price"),
        stop_price=_price(body, "stop_price"),
        time_in_force=_member(body, "time_in_force", TimeInForce) if text(body, "time_in_force") else None,
        client_order_id=_client_order_id(body),
        trail=_price(body, "trail"),
    )
    if changes.qty is not None and changes.qty <= 0:
        raise invalid_parameter("qty must be > 0")
    return changes


def _member(body: Body, name: str, members: type[E], message: str | None = None) -> E:
    try:
        return members(text(body, name) or "")
    except ValueError:
        raise invalid_parameter(message or f"invalid {name}") from None


def _order_class(body: Body) -> OrderClass:
    value = text(body, "order_class")
    if value in (None, OrderClass.SIMPLE):
        return OrderClass.SIMPLE
    if value == "mleg":
        raise _multi_leg_refusal(body)
    return _member(body, "order_class", OrderClass)


def _multi_leg_refusal(body: Body) -> ApiError:
    """Options are not traded here; Alpaca answers the same where an account may not trade them."""
    legs = body.get("legs")
    if not isinstance(legs, list) or not 2 <= len(legs) <= _MOST_LEGS:
        return unprocessable("mleg orders must have at least 2 legs and at most 4 legs")
    return refused("submit mleg order is disabled")


def _order_type(body: Body, order_class: OrderClass) -> OrderType:
    if order_class is OrderClass.OCO and text(body, "type") is None:
        return OrderType.LIMIT
    return _member(body, "type", OrderType, message="invalid order type")


def _quantity(body: Body) -> tuple[Decimal | None, Decimal | None]:
    qty, notional = decimal(body, "qty", _ANY_PLACES), decimal(body, "notional", _ANY_PLACES)
    if qty is not None and notional is not None:
        raise invalid_parameter("only one of qty or notional is accepted")
    if qty is None and notional is None:
        raise invalid_parameter("qty or notional is required")
    if qty is not None and qty <= 0:
        raise invalid_parameter("qty must be > 0")
    if notional is not None and notional < 1:
        raise invalid_parameter("notional must be >= 1.00")
    return qty, notional


def _stepped(qty: Decimal | None, asset: Asset) -> Decimal | None:
    """Return the quantity in steps of the asset: of coins the rest is cut off, shares have none."""
    if qty is None:
        return None
    stepped = qty.quantize(COIN_STEP, ROUND_DOWN)
    if stepped == qty:
        return qty
    if not asset.is_crypto:
        raise invalid_parameter("qty must have at most 9 decimal places")
    if not stepped:
        raise invalid_parameter("qty must be > 0")
    return stepped.normalize()


def _price(body: Body, name: str) -> Decimal | None:
    price = decimal(body, name, _ANY_PLACES)
    if price is not None and price <= 0:
        raise invalid_parameter(f"{name.replace('_', ' ')} must be > 0")
    return price


def _prices(
    body: Body, order_type: OrderType, order_class: OrderClass
) -> tuple[Decimal | None, Decimal | None]:
    limit_price, stop_price = _price(body, "limit_price"), _price(body, "stop_price")
    if order_class is OrderClass.OCO:  # its prices are those of its two exits
        return _price(_leg(body, "take_profit"), "limit_price"), None
    wanted = _WANTED_PRICES[order_type]
    has = (limit_price is not None, stop_price is not None)
    if has == wanted.prices:
        return limit_price, stop_price
    lacks = any(want and not given for want, given in zip(wanted.prices, has, strict=True))
    raise invalid_parameter(wanted.missing if lacks else wanted.surplus)


def _trail(body: Body, order_type: OrderType) -> tuple[Decimal | None, Decimal | None]:
    trail_price, trail_percent = _price(body, "trail_price"), _price(body, "trail_percent")
    given = (trail_price is not None) + (trail_percent is not None)
    if order_type is not OrderType.TRAILING_STOP:
        if given:
            raise invalid_parameter(f"{order_type.value} orders require no trail price or percent")
    elif given != 1:
        raise invalid_parameter("trailing stop orders must specify one of trail_price or trail_percent")
    elif trail_percent is not None and trail_percent < _LEAST_TRAIL_PERCENT:
        raise invalid_parameter("trail_percent must be greater than or equal to 0.1")
    elif trail_percent is not None and trail_percent >= _WHOLE:
        raise invalid_parameter("trail_percent must be less than 100")
    return trail_price, trail_percent


def _leg_prices(body: Body, order_class: OrderClass) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    take_profit = _price(_leg(body, "take_profit"), "limit_price")
    stop_loss = _price(_leg(body, "stop_loss"), "stop_price")
    stop_loss_limit = _price(_leg(body, "stop_loss"), "limit_price")
    legs = [price for price in (take_profit, stop_loss) if price is not None]
    name = order_class.value
    if order_class is OrderClass.SIMPLE and (legs or stop_loss_limit):
        raise invalid_parameter("simple orders accept no take_profit and no stop_loss")
    if order_class in (OrderClass.BRACKET, OrderClass.OCO) and len(legs) != _BOTH:
        raise invalid_parameter(f"{name} orders require take_profit.limit_price and stop_loss.stop_price")
    if order_class is OrderClass.OTO and len(legs) != 1:
        raise invalid_parameter("oto orders require either take_profit or stop_loss")
    if stop_loss_limit is not None and stop_loss is None:
        raise invalid_parameter("stop_loss.stop_price is required")
    return take_profit, stop_loss, stop_loss_limit


def _leg(body: Body, name: str) -> Body:
    leg = body.get(name)
    if leg is None:
        return {}
    if not isinstance(leg, dict):
        raise invalid_parameter(f"invalid {name}")
    return leg


def _intent(body: Body) -> str | None:
    intent = text(body, "position_intent")
    if intent not in (None, *_INTENTS):
        raise invalid_parameter("invalid position_intent")
    return intent


def _extended_hours(body: Body) -> bool:
    asked = body.get("extended_hours")
    if asked not in (None, True, False):
        raise invalid_parameter("invalid extended_hours")
    return asked is True


def _client_order_id(body: Body) -> str | None:
    client_order_id = text(body, "client_order_id")
    if client_order_id and len(client_order_id) > _CLIENT_ORDER_ID_LENGTH:
        raise invalid_parameter("client_order_id must be no more than 128 characters")
    return client_order_id


def _asset(body: Body, assets: AssetDirectory) -> Asset:
    symbol = text(body, "symbol")
    if symbol is None:
        raise invalid_parameter("symbol is required")
    asset = assets.find(symbol)
    if asset is None:
        raise unprocessable(f'asset "{symbol[:50]}" not found')
    if not asset.tradable:
        raise unprocessable(f'asset "{asset.symbol}" is not tradable')
    return asset
