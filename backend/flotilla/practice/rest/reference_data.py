"""News, corporate actions, auctions and code tables of market data."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import new_york_day
from flotilla.practice.corporate_actions import ActionType, CorporateAction, CorporateActions
from flotilla.practice.errors import ApiError
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.pages import page, page_request, symbols_of
from flotilla.practice.rest.parameters import day, integer, moment, names
from flotilla.practice.rest.responses import json_response
from flotilla.practice.timeframes import Timeframe, Unit
from flotilla.practice.venue import Venue
from flotilla.practice.wire import timestamp

_DAY = Timeframe(1, Unit.DAY)
_EXCHANGES = {"V": "IEX", "N": "New York Stock Exchange", "Q": "NASDAQ OMX", "P": "NYSE Arca"}
_CONDITIONS = {"trade": {"@": "Regular Sale", "O": "Market Center Opening Trade"}, "quote": {"R": "Regular"}}
_ACTION_TYPES = (
    "reverse_split forward_split unit_split cash_dividend stock_dividend spin_off cash_merger "
    "stock_merger stock_and_cash_merger redemption name_change worthless_removal rights_distribution "
    "partial_call"
)


async def news(request: Request, _venue: Venue, _account_id: str) -> Response:
    """Answer that there is no news: this market makes none."""
    if not 1 <= integer(request, "limit", 10, invalid) <= 50:
        raise invalid("invalid limit: must be between 1 and 50")
    moment(request, "start", invalid)
    moment(request, "end", invalid)
    if request.query_params.get("sort", "desc") not in ("asc", "desc"):
        raise invalid("invalid sort")
    return json_response({"news": [], "next_page_token": None})


async def corporate_actions(request: Request, venue: Venue, _account_id: str) -> Response:
    actions: CorporateActions = request.app.state.corporate_actions
    today = new_york_day(venue.now)
    first = day(request, "start", invalid) or today
    last = day(request, "end", invalid) or today
    symbols = names(request.query_params.get("symbols", ""))
    wanted = _wanted_types(request)
    limit = integer(request, "limit", 100, invalid)
    if not 1 <= limit <= 1000:
        raise invalid("invalid limit: must be between 1 and 1000")
    offset = integer(request, "page_token", 0, invalid)
    found = [
        action
        for action in actions.all
        if first <= action.ex_date <= last
        and (not symbols or action.symbol in symbols)
        and (not wanted or _type_name(action) in wanted)
    ]
    rows: dict[str, list[dict[str, Any]]] = {}
    for action in found[max(0, offset) : max(0, offset) + limit]:
        rows.setdefault(f"{_type_name(action)}s", []).append(_action_json(action))
    following = offset + limit
    token = str(following) if following < len(found) else None
    return json_response({"corporate_actions": rows, "next_page_token": token})


def _wanted_types(request: Request) -> tuple[str, ...]:
    wanted = names(request.query_params.get("types", ""))
    for one in wanted:
        if one not in _ACTION_TYPES.split():
            raise invalid(f"invalid type: {one[:50]}")
    return wanted


def _type_name(action: CorporateAction) -> str:
    if action.type is ActionType.DIVIDEND:
        return "cash_dividend"
    return "forward_split" if action.value > 1 else "reverse_split"


def _action_json(action: CorporateAction) -> dict[str, Any]:
    ex_date = action.ex_date.isoformat()
    row: dict[str, Any] = {
        "id": f"{action.symbol}-{action.type.value}-{ex_date}",
        "symbol": action.symbol,
        "ex_date": ex_date,
        "process_date": ex_date,
        "record_date": ex_date,
        "payable_date": ex_date,
    }
    if action.type is ActionType.DIVIDEND:
        return {**row, "rate": float(action.value), "special": False, "foreign": False}
    shares = (action.value, 1) if action.value > 1 else (1, 1 / action.value)
    return {**row, "new_rate": float(shares[0]), "old_rate": float(shares[1])}


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
    return (single,) if single else symbols_of(request)


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
    Route("/v1/corporate-actions", authenticated(corporate_actions), methods=["GET"]),
    Route("/v1beta1/corporate-actions", authenticated(corporate_actions), methods=["GET"]),
    Route("/v2/stocks/auctions", authenticated(auctions), methods=["GET"]),
    Route("/v2/stocks/{symbol}/auctions", authenticated(auctions), methods=["GET"]),
    Route("/v2/stocks/meta/exchanges", authenticated(exchanges), methods=["GET"]),
    Route("/v2/stocks/meta/conditions/{kind}", authenticated(conditions), methods=["GET"]),
]
