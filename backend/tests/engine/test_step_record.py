"""What of an intent goes onto the order's row."""

from decimal import Decimal

import pytest

from flotilla.domain.market import Instrument
from flotilla.domain.orders import Intent, Purpose, Side
from flotilla.engine.step_record import order_draft
from tests.engine.exchange import START


@pytest.mark.parametrize(
    ("price", "stop", "target", "expected"),
    [
        (33.33, 32.66, 34.66, ("33.33", "32.66", "34.66")),
        (0.123, 0.1205, 0.1279, ("0.1230", "0.1205", "0.1279")),
    ],
)
def test_prices_are_in_the_steps_of_their_size(
    price: float, stop: float, target: float, expected: tuple[str, str, str]
) -> None:
    """The kernel's prices below one dollar are hundredths of a cent: cents would meet the price itself."""
    intent = Intent("AAPL", Side.BUY, Purpose.ENTRY, 10.0, price, START, stop, target)
    draft = order_draft(intent, bot_id="bot", epoch=1, instrument=Instrument("AAPL", "Apple"), heard=None)
    found = draft.expected_price, draft.stop_loss_price, draft.take_profit_price
    assert found == tuple(Decimal(text) for text in expected)
