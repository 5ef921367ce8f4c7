"""The socket.io server at `/ws`. A client that was away names the last fact it knows, and gets the rest."""

import asyncio
from typing import Any

import orjson
import socketio
import structlog
from pydantic import BaseModel, ValidationError

from flotilla.ports.outbox import Outbox, StoredFact
from flotilla.realtime.messages import FACT, Hello

log = structlog.get_logger(__name__)

PATH = "ws"
# A client further behind than this fetches everything anew, which is cheaper.
_RESUMABLE = 1000
_LIVE = "live"


class _Json:
    """orjson in the shape that python-socketio wants of a JSON module."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        return orjson.loads(text)


class RealtimeServer:
    """Emits messages as events named by their type; `asgi` mounts it in front of the HTTP app."""

    def __init__(self, outbox: Outbox, *, redis_url: str | None = None) -> None:
        self._outbox = outbox
        self._manager = None if redis_url is None else socketio.AsyncRedisManager(redis_url)
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            client_manager=self._manager,
            cors_allowed_origins=[],  # http.guard has checked Host and Origin already
            always_connect=True,  # a client may be spoken to in its connect handler
            json=_Json,
            logger=False,
            engineio_logger=False,
        )
        self._server.on("connect", self._on_connect)
        self._order = asyncio.Lock()
        self._sent = 0

    def asgi(self, other: Any) -> Any:
        return socketio.ASGIApp(self._server, other_asgi_app=other, socketio_path=PATH)

    async def emit(self, message: BaseModel, *, to: str = _LIVE) -> None:
        """Send one message to everyone who has been greeted, or to one client."""
        body = message.model_dump(mode="json")
        await self._server.emit(body["type"], body, to=to)

    async def emit_fact(self, fact: StoredFact) -> None:
        """Send one fact to everyone who has been greeted."""
        async with self._order:
            await self.emit(_message(fact))
            self._sent = fact.number

    async def begin(self) -> int:
        """Say which fact is the last that is not sent any more: the newest one there is now."""
        self._sent = await self._outbox.newest()
        return self._sent

    async def _on_connect(self, sid: str, _environ: dict[str, Any], auth: Any) -> None:
        """Greet a client, give it what it missed, and let it hear what follows: no fact is left out
        in between, and none comes twice, as no fact is sent meanwhile.
        """
        known = auth.get("number") if isinstance(auth, dict) else None
        async with self._order:
            missed = await self._missed(known) if isinstance(known, int) else None
            await self.emit(Hello(number=self._sent, resumed=missed is not None), to=sid)
            for message in missed or ():
                await self.emit(message, to=sid)
            await self._server.enter_room(sid, _LIVE)

    async def _missed(self, known: int) -> list[BaseModel] | None:
        """What followed the fact `known`; None when a client had better fetch everything anew."""
        if not 0 <= self._sent - known <= _RESUMABLE:
            return None
        try:
            return [_message(fact) for fact in await self._outbox.after(known, self._sent - known)]
        except ValidationError:  # a fact of a version before this one
            return None


def _message(fact: StoredFact) -> BaseModel:
    return FACT.validate_python({**fact.payload, "type": fact.type, "number": fact.number})
