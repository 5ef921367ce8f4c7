"""Which tickets and replacements an account may have: the checks in Alpaca's order."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal

from flotilla.practice.calendar import NEW_YORK
from flotilla.practice.errors import refused
from flotilla.practice.matching import checks
from flotilla.practice.matching.account import COIN_STEP, Account
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.orders import (
    ZERO,
    Order,
    OrderClass,
    OrderTicket,
    OrderType,
    Side,
    TimeInForce,
)
from flotilla.practice.matching.tickets import inferred_intent
from flotilla.practice.session import Session

# Notional purchases of coins are sized at this much above the price.
_COIN_BUFFER = Decimal("1.02")
_OPENING_CUT_OFF, _CLOSING_CUT_OFF = time(9, 28), timedelta(minutes=10)
_CLOSE, _AUCTIONS_AGAIN = time(16, 0), time(19, 0)


def check_auction(time_in_force: TimeInForce, now: datetime, session: Session, is_open: bool) -> None:
    """Refuse orders for an auction that is over or about to begin.

    Not to be asked while closed hours pass at once: no moment in them is better than another.
    """
    local = now.astimezone(NEW_YORK).time()
    between = _OPENING_CUT_OFF <= local < _AUCTIONS_AGAIN
    if time_in_force is TimeInForce.OPG and (is_open or between):
        raise refused("opg orders must be submitted after 7:00pm and before 9:28am")
    if time_in_force is TimeInForce.CLS:
        cut_off = (session.close if is_open else _usual_close(now)) - _CLOSING_CUT_OFF
        if now >= cut_off and local < _AUCTIONS_AGAIN:
            raise refused("cls orders must be submitted after 7:00pm and before 3:50pm")


def _usual_close(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(NEW_YORK).date(), _CLOSE, NEW_YORK)


class Acceptance:
    """Changes nothing; raises ApiError. `last_price` gives the newest price of a symbol, `marks` the
    last closes."""

    def __init__(self, book: Book, marks: dict[str, Decimal], last_price: Callable[[str], Decimal]) -> None:
        self._book = book
        self._marks = marks
        self._last_price = last_price

    def quantity(self, ticket: OrderTicket) -> Decimal:
        """Return the ticket's quantity; what its dollars buy, in shares or coins of nine decimals."""
        if ticket.qty is not None:
            return ticket.qty
        assert ticket.notional is not None
        price = ticket.limit_price or ticket.stop_price or self._last_price(ticket.symbol)
        if ticket.is_crypto and ticket.type is OrderType.MARKET and ticket.side is Side.BUY:
            price *= _COIN_BUFFER
        return max(COIN_STEP, (ticket.notional / price).quantize(COIN_STEP, ROUND_DOWN))

    def check(self, account: Account, ticket: OrderTicket, qty: Decimal) -> Decimal:
        """Refuse what may not be; returns what one share of the order holds of the buying power."""
        # The last completed close: bots derive their stops from it, and so does the backtest.
        close = self._marks[ticket.symbol]
        is_oco = ticket.order_class is OrderClass.OCO
        base_price = close if is_oco else ticket.limit_price or ticket.stop_price or close
        checks.check_intent(ticket, inferred_intent(account, ticket))
        checks.check_legs(account, ticket, base_price)
        checks.check_wash_trade(account, ticket, self._book)
        checks.check_quantity(account, ticket, qty, self._book)
        price = checks.reserve_price(ticket, self._last_price(ticket.symbol))
        checks.check_size(account, ticket, ticket.notional or price * qty, qty)
        if checks.closes_position(account, ticket.symbol, ticket.side):
            return ZERO
        if ticket.notional is not None:
            price = ticket.notional / qty
        self._check_funds(account, ticket.is_crypto, ticket.notional or price * qty)
        return price

    def check_replacement(self, account: Account, old: Order, new: Order) -> None:
        """Refuse a replacement that asks for more than there is: funds, or shares to close."""
        if new.opens_position:
            self._check_funds(
                account,
                new.is_crypto,
                cost=new.remaining * new.reserve_price,
                freed=old.remaining * old.reserve_price,
            )
        elif not new.is_leg and new.remaining > old.remaining:
            existing = abs(account.quantity(old.symbol))
            held = self._book.held_quantity(old.account_id, old.symbol, old.side) - old.remaining
            checks.check_available(old.symbol, new.remaining, existing, held, [old.id])

    def _check_funds(self, account: Account, coins: bool, cost: Decimal, freed: Decimal = ZERO) -> None:
        reserved = self._book.reserved(account.id) - freed
        if coins:
            checks.check_cash(cost, account.spendable_cash(reserved), account.cash)
            return
        cash = self._book.reserved_cash(account.id)
        checks.check_buying_power(cost, account.buying_power(self._marks, reserved, cash))
