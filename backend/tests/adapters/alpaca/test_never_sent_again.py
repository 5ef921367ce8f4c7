"""What alpaca-py may send again by itself, and what an answer has to say to be believed."""

from collections.abc import Iterator

import pytest

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.domain.errors import Unavailable
from flotilla.ports.broker import OrderRejected, OutcomeUnknown, TooManyRequests
from tests.adapters.alpaca.test_client import HTML, Venue, broker_at
from tests.adapters.alpaca.test_client import venue as venue
from tests.adapters.alpaca.test_mapping import message, order

KNOWN = "61e69015-8549-4bfd-b9c3-01e75843f47d"


@pytest.fixture
def broker(venue: Venue) -> Iterator[AlpacaBroker]:
    yield from broker_at(venue.server_port)


async def test_an_order_that_a_gateway_timed_out_on_is_not_sent_again(
    venue: Venue, broker: AlpacaBroker
) -> None:
    """alpaca-py would repeat it three times; the first one may have been carried out."""
    venue.says(504, HTML)
    with pytest.raises(OutcomeUnknown):
        await broker.submit(order())
    assert len(venue.asked) == 1


async def test_an_acceptance_that_cannot_be_read_is_unknown(venue: Venue, broker: AlpacaBroker) -> None:
    for body in ({}, [], {**message("new")["order"], "filled_qty": "many"}):
        venue.says(200, body)
        with pytest.raises(OutcomeUnknown):
            await broker.submit(order())


async def test_an_answer_that_cannot_be_read_is_no_answer(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, [{"id": KNOWN}])
    for question in (broker.open_orders(), broker.get(KNOWN), broker.executions(KNOWN), broker.account()):
        with pytest.raises(Unavailable) as unavailable:
            await question
        assert unavailable.value.code == "BROKER_ERROR"


async def test_only_the_broker_itself_can_say_that_it_never_had_an_order(
    venue: Venue, broker: AlpacaBroker
) -> None:
    """A proxy's 404 would have us take an order for not sent that is there."""
    for body in (HTML, {"message": "no such route"}):
        venue.says(404, body)
        with pytest.raises(Unavailable):
            await broker.find("x")


async def test_a_cancel_is_done_only_when_the_broker_says_that_the_order_is(
    venue: Venue, broker: AlpacaBroker
) -> None:
    for status in (403, 404, 422):
        venue.says(status, HTML)
        with pytest.raises(OrderRejected):
            await broker.cancel(KNOWN)


async def test_legs_are_told_where_the_broker_shows_them(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, message("new")["order"])
    assert (await broker.submit(order())).legs_told
    found = await broker.get(KNOWN)
    assert found is not None
    assert found.legs_told
    venue.says(200, [message("new")["order"]])
    assert [row.legs_told for row in await broker.open_orders()] == [False]


async def test_a_refusal_for_the_number_of_requests_is_told_at_once_with_its_time(venue: Venue) -> None:
    """The request budget sends again, by priority; not alpaca-py, three seconds later in its thread."""
    url = f"http://127.0.0.1:{venue.server_port}"
    client = AlpacaClient(AlpacaConfig.for_practice(url, key_id="K", secret_key="S"), resend=False)
    broker = AlpacaBroker(client)
    venue.says(429, {"code": 42910000, "message": "rate limit exceeded"})
    waits: list[tuple[dict[str, str], int | None]] = [({}, None), ({"Retry-After": "7"}, 7)]
    for venue.headers, wait in waits:
        for request in (broker.submit(order()), broker.cancel(KNOWN), broker.get(KNOWN), broker.account()):
            with pytest.raises(TooManyRequests) as refusal:
                await request
            assert refusal.value.retry_after == wait
    assert len(venue.asked) == 8
    client.close()
    client.trading._session.close()


async def test_what_an_answer_says_of_the_requests_left_is_handed_on(venue: Venue) -> None:
    url = f"http://127.0.0.1:{venue.server_port}"
    client = AlpacaClient(AlpacaConfig.for_practice(url, key_id="K", secret_key="S"), resend=False)
    told: list[tuple[int | None, int | None]] = []
    client.hear_allowance(lambda limit, remaining: told.append((limit, remaining)))
    venue.says(200, [])
    await AlpacaBroker(client).positions()
    venue.headers = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "1"}
    await AlpacaBroker(client).positions()
    assert told == [(None, None), (200, 12)]
    client.close()
    client.trading._session.close()
