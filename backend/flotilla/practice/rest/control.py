"""The market's own control, under /practice and never under Alpaca's paths."""

import math
from datetime import date
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.clock import MAX_SPEED
from flotilla.practice.errors import PracticeStartError, invalid_parameter
from flotilla.practice.rest.parameters import body, decimal, text
from flotilla.practice.rest.responses import json_response
from flotilla.practice.session import Session
from flotilla.practice.settings import parse_symbols
from flotilla.practice.venue import Venue
from flotilla.practice.wire import timestamp


async def health(_request: Request) -> Response:
    return json_response({"status": "ok"})


async def state(request: Request) -> Response:
    venue: Venue = request.app.state.venue
    return json_response(await _state(venue))


async def step(request: Request) -> Response:
    venue: Venue = request.app.state.venue
    await venue.step()
    now = await _state(venue)
    return json_response({"time": now["now"], "last_event_id": now["last_event_id"], "ended": now["ended"]})


async def speed(request: Request) -> Response:
    venue: Venue = request.app.state.venue
    await venue.set_rate(_rate(await body(request)))
    return json_response(await _state(venue))


async def pause(request: Request) -> Response:
    venue: Venue = request.app.state.venue
    await venue.set_rate(0)
    return json_response(await _state(venue))


async def next_session(request: Request) -> Response:
    venue: Venue = request.app.state.venue
    await venue.skip_to_next_session()
    return json_response(await _state(venue))


async def source(request: Request) -> Response:
    """Start the market anew with other prices; every connection ends."""
    try:
        await request.app.state.change_settings(_changes(await body(request)))
    except PracticeStartError as error:
        raise invalid_parameter(str(error)) from None
    return json_response({"status": "restarting"}, 202)


def _changes(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings to change; a start begins also a market that was run before."""
    changes: dict[str, Any] = {}
    for name in ("bars", "scenario"):
        if name in values:
            path = text(values, name)
            changes[name] = Path(path) if path else None
    if values.get("start") is not None:
        changes |= {"start": _day(values["start"]), "anew": True}
    if values.get("seed") is not None:
        seed = decimal(values, "seed")
        if seed is None or seed != seed.to_integral_value() or seed < 0:
            raise invalid_parameter("seed must be a whole number from 0 up")
        changes["seed"] = int(seed)
    symbols = values.get("symbols")
    if symbols is not None:
        if not isinstance(symbols, list) or not all(isinstance(one, str) for one in symbols):
            raise invalid_parameter("symbols must be a list")
        changes["symbols"] = parse_symbols(",".join(symbols))
    return changes


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise invalid_parameter("start must be a date like 2016-01-04") from None


def _rate(values: dict[str, Any]) -> float:
    if values.get("rate") == "max":
        return MAX_SPEED
    rate = decimal(values, "rate")
    if rate is None or rate < 0:
        raise invalid_parameter('rate must be a number from 0 up, or "max"')
    return float(rate)


async def _state(venue: Venue) -> dict[str, Any]:
    async with venue.committed() as market:
        return {
            "now": timestamp(venue.now),
            "rate": "max" if math.isinf(venue.rate) else venue.rate,
            "last_event_id": market.sequence.last_event_id or None,
            "session": _session(market.session) if market.is_open else None,
            "next_session": None if venue.ended or market.is_open else _session(market.session),
            "is_open": market.is_open,
            "ended": venue.ended and market.minute is None,
            "source": venue.source.identity,
            "symbols": list(venue.source.symbols),
            "listeners": venue.publisher.listeners(),
        }


def _session(session: Session) -> dict[str, Any]:
    return {
        "date": session.day.isoformat(),
        "open": timestamp(session.open),
        "close": timestamp(session.close),
    }


ROUTES = [
    Route("/practice/health", health, methods=["GET"]),
    Route("/practice/state", state, methods=["GET"]),
    Route("/practice/step", step, methods=["POST"]),
    Route("/practice/speed", speed, methods=["POST"]),
    Route("/practice/pause", pause, methods=["POST"]),
    Route("/practice/next-session", next_session, methods=["POST"]),
    Route("/practice/source", source, methods=["POST"]),
]
