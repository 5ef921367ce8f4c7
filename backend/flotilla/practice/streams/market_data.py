"""`/v2/{feed}`: welcome, auth, subscriptions, then bars; MessagePack or JSON as the handshake asks."""

import asyncio
from typing import Any

import msgpack
import orjson
from starlette.websockets import WebSocket

from flotilla.practice.credentials import Credentials
from flotilla.practice.publishing.outbox import Frame, Outbox
from flotilla.practice.publishing.subscription import CHANNELS, BarSubscriber, Message
from flotilla.practice.streams.connection import Closed, receive, serve
from flotilla.practice.venue import Venue

FEEDS = ("iex", "sip", "delayed_sip", "test")

_AUTHENTICATION_SECONDS = 10.0
_ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    406: "connection limit exceeded",
}


async def market_data(websocket: WebSocket) -> None:
    """Serve one market-data connection; an account has one on each endpoint."""
    if websocket.path_params["feed"] not in FEEDS:
        await websocket.close()
        return
    await websocket.accept()
    packed = "msgpack" in websocket.headers.get("content-type", "")
    conversation = _Conversation(websocket, BarSubscriber(Outbox(websocket), packed))
    try:
        await serve(websocket, conversation.subscriber.outbox, conversation.read)
    finally:
        conversation.leave()


class _Conversation:
    def __init__(self, websocket: WebSocket, subscriber: BarSubscriber) -> None:
        self.subscriber = subscriber
        self._websocket = websocket
        self._venue: Venue = websocket.app.state.venue
        self._credentials: Credentials = websocket.app.state.credentials
        self._endpoint = websocket.url.path
        self._account_id: str | None = None

    async def read(self) -> None:
        """Welcome the client, then answer it until it leaves or an error ends the connection."""
        self._succeed("connected")
        headers = self._websocket.headers
        if "apca-api-key-id" in headers:
            self._authenticate(headers["apca-api-key-id"], headers.get("apca-api-secret-key"))
        deadline = asyncio.get_running_loop().time() + _AUTHENTICATION_SECONDS
        while True:
            self._answer(_parsed(await self._receive(deadline)))

    def leave(self) -> None:
        if self._account_id is not None:
            self._venue.publisher.leave_bars(self._account_id, self._endpoint)

    async def _receive(self, deadline: float) -> Frame:
        if self._account_id is not None:
            return await receive(self._websocket)
        try:
            left = deadline - asyncio.get_running_loop().time()
            return await receive(self._websocket, max(0.0, left))
        except TimeoutError:
            raise self._fail(404) from None

    def _answer(self, message: Message | None) -> None:
        action = message.get("action") if message is not None else None
        if message is None or action not in ("auth", "subscribe", "unsubscribe"):
            self._error(400)
        elif action == "auth":
            self._authenticate(message.get("key"), message.get("secret"))
        elif self._account_id is None:
            self._error(401)
        else:
            self._change_subscription(message, subscribe=action == "subscribe")

    def _authenticate(self, key: object, secret: object) -> None:
        if self._account_id is not None:
            self._error(403)
            return
        account_id = self._credentials.of_pair(key, secret)
        if account_id is None:
            raise self._fail(402)
        if not self._venue.publisher.join_bars(account_id, self._endpoint, self.subscriber):
            raise self._fail(406)
        self._account_id = account_id
        self._succeed("authenticated")

    def _change_subscription(self, message: Message, subscribe: bool) -> None:
        asked = _channels(message)
        if asked is None:
            self._error(400)
            return
        if subscribe:
            self.subscriber.subscribe(asked)
        else:
            self.subscriber.unsubscribe(asked)
        self.subscriber.acknowledge()

    def _succeed(self, text: str) -> None:
        self.subscriber.send({"T": "success", "msg": text})

    def _error(self, code: int) -> None:
        self.subscriber.send({"T": "error", "code": code, "msg": _ERRORS[code]})

    def _fail(self, code: int) -> Closed:
        self._error(code)
        return Closed()


def _channels(message: Message) -> dict[str, list[str]] | None:
    """Return the channels named in the message; None when one is not a list of symbols."""
    asked: dict[str, list[str]] = {}
    for channel in CHANNELS:
        symbols = message.get(channel, [])
        if not isinstance(symbols, list) or not all(isinstance(s, str) for s in symbols):
            return None
        asked[channel] = symbols
    return asked


def _parsed(frame: Frame) -> dict[str, Any] | None:
    """Read JSON or MessagePack, whatever the client sends."""
    message: object = None
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError:
        if isinstance(frame, bytes):
            message = _unpacked(frame)
    return message if isinstance(message, dict) else None


def _unpacked(frame: bytes) -> object:
    try:
        return msgpack.unpackb(frame)
    except (ValueError, msgpack.UnpackException):
        return None
