"""A page elsewhere must not drive this API: Host and Origin decide, for WebSockets too."""

from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from flotilla.http.guard import HostGuard

HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "flotilla.example"})


async def served(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer every request that gets through."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"served"})


async def get(headers: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(HostGuard(served, hosts=HOSTS))
    async with httpx.AsyncClient(transport=transport, base_url="http://placeholder") as client:
        return await client.get("/api/bots", headers=headers)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8000",
        "127.0.0.1",
        "localhost:8000",
        "LocalHost:8000",
        "[::1]:8000",
        "flotilla.example",
    ],
)
async def test_our_own_names_are_answered(host: str) -> None:
    assert (await get({"host": host})).text == "served"
    assert (await get({"host": host, "origin": f"http://{host}"})).text == "served"
    assert (await get({"host": host, "origin": f"https://{host}"})).text == "served"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "localhost.evil.example",
        "flotilla.example.",
        "",
        "[",
        "[::1",
        "[zz]",
    ],
)
async def test_a_foreign_host_is_refused(host: str) -> None:
    response = await get({"host": host})
    assert response.status_code == 403
    assert response.json()["code"] == "FORBIDDEN_HOST"
    assert "FLOTILLA_HOSTS" in response.json()["detail"]
    assert response.json()["errors"] == []


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:3000",
        "http://localhost",
        "http://localhost:8000.evil.example",
        "http://localhost:8000@evil.example",
        "null",
        "",
        "http://[",
        "file://",
        "localhost:8000",
    ],
)
async def test_a_foreign_origin_is_refused(origin: str) -> None:
    assert (await get({"host": "localhost:8000", "origin": origin})).status_code == 403


async def websocket(headers: list[tuple[bytes, bytes]]) -> list[MutableMapping[str, Any]]:
    """Connect; what the server sends back."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await HostGuard(served, hosts=HOSTS)({"type": "websocket", "headers": headers}, receive, send)
    return sent


async def test_websockets_are_guarded_alike() -> None:
    ours = (b"host", b"127.0.0.1:8000")
    assert await websocket([ours]) == [{"type": "websocket.accept"}]
    assert await websocket([ours, (b"origin", b"http://127.0.0.1:8000")]) == [{"type": "websocket.accept"}]
    refused = [{"type": "websocket.close", "code": 1008}]
    assert await websocket([(b"host", b"evil.example")]) == refused
    assert await websocket([ours, (b"origin", b"http://evil.example")]) == refused
    assert await websocket([ours, (b"origin", b"null")]) == refused
    assert await websocket([]) == refused


async def test_what_is_no_request_passes() -> None:
    reached = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(scope["type"])

    async def nothing() -> MutableMapping[str, Any]:
        return {}

    async def ignore(_message: MutableMapping[str, Any]) -> None:
        return

    await HostGuard(app, hosts=HOSTS)({"type": "lifespan"}, nothing, ignore)
    assert reached == ["lifespan"]
