"""Historical series of several symbols, page by page: what bars, trades and quotes share."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from flotilla.practice.calendar import new_york_day
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.rest.parameters import integer, moment, names, parse_moment
from flotilla.practice.timeframes import midnight, utc_midnight
from flotilla.practice.wire import timestamp

_DEFAULT_LIMIT = 1000
_LARGEST_LIMIT = 10_000
_PAIR = re.compile(r"[A-Z]+x?/[A-Z]+")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`limit` counts over all symbols. `resume`: the symbol and time of the last row before."""

    symbols: tuple[str, ...]
    start: datetime
    end: datetime
    limit: int
    descending: bool
    resume: tuple[str, datetime] | None


# Yields the rows of a symbol between two moments, both included, in the order asked for.
Series = Callable[[str, datetime, datetime, bool], Iterator[tuple[datetime, Json]]]


def stocks_of(request: Request) -> tuple[str, ...]:
    """Return the stocks asked for; raises ApiError when there is none, and for a pair of coins."""
    symbols = _symbols(request)
    for symbol in symbols:
        if "/" in symbol:
            raise invalid(f"invalid symbol: {symbol[:50]}")
    return symbols


def pairs_of(request: Request) -> tuple[str, ...]:
    """Return the pairs of coins asked for; raises ApiError for a symbol that is none."""
    symbols = _symbols(request)
    for symbol in symbols:
        if not _PAIR.fullmatch(symbol):
            raise invalid(f"invalid symbol: {symbol[:50]} does not match ^[A-Z]+x?/[A-Z]+$")
    return symbols


def _symbols(request: Request) -> tuple[str, ...]:
    symbols = names(request.query_params.get("symbols", ""))
    if not symbols:
        raise invalid("symbols parameter is required")
    return symbols


def page_request(request: Request, symbols: tuple[str, ...], now: datetime) -> PageRequest:
    """Read what every historical query takes."""
    query = request.query_params
    coins = all("/" in symbol for symbol in symbols)
    day_start = utc_midnight if coins else midnight
    today = now.astimezone(UTC).date() if coins else new_york_day(now)
    start = moment(request, "start", invalid, day_start) or day_start(today)
    end = moment(request, "end", invalid, day_start) or now
    if end < start and "end" in query:
        raise invalid("end should not be before start")
    limit = integer(request, "limit", _DEFAULT_LIMIT, invalid)
    if limit > _LARGEST_LIMIT:
        raise invalid("invalid limit: larger than the allowed maximum of 10000")
    if limit < 1:
        raise invalid("invalid limit: must be at least 1")
    if query.get("sort", "asc") not in ("asc", "desc"):
        raise invalid(f"invalid sort: {query['sort'][:50]}")
    return PageRequest(
        symbols=tuple(sorted(symbols)),
        start=start,
        end=end,
        limit=limit,
        descending=query.get("sort") == "desc",
        resume=_read_token(query["page_token"]) if query.get("page_token") else None,
    )


def page(asked: PageRequest, series: Series) -> tuple[dict[str, list[Json]], str | None]:
    """Return up to `limit` rows, symbol by symbol, and the token of the page after."""
    rows: dict[str, list[Json]] = {}
    last: tuple[str, datetime] | None = None
    count = 0
    for symbol in asked.symbols:
        if asked.resume and symbol < asked.resume[0]:
            continue
        for at, row in _after_resume(asked, symbol, series):
            if count == asked.limit and last is not None:
                return rows, _token(*last)
            rows.setdefault(symbol, []).append(row)
            last, count = (symbol, at), count + 1
    return rows, None


def _after_resume(asked: PageRequest, symbol: str, series: Series) -> Iterator[tuple[datetime, Json]]:
    start, end = asked.start, asked.end
    resumed = asked.resume[1] if asked.resume and asked.resume[0] == symbol else None
    if resumed and asked.descending:
        end = min(end, resumed)
    elif resumed:
        start = max(start, resumed)
    return (item for item in series(symbol, start, end, asked.descending) if item[0] != resumed)


def _token(symbol: str, start: datetime) -> str:
    return base64.b64encode(f"{symbol}|{timestamp(start)}".encode()).decode()


def _read_token(token: str) -> tuple[str, datetime]:
    try:
        symbol, _, text = base64.b64decode(token, validate=True).decode().partition("|")
    except (binascii.Error, ValueError):
        raise invalid("invalid page_token") from None
    return symbol, parse_moment("page_token", text, invalid)
