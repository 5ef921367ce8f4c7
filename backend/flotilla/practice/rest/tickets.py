"""The body of POST and PATCH /v2/orders, validated: shape, combination, price increments."""

from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from flotilla.practice.assets import AssetDirectory
from flotilla.practice.errors import invalid_parameter, unprocessable
from flotilla.practice.matching.orders import (
    OrderClass,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.matching.tickets import Replacement
from flotilla.practice.numbers import plain
from flotilla.practice.rest.parameters import decimal, text

_CLIENT_ORDER_ID_LENGTH = 128
_DOLLAR, _CENT, _SUBCENT = Decimal(1), Decimal("0.01"), Decimal("0.0001")

E = TypeVar("E", bound=StrEnum)
Body = dict[str, Any]


def ticket_of(body: Body, assets: AssetDirectory) -> OrderTicket:
    """Return what the body asks for; raises ApiError in the order in which Alpaca checks."""
    side = _member(body, "side", Side)
    order_type = _member(body, "type", OrderType, message="invalid order type")
    time_in_force = _member(body, "time_in_force", TimeInForce)
    order_class = _order_class(body)
    qty = _quantity(body)
    limit_price, stop_price = _prices(body, order_type)
    take_profit, stop_loss = _leg_prices(body, order_class)
    client_order_id = _client_order_id(body)
    symbol = _symbol(body, assets)
    _check_fraction(qty, time_in_force, order_class)
    _check_extended_hours(body, order_type)
    for name, price in (
        ("limit_price", limit_price),
        ("stop_price", stop_price),
        ("limit_price", take_profit),
        ("stop_price", stop_loss),
    ):
        _check_increment(name, price)
    return OrderTicket(
        symbol=symbol,
        side=side,
        type=order_type,
        time_in_force=time_in_force,
        qty=qty,
        limit_price=limit_price,
        stop_price=stop_price,
        order_class=order_class,
        take_profit=take_profit,
        stop_loss=stop_loss,
        client_order_id=client_order_id,
        extended_hours=body.get("extended_hours") is True,
    )


def replacement_of(body: Body) -> Replacement:
    """Return what the body of a PATCH changes."""
    changes = Replacement(
        qty=decimal(body, "qty"),
        limit_price=_price(body, "limit_price"),
        stop_price=_price(body, "stop_price"),
        time_in_force=_member(body, "time_in_force", TimeInForce) if text(body, "time_in_force") else None,
        client_order_id=_client_order_id(body),
    )
    if changes.qty is not None and changes.qty <= 0:
        raise invalid_parameter("qty must be > 0")
    _check_increment("limit_price", changes.limit_price)
    _check_increment("stop_price", changes.stop_price)
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
    if value in ("oco", "mleg"):
        raise unprocessable(f"{value} orders are not supported by the practice market yet")
    return _member(body, "order_class", OrderClass)


def _quantity(body: Body) -> Decimal:
    qty, notional = decimal(body, "qty"), decimal(body, "notional")
    if qty is not None and notional is not None:
        raise invalid_parameter("only one of qty or notional is accepted")
    if notional is not None:
        raise unprocessable("notional orders are not supported by the practice market yet")
    if qty is None:
        raise invalid_parameter("qty or notional is required")
    if qty <= 0:
        raise invalid_parameter("qty must be > 0")
    return qty


def _price(body: Body, name: str) -> Decimal | None:
    price = decimal(body, name)
    if price is not None and price <= 0:
        raise invalid_parameter(f"{name.replace('_', ' ')} must be > 0")
    return price


def _prices(body: Body, order_type: OrderType) -> tuple[Decimal | None, Decimal | None]:
    limit_price, stop_price = _price(body, "limit_price"), _price(body, "stop_price")
    if order_type is OrderType.LIMIT and limit_price is None:
        raise invalid_parameter("limit orders require a limit price")
    if order_type is OrderType.STOP and stop_price is None:
        raise invalid_parameter("stop orders require a stop price")
    if order_type is OrderType.MARKET and (limit_price or stop_price):
        raise invalid_parameter("market orders require no stop or limit price")
    if order_type is OrderType.LIMIT and stop_price:
        raise invalid_parameter("limit orders require no stop price")
    if order_type is OrderType.STOP and limit_price:
        raise invalid_parameter("stop orders require no limit price")
    return limit_price, stop_price


def _leg_prices(body: Body, order_class: OrderClass) -> tuple[Decimal | None, Decimal | None]:
    take_profit = _price(_leg(body, "take_profit"), "limit_price")
    stop_loss = _price(_leg(body, "stop_loss"), "stop_price")
    if decimal(_leg(body, "stop_loss"), "limit_price") is not None:
        raise unprocessable("stop_loss.limit_price is not supported by the practice market yet")
    legs = [price for price in (take_profit, stop_loss) if price is not None]
    if order_class is OrderClass.SIMPLE and legs:
        raise invalid_parameter("simple orders accept no take_profit and no stop_loss")
    if order_class is OrderClass.BRACKET and len(legs) != 2:
        raise invalid_parameter("bracket orders require take_profit.limit_price and stop_loss.stop_price")
    if order_class is OrderClass.OTO and len(legs) != 1:
        raise invalid_parameter("oto orders require either take_profit or stop_loss")
    return take_profit, stop_loss


def _leg(body: Body, name: str) -> Body:
    leg = body.get(name)
    if leg is None:
        return {}
    if not isinstance(leg, dict):
        raise invalid_parameter(f"invalid {name}")
    return leg


def _client_order_id(body: Body) -> str | None:
    client_order_id = text(body, "client_order_id")
    if client_order_id and len(client_order_id) > _CLIENT_ORDER_ID_LENGTH:
        raise invalid_parameter("client_order_id must be no more than 128 characters")
    return client_order_id


def _symbol(body: Body, assets: AssetDirectory) -> str:
    symbol = text(body, "symbol")
    if symbol is None:
        raise invalid_parameter("symbol is required")
    asset = assets.find(symbol)
    if asset is None:
        raise unprocessable(f'asset "{symbol[:50]}" not found')
    if not asset.tradable:
        raise unprocessable(f'asset "{asset.symbol}" is not tradable')
    return asset.symbol


def _check_fraction(qty: Decimal, time_in_force: TimeInForce, order_class: OrderClass) -> None:
    if qty == qty.to_integral_value():
        return
    if order_class is not OrderClass.SIMPLE:
        raise unprocessable("fractional orders must be simple orders")
    if time_in_force is not TimeInForce.DAY:
        raise unprocessable("fractional orders must be DAY orders")


def _check_extended_hours(body: Body, order_type: OrderType) -> None:
    asked = body.get("extended_hours")
    if asked not in (None, True, False):
        raise invalid_parameter("invalid extended_hours")
    if asked and order_type is not OrderType.LIMIT:
        raise unprocessable("extended hours order must be DAY or GTC limit orders")


def _check_increment(name: str, price: Decimal | None) -> None:
    if price is None:
        return
    step = _CENT if price >= _DOLLAR else _SUBCENT
    if price % step:
        raise unprocessable(
            f"invalid {name} {plain(price)}. sub-penny increment does not fulfill minimum pricing criteria"
        )
