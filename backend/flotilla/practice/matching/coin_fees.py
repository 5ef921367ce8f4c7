"""The day's fees of trades in coins, stated as activities when the day is over."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from flotilla.practice.calendar import new_york_day
from flotilla.practice.matching.back_office import BackOffice
from flotilla.practice.matching.orders import ZERO, Execution


def book_coin_fees(back_office: BackOffice, executions: Iterable[Execution], now: datetime) -> None:
    """Book one CFEE for the coins and one for the dollars kept, by account, pair and New York day.

    The fees themselves were taken with each trade.
    """
    kept: dict[tuple[str, str, date], tuple[Decimal, Decimal]] = {}
    for one in executions:
        key = (one.account_id, one.symbol, new_york_day(one.at))
        coins, dollars = kept.get(key, (ZERO, ZERO))
        kept[key] = (coins + one.fee_qty, dollars + one.fee_cash)
    for (account_id, symbol, day), (coins, dollars) in kept.items():
        for qty, net_amount in ((-coins or None, ZERO), (None, -dollars)):
            if qty or net_amount:
                back_office.book(
                    account_id,
                    "CFEE",
                    now,
                    day,
                    net_amount=net_amount,
                    description="Coin Pair Transaction Fee",
                    symbol=symbol,
                    qty=qty,
                )
