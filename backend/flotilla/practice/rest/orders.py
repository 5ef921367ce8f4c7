"""Orders: create, list, read, replace, cancel."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.assets import AssetDirectory
from flotilla.practice.errors import invalid_parameter, not_found
from flotilla.practice.faults import FaultKind, Faults, Target
from flotilla.practice.queries import OrderFilter
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import (
    body,
    boolean,
    choice,
    integer,
    moment,
    names,
    uuid_of,
)
from flotilla.practice.rest.responses import json_response
from flotilla.practice.rest.tickets import replacement_of, ticket_of
from flotilla.practice.venue import Venue
from flotilla.practice.wire import order_json

_LARGEST_LIST = 500
_ASSET_CLASSES = frozenset({"us_equity", "us_option", "crypto", "all"})


async def create_order(request: Request, venue: Venue, account_id: str) -> Response:
    ticket = ticket_of(await body(request), venue.assets)
    faults: Faults = request.app.state.faults
    fault = faults.strikes(FaultKind.REJECTED_ORDER, Target.REST, request.method, request.url.path)
    order, *legs = await venue.submit(account_id, ticket, fault.reason if fault else None)
    return json_response(order_json(order, legs))


async def list_orders(request: Request, venue: Venue, account_id: str) -> Response:
    asked = _order_filter(request, venue.assets)
    orders = await venue.queries.orders(account_id, asked)
    legs = await venue.queries.legs(orders) if asked.nested else {}
    return json_response([order_json(order, legs.get(order.root_id)) for order in orders])


def _symbols(request: Request, assets: AssetDirectory) -> tuple[str, ...]:
    """Return the symbols asked for, pairs with their slash."""
    asked = names(request.query_params["symbols"])
    return tuple(asset.symbol if (asset := assets.find(name)) else name for name in asked)


def _order_filter(request: Request, assets: AssetDirectory) -> OrderFilter:
    query = request.query_params
    limit = integer(request, "limit", 50, invalid_parameter)
    if not 1 <= limit <= _LARGEST_LIST:
        raise invalid_parameter("limit must be between 1 and 500")
    before, after = query.get("before_order_id"), query.get("after_order_id")
    if (before and after) or ((before or after) and (query.get("after") or query.get("until"))):
        raise invalid_parameter("before_order_id, after_order_id and after or until cannot be combined")
    classes = frozenset(names(query.get("asset_class", "")))
    if classes - _ASSET_CLASSES:
        raise invalid_parameter("invalid asset_class")
    return OrderFilter(
        status=choice(request, "status", ("open", "closed", "all"), "open"),
        limit=limit,
        after=moment(request, "after", invalid_parameter),
        until=moment(request, "until", invalid_parameter),
        descending=choice(request, "direction", ("asc", "desc"), "desc") == "desc",
        nested=boolean(request, "nested", False),
        symbols=_symbols(request, assets) if query.get("symbols") else None,
        asset_classes=None if not classes or "all" in classes else classes,
        side=choice(request, "side", ("buy", "sell"), "") if query.get("side") else None,
        before_order_id=uuid_of(before) if before else None,
        after_order_id=uuid_of(after) if after else None,
    )


async def get_order(request: Request, venue: Venue, account_id: str) -> Response:
    order_id = uuid_of(request.path_params["order_id"])
    order = await venue.queries.order(account_id, order_id)
    if order is None:
        raise not_found(f"order not found for {order_id}")
    legs = await venue.queries.legs([order]) if boolean(request, "nested", False) else {}
    return json_response(order_json(order, legs.get(order.root_id)))


async def get_by_client_order_id(request: Request, venue: Venue, account_id: str) -> Response:
    client_order_id = request.query_params.get("client_order_id", "")
    if not client_order_id.isprintable():
        raise not_found("order not found")
    order = await venue.queries.by_client_order_id(account_id, client_order_id)
    if order is None:
        raise not_found("order not found")
    legs = await venue.queries.legs([order]) if boolean(request, "nested", False) else {}
    return json_response(order_json(order, legs.get(order.root_id)))


async def replace_order(request: Request, venue: Venue, account_id: str) -> Response:
    order_id = uuid_of(request.path_params["order_id"])
    replacement = replacement_of(await body(request))
    return json_response(order_json(await venue.replace(account_id, order_id, replacement)))


async def cancel_order(request: Request, venue: Venue, account_id: str) -> Response:
    order_id = uuid_of(request.path_params["order_id"])
    faults: Faults = request.app.state.faults
    fault = faults.strikes(FaultKind.SLOW_CANCEL, Target.REST, request.method, request.url.path)
    await venue.cancel(account_id, order_id, slowly=fault is not None)
    return Response(status_code=204)


async def cancel_all(_request: Request, venue: Venue, account_id: str) -> Response:
    canceled = await venue.cancel_all(account_id)
    rows = [{"id": order.id, "status": 200} for order in canceled]
    return json_response(rows, 207)


ROUTES = [
    Route("/v2/orders", authenticated(create_order), methods=["POST"]),
    Route("/v2/orders", authenticated(list_orders), methods=["GET"]),
    Route("/v2/orders", authenticated(cancel_all), methods=["DELETE"]),
    Route("/v2/orders:by_client_order_id", authenticated(get_by_client_order_id), methods=["GET"]),
    Route("/v2/orders/{order_id}", authenticated(get_order), methods=["GET"]),
    Route("/v2/orders/{order_id}", authenticated(replace_order), methods=["PATCH"]),
    Route("/v2/orders/{order_id}", authenticated(cancel_order), methods=["DELETE"]),
]
