"""JSON replies and error replies."""

from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from flotilla.practice.errors import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, ApiError


def json_response(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


async def on_api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    response = json_response(error.body(), error.status)
    response.headers.update(error.headers)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer, Basic realm="practice"'
    if error.status == 413:
        response.headers["Connection"] = "close"  # the rest of the body is not read
    return response


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Answer an unknown path or method in Alpaca's error shape."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        refusal = ApiError(405, METHOD_NOT_ALLOWED, "method not allowed")
    else:
        refusal = ApiError(404, NOT_FOUND, "endpoint not found")
    return json_response(refusal.body(), refusal.status)


async def on_crash(_request: Request, _error: Exception) -> Response:
    return json_response({"code": INTERNAL, "message": "internal server error"}, 500)
