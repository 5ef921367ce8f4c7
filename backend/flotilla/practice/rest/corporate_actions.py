"""Splits and dividends: as market data lists them, and as the trading API announces them."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.assets import cusip
from flotilla.practice.calendar import new_york_day
from flotilla.practice.corporate_actions import ActionType, CorporateAction, CorporateActions
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.errors import invalid_parameter, not_found
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import Refusal, day, integer, names
from flotilla.practice.rest.responses import json_response
from flotilla.practice.venue import Venue

_NAMESPACE = uuid.UUID("9d3a4f0e-52a7-5c1b-8a53-1c1d8b8f6f10")
_TYPES = frozenset(
    [
        "reverse_split",
        "forward_split",
        "unit_split",
        "cash_dividend",
        "stock_dividend",
        "spin_off",
        "cash_merger",
        "stock_merger",
        "stock_and_cash_merger",
        "redemption",
        "name_change",
        "worthless_removal",
        "rights_distribution",
        "partial_call",
    ]
)
_ANNOUNCED_TYPES = frozenset(("dividend", "merger", "spinoff", "split"))

Json = dict[str, Any]


async def corporate_actions(request: Request, venue: Venue, _account_id: str) -> Response:
    """Answer what goes ex from `start` to `end` (each: today), page by page."""
    today = new_york_day(venue.now)
    first = day(request, "start", invalid) or today
    last = day(request, "end", invalid) or today
    symbols = names(request.query_params.get("symbols", ""))
    wanted = _chosen(names(request.query_params.get("types", "")), _TYPES, "type", invalid)
    limit = integer(request, "limit", 100, invalid)
    if not 1 <= limit <= 1000:
        raise invalid("invalid limit: must be between 1 and 1000")
    offset = max(0, integer(request, "page_token", 0, invalid))
    found = [
        action
        for action in _between(request, first, last)
        if (not symbols or action.symbol in symbols) and (not wanted or _type(action) in wanted)
    ]
    rows: dict[str, list[Json]] = {}
    for action in found[offset : offset + limit]:
        rows.setdefault(f"{_type(action)}s", []).append(_action_json(action))
    following = offset + limit
    token = str(following) if following < len(found) else None
    return json_response({"corporate_actions": rows, "next_page_token": token})


async def announcements(request: Request, _venue: Venue, _account_id: str) -> Response:
    """Answer what goes ex from `since` to `until`."""
    query = request.query_params
    asked = names(",".join(query.getlist("ca_types")))
    wanted = _chosen(asked, _ANNOUNCED_TYPES, "ca_types", invalid_parameter)
    first, last = (day(request, name, invalid_parameter) for name in ("since", "until"))
    if not wanted or first is None or last is None:
        raise invalid_parameter("ca_types, since and until are required")
    found = _between(request, first, last)
    for name, value_of in (("symbol", lambda action: action.symbol), ("cusip", _cusip)):
        if query.get(name):
            found = [action for action in found if value_of(action) == query[name]]
    return json_response([_announcement_json(action) for action in found if action.type in wanted])


async def announcement(request: Request, _venue: Venue, _account_id: str) -> Response:
    asked = request.path_params["announcement_id"]
    for action in _between(request, date.min, date.max):
        if _id(action) == asked:
            return json_response(_announcement_json(action))
    raise not_found(f"announcement not found for {asked[:50]}")


def _between(request: Request, first: date, last: date) -> list[CorporateAction]:
    actions: CorporateActions = request.app.state.corporate_actions
    return [action for action in actions.all if first <= action.ex_date <= last]


def _chosen(asked: Iterable[str], known: frozenset[str], name: str, refusal: Refusal) -> frozenset[str]:
    wanted = frozenset(asked)
    if not wanted <= known:
        raise refusal(f"invalid {name}: {min(wanted - known)[:50]}")
    return wanted


def _type(action: CorporateAction) -> str:
    if action.type is ActionType.DIVIDEND:
        return "cash_dividend"
    return "forward_split" if action.value > 1 else "reverse_split"


def _id(action: CorporateAction) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{action.symbol} {action.type.value} {action.ex_date}"))


def _cusip(action: CorporateAction) -> str:
    return cusip(action.symbol)


def _rates(action: CorporateAction) -> tuple[float, float]:
    """Return how many new shares there are for how many old ones."""
    return (float(action.value), 1.0) if action.value > 1 else (1.0, float(1 / action.value))


def _action_json(action: CorporateAction) -> Json:
    ex_date, own = action.ex_date.isoformat(), _cusip(action)
    dates = dict.fromkeys(("ex_date", "process_date", "record_date", "payable_date"), ex_date)
    row: Json = {"id": _id(action), "symbol": action.symbol, **dates}
    if action.type is ActionType.DIVIDEND:
        return {**row, "cusip": own, "rate": float(action.value), "special": False, "foreign": False}
    new, old = _rates(action)
    numbers = {"cusip": own} if action.value > 1 else {"old_cusip": own, "new_cusip": own}
    return {**row, **numbers, "new_rate": new, "old_rate": old}


def _announcement_json(action: CorporateAction) -> Json:
    """Return the trading API's form: its numbers are strings."""
    ex_date, is_split = action.ex_date.isoformat(), action.type is ActionType.SPLIT
    new, old = _rates(action) if is_split else (1.0, 1.0)
    sub_type = ("stock_split" if action.value > 1 else "reverse_split") if is_split else "cash"
    return {
        "id": _id(action),
        "corporate_action_id": f"{action.symbol}_{action.type.value}_{ex_date}",
        "ca_type": action.type.value,
        "ca_sub_type": sub_type,
        "initiating_symbol": action.symbol,
        "initiating_original_cusip": _cusip(action),
        "target_symbol": action.symbol,
        "target_original_cusip": _cusip(action),
        **dict.fromkeys(("declaration_date", "ex_date", "record_date", "payable_date"), ex_date),
        "cash": "0" if is_split else str(action.value),
        "old_rate": f"{old:g}",
        "new_rate": f"{new:g}",
    }


ROUTES = [
    Route("/v1/corporate-actions", authenticated(corporate_actions), methods=["GET"]),
    Route("/v1beta1/corporate-actions", authenticated(corporate_actions), methods=["GET"]),
    Route("/v2/corporate_actions/announcements", authenticated(announcements), methods=["GET"]),
    Route(
        "/v2/corporate_actions/announcements/{announcement_id}",
        authenticated(announcement),
        methods=["GET"],
    ),
]
