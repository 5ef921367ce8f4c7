"""What happens to an account beside fills, and what it was worth over time."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class NonTradeActivity:
    """A deposit (CSD), withdrawal (CSW), dividend (DIV), split (SPLIT), crypto fee (CFEE), ...

    `net_amount` is dollars into the account; `qty` is signed, in shares or coins.
    """

    id: str
    seq: int
    account_id: str
    activity_type: str
    date: date
    created_at: datetime
    net_amount: Decimal
    description: str
    symbol: str | None = None
    qty: Decimal | None = None
    price: Decimal | None = None
    per_share_amount: Decimal | None = None


class EquityPoint(NamedTuple):
    """`closing`: the account's equity at a session's close, kept for good."""

    account_id: str
    at: datetime
    equity: Decimal
    closing: bool
