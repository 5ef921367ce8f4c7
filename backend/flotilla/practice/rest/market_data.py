"""Historical bars, trades and quotes of stocks, page by page."""

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.adjustments import Adjuster, adjustment_types
from flotilla.practice.calendar import new_york_day
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.rest import series
from flotilla.practice.rest.authentication import Handler, authenticated
from flotilla.practice.rest.pages import Series, page, page_request, stocks_of
from flotilla.practice.rest.parameters import day
from flotilla.practice.rest.responses import json_response
from flotilla.practice.timeframes import midnight
from flotilla.practice.venue import Venue

KINDS = ("bars", "trades", "quotes")

_FEEDS = frozenset({"", "iex", "sip", "otc", "boats", "delayed_sip", "overnight"})


def _multi(kind: str) -> Handler:
    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        asked = page_request(request, stocks_of(request), venue.now)
        rows, token = page(asked, _series(kind, request, venue))
        return json_response({kind: rows, "next_page_token": token})

    return handler


def _single(kind: str) -> Handler:
    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        symbol = request.path_params["symbol"]
        rows, token = page(page_request(request, (symbol,), venue.now), _series(kind, request, venue))
        body: dict[str, Any] = {kind: rows.get(symbol, []), "symbol": symbol, "next_page_token": token}
        return json_response(body)

    return handler


def _series(kind: str, request: Request, venue: Venue) -> Series:
    check_feed(request)
    if kind == "trades":
        return series.trades(request, venue)
    if kind == "quotes":
        return series.quotes(request, venue)
    return series.bars(request, venue, _adjuster(request, venue))


def check_feed(request: Request) -> None:
    feed = request.query_params.get("feed", "")
    if feed not in _FEEDS:
        raise invalid(f"invalid feed: {feed[:50]}")
    if request.query_params.get("asof", "-") != "-":
        day(request, "asof", invalid)


def _adjuster(request: Request, venue: Venue) -> Adjuster | None:
    types = adjustment_types(request.query_params.get("adjustment", "raw"))
    actions = request.app.state.corporate_actions
    if not types or not actions.all:
        return None

    def close_before(symbol: str, day: date) -> float | None:
        last = venue.history.last_minute(symbol, min(midnight(day), venue.reached))
        return last[1].close if last else None

    return Adjuster(actions, types, new_york_day(venue.now), close_before)


ROUTES = [
    route
    for kind in KINDS
    for route in (
        Route(f"/v2/stocks/{kind}", authenticated(_multi(kind)), methods=["GET"]),
        Route(f"/v2/stocks/{{symbol}}/{kind}", authenticated(_single(kind)), methods=["GET"]),
    )
]
