"""The socket.io server at `/ws`. A client that was away names the last fact it knows, and gets the rest."""

from typing import Any

import orjson
import socketio
import structlog
from pydantic import BaseModel

from flotilla.ports.outbox import Outbox, StoredFact
from flotilla.realtime.messages import FACT, Hello

log = structlog.get_logger(__name__)

PATH = "ws"
# A client further behind than this fetches everything anew, which is cheaper.
_RESUMABLE = 1000


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
            json=_Json,
            logger=False,
            engineio_logger=False,
        )
        self._server.on("connect", self._on_connect)

    def asgi(self, other: Any) -> Any:
        return socketio.ASGIApp(self._server, other_asgi_app=other, socketio_path=PATH)

    async def emit(self, message: BaseModel, *, to: str | None = None) -> None:
        """Send one message to everyone, or to one client."""
        body = message.model_dump(mode="json")
        await self._server.emit(body["type"], body, to=to)

    async def emit_fact(self, fact: StoredFact, *, to: str | None = None) -> None:
        await self.emit(
            FACT.validate_python({**fact.payload, "type": fact.type, "number": fact.number}), to=to
        )

    async def _on_connect(self, sid: str, _environ: dict[str, Any], auth: Any) -> None:
        newest = await self._outbox.newest()
        known = auth.get("number") if isinstance(auth, dict) else None
        if not isinstance(known, int) or not 0 <= newest - known <= _RESUMABLE:
            await self.emit(Hello(number=newest, resumed=False), to=sid)
        else:
            await self.emit(Hello(number=newest, resumed=True), to=sid)
            for fact in await self._outbox.after(known, _RESUMABLE):
                await self.emit_fact(fact, to=sid)
