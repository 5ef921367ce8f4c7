"""News, auctions and code tables of market data."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import new_york_day
from flotilla.practice.errors import ApiError
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.pages import page, page_request, stocks_of
from flotilla.practice.rest.parameters import integer, moment
from flotilla.practice.rest.responses import json_response
from flotilla.practice.timeframes import Timeframe, Unit
from flotilla.practice.venue import Venue
from flotilla.practice.wire import timestamp

_DAY = Timeframe(1, Unit.DAY)
_EXCHANGES = {"V": "IEX", "N": "New York Stock Exchange", "Q": "NASDAQ OMX", "P": "NYSE Arca"}
_CONDITIONS = {"trade": {"@": "Regular Sale", "O": "Market Center Opening Trade"}, "quote": {"R": "Regular"}}


async def news(request: Request, _venue: Venue, _account_id: str) -> Response:
    """Answer that there is no news: this market makes none."""
    if not 1 <= integer(request, "limit", 10, invalid) <= 50:
        raise invalid("invalid limit: must be between 1 and 50")
    moment(request, "start", invalid)
    moment(request, "end", invalid)
    if request.query_params.get("sort", "desc") not in ("asc", "desc"):
        raise invalid("invalid sort")
    return json_response({"news": [], "next_page_token": None})


async def auctions(request: Request, venue: Venue, _account_id: str) -> Response:
    asked = page_request(request, _auction_symbols(request), venue.now)

    def days(symbol: str, start: datetime, end: datetime, descending: bool) -> Any:
        for at, bar in venue.history.bars(symbol, _DAY, start, end, venue.reached, descending):
            session = venue.calendar.on(new_york_day(at))
            assert session is not None
            row: dict[str, Any] = {"d": session.day.isoformat(), "o": [], "c": []}
            row["o"] = [_auction(session.open, bar.open, "Q")]
            if session.close <= venue.reached:
                row["c"] = [_auction(session.close, bar.close, "M")]
            yield at, row

    rows, token = page(asked, days)
    if "symbol" in request.path_params:
        (symbol,) = asked.symbols
        body = {"auctions": rows.get(symbol, []), "symbol": symbol, "next_page_token": token}
        return json_response(body)
    return json_response({"auctions": rows, "next_page_token": token})


def _auction_symbols(request: Request) -> tuple[str, ...]:
    single = request.path_params.get("symbol")
    return (single,) if single else stocks_of(request)


def _auction(at: datetime, price: float, condition: str) -> dict[str, Any]:
    return {"t": timestamp(at), "x": "V", "p": price, "s": 100, "c": condition}


async def exchanges(_request: Request, _venue: Venue, _account_id: str) -> Response:
    return json_response(_EXCHANGES)


async def conditions(request: Request, _venue: Venue, _account_id: str) -> Response:
    kind = request.path_params["kind"]
    if kind not in _CONDITIONS:
        raise ApiError(404, None, "endpoint not found")
    if request.query_params.get("tape") not in ("A", "B", "C"):
        raise invalid("invalid tape")
    return json_response(_CONDITIONS[kind])


ROUTES = [
    Route("/v1beta1/news", authenticated(news), methods=["GET"]),
    Route("/v2/stocks/auctions", authenticated(auctions), methods=["GET"]),
    Route("/v2/stocks/{symbol}/auctions", authenticated(auctions), methods=["GET"]),
    Route("/v2/stocks/meta/exchanges", authenticated(exchanges), methods=["GET"]),
    Route("/v2/stocks/meta/conditions/{kind}", authenticated(conditions), methods=["GET"]),
]
