"""Market data: welcome, auth, subscriptions, then data; MessagePack or JSON as the handshake asks."""

import asyncio
from typing import Any

import orjson
from starlette.websockets import WebSocket

from flotilla.practice.credentials import Credentials
from flotilla.practice.publishing.fakepaca import Fakepaca
from flotilla.practice.publishing.feeds import ALL_CHANNELS, FEEDS, Kind
from flotilla.practice.publishing.outbox import Frame, Outbox
from flotilla.practice.publishing.subscription import Message, Subscriber
from flotilla.practice.streams.connection import Closed, receive, serve, unpacked
from flotilla.practice.venue import Venue

_ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    410: "invalid subscribe action for this feed",
}


async def market_data(websocket: WebSocket) -> None:
    """Serve one market-data connection; an account has one on each feed."""
    feed = FEEDS[websocket.url.path]
    await websocket.accept()
    packed = "msgpack" in websocket.headers.get("content-type", "")
    conversation = _Conversation(websocket, Subscriber(Outbox(websocket), feed, packed))
    try:
        await serve(websocket, conversation.subscriber.outbox, conversation.read)
    finally:
        conversation.leave()


class _Conversation:
    def __init__(self, websocket: WebSocket, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self._websocket = websocket
        self._venue: Venue = websocket.app.state.venue
        self._credentials: Credentials = websocket.app.state.credentials
        self._fakepaca: Fakepaca = websocket.app.state.fakepaca
        self._limits: dict[str, int] = websocket.app.state.symbol_limits
        self._seconds: float = websocket.app.state.authentication_seconds
        self._account_id: str | None = None

    async def read(self) -> None:
        """Welcome the client, then answer it until it leaves or an error ends the connection."""
        self._succeed("connected")
        headers = self._websocket.headers
        if "apca-api-key-id" in headers:
            self._authenticate(headers["apca-api-key-id"], headers.get("apca-api-secret-key"))
        deadline = asyncio.get_running_loop().time() + self._seconds
        while True:
            self._answer(_parsed(await self._receive(deadline)))

    def leave(self) -> None:
        if self._account_id is not None:
            self._venue.publisher.leave(self._account_id, self.subscriber)
            self._fakepaca.leave(self.subscriber)
            self._venue.want_crypto(self.subscriber, False)

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
        if not self._venue.publisher.join(account_id, self.subscriber):
            raise self._fail(406)
        self._fakepaca.join(self.subscriber)
        self._account_id = account_id
        self._succeed("authenticated")

    def _change_subscription(self, message: Message, subscribe: bool) -> None:
        asked = _channels(message)
        if asked is None:
            self._error(400)
            return
        if any(channel not in self.subscriber.feed.channels for channel in asked):
            self._error(410)
            return
        listed = sum(self.subscriber.feed.carries(symbol) for symbol in self._venue.source.symbols)
        if subscribe and self.subscriber.exceeds(asked, self._limits, listed):
            self._error(405)
            return
        if subscribe:
            self.subscriber.subscribe(asked)
        else:
            self.subscriber.unsubscribe(asked)
        if self.subscriber.feed.kind is Kind.CRYPTO:
            self._venue.want_crypto(self.subscriber, self.subscriber.wants(*self.subscriber.feed.channels))
        self.subscriber.acknowledge()

    def _succeed(self, text: str) -> None:
        self.subscriber.send({"T": "success", "msg": text})

    def _error(self, code: int) -> None:
        self.subscriber.send({"T": "error", "code": code, "msg": _ERRORS[code]})

    def _fail(self, code: int) -> Closed:
        self._error(code)
        return Closed()


def _channels(message: Message) -> dict[str, list[str]] | None:
    """Return the channels with symbols in the message; None when one is not a list of symbols."""
    asked: dict[str, list[str]] = {}
    for channel in ALL_CHANNELS & set(message):
        symbols = message[channel]
        if not isinstance(symbols, list) or not all(isinstance(s, str) for s in symbols):
            return None
        if symbols:
            asked[channel] = symbols
    return asked


def _parsed(frame: Frame) -> dict[str, Any] | None:
    """Read JSON or MessagePack, whatever the client sends."""
    message: object = None
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError:
        if isinstance(frame, bytes):
            message = unpacked(frame)
    return message if isinstance(message, dict) else None
