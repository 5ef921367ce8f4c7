"""What an order's fills cost against the price it was decided at (Perold's implementation shortfall,
"The Implementation Shortfall", 1988: execution against the decision price; the unfilled part is not in it).
"""

from dataclasses import dataclass
from decimal import Decimal

from flotilla.domain.orders import Side

_BASIS_POINTS = Decimal(10_000)
_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Slippage:
    """Signed, against us positive: USD per share (or coin), and basis points of the decision price."""

    per_share: Decimal
    basis_points: Decimal


def slippage(side: Side, decided_at: Decimal | None, filled_at: Decimal | None) -> Slippage | None:
    """What `filled_at` (the average price of an order's fills) cost against `decided_at`, both USD.

    None while nothing is filled, and where no price was decided at.
    """
    if decided_at is None or filled_at is None or decided_at <= 0:
        return None
    paid_more = filled_at - decided_at if side is Side.BUY else decided_at - filled_at
    return Slippage(
        per_share=paid_more.quantize(_STEP),
        basis_points=(paid_more / decided_at * _BASIS_POINTS).quantize(_STEP),
    )
