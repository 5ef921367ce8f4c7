"""What docker-compose.yml serves, with nginx's real configuration in front of the running product."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, WebSocket, expect

from e2e.harness.processes import free_port
from e2e.harness.served import Served, nginx
from e2e.pages.reloads import no_reload

# pytest runs tests of one browser together; in its group, all of these share one product.
pytestmark = pytest.mark.usefixtures("browser_name")


@pytest.fixture(scope="module")
def served(new_folder: Callable[[], Path]) -> Iterator[Served]:
    with closing(Served(new_folder())) as shape:
        yield shape.start()


@pytest.fixture
def site(served: Served) -> Iterator[httpx.Client]:
    """The site as a client sees it that follows no redirect."""
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        yield client


def test_trades_arrive_through_nginx_over_a_websocket(served: Served, page: Page) -> None:
    sockets: list[WebSocket] = []
    received: list[str | bytes] = []
    complaints: list[str] = []

    def listen(socket: WebSocket) -> None:
        sockets.append(socket)
        socket.on("framereceived", lambda frame: received.append(frame))

    page.on("websocket", listen)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    page.goto(served.url)
    with no_reload(page):
        rows = page.get_by_role("table", name="Live trades").locator("tbody tr")
        expect(rows.first).to_be_visible(timeout=60_000)
        known = rows.count()
        expect(rows.nth(known)).to_be_visible(timeout=60_000)

    assert [socket.url.split("?")[0] for socket in sockets] == [f"ws{served.url.removeprefix('http')}/ws/"]
    assert any("trade_executed" in str(frame) for frame in received)
    assert not complaints  # the page's policy would be one


def test_a_deep_link_opens_its_page(served: Served, page: Page) -> None:
    response = page.goto(f"{served.url}/bots")
    assert response is not None
    assert response.status == 200
    assert response.headers["cache-control"] == "no-cache"
    expect(page.get_by_role("heading", name="Bots", level=1)).to_be_visible()
    expect(page.get_by_role("row", name="Example").first).to_be_visible()


def test_assets_are_kept_for_good_and_the_page_is_not(site: httpx.Client) -> None:
    page = site.get("/")
    assert page.headers["cache-control"] == "no-cache"
    assets = re.findall(r'"(/assets/[^"]+)"', page.text)
    assert assets
    for asset in assets:
        found = site.get(asset)
        assert found.status_code == 200
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        if len(found.content) >= 1024:
            assert found.headers["content-encoding"] == "gzip"
            assert found.headers["vary"] == "Accept-Encoding"

    gone = site.get("/assets/gone-12345678.js")
    assert gone.status_code == 404
    assert "cache-control" not in gone.headers


def test_the_api_is_behind_it(site: httpx.Client) -> None:
    health = site.get("/api/health")
    assert health.json()["status"] == "ok"
    assert health.headers["x-content-type-options"] == "nosniff"
    assert site.get("/api/bots/none").json()["code"] == "BOT_NOT_FOUND"
    assert site.get("/api/docs").status_code == 200


def test_the_page_may_load_nothing_foreign_and_not_be_framed(site: httpx.Client) -> None:
    headers = site.get("/").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["server"] == "nginx"


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}], ids=str)
def test_foreign_names_are_refused_behind_it_too(site: httpx.Client, header: dict[str, str]) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert site.get("/api/bots", headers=header).status_code == 403
    assert site.get("/ws/?EIO=4&transport=websocket", headers={**upgrade, **header}).status_code == 403


def test_a_large_body_is_refused(site: httpx.Client) -> None:
    assert site.post("/api/bots", content=b"x" * 2_000_000).status_code == 413


def test_without_the_api_the_page_is_served_and_the_rest_says_so(folder: Path) -> None:
    with (
        nginx(folder, free_port(), f"127.0.0.1:{free_port()}") as url,
        httpx.Client(base_url=url, trust_env=False) as site,
    ):
        assert site.get("/bots").status_code == 200
        answer = site.get("/api/summary")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == "UNAVAILABLE"
