"""`/stream`: authenticate, listen, then trade updates as binary frames: JSON, or MessagePack if asked."""

from typing import Any

import orjson
from starlette.websockets import WebSocket

from flotilla.practice.credentials import Credentials
from flotilla.practice.publishing.outbox import Frame, Outbox
from flotilla.practice.publishing.trade_listener import TradeListener, encoded
from flotilla.practice.streams.connection import receive, serve, unpacked
from flotilla.practice.venue import Venue

STREAM = "trade_updates"


async def trade_updates(websocket: WebSocket) -> None:
    """Serve one connection of the trade-updates stream."""
    await websocket.accept()
    venue: Venue = websocket.app.state.venue
    outbox = Outbox(websocket)
    packed = "msgpack" in websocket.headers.get("content-type", "")
    conversation = _Conversation(venue, websocket.app.state.credentials, outbox, packed)

    async def read() -> None:
        while True:
            conversation.answer(await receive(websocket))

    try:
        await serve(websocket, outbox, read)
    finally:
        venue.publisher.ignore_trades(outbox)


class _Conversation:
    """Every frame sent has an object `data`: old clients look into it unasked."""

    def __init__(self, venue: Venue, credentials: Credentials, outbox: Outbox, packed: bool) -> None:
        self._venue = venue
        self._credentials = credentials
        self._outbox = outbox
        self._packed = packed
        self._account_id: str | None = None

    def answer(self, frame: Frame) -> None:
        message = _parsed(frame)
        if message is None:
            self._say({"action": "error", "data": {"error_message": "invalid message"}})
        elif message.get("action") in ("authenticate", "auth"):
            self._authenticate(message)
        elif message.get("action") == "listen":
            self._listen(message)
        else:
            self._say({"action": "error", "data": {"error_message": "invalid action"}})

    def _authenticate(self, message: dict[str, Any]) -> None:
        account_id = self._account_of(message)
        if account_id != self._account_id:  # what was listened to belongs to somebody else
            self._venue.publisher.ignore_trades(self._outbox)
        self._account_id = account_id
        self._authorization("authorized" if account_id else "unauthorized", "authenticate")

    def _account_of(self, message: dict[str, Any]) -> str | None:
        data = message.get("data")
        if not isinstance(data, dict):
            return self._credentials.of_pair(message.get("key"), message.get("secret"))
        if "oauth_token" in data:
            return self._credentials.of_token(data["oauth_token"])
        return self._credentials.of_pair(data.get("key_id"), data.get("secret_key"))

    def _listen(self, message: dict[str, Any]) -> None:
        if self._account_id is None:
            self._authorization("unauthorized", "listen")
            return
        data = message.get("data")
        asked = data.get("streams") if isinstance(data, dict) else None
        streams = [STREAM] if isinstance(asked, list) and STREAM in asked else []
        if streams:
            self._venue.publisher.listen_to_trades(
                TradeListener(self._outbox, self._account_id, self._packed)
            )
        else:
            self._venue.publisher.ignore_trades(self._outbox)
        self._say({"stream": "listening", "data": {"streams": streams}})

    def _authorization(self, status: str, action: str) -> None:
        data = {"status": status, "action": action}
        self._say({"stream": "authorization", "data": data})

    def _say(self, message: dict[str, Any]) -> None:
        self._outbox.put(encoded(message, self._packed))


def _parsed(frame: Frame) -> dict[str, Any] | None:
    """Read JSON or MessagePack, whatever the client sends."""
    message: object = None
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError:
        if isinstance(frame, bytes):
            message = unpacked(frame)
    return message if isinstance(message, dict) else None
