"""Faults that strike requests: an error instead of the handler, or a reply that never arrives."""

import asyncio
import uuid
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flotilla.practice.errors import INTERNAL, ApiError, too_many_requests
from flotilla.practice.faults import FaultKind, Faults, Target
from flotilla.practice.rest.authentication import is_market_data

_CONTROL = "/practice"
ABORT = "practice.abort"  # in the scope: ends the connection as a broken line does

_TIMEOUT_PAGE = b"<html><head><title>504 Gateway Time-out</title></head></html>"


class FaultDrills:
    """Wraps the application, outermost: only here the server's own connection is at hand."""

    def __init__(self, application: ASGIApp, faults: Faults) -> None:
        self._application = application
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope[ABORT] = lambda: _abort(send)
        if scope["type"] == "http" and not scope["path"].startswith(_CONTROL):
            await self._drill(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _drill(self, scope: Scope, receive: Receive, send: Send) -> None:
        def strikes(kind: FaultKind) -> Any:
            return self._faults.strikes(kind, Target.REST, scope["method"], scope["path"])

        if strikes(FaultKind.DROPPED_CONNECTION):
            _abort(send)
        elif fault := strikes(FaultKind.SERVER_ERROR):
            await asyncio.sleep(fault.seconds)
            error = ApiError(fault.status, INTERNAL, "internal server error occurred")
            await _reply(send, fault.status, orjson.dumps(error.body()))
        elif strikes(FaultKind.RATE_LIMITED):
            refusal = too_many_requests(is_market_data(scope["path"]))
            await _reply(send, 429, orjson.dumps(refusal.body()))
        elif fault := strikes(FaultKind.TIMEOUT_AFTER_ACCEPT):
            await self._application(scope, receive, _swallow)
            await asyncio.sleep(fault.seconds)
            await _reply(send, 504, _TIMEOUT_PAGE, b"text/html")
        else:
            await self._application(scope, receive, send)


async def _swallow(_message: Message) -> None:
    return


async def _reply(send: Send, status: int, body: bytes, media_type: bytes = b"application/json") -> None:
    headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", uuid.uuid4().hex.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _abort(send: Send) -> None:
    """Break the line under the server: `send` is a method of uvicorn's protocol, which holds it."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
