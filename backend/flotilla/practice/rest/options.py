"""Options, which this market has none of, answered in the right shape."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import not_found
from flotilla.practice.rest.authentication import authenticated
from flotilla.practice.rest.responses import json_response
from flotilla.practice.venue import Venue


async def no_contracts(_request: Request, _venue: Venue, _account_id: str) -> Response:
    return json_response({"option_contracts": [], "next_page_token": None})


async def unknown_contract(request: Request, _venue: Venue, _account_id: str) -> Response:
    raise not_found(f"option contract not found for {request.path_params['symbol_or_id'][:50]}")


ROUTES = [
    Route("/v2/options/contracts", authenticated(no_contracts), methods=["GET"]),
    Route("/v2/options/contracts/{symbol_or_id}", authenticated(unknown_contract), methods=["GET"]),
]
