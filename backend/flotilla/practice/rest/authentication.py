"""Who asks: key headers, Basic or Bearer, as Alpaca takes them; and how often a minute."""

import base64
import binascii
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from flotilla.practice.credentials import Credentials
from flotilla.practice.errors import ApiError, too_many_requests, unauthorized
from flotilla.practice.rate_limit import Allowance, RateLimit
from flotilla.practice.venue import Venue

Handler = Callable[[Request, Venue, str], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

_NOBODY = ""


def authenticated(handler: Handler) -> Endpoint:
    """Give `handler` the venue and the account's id; without valid credentials answer 401."""

    async def endpoint(request: Request) -> Response:
        account_id = _account(request)
        if account_id is None:
            raise unauthorized()
        return await _limited(request, account_id, handler)

    return endpoint


def open_to_all(handler: Handler) -> Endpoint:
    """Answer also without credentials (the account's id is empty then); wrong ones are refused."""

    async def endpoint(request: Request) -> Response:
        account_id = _account(request)
        if account_id is None and _presented(request):
            raise unauthorized()
        return await _limited(request, account_id or _NOBODY, handler)

    return endpoint


async def _limited(request: Request, account_id: str, handler: Handler) -> Response:
    venue: Venue = request.app.state.venue
    rate_limit: RateLimit = request.app.state.rate_limit
    is_data = is_market_data(request.url.path)
    bucket = f"{account_id}|{'data' if is_data else 'trading'}"
    allowance = rate_limit.spend(bucket, venue.now, time.monotonic())
    if allowance is not None and allowance.exceeded:
        raise too_many_requests(is_data)
    headers = _headers(allowance) if allowance is not None else {}
    try:
        response = await handler(request, venue, account_id)
    except ApiError as refusal:
        refusal.headers = headers  # a refused request has been counted too
        raise
    response.headers.update(headers)
    return response


def is_market_data(path: str) -> bool:
    """Say whether the path is one of market data: its errors and limits differ from trading's."""
    return path.startswith(("/v1", "/v2/stocks"))


def _headers(allowance: Allowance) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(allowance.reset),
    }


def _presented(request: Request) -> bool:
    return "apca-api-key-id" in request.headers or "authorization" in request.headers


def _account(request: Request) -> str | None:
    credentials: Credentials = request.app.state.credentials
    headers = request.headers
    if "apca-api-key-id" in headers:
        return credentials.of_pair(headers["apca-api-key-id"], headers.get("apca-api-secret-key"))
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.of_token(value.strip())
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return credentials.of_pair(key, secret)
