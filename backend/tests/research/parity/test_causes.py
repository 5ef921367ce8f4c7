"""Each difference between live fills and the model's has one cause, and what follows from it inherits it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.orders import OrderStatus
from flotilla.ports.decision_log import Learnt
from flotilla.research.parity.causes import Cause, fill_parity, slippage
from flotilla.research.parity.evidence import Evidence, LiveOrder
from flotilla.research.parity.fills import ParityFill, Timed
from flotilla.research.parity.seen import LateBar

OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
S = OrderStatus


def at(minute: int) -> datetime:
    return OPEN + minute * MINUTE


def fill(minute: int, purpose: str = "entry", **changes: Any) -> Timed:
    """A fill decided at a minute's end, in the bar that opens then."""
    given = {
        "tau": at(minute),
        "symbol": "AAPL",
        "side": "buy" if purpose == "entry" else "sell",
        "purpose": purpose,
        "quantity": Decimal(10),
        "price": Decimal(100),
        "reason": "signal",
    } | changes
    bar = at(minute) - MINUTE if purpose in ("stop_loss", "take_profit") else at(minute)
    return Timed(bar, ParityFill(**given))


def order(minute: int, purpose: str = "entry", **changes: Any) -> LiveOrder:
    ten = Decimal(10)
    made = LiveOrder(at(minute), "AAPL", purpose, S.FILLED, ten, ten, Decimal(100), Decimal(100), 1)
    return replace(made, **changes)


def start(minute: int) -> int:
    return int(at(minute).timestamp())


LATE = LateBar("AAPL", start(4), start(6), Learnt.LATE)
CORRECTED = LateBar("AAPL", start(4), start(6), Learnt.CORRECTED)


@pytest.mark.parametrize(
    ("live", "model", "evidence", "cause"),
    [
        ([fill(5, price=Decimal("100.01"))], [fill(5)], Evidence([order(5)]), Cause.FILL_PRICE),
        (
            [fill(5, quantity=Decimal(4))],
            [fill(5)],
            Evidence([order(5, filled=Decimal(4), status=S.CANCELED)]),
            Cause.PARTIAL,
        ),
        ([], [fill(5)], Evidence([order(5, filled=Decimal(3), status=S.EXPIRED)]), Cause.PARTIAL),
        ([], [fill(5)], Evidence([order(5, filled=Decimal(0), status=S.EXPIRED)]), Cause.ORDER_LATE),
        ([], [fill(5)], Evidence([order(5, filled=Decimal(0), status=S.REJECTED)]), Cause.REJECTED),
        ([], [fill(5)], Evidence([order(5, filled=Decimal(0), status=S.NOT_SENT)]), Cause.REJECTED),
        ([], [fill(5)], Evidence([order(5, filled=Decimal(0), status=S.ACCEPTED)]), Cause.ORDER_LATE),
        ([Timed(at(6), fill(5).fill)], [fill(5)], Evidence([order(5)]), Cause.ORDER_LATE),
        (
            [fill(9, "stop_loss", price=Decimal("97"))],
            [fill(9, "stop_loss", price=Decimal("98"))],
            Evidence([order(5, "stop_loss", moved=True)]),
            Cause.REPRICE_LATE,
        ),
        ([], [fill(5)], Evidence(limited=frozenset({(at(5), "AAPL")})), Cause.ACCOUNT_LIMIT),
        ([], [fill(5)], Evidence(gaps=[(at(4), at(6))]), Cause.DOWNTIME),
        ([], [fill(5)], Evidence(late=[LATE]), Cause.DATA_LATE),
        ([fill(6)], [], Evidence(late=[CORRECTED]), Cause.CORRECTED_BAR),
        ([fill(5, "flatten", reason="stopping")], [], Evidence(), Cause.MANUAL),
        ([], [fill(5)], Evidence(commands=[at(5)]), Cause.MANUAL),
        ([fill(9)], [], Evidence(edits=[at(3)]), Cause.EDITED),
        ([fill(9)], [], Evidence(), Cause.UNEXPLAINED),
    ],
)
def test_a_difference_has_the_cause_that_is_on_record(
    live: list[Timed], model: list[Timed], evidence: Evidence, cause: Cause
) -> None:
    found = fill_parity(live, model, evidence)
    assert [(one.cause, one.follows) for one in found.differences] == [(cause, False)]
    assert (found.equal, found.percent) == (0, 0.0)


def test_what_is_alike_is_counted_and_order_does_not_matter() -> None:
    both = [fill(5), fill(9, "exit"), fill(9, symbol="MSFT")]
    found = fill_parity(both, both[::-1], Evidence())
    assert (found.live, found.model, found.equal, found.percent) == (3, 3, 3, 100.0)
    assert found.differences == []


def test_what_follows_from_a_difference_has_its_cause() -> None:
    """An entry was rejected: the model's exit follows from it, and so does the next entry's other size."""
    rejected = order(5, filled=Decimal(0), status=S.REJECTED)
    later = fill(20, symbol="MSFT", quantity=Decimal(9))
    found = fill_parity(
        [later],
        [fill(5), fill(9, "exit"), fill(20, symbol="MSFT")],
        Evidence([rejected, order(20, symbol="MSFT", quantity=Decimal(9), filled=Decimal(9))]),
    )
    assert [(one.cause, one.follows) for one in found.differences] == [
        (Cause.REJECTED, False),
        (Cause.REJECTED, True),
        (Cause.REJECTED, True),
    ]


def test_a_leg_that_went_with_its_position_explains_nothing() -> None:
    """The entry was rejected and came again: the position's target is met, but its exit came first."""
    canceled = order(7, "take_profit", filled=Decimal(0), status=S.CANCELED)
    rejected = order(5, filled=Decimal(0), status=S.REJECTED)
    found = fill_parity(
        [fill(7), fill(9, "exit")],
        [fill(5), fill(9, "take_profit")],
        Evidence([rejected, order(7), canceled]),
    )
    assert [one.cause for one in found.differences if not one.follows] == [Cause.REJECTED]
    assert {one.cause for one in found.differences} == {Cause.REJECTED}


def test_a_bar_that_was_late_long_before_explains_only_what_nothing_else_does() -> None:
    rejected = order(60, filled=Decimal(0), status=S.REJECTED)
    found = fill_parity([fill(90)], [fill(60)], Evidence([rejected], late=[LATE]))
    assert [one.cause for one in found.differences] == [Cause.REJECTED, Cause.REJECTED]
    found = fill_parity([fill(90)], [], Evidence(late=[LATE]))
    assert [one.cause for one in found.differences] == [Cause.DATA_LATE]


def test_slippage_is_against_us_and_weighed_by_value() -> None:
    bought = order(5, price=Decimal("100.10"))
    sold = order(9, "exit", price=Decimal("99.95"), sign=-1, filled=Decimal(30))
    mean, worst = slippage([bought, sold, order(7, price=None, filled=Decimal(0))])
    assert worst == pytest.approx(10.0)
    assert mean == pytest.approx((10.0 * 1001.0 + 5.0 * 2998.5) / 3999.5)
    assert slippage([]) == (None, None)
