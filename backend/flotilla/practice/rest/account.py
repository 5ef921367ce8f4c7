"""Account, clock, calendar, assets."""

from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import NEW_YORK
from flotilla.practice.errors import invalid_parameter, not_found
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import choice, day, names
from flotilla.practice.rest.responses import json_response
from flotilla.practice.session import Session
from flotilla.practice.venue import Venue
from flotilla.practice.wire import account_json, asset_json


async def get_account(_request: Request, venue: Venue, account_id: str) -> Response:
    async with venue.committed() as market:
        account = market.accounts[account_id]
        return json_response(account_json(account, market.book, market.marks, venue.now))


async def get_clock(_request: Request, venue: Venue, _account_id: str) -> Response:
    async with venue.committed() as market:
        session, is_open = market.session, market.is_open
        following = venue.source.session_from(session.day + timedelta(days=1))
        following = following or venue.calendar.after(session.day) or session
        return json_response(
            {
                "timestamp": _local(venue.now),
                "is_open": is_open,
                "next_open": _local(following.open if is_open else session.open),
                "next_close": _local(session.close),
            }
        )


def _local(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).isoformat()


async def get_calendar(request: Request, venue: Venue, _account_id: str) -> Response:
    first = day(request, "start", invalid_parameter) or date(1970, 1, 1)
    last = day(request, "end", invalid_parameter) or date(2029, 12, 31)
    sessions = venue.calendar.between(first, last)
    return json_response([_calendar_row(venue, session) for session in sessions])


def _calendar_row(venue: Venue, session: Session) -> dict[str, Any]:
    settlement = venue.calendar.after(session.day) or session
    return {
        "date": session.day.isoformat(),
        "open": f"{session.open.astimezone(NEW_YORK):%H:%M}",
        "close": f"{session.close.astimezone(NEW_YORK):%H:%M}",
        "session_open": "0400",
        "session_close": "2000",
        "settlement_date": settlement.day.isoformat(),
    }


async def list_assets(request: Request, venue: Venue, _account_id: str) -> Response:
    query = request.query_params
    status = choice(request, "status", ("all", "active", "inactive"), "all")
    asset_class = choice(request, "asset_class", ("us_equity", "crypto", "us_option"), "us_equity")
    exchange = query.get("exchange")
    wanted = set(names(query.get("attributes", "")))
    found = [
        asset
        for asset in venue.assets.all
        if status != "inactive"
        and asset.asset_class == asset_class
        and exchange in (None, "", asset.exchange)
        and wanted <= set(asset.attributes)
    ]
    return json_response([asset_json(asset) for asset in found])


async def get_asset(request: Request, venue: Venue, _account_id: str) -> Response:
    name = request.path_params["symbol_or_id"]
    asset = venue.assets.find(name)
    if asset is None:
        raise not_found(f"asset not found for {name}")
    return json_response(asset_json(asset))


ROUTES = [
    Route("/v2/account", authenticated(get_account), methods=["GET"]),
    Route("/v2/clock", authenticated(get_clock), methods=["GET"]),
    Route("/v2/calendar", authenticated(get_calendar), methods=["GET"]),
    Route("/v2/assets", authenticated(list_assets), methods=["GET"]),
    Route("/v2/assets/{symbol_or_id:path}", authenticated(get_asset), methods=["GET"]),
]
