"""Positions: list, read, close."""

from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import new_york_day
from flotilla.practice.errors import ApiError, invalid_parameter, not_found
from flotilla.practice.matching.account import Position
from flotilla.practice.matching.market import Market
from flotilla.practice.matching.orders import OrderTicket, OrderType, Side, TimeInForce, is_crypto
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import boolean, decimal
from flotilla.practice.rest.responses import json_response
from flotilla.practice.venue import Venue
from flotilla.practice.wire import order_json, position_json

_SHARE_STEP = Decimal("1e-9")


async def list_positions(_request: Request, venue: Venue, account_id: str) -> Response:
    async with venue.committed() as market:
        positions = market.accounts[account_id].positions.values()
        rows = [_row(venue, market, account_id, p) for p in positions]
    return json_response(sorted(rows, key=lambda row: str(row["symbol"])))


async def get_position(request: Request, venue: Venue, account_id: str) -> Response:
    async with venue.committed() as market:
        position = _position(venue, market, account_id, request.path_params["symbol_or_id"])
        return json_response(_row(venue, market, account_id, position))


async def close_position(request: Request, venue: Venue, account_id: str) -> Response:
    async with venue.committed() as market:
        position = _position(venue, market, account_id, request.path_params["symbol_or_id"])
        ticket = _closing_ticket(position.symbol, position.qty, _closed_quantity(request, position))
    order, *_ = await venue.submit(account_id, ticket)
    return json_response(order_json(order))


async def close_all(request: Request, venue: Venue, account_id: str) -> Response:
    if boolean(request, "cancel_orders", False):
        await venue.cancel_all(account_id)
    async with venue.committed() as market:
        positions = market.accounts[account_id].positions.values()
        tickets = [_closing_ticket(p.symbol, p.qty, abs(p.qty)) for p in positions]
    return json_response([await _close(venue, account_id, ticket) for ticket in tickets], 207)


async def _close(venue: Venue, account_id: str, ticket: OrderTicket) -> dict[str, Any]:
    try:
        order, *_ = await venue.submit(account_id, ticket)
    except ApiError as error:
        return {"symbol": ticket.symbol, "status": error.status, "body": error.body()}
    return {"symbol": ticket.symbol, "status": 200, "body": order_json(order)}


def _position(venue: Venue, market: Market, account_id: str, name: str) -> Position:
    asset = venue.assets.find(name)
    symbol = asset.symbol if asset else name
    position = market.accounts[account_id].positions.get(symbol)
    if position is None:
        text = "position does not exist" if asset else f"symbol not found: {name}"
        raise not_found(text)
    return position


def _row(venue: Venue, market: Market, account_id: str, position: Position) -> dict[str, Any]:
    symbol, price = position.symbol, market.marks[position.symbol]
    closing_side = Side.SELL if position.qty > 0 else Side.BUY
    return position_json(
        position,
        venue.assets.find(symbol),
        price,
        previous_close=venue.previous_close(symbol) or price,
        held=market.book.held_quantity(account_id, symbol, closing_side),
        opened_today=new_york_day(position.opened_at) == new_york_day(venue.now),
    )


def _closing_ticket(symbol: str, held: Decimal, qty: Decimal) -> OrderTicket:
    return OrderTicket(
        symbol=symbol,
        side=Side.SELL if held > 0 else Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC if is_crypto(symbol) else TimeInForce.DAY,
        qty=qty,
    )


def _closed_quantity(request: Request, position: Position) -> Decimal:
    query = dict(request.query_params)
    qty, percentage = decimal(query, "qty"), decimal(query, "percentage")
    if qty is not None and percentage is not None:
        raise invalid_parameter("only one of qty or percentage is accepted")
    if percentage is not None:
        if not 0 < percentage <= 100:
            raise invalid_parameter("percentage must be between 0 and 100")
        qty = (abs(position.qty) * percentage / 100).quantize(_SHARE_STEP).normalize()
    if qty is not None and qty <= 0:
        raise invalid_parameter("qty must be > 0")
    return abs(position.qty) if qty is None else qty


ROUTES = [
    Route("/v2/positions", authenticated(list_positions), methods=["GET"]),
    Route("/v2/positions", authenticated(close_all), methods=["DELETE"]),
    Route("/v2/positions/{symbol_or_id:path}", authenticated(get_position), methods=["GET"]),
    Route("/v2/positions/{symbol_or_id:path}", authenticated(close_position), methods=["DELETE"]),
]
