"""Who asks: key headers or Basic, as Alpaca takes them."""

import base64
import binascii
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from flotilla.practice.errors import unauthorized
from flotilla.practice.venue import Venue

Handler = Callable[[Request, Venue, str], Awaitable[Response]]


def authenticated(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Give `handler` the venue and the account's id; without valid credentials answer 401."""

    async def endpoint(request: Request) -> Response:
        venue: Venue = request.app.state.venue
        account_id = venue.authenticate(*_credentials(request))
        if account_id is None:
            raise unauthorized()
        return await handler(request, venue, account_id)

    return endpoint


def _credentials(request: Request) -> tuple[str | None, str | None]:
    headers = request.headers
    if "apca-api-key-id" in headers:
        return headers["apca-api-key-id"], headers.get("apca-api-secret-key")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return key, secret
