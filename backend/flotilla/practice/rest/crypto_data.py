"""Historical bars, trades and quotes of pairs of coins; no credentials are needed.

`/v1beta3/crypto/{loc}` is today's address, the others are those of older clients.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import ApiError
from flotilla.practice.rest import series
from flotilla.practice.rest.authentication import Handler, open_to_all
from flotilla.practice.rest.pages import page, page_request, pairs_of
from flotilla.practice.rest.responses import json_response
from flotilla.practice.venue import Venue

KINDS = ("bars", "trades", "quotes")
PREFIXES = ("/v1beta3/crypto/{loc}", "/v1beta2/crypto", "/v1beta1/crypto")

_PLACES = frozenset({"us", "us-1", "us-2", "eu-1", "bs-1"})


def check_place(request: Request) -> None:
    """Refuse a location that Alpaca has not."""
    if request.path_params.get("loc", "us") not in _PLACES:
        raise ApiError(404, None, "endpoint not found")


def _handler(kind: str) -> Handler:
    rows_of = {"bars": series.bars, "trades": series.trades, "quotes": series.quotes}[kind]

    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        check_place(request)
        asked = page_request(request, pairs_of(request), venue.now)
        rows, token = page(asked, rows_of(request, venue))
        return json_response({kind: rows, "next_page_token": token})

    return handler


ROUTES = [
    Route(f"{prefix}/{kind}", open_to_all(_handler(kind)), methods=["GET"])
    for prefix in PREFIXES
    for kind in KINDS
]
