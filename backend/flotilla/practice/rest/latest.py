"""The latest bar, trade, quote and order book, and snapshots: of stocks and of pairs of coins."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import ApiError
from flotilla.practice.rest.authentication import Handler, authenticated, open_to_all
from flotilla.practice.rest.crypto_data import PREFIXES, check_place
from flotilla.practice.rest.market_data import check_feed
from flotilla.practice.rest.pages import pairs_of, stocks_of
from flotilla.practice.rest.responses import json_response
from flotilla.practice.rest.series import seen
from flotilla.practice.tape import Tape
from flotilla.practice.tape_wire import orderbook_json, quote_json, trade_json
from flotilla.practice.venue import Venue
from flotilla.practice.wire import bar_json

Json = dict[str, Any]
# Gives what is known of a symbol; None when it never traded.
Form = Callable[[Tape, Venue, str], Json | None]


def _bar(_tape: Tape, venue: Venue, symbol: str) -> Json | None:
    last = venue.history.last_minute(symbol, venue.reached)
    return bar_json(*last) if last else None


def _trade(tape: Tape, venue: Venue, symbol: str) -> Json | None:
    last = tape.latest(symbol, seen(venue), trades=True)
    return trade_json(last, symbol) if last else None


def _quote(tape: Tape, venue: Venue, symbol: str) -> Json | None:
    last = tape.latest(symbol, seen(venue), trades=False)
    return quote_json(last, symbol) if last else None


def _orderbook(tape: Tape, venue: Venue, symbol: str) -> Json | None:
    last = tape.latest(symbol, seen(venue), trades=False)
    return orderbook_json(last) if last else None


def _snapshot(tape: Tape, venue: Venue, symbol: str) -> Json | None:
    trade = _trade(tape, venue, symbol)
    days = venue.history.last_days(symbol, venue.reached, 2)
    if trade is None or not days:
        return None
    today, *before = days
    return {
        "latestTrade": trade,
        "latestQuote": _quote(tape, venue, symbol),
        "minuteBar": _bar(tape, venue, symbol),
        "dailyBar": bar_json(*today),
        "prevDailyBar": bar_json(*before[0]) if before else None,
    }


def _stocks(form: Form, member: str | None) -> Handler:
    """Answer for several stocks; one that never traded is left out."""

    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        check_feed(request)
        found = _found(request, venue, stocks_of(request), form)
        return json_response({member: found} if member else found)

    return handler


def _pairs(form: Form, member: str) -> Handler:
    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        check_place(request)
        return json_response({member: _found(request, venue, pairs_of(request), form)})

    return handler


def _found(request: Request, venue: Venue, symbols: tuple[str, ...], form: Form) -> dict[str, Json]:
    tape: Tape = request.app.state.tape
    forms = {symbol: form(tape, venue, symbol) for symbol in symbols}
    return {symbol: one for symbol, one in forms.items() if one is not None}


def _stock(form: Form, member: str | None, noun: str) -> Handler:
    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        check_feed(request)
        symbol = request.path_params["symbol"]
        found = form(request.app.state.tape, venue, symbol)
        if found is None:
            raise ApiError(404, None, f"no {noun} found for {symbol}")
        return json_response({"symbol": symbol, **({member: found} if member else found)})

    return handler


_LATEST: dict[str, tuple[str, Form]] = {
    "bars": ("bar", _bar),
    "trades": ("trade", _trade),
    "quotes": ("quote", _quote),
}

_STOCK_ROUTES = [
    *(
        route
        for kind, (noun, form) in _LATEST.items()
        for route in (
            Route(f"/v2/stocks/{kind}/latest", authenticated(_stocks(form, kind)), methods=["GET"]),
            Route(
                f"/v2/stocks/{{symbol}}/{kind}/latest",
                authenticated(_stock(form, noun, noun)),
                methods=["GET"],
            ),
        )
    ),
    Route("/v2/stocks/snapshots", authenticated(_stocks(_snapshot, None)), methods=["GET"]),
    Route(
        "/v2/stocks/{symbol}/snapshot",
        authenticated(_stock(_snapshot, None, "snapshot")),
        methods=["GET"],
    ),
]

_PAIR_FORMS = {**{kind: form for kind, (_, form) in _LATEST.items()}, "orderbooks": _orderbook}

_PAIR_ROUTES = [
    route
    for prefix in PREFIXES
    for route in (
        *(
            Route(f"{prefix}/latest/{kind}", open_to_all(_pairs(form, kind)), methods=["GET"])
            for kind, form in _PAIR_FORMS.items()
        ),
        Route(f"{prefix}/snapshots", open_to_all(_pairs(_snapshot, "snapshots")), methods=["GET"]),
    )
]

ROUTES = [*_STOCK_ROUTES, *_PAIR_ROUTES]
