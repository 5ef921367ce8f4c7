"""Against us is positive, whichever way we trade."""

from decimal import Decimal

import pytest

from flotilla.domain.orders import Side
from flotilla.domain.slippage import Slippage, slippage

D = Decimal


@pytest.mark.parametrize(
    ("side", "decided", "filled", "per_share", "basis_points"),
    [
        (Side.BUY, "100", "100.25", "0.25", "25"),  # paid more
        (Side.BUY, "100", "99.50", "-0.5", "-50"),
        (Side.SELL, "100", "99.50", "0.5", "50"),  # got less
        (Side.SELL, "200", "201", "-1", "-50"),
        (Side.BUY, "3", "3.0001", "0.0001", "0.333333"),
        (Side.BUY, "100", "100", "0", "0"),
    ],
)
def test_what_a_fill_cost(side: Side, decided: str, filled: str, per_share: str, basis_points: str) -> None:
    assert slippage(side, D(decided), D(filled)) == Slippage(D(per_share), D(basis_points))


@pytest.mark.parametrize(("decided", "filled"), [(None, D(1)), (D(1), None), (D(0), D(1))])
def test_without_both_prices_there_is_none(decided: Decimal | None, filled: Decimal | None) -> None:
    assert slippage(Side.BUY, decided, filled) is None
