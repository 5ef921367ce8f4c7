"""The bands between which a stock may trade, in the plan's own numbers."""

from datetime import timedelta

import pytest

from flotilla.practice.publishing.limit_bands import limit_bands
from flotilla.practice.session import Bar

HOUR = timedelta(hours=1)


def bar(price: float, volume: int = 100) -> Bar:
    return Bar(price, price, price, price, volume, 1, price)


@pytest.mark.parametrize(
    ("price", "down", "up"),
    [(100, 95, 105), (3.01, 2.86, 3.16), (2, 1.6, 2.4), (0.5, 0.35, 0.65), (0.1, 0.02, 0.18)],
)
def test_how_wide_they_are(price: float, down: float, up: float) -> None:
    assert limit_bands([bar(price)], HOUR) == pytest.approx((up, down), abs=0.011)


def test_they_are_doubled_before_the_close() -> None:
    assert limit_bands([bar(100)], timedelta(minutes=25)) == (110, 90)
    assert limit_bands([bar(100)], timedelta(minutes=26)) == (105, 95)


def test_the_reference_is_the_mean_of_the_trades() -> None:
    assert limit_bands([bar(100, 300), bar(200, 100)], HOUR) == (131.25, 118.75)
    assert limit_bands([], HOUR) is None
