"""What both protocols share: one reader and one writer task a connection, until either ends."""

import asyncio
from collections.abc import Awaitable, Callable

import msgpack
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from flotilla.practice.errors import not_found
from flotilla.practice.publishing.outbox import Frame, Outbox
from flotilla.practice.rest.responses import json_response

_CLOSING_SECONDS = 1.0


async def no_such_stream(websocket: WebSocket) -> None:
    """Refuse the handshake of an address that has no stream with 404 and Alpaca's error shape."""
    error = not_found("endpoint not found")
    await websocket.send_denial_response(json_response(error.body(), error.status))


class Closed(Exception):
    """The connection is over: the client left, or the protocol says to close it."""


async def receive(websocket: WebSocket, seconds: float | None = None) -> Frame:
    """Return the next message; raises Closed when the client left, TimeoutError when none comes."""
    try:
        message = await asyncio.wait_for(websocket.receive(), seconds)
    except WebSocketDisconnect as error:
        raise Closed from error
    if message["type"] == "websocket.disconnect":
        raise Closed
    text: str | None = message.get("text")
    return message["bytes"] if text is None else text


def unpacked(frame: bytes) -> object:
    """Read MessagePack; None when it is none."""
    try:
        return msgpack.unpackb(frame)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException):
        return None


async def serve(websocket: WebSocket, outbox: Outbox, read: Callable[[], Awaitable[None]]) -> None:
    """Run `read` beside the outbox; when one of them ends, end both and close the socket."""
    async with asyncio.TaskGroup() as tasks:
        ends = {
            tasks.create_task(_until_closed(read, outbox)),
            tasks.create_task(outbox.run()),
            tasks.create_task(outbox.dropped.wait()),
        }
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
    await _close(websocket)


async def _until_closed(read: Callable[[], Awaitable[None]], outbox: Outbox) -> None:
    try:
        await read()
    except Closed:
        await outbox.flushed()


async def _close(websocket: WebSocket) -> None:
    if websocket.client_state is not WebSocketState.CONNECTED:
        return
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await websocket.close()
    except (TimeoutError, RuntimeError, WebSocketDisconnect):
        return  # it is gone already
