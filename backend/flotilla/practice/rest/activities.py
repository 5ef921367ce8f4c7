"""What happened to an account: fills, transfers, dividends, splits, fees."""

import uuid
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.activity_queries import ActivityFilter
from flotilla.practice.calendar import NEW_YORK
from flotilla.practice.errors import invalid_parameter
from flotilla.practice.matching.activities import NonTradeActivity
from flotilla.practice.matching.orders import Execution
from flotilla.practice.numbers import plain
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import choice, day, integer, moment, names, uuid_of
from flotilla.practice.rest.responses import json_response
from flotilla.practice.timeframes import midnight
from flotilla.practice.venue import Venue
from flotilla.practice.wire import activity_json, timestamp

_PAGE_SIZE = 100
_TYPES = frozenset(
    names(
        "FILL,TRANS,MISC,ACATC,ACATS,CFEE,CSD,CSW,DIV,DIVCGL,DIVCGS,DIVFEE,DIVFT,"
        "DIVNRA,DIVROC,DIVTW,DIVTXEX,FEE,INT,INTNRA,INTTW,JNL,JNLC,JNLS,MA,NC,OPASN,"
        "OPCA,OPCSH,OPEXC,OPEXP,OPTRD,OPXRC,PTC,PTR,REORG,REO,SC,SSO,SSP,SPLIT,SPIN,"
        "VOF,WH,OCT"
    )
)


async def list_activities(request: Request, venue: Venue, account_id: str) -> Response:
    asked = _filter(request)
    found = await venue.queries.activities(account_id, asked)
    return json_response([_json(activity) for activity in found])


def _json(activity: Execution | NonTradeActivity) -> dict[str, Any]:
    if isinstance(activity, Execution):
        return activity_json(activity)
    local = activity.created_at.astimezone(NEW_YORK)
    row: dict[str, Any] = {
        "activity_type": activity.activity_type,
        "activity_sub_type": None,
        "id": f"{local:%Y%m%d}000000000::{activity.id}",
        "date": activity.date.isoformat(),
        "created_at": timestamp(activity.created_at),
        "net_amount": plain(activity.net_amount),
        "description": activity.description,
        "status": "executed",
        "currency": "USD",
    }
    if activity.symbol is not None:
        row["symbol"] = activity.symbol.replace("/", "")
    for name in ("qty", "price", "per_share_amount"):
        value = getattr(activity, name)
        if value is not None:
            row[name] = plain(value)
    return row


def _filter(request: Request) -> ActivityFilter:
    query = request.query_params
    one_day = day(request, "date", invalid_parameter)
    after = moment(request, "after", invalid_parameter)
    until = moment(request, "until", invalid_parameter)
    if one_day is not None:
        after = midnight(one_day) - timedelta(microseconds=1)
        until = midnight(one_day + timedelta(days=1))
    size = integer(request, "page_size", _PAGE_SIZE, invalid_parameter)
    if not 1 <= size <= _PAGE_SIZE:
        raise invalid_parameter("page_size must be between 1 and 100")
    return ActivityFilter(
        types=_types(request),
        after=after,
        until=until,
        descending=choice(request, "direction", ("asc", "desc"), "desc") == "desc",
        page_size=None if one_day and "page_size" not in query else size,
        last_id=_activity_of(query["page_token"]) if query.get("page_token") else None,
        order_id=uuid_of(query["order_id"], "invalid order_id") if query.get("order_id") else None,
    )


def _types(request: Request) -> tuple[str, ...] | None:
    category = request.query_params.get("category")
    named = request.path_params.get("activity_type") or request.query_params.get("activity_types")
    if category and named:
        raise invalid_parameter("activity_types and category cannot be combined")
    if category:
        choice(request, "category", ("trade_activity", "non_trade_activity"), "")
        trades = category == "trade_activity"
        return ("FILL",) if trades else tuple(sorted(_TYPES - {"FILL"}))
    if not named:
        return None
    types = names(named.upper())
    for one in types:
        if one not in _TYPES:
            raise invalid_parameter(f"invalid activity type: {one[:50]}")
    return types


def _activity_of(page_token: str) -> str:
    """Return the stored id out of an activity's id."""
    try:
        return str(uuid.UUID(page_token.rpartition("::")[2]))
    except ValueError:
        raise invalid_parameter("invalid page_token") from None


ROUTES = [
    Route("/v2/account/activities", authenticated(list_activities), methods=["GET"]),
    Route("/v2/account/activities/{activity_type}", authenticated(list_activities), methods=["GET"]),
]
