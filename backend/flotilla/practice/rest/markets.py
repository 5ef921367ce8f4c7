"""The clock and the calendar of version 3, market by market."""

from datetime import date, datetime, time, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.calendar import NEW_YORK, TradingCalendar, new_york_day
from flotilla.practice.errors import invalid_parameter, not_found
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.parameters import choice, day, moment, names
from flotilla.practice.rest.responses import json_response
from flotilla.practice.session import Session
from flotilla.practice.venue import Venue

_MARKETS = {
    "NYSE": ("New York Stock Exchange", "XNYS"),
    "NASDAQ": ("National Association of Securities Dealers Automated Quotations", "XNAS"),
}
_PRE_OPENS, _POST_CLOSES = time(4, 0), time(20, 0)


async def get_clocks(request: Request, venue: Venue, _account_id: str) -> Response:
    asked = names(request.query_params.get("markets", "")) or ("NYSE",)
    at = moment(request, "time", invalid_parameter) or venue.now
    markets = [_market(name) for name in asked]
    return json_response({"clocks": [_clock(venue.calendar, market, at) for market in markets]})


def _market(name: str) -> dict[str, str]:
    code = name.upper()
    for acronym, (title, mic) in _MARKETS.items():
        if code in (acronym, mic):
            return {"acronym": acronym, "mic": mic, "name": title, "timezone": NEW_YORK.key}
    raise not_found(f"market not found for {name[:50]}")


def _clock(calendar: TradingCalendar, market: dict[str, str], at: datetime) -> dict[str, Any]:
    session = calendar.on(new_york_day(at))
    following = calendar.after(new_york_day(at))
    phase, until = _phase(session, following, at)
    next_open = session if session and at < session.open else following
    next_close = session if session and at < session.close else following
    return {
        "market": market,
        "timestamp": _local(at),
        "is_market_day": session is not None,
        "next_market_open": _local(next_open.open) if next_open else None,
        "next_market_close": _local(next_close.close) if next_close else None,
        "phase": phase,
        "phase_until": _local(until) if until else None,
    }


def _phase(session: Session | None, following: Session | None, at: datetime) -> tuple[str, datetime | None]:
    """Return the phase in which `at` lies and the moment at which it ends."""
    if session is not None:
        for phase, until in (
            ("closed", _on(session, _PRE_OPENS)),
            ("pre", session.open),
            ("core", session.close),
            ("post", _on(session, _POST_CLOSES)),
        ):
            if at < until:
                return phase, until
    return "closed", _on(following, _PRE_OPENS) if following else None


def _on(session: Session, at: time) -> datetime:
    return datetime.combine(session.day, at, NEW_YORK)


def _local(at: datetime) -> str:
    return at.astimezone(NEW_YORK).isoformat()


async def get_calendar(request: Request, venue: Venue, _account_id: str) -> Response:
    market = _market(request.path_params["market"])
    today = new_york_day(venue.now)
    first = day(request, "start", invalid_parameter) or today
    last = day(request, "end", invalid_parameter) or first + timedelta(days=7)
    zone = choice(request, "timezone", (NEW_YORK.key, "UTC"), NEW_YORK.key)
    sessions = venue.calendar.between(first, min(last, date(2029, 12, 31)))
    rows = [_row(venue.calendar, session, zone == "UTC") for session in sessions]
    return json_response({"market": market, "calendar": rows})


def _row(calendar: TradingCalendar, session: Session, in_utc: bool) -> dict[str, Any]:
    settlement = calendar.after(session.day) or session
    moments = {
        "pre_start": _on(session, _PRE_OPENS),
        "pre_end": session.open,
        "core_start": session.open,
        "core_end": session.close,
        "post_start": session.close,
        "post_end": _on(session, _POST_CLOSES),
    }
    zone = session.open.tzinfo if in_utc else NEW_YORK
    stamps = {name: at.astimezone(zone).isoformat() for name, at in moments.items()}
    return {"date": session.day.isoformat(), **stamps, "settlement_date": settlement.day.isoformat()}


ROUTES = [
    Route("/v3/clock", authenticated(get_clocks), methods=["GET"]),
    Route("/v3/calendar/{market}", authenticated(get_calendar), methods=["GET"]),
]
