"""The frames that wait for one WebSocket, and the task that sends them in order."""

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect

_CAPACITY = 20_000
_PATIENCE_SECONDS = 5.0

Frame = str | bytes


class Outbox:
    """A client that takes no frames for five seconds, or leaves too many waiting, is dropped."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(_CAPACITY)
        self._sent = asyncio.Event()
        self._sent.set()
        self.dropped = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """Queue a frame; it is not sent when the connection is gone."""
        if self.dropped.is_set():
            return
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.drop()
        else:
            self._sent.clear()

    async def flushed(self) -> None:
        """Return when every frame queued before has been handed to the socket, or dropped."""
        try:
            await asyncio.wait_for(self._sent.wait(), _PATIENCE_SECONDS)
        except TimeoutError:
            self.drop()

    def drop(self) -> None:
        """Give the connection up; whoever waits for its frames goes on."""
        self.dropped.set()
        self._sent.set()

    def abort(self) -> None:
        """Break the line without a closing frame, as a fault drill asks."""
        self._websocket.scope["practice.abort"]()
        self.drop()

    async def run(self) -> None:
        """Send the frames until the client is gone."""
        try:
            while not self.dropped.is_set():
                await self._send(await self._frames.get())
                if self._frames.empty():
                    self._sent.set()
        except WebSocketDisconnect:
            pass  # the reader learns it too and ends the connection
        finally:
            self.drop()

    async def _send(self, frame: Frame) -> None:
        if isinstance(frame, bytes):
            await self._websocket.send_bytes(frame)
        else:
            await self._websocket.send_text(frame)
