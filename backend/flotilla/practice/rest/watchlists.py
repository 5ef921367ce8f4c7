"""Watchlists, by id and by name."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import invalid_parameter, not_found, unprocessable
from flotilla.practice.rest.authentication import Handler, authenticated
from flotilla.practice.rest.parameters import body, text, uuid_of
from flotilla.practice.rest.responses import json_response
from flotilla.practice.venue import Venue
from flotilla.practice.watchlists import Watchlist, Watchlists
from flotilla.practice.wire import asset_json, timestamp

_LONGEST_NAME = 64
_MOST_SYMBOLS = 1000

OnWatchlist = Callable[[Request, Venue, Watchlist], Awaitable[Response]]


async def list_watchlists(request: Request, _venue: Venue, account_id: str) -> Response:
    return json_response([_json(watchlist) for watchlist in await _stored(request).all(account_id)])


async def create_watchlist(request: Request, venue: Venue, account_id: str) -> Response:
    values = await body(request)
    name, symbols = _name(values), _symbols(values, venue)
    if name is None:
        raise invalid_parameter("name is required")
    created = await _stored(request).create(account_id, name, symbols or [], venue.now)
    return json_response(_json(created, venue))


async def _read(_request: Request, venue: Venue, watchlist: Watchlist) -> Response:
    return json_response(_json(watchlist, venue))


async def _replace(request: Request, venue: Venue, watchlist: Watchlist) -> Response:
    values = await body(request)
    symbols = _symbols(values, venue)
    changed = await _stored(request).change(
        watchlist,
        _name(values) or watchlist.name,
        watchlist.symbols if symbols is None else symbols,
        venue.now,
    )
    return json_response(_json(changed, venue))


async def _add(request: Request, venue: Venue, watchlist: Watchlist) -> Response:
    symbol = text(await body(request), "symbol")
    if symbol is None:
        raise invalid_parameter("symbol is required")
    symbols = [*watchlist.symbols, *_listed([symbol], venue)]
    changed = await _stored(request).change(
        watchlist, watchlist.name, list(dict.fromkeys(symbols)), venue.now
    )
    return json_response(_json(changed, venue))


async def _take_out(request: Request, venue: Venue, watchlist: Watchlist) -> Response:
    asked = request.path_params["symbol"]
    asset = venue.assets.find(asked)
    symbol = asset.symbol if asset else asked
    if symbol not in watchlist.symbols:
        raise not_found(f"symbol not found: {asked}")
    left = [one for one in watchlist.symbols if one != symbol]
    changed = await _stored(request).change(watchlist, watchlist.name, left, venue.now)
    return json_response(_json(changed, venue))


async def _remove(request: Request, _venue: Venue, watchlist: Watchlist) -> Response:
    await _stored(request).remove(watchlist)
    return Response(status_code=204)


def _stored(request: Request) -> Watchlists:
    stored: Watchlists = request.app.state.watchlists
    return stored


def _name(values: dict[str, Any]) -> str | None:
    name = text(values, "name")
    if name and len(name) > _LONGEST_NAME:
        raise invalid_parameter(f"watchlist name must be no more than {_LONGEST_NAME} characters")
    return name


def _symbols(values: dict[str, Any], venue: Venue) -> list[str] | None:
    symbols = values.get("symbols")
    if symbols is None:
        return None
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise invalid_parameter("invalid symbols")
    if len(symbols) > _MOST_SYMBOLS:
        raise invalid_parameter("too many symbols")
    return list(dict.fromkeys(_listed(symbols, venue)))


def _listed(symbols: list[str], venue: Venue) -> list[str]:
    listed = []
    for symbol in symbols:
        asset = venue.assets.find(symbol)
        if asset is None:
            raise unprocessable(f'asset "{symbol[:50]}" not found')
        listed.append(asset.symbol)
    return listed


def _json(watchlist: Watchlist, venue: Venue | None = None) -> dict[str, Any]:
    """Return the wire form; with a venue also the assets, which the list of all leaves out."""
    row: dict[str, Any] = {
        "id": watchlist.id,
        "account_id": watchlist.account_id,
        "name": watchlist.name,
        "created_at": timestamp(watchlist.created_at),
        "updated_at": timestamp(watchlist.updated_at),
    }
    if venue is not None:
        found = [venue.assets.find(symbol) for symbol in watchlist.symbols]
        row["assets"] = [asset_json(asset) for asset in found if asset is not None]
    return row


def _by_id(action: OnWatchlist) -> Handler:
    async def handler(request: Request, venue: Venue, account_id: str) -> Response:
        watchlist_id = uuid_of(request.path_params["watchlist_id"], "watchlist_id is missing")
        watchlist = await _stored(request).find(account_id, watchlist_id=watchlist_id)
        return await action(request, venue, _existing(watchlist))

    return handler


def _by_name(action: OnWatchlist) -> Handler:
    async def handler(request: Request, venue: Venue, account_id: str) -> Response:
        name = request.query_params.get("name", "")
        known = name and name.isprintable()
        watchlist = await _stored(request).find(account_id, name=name) if known else None
        return await action(request, venue, _existing(watchlist))

    return handler


def _existing(watchlist: Watchlist | None) -> Watchlist:
    if watchlist is None:
        raise not_found("watchlist not found")
    return watchlist


def _routes(path: str, found: Callable[[OnWatchlist], Handler]) -> list[Route]:
    return [
        Route(path, authenticated(found(_read)), methods=["GET"]),
        Route(path, authenticated(found(_replace)), methods=["PUT"]),
        Route(path, authenticated(found(_add)), methods=["POST"]),
        Route(path, authenticated(found(_remove)), methods=["DELETE"]),
    ]


ROUTES = [
    Route("/v2/watchlists", authenticated(list_watchlists), methods=["GET"]),
    Route("/v2/watchlists", authenticated(create_watchlist), methods=["POST"]),
    *_routes("/v2/watchlists:by_name", _by_name),
    *_routes("/v2/watchlists/{watchlist_id}", _by_id),
    Route(
        "/v2/watchlists/{watchlist_id}/{symbol:path}", authenticated(_by_id(_take_out)), methods=["DELETE"]
    ),
]
