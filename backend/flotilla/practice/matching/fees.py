"""What coins cost to trade. Stocks are free."""

from decimal import Decimal
from typing import NamedTuple

from flotilla.practice.matching.account import Account
from flotilla.practice.matching.orders import ZERO, Order, Side

TAKER = Decimal("0.0025")
MAKER = Decimal("0.0015")


class Fee(NamedTuple):
    """Coins kept of a purchase, or dollars kept of a sale's proceeds."""

    qty: Decimal = ZERO
    cash: Decimal = ZERO


def take(account: Account, order: Order, qty: Decimal, price: Decimal, maker: bool) -> Fee:
    """Take the fee of a trade that `account` has just booked; returns it."""
    if not order.is_crypto:
        return Fee()
    rate = MAKER if maker else TAKER
    if order.side is Side.BUY:
        return Fee(qty=account.take_coin_fee(order.symbol, qty, price, rate))
    return Fee(cash=account.take_cash_fee(qty * price, rate))
