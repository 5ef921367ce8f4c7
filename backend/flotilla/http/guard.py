"""Host and Origin are checked from the first day: a page elsewhere must not drive this API.

DNS rebinding lets a stranger's page reach 127.0.0.1 under the stranger's own name; the Host header
gives it away. A cross-origin request gives itself away by Origin.
"""

from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flotilla.http.errors import body


class HostGuard:
    """Refuse requests (WebSocket upgrades too) whose Host or Origin is not among `hosts`."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._allowed(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        detail = (
            "This address is not one that Flotilla serves. Open it by a name listed in "
            "FLOTILLA_HOSTS, or add the name there."
        )
        response = JSONResponse(body("FORBIDDEN_HOST", detail), status_code=403)
        await response(scope, receive, send)

    def _allowed(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin")
        try:
            if urlsplit(f"//{host}").hostname not in self._hosts:
                return False
            return origin is None or urlsplit(origin.decode("latin-1")).netloc == host
        except ValueError:  # no address at all, such as an unclosed bracket
            return False
