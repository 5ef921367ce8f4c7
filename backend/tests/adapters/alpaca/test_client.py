"""What became of a request: carried out, refused, or unknown. Against a server that says what it is told."""

import json
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.domain.errors import Unavailable
from flotilla.domain.orders import OrderType, Purpose
from flotilla.ports.broker import OrderRejected, OutcomeUnknown
from tests.adapters.alpaca.test_mapping import message, order

HTML = "<html><body>502 Bad Gateway</body></html>"


class Venue(ThreadingHTTPServer):
    """Answers a request as its path is to be answered, or else with `answer`; remembers all it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: tuple[int, Any] = (200, {})
        self.answers: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str, Any]] = []

    def says(self, status: int, body: Any) -> None:
        self.answer = status, body


class Handler(BaseHTTPRequestHandler):
    server: Venue

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.command, self.path, body))
        status, answer = self.server.answer
        path = self.path.partition("?")[0]
        if path in self.server.answers:
            status, answer = 200, self.server.answers[path]
        content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def venue() -> Iterator[Venue]:
    server = Venue()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def broker_at(port: int) -> Iterator[AlpacaBroker]:
    config = AlpacaConfig.for_practice(f"http://127.0.0.1:{port}", key_id="K", secret_key="S")
    client = AlpacaClient(config)
    yield AlpacaBroker(client)
    client.close()
    client.trading._session.close()
    client.data._session.close()


@pytest.fixture
def broker(venue: Venue) -> Iterator[AlpacaBroker]:
    yield from broker_at(venue.server_port)


@pytest.fixture
def nobody() -> Iterator[AlpacaBroker]:
    """Give a broker at an address where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield from broker_at(reserved.getsockname()[1])


async def test_an_accepted_order_is_reported(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, message("accepted")["order"])
    report = await broker.submit(order())
    assert report.broker_order_id == "61e69015-8549-4bfd-b9c3-01e75843f47d"
    method, path, body = venue.asked[0]
    assert (method, path) == ("POST", "/v2/orders")
    assert body["client_order_id"] == order().client_order_id


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"code": 40310000, "message": "insufficient buying power", "buying_power": "1"}, 40310000),
        (422, {"code": 42210000, "message": 'asset "X" is not tradable'}, 42210000),
        (404, {"code": 40410000, "message": "endpoint not found"}, 40410000),
        (400, {"message": "no code here"}, None),
        (422, HTML, None),
    ],
)
async def test_a_refusal_says_that_nothing_happened(
    venue: Venue, broker: AlpacaBroker, status: int, body: Any, code: int | None
) -> None:
    venue.says(status, body)
    with pytest.raises(OrderRejected) as refused:
        await broker.submit(order())
    assert refused.value.code == code
    assert refused.value.reason == (body if isinstance(body, str) else body["message"])
    assert len(venue.asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"code": 50010000, "message": "internal server error"}),
        (502, HTML),
        (503, ""),
        # Sent again by alpaca-py itself, or by a run that a crash ended: the first one may be there.
        (422, {"code": 40010001, "message": "client_order_id must be unique"}),
        (200, HTML),
    ],
)
async def test_what_does_not_say_is_unknown(
    venue: Venue, broker: AlpacaBroker, status: int, body: Any
) -> None:
    venue.says(status, body)
    with pytest.raises(OutcomeUnknown):
        await broker.submit(order())
    assert len(venue.asked) == 1


async def test_no_answer_is_unknown_to_a_change_and_unavailable_to_a_question(nobody: AlpacaBroker) -> None:
    with pytest.raises(OutcomeUnknown):
        await nobody.submit(order())
    for question in (nobody.account(), nobody.find("x"), nobody.market_state(), nobody.instruments()):
        with pytest.raises(Unavailable) as unavailable:
            await question
        assert unavailable.value.code == "BROKER_UNREACHABLE"


async def test_an_order_that_was_never_there_is_none(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(404, {"code": 40410000, "message": "order not found"})
    assert await broker.find("x") is None
    assert await broker.get("61e69015-8549-4bfd-b9c3-01e75843f47d") is None
    venue.says(500, HTML)
    with pytest.raises(Unavailable):
        await broker.find("x")


async def test_a_stop_is_moved_under_an_id_of_ours(venue: Venue, broker: AlpacaBroker) -> None:
    known = "61e69015-8549-4bfd-b9c3-01e75843f47d"
    moved = order(type=OrderType.STOP, purpose=Purpose.STOP_LOSS, stop_price=Decimal("98.10"))
    venue.says(200, {**message("new")["order"], "id": "new-one", "replaces": known})
    report = await broker.replace(known, moved)
    assert (report.broker_order_id, report.replaces, report.legs_told) == ("new-one", known, False)
    changes = {"stop_price": "98.10", "client_order_id": moved.client_order_id}
    assert venue.asked == [("PATCH", f"/v2/orders/{known}", changes)]

    venue.says(422, {"code": 42210000, "message": "order already replaced"})
    with pytest.raises(OrderRejected, match="already replaced"):
        await broker.replace(known, moved)
    venue.says(504, HTML)
    with pytest.raises(OutcomeUnknown):
        await broker.replace(known, moved)
    assert len(venue.asked) == 3, "no request is made again"


async def test_cancelling_what_is_done_is_no_error(venue: Venue, broker: AlpacaBroker) -> None:
    known = "61e69015-8549-4bfd-b9c3-01e75843f47d"
    venue.says(422, {"code": 42210000, "message": 'order is already in "filled" state'})
    await broker.cancel(known)
    venue.says(404, {"code": 40410000, "message": f"order not found for {known}"})
    with pytest.raises(OrderRejected):
        await broker.cancel(known)
    assert venue.asked[0][:2] == ("DELETE", f"/v2/orders/{known}")
