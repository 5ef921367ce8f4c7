"""Which report is news to an order, and the id that one decision's order always gets."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
import uuid_utils
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.market import NEW_YORK
from flotilla.domain.orders import TERMINAL, OrderStatus, Purpose, advances, client_order_id, to_quantity

S = OrderStatus
# What an order passes on its usual way, in steps: later ones are news to earlier ones only.
LINE = ((S.PENDING_SUBMIT,), (S.PENDING_NEW, S.ACCEPTED), (S.HELD,), (S.NEW,), (S.PARTIALLY_FILLED,))
# What the venue may do to a working order, after which anything may follow.
ASIDE = (
    S.PENDING_CANCEL,
    S.PENDING_REPLACE,
    S.DONE_FOR_DAY,
    S.STOPPED,
    S.SUSPENDED,
    S.CALCULATED,
    S.ACCEPTED_FOR_BIDDING,
    S.PENDING_REVIEW,
)
ENDS = (S.FILLED, S.CANCELED, S.EXPIRED, S.REPLACED, S.REJECTED)


def expected(current: OrderStatus, reported: OrderStatus) -> bool:
    place = {status: step for step, statuses in enumerate(LINE) for status in statuses}
    if current is reported:
        return False
    if current is S.NOT_SENT:
        return True
    if current in ENDS:
        return False
    if reported in ENDS or reported is S.NOT_SENT or current in ASIDE:
        return True
    return reported in ASIDE or place[reported] > place[current]


def test_every_status_has_its_place_here() -> None:
    placed = [*(status for step in LINE for status in step), *ASIDE, *ENDS, S.NOT_SENT]
    assert sorted(placed) == sorted(OrderStatus)
    assert frozenset((*ENDS, S.NOT_SENT)) == TERMINAL


@pytest.mark.parametrize("current", OrderStatus)
def test_what_is_news_to_an_order(current: OrderStatus) -> None:
    news = {reported for reported in OrderStatus if advances(current, reported)}
    assert news == {reported for reported in OrderStatus if expected(current, reported)}


@pytest.mark.parametrize(
    ("current", "reported", "news"),
    [
        (S.PENDING_SUBMIT, S.ACCEPTED, True),
        (S.PENDING_SUBMIT, S.FILLED, True),
        (S.NEW, S.PENDING_NEW, False),
        (S.PARTIALLY_FILLED, S.NEW, False),
        (S.FILLED, S.PARTIALLY_FILLED, False),
        (S.FILLED, S.CANCELED, False),
        (S.CANCELED, S.NEW, False),
        (S.NOT_SENT, S.NEW, True),
        (S.NOT_SENT, S.FILLED, True),
        (S.ACCEPTED, S.PENDING_NEW, False),
        (S.HELD, S.NEW, True),
        (S.NEW, S.PENDING_CANCEL, True),
        (S.PENDING_CANCEL, S.NEW, True),
        (S.PENDING_CANCEL, S.CANCELED, True),
    ],
)
def test_news_by_example(current: OrderStatus, reported: OrderStatus, news: bool) -> None:
    assert advances(current, reported) is news


@given(reports=st.permutations([S.PENDING_NEW, S.ACCEPTED, S.NEW, S.PARTIALLY_FILLED, S.FILLED]))
def test_reports_in_any_order_end_the_same(reports: list[OrderStatus]) -> None:
    status = S.PENDING_SUBMIT
    for reported in reports:
        status = reported if advances(status, reported) else status
    assert status is S.FILLED


TAU = datetime(2026, 3, 10, 14, 31, tzinfo=UTC)
BOT = str(uuid_utils.uuid7())


def id_of(**changes: object) -> str:
    parts = {"bot_id": BOT, "epoch": 1, "symbol": "AAPL", "tau": TAU, "purpose": Purpose.ENTRY} | changes
    return client_order_id(**parts)  # type: ignore[arg-type]


def test_one_decision_has_one_id() -> None:
    assert id_of() == f"{BOT}-1-AAPL-20260310T143100-entry-1"
    assert id_of(tau=TAU.astimezone(NEW_YORK)) == id_of()


def test_different_decisions_have_different_ids() -> None:
    parts: dict[str, list[object]] = {
        "bot_id": [BOT, str(uuid_utils.uuid7())],
        "epoch": [1, 2],
        "symbol": ["AAPL", "MSFT", "BTC/USD"],
        "tau": [TAU, TAU + timedelta(minutes=1), TAU + timedelta(days=1)],
        "purpose": list(Purpose),
        "lot": [None, 0, 1],
        "attempt": [1, 2],
    }
    ids = [id_of(**dict(zip(parts, chosen, strict=True))) for chosen in product(*parts.values())]
    assert len(set(ids)) == len(ids)


@given(
    symbol=st.from_regex(r"[A-Z]{1,6}(\.[A-Z]|/[A-Z]{3,4})?", fullmatch=True),
    epoch=st.integers(1, 10**6),
    purpose=st.sampled_from(Purpose),
    attempt=st.integers(1, 99),
)
def test_an_id_fits_alpacas_limit(symbol: str, epoch: int, purpose: Purpose, attempt: int) -> None:
    made = id_of(symbol=symbol, epoch=epoch, purpose=purpose, attempt=attempt)
    assert len(made) <= 128
    assert made.isascii()
    assert "/" not in made
    assert " " not in made


def test_legs_are_the_purposes_that_protect() -> None:
    assert {purpose for purpose in Purpose if purpose.is_leg} == {Purpose.STOP_LOSS, Purpose.TAKE_PROFIT}


def test_no_more_of_a_coin_is_sold_than_is_held() -> None:
    assert to_quantity(58.201591355, Decimal("1e-9")) == Decimal("58.201591355")
    assert to_quantity(0.1 + 0.2, Decimal("1e-9")) == Decimal("0.3")
    assert to_quantity(2.9999999999, Decimal(1)) == 3
    assert to_quantity(2.999, Decimal(1)) == 2
