"""What the real service was recorded to answer, through the adapter as it connects to Alpaca."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flotilla.adapters.alpaca import mapping
from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.alpaca.key_check import AlpacaKeyChecker
from flotilla.adapters.alpaca.streams import AlpacaBarStream, _TradeSocket
from flotilla.domain.errors import Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.market import Instrument, Session
from flotilla.domain.orders import OrderStatus
from flotilla.ports.accounts import Keys, Verdict
from flotilla.ports.broker import KEYS_REFUSED, AccountFigures, OrderRejected, OutcomeUnknown, TooManyRequests
from tests.adapters.alpaca.test_client import HTML, Venue, venue
from tests.adapters.alpaca.test_mapping import order

__all__ = ["venue"]

_FOLDER = Path(__file__).parent / "recorded"
KEYS = Keys("PKTEST", "secret")
UNAUTHORIZED = {"message": "unauthorized."}  # without a code


def recorded(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text())


def at(address: str | None, *, paper: bool = True, feed: str = "iex") -> AlpacaConfig:
    return AlpacaConfig.at_alpaca(key_id="K", secret_key="S", paper=paper, feed=feed, stand_in=address)


@pytest.fixture
def broker(venue: Venue) -> Iterator[AlpacaBroker]:
    client = AlpacaClient(at(f"http://127.0.0.1:{venue.server_port}"), resend=False)
    yield AlpacaBroker(client)
    client.close()
    for one in (client.trading, client.data, client.coins):
        one._session.close()


# --- what an account at Alpaca is asked -------------------------------------------------------------


async def test_the_account(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, recorded("account"))
    assert await broker.account() == AccountFigures(
        Decimal("100005.83"), Decimal("100005.83"), Decimal("100003.74258806517")
    )
    assert venue.asked == [("GET", "/v2/account", None)]


async def test_the_markets_time_is_the_brokers_clock(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, recorded("clock"))
    state = await broker.market_state()
    assert state.now == datetime(2025, 6, 24, 18, 15, 22, 337646, UTC)
    assert (state.rate, state.source) == (1.0, None)
    assert venue.asked[0][1] == "/v2/clock"


async def test_the_calendar(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, recorded("calendar"))
    whole, half = await broker.sessions(date(2025, 1, 3), date(2025, 7, 3))
    assert whole == Session(datetime(2025, 1, 3, 14, 30, tzinfo=UTC), datetime(2025, 1, 3, 21, 0, tzinfo=UTC))
    assert half.close == datetime(2025, 7, 3, 17, 0, tzinfo=UTC)


async def test_assets(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, recorded("assets"))
    listed = {one.symbol: one for one in await broker.instruments()}
    assert listed["AAPL"] == Instrument("AAPL", "Apple Inc. Common Stock", fractionable=True)


async def test_an_order_that_was_just_sent_is_pending(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, recorded("order"))
    report = await broker.submit(order())
    assert (report.status, report.filled_quantity) == (OrderStatus.PENDING_NEW, 0)
    assert (report.quantity, report.limit_price, report.legs) == (10, 738, ())
    venue.says(200, [recorded("order")])
    (listed,) = await broker.open_orders()
    assert (listed.broker_order_id, listed.legs_told) == (report.broker_order_id, False)


async def test_activities_have_new_yorks_time_in_their_id_and_utc_beside_it(
    venue: Venue, broker: AlpacaBroker
) -> None:
    row = recorded("fill_activity")
    venue.says(200, [row])
    assert await broker.executions(row["order_id"]) == [
        Execution(
            broker_order_id=row["order_id"],
            cumulative_quantity=Decimal(1),
            quantity=Decimal(1),
            price=Decimal("737.91"),
            executed_at=datetime(2026, 10, 8, 15, 10, 18, 97123, UTC),
        )
    ]
    assert "/v2/account/activities/FILL" in venue.asked[0][1]


async def test_an_execution_of_another_order_does_not_count(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(200, [recorded("fill_activity")])
    assert await broker.executions("another") == []


@pytest.mark.parametrize(
    "reason", ["[6098] Stop Price Already Triggered/Exceeds $ Threshold", "Unsolicited: Bad Stop 19.8"]
)
def test_a_venues_reason_is_beside_the_order(reason: str) -> None:
    payload = {
        "event": "canceled",
        "timestamp": "2026-08-06T13:31:11.896Z",
        "order": recorded("order") | {"status": "canceled"},
        "reason": reason,
    }
    update = mapping.trade_update(payload)
    assert (update.order.status, update.order.reason) == (OrderStatus.CANCELED, reason)


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", recorded("errors"), ids=lambda error: error["body"]["message"][:40])
async def test_every_recorded_refusal_says_that_nothing_happened(
    venue: Venue, broker: AlpacaBroker, error: dict[str, Any]
) -> None:
    venue.says(error["status"], error["body"])
    with pytest.raises(OrderRejected) as refused:
        await broker.submit(order())
    assert refused.value.code == error["body"]["code"]
    assert refused.value.reason == error["body"]["message"]
    assert len(venue.asked) == 1


async def test_an_id_that_was_used_before_is_asked_for(venue: Venue, broker: AlpacaBroker) -> None:
    venue.says(422, {"code": 40010001, "message": "client_order_id must be unique"})
    with pytest.raises(OutcomeUnknown):
        await broker.submit(order())


async def test_too_many_requests_is_no_answer_to_an_order(venue: Venue, broker: AlpacaBroker) -> None:
    """It did nothing: whoever counts the requests sends it again when there is room."""
    venue.says(429, {"code": 42910000, "message": "rate limit exceeded"})
    with pytest.raises(TooManyRequests):
        await broker.submit(order())
    with pytest.raises(TooManyRequests):
        await broker.account()


async def test_what_is_not_there_is_none(venue: Venue, broker: AlpacaBroker) -> None:
    known = recorded("order")["id"]
    venue.says(404, {"code": 40410000, "message": f"order not found for {known}"})
    assert await broker.get(known) is None
    venue.says(404, {"code": 40410000, "message": "order not found"})
    assert await broker.find("c") is None


@pytest.mark.parametrize("body", [UNAUTHORIZED, HTML], ids=["as of the account", "as of clock and calendar"])
async def test_refused_keys_are_told_from_a_broker_that_is_away(
    venue: Venue, broker: AlpacaBroker, body: Any
) -> None:
    venue.says(401, body)
    for question in (broker.account(), broker.market_state(), broker.instruments(), broker.find("x")):
        with pytest.raises(Unavailable) as refused:
            await question
        assert refused.value.code == KEYS_REFUSED
    venue.says(503, HTML)
    with pytest.raises(Unavailable) as away:
        await broker.account()
    assert away.value.code == "BROKER_ERROR"


# --- keys -------------------------------------------------------------------------------------------


@pytest.fixture
def hosts(venue: Venue) -> tuple[AlpacaKeyChecker, Venue]:
    """Give a checker whose paper host says what it is told, and whose live host nobody answers for."""
    return AlpacaKeyChecker(paper=f"http://127.0.0.1:{venue.server_port}", live="http://127.0.0.1:9"), venue


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.OK),
        ({"account_blocked": True}, Verdict.RESTRICTED),
        ({"trade_suspended_by_user": True}, Verdict.RESTRICTED),
        ({"status": "APPROVAL_PENDING"}, Verdict.RESTRICTED),
    ],
)
async def test_right_keys(
    hosts: tuple[AlpacaKeyChecker, Venue], changes: dict[str, Any], verdict: Verdict
) -> None:
    checker, paper = hosts
    paper.says(200, recorded("account") | changes)
    found = await checker.check(KEYS, paper=True)
    assert (found.verdict, found.equity) == (verdict, Decimal("100005.83"))


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (401, UNAUTHORIZED, Verdict.WRONG_KEYS),
        (403, {"message": "forbidden."}, Verdict.WRONG_KEYS),  # an older observation
        (429, {"message": "too many requests."}, Verdict.UNREACHABLE),
        (503, HTML, Verdict.UNREACHABLE),
        (200, HTML, Verdict.UNREACHABLE),
        (200, {"welcome": "to the hotel's network"}, Verdict.UNREACHABLE),
    ],
)
async def test_keys_that_are_not_accepted(
    hosts: tuple[AlpacaKeyChecker, Venue], status: int, body: Any, verdict: Verdict
) -> None:
    checker, paper = hosts
    paper.says(status, body)
    found = await checker.check(KEYS, paper=True)
    assert found.verdict is verdict
    assert found.equity is None
    assert "PKTEST" not in found.sentence


async def test_keys_of_the_other_kind_are_named(venue: Venue) -> None:
    venue.says(200, recorded("account"))
    here, refusing = f"http://127.0.0.1:{venue.server_port}", Venue()
    refusing.says(401, UNAUTHORIZED)
    thread = threading.Thread(target=refusing.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    there = f"http://127.0.0.1:{refusing.server_port}"
    try:
        live_keys = await AlpacaKeyChecker(paper=there, live=here).check(KEYS, paper=True)
        paper_keys = await AlpacaKeyChecker(paper=here, live=there).check(KEYS, paper=False)
    finally:
        refusing.shutdown()
        thread.join()
        refusing.server_close()
    assert live_keys.verdict is Verdict.LIVE_KEYS_FOR_PAPER
    assert paper_keys.verdict is Verdict.PAPER_KEYS_FOR_LIVE


async def test_nobody_there(hosts: tuple[AlpacaKeyChecker, Venue]) -> None:
    found = await hosts[0].check(KEYS, paper=False)
    assert found.verdict is Verdict.UNREACHABLE


# --- hosts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paper", "feed", "trading", "updates", "bars"),
    [
        (
            True,
            "iex",
            "https://paper-api.alpaca.markets",
            "wss://paper-api.alpaca.markets/stream",
            "wss://stream.data.alpaca.markets/v2/iex",
        ),
        (
            False,
            "sip",
            "https://api.alpaca.markets",
            "wss://api.alpaca.markets/stream",
            "wss://stream.data.alpaca.markets/v2/sip",
        ),
    ],
)
async def test_an_account_is_at_the_hosts_that_alpaca_py_knows(
    paper: bool, feed: str, trading: str, updates: str, bars: str
) -> None:
    config = at(None, paper=paper, feed=feed)
    assert not config.practice
    client = AlpacaClient(config)
    client.close()
    assert client.trading._base_url == trading
    assert client.data._base_url == "https://data.alpaca.markets"
    assert _TradeSocket(config, lambda _: None)._endpoint == updates
    assert AlpacaBarStream(config)._address == bars


def test_a_configuration_does_not_show_its_keys() -> None:
    shown = repr(AlpacaConfig.at_alpaca(key_id="PKVISIBLE", secret_key="hidden", paper=True))
    assert "PKVISIBLE" not in shown
    assert "hidden" not in shown
