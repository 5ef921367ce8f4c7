"""Historical bars of stocks, of every timeframe, page by page."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import new_york_day
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.history import Stamped
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import integer, moment, names, parse_moment
from flotilla.practice.rest.responses import json_response
from flotilla.practice.timeframes import Timeframe, midnight, parse_timeframe
from flotilla.practice.venue import Venue
from flotilla.practice.wire import bar_json, timestamp

_DEFAULT_LIMIT = 1000
_LARGEST_LIMIT = 10_000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BarsRequest:
    """`resume`: the symbol and time of the last bar of the page before."""

    symbols: tuple[str, ...]
    timeframe: Timeframe
    start: datetime
    end: datetime
    limit: int
    descending: bool
    resume: tuple[str, datetime] | None


async def multi_bars(request: Request, venue: Venue, _account_id: str) -> Response:
    bars, token = _page(venue, _bars_request(request, venue, symbols_of(request)))
    return json_response({"bars": bars, "next_page_token": token})


async def single_bars(request: Request, venue: Venue, _account_id: str) -> Response:
    symbol = request.path_params["symbol"]
    bars, token = _page(venue, _bars_request(request, venue, (symbol,)))
    return json_response({"bars": bars.get(symbol, []), "symbol": symbol, "next_page_token": token})


def symbols_of(request: Request) -> tuple[str, ...]:
    symbols = names(request.query_params.get("symbols", ""))
    if not symbols:
        raise invalid("symbols parameter is required")
    return symbols


def _bars_request(request: Request, venue: Venue, symbols: tuple[str, ...]) -> BarsRequest:
    query, now = request.query_params, venue.now
    text = query.get("timeframe", "")
    timeframe = parse_timeframe(text)
    if timeframe is None:
        raise invalid(f"invalid timeframe: {text[:50]}")
    start = moment(request, "start", invalid) or midnight(new_york_day(now))
    end = moment(request, "end", invalid) or now
    if end < start and "end" in query:
        raise invalid("end should not be before start")
    limit = integer(request, "limit", _DEFAULT_LIMIT, invalid)
    if limit > _LARGEST_LIMIT:
        raise invalid("invalid limit: larger than the allowed maximum of 10000")
    if limit < 1:
        raise invalid("invalid limit: must be at least 1")
    if query.get("sort", "asc") not in ("asc", "desc"):
        raise invalid(f"invalid sort: {query['sort'][:50]}")
    return BarsRequest(
        symbols=tuple(sorted(symbols)),
        timeframe=timeframe,
        start=start,
        end=end,
        limit=limit,
        descending=query.get("sort") == "desc",
        resume=_read_token(query["page_token"]) if query.get("page_token") else None,
    )


def _page(venue: Venue, asked: BarsRequest) -> tuple[dict[str, list[Json]], str | None]:
    """Return up to `limit` bars, symbol by symbol, and the token of the page after."""
    page: dict[str, list[Json]] = {}
    last: tuple[str, datetime] | None = None
    count = 0
    for symbol in asked.symbols:
        if asked.resume and symbol < asked.resume[0]:
            continue
        for start, bar in _bars(venue, asked, symbol):
            if count == asked.limit and last is not None:
                return page, _token(*last)
            page.setdefault(symbol, []).append(bar_json(start, bar))
            last, count = (symbol, start), count + 1
    return page, None


def _bars(venue: Venue, asked: BarsRequest, symbol: str) -> Iterator[Stamped]:
    start, end = asked.start, asked.end
    resumed = asked.resume[1] if asked.resume and asked.resume[0] == symbol else None
    if resumed and asked.descending:
        end = min(end, resumed)
    elif resumed:
        start = max(start, resumed)
    bars = venue.history.bars(symbol, asked.timeframe, start, end, venue.reached, asked.descending)
    return (item for item in bars if item[0] != resumed)


def _token(symbol: str, start: datetime) -> str:
    return base64.b64encode(f"{symbol}|{timestamp(start)}".encode()).decode()


def _read_token(token: str) -> tuple[str, datetime]:
    try:
        symbol, _, text = base64.b64decode(token, validate=True).decode().partition("|")
    except (binascii.Error, ValueError):
        raise invalid("invalid page_token") from None
    return symbol, parse_moment("page_token", text, invalid)


ROUTES = [
    Route("/v2/stocks/bars", authenticated(multi_bars), methods=["GET"]),
    Route("/v2/stocks/{symbol}/bars", authenticated(single_bars), methods=["GET"]),
]
