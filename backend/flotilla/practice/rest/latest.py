"""The latest bar, trade and quote of stocks, and snapshots.

Trades and quotes are made from the last bar: one share at its close, a cent to either side.
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import ApiError
from flotilla.practice.history import Stamped
from flotilla.practice.rest.authentication import Handler, authenticated
from flotilla.practice.rest.market_data import symbols_of
from flotilla.practice.rest.responses import json_response
from flotilla.practice.session import MINUTE
from flotilla.practice.venue import Venue
from flotilla.practice.wire import bar_json, timestamp

Json = dict[str, Any]
Form = Callable[[Venue, str, Stamped], Json]


def _bar(_venue: Venue, _symbol: str, last: Stamped) -> Json:
    return bar_json(*last)


def _trade(_venue: Venue, _symbol: str, last: Stamped) -> Json:
    start, bar = last
    return {
        "t": timestamp(start + MINUTE),
        "x": "V",
        "p": bar.close,
        "s": 1,
        "c": ["@"],
        "i": int(start.timestamp()),
        "z": "C",
    }


def _quote(_venue: Venue, _symbol: str, last: Stamped) -> Json:
    start, bar = last
    return {
        "t": timestamp(start + MINUTE),
        "ax": "V",
        "ap": round(bar.close + 0.01, 4),
        "as": 100,
        "bx": "V",
        "bp": round(max(bar.close - 0.01, 0.0001), 4),
        "bs": 100,
        "c": ["R"],
        "z": "C",
    }


def _snapshot(venue: Venue, symbol: str, last: Stamped) -> Json:
    today, *before = venue.history.last_days(symbol, venue.reached, 2)
    return {
        "latestTrade": _trade(venue, symbol, last),
        "latestQuote": _quote(venue, symbol, last),
        "minuteBar": bar_json(*last),
        "dailyBar": bar_json(*today),
        "prevDailyBar": bar_json(*before[0]) if before else None,
    }


def _multi(form: Form, member: str | None) -> Handler:
    """Answer for several symbols; a symbol that never traded is left out."""

    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        seen = {symbol: venue.history.last_minute(symbol, venue.reached) for symbol in symbols_of(request)}
        found = {symbol: form(venue, symbol, last) for symbol, last in seen.items() if last}
        return json_response({member: found} if member else found)

    return handler


def _single(form: Form, member: str | None, noun: str) -> Handler:
    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        symbol = request.path_params["symbol"]
        last = venue.history.last_minute(symbol, venue.reached)
        if last is None:
            raise ApiError(404, None, f"no {noun} found for {symbol}")
        found = form(venue, symbol, last)
        return json_response({"symbol": symbol, **({member: found} if member else found)})

    return handler


def _routes(kind: str, noun: str, form: Form) -> list[Route]:
    return [
        Route(f"/v2/stocks/{kind}/latest", authenticated(_multi(form, kind)), methods=["GET"]),
        Route(
            f"/v2/stocks/{{symbol}}/{kind}/latest",
            authenticated(_single(form, noun, noun)),
            methods=["GET"],
        ),
    ]


ROUTES = [
    *_routes("bars", "bar", _bar),
    *_routes("trades", "trade", _trade),
    *_routes("quotes", "quote", _quote),
    Route("/v2/stocks/snapshots", authenticated(_multi(_snapshot, None)), methods=["GET"]),
    Route(
        "/v2/stocks/{symbol}/snapshot",
        authenticated(_single(_snapshot, None, "snapshot")),
        methods=["GET"],
    ),
]
