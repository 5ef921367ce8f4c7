"""What the end of a session, and of an order's own time, does to open orders."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from flotilla.practice.calendar import NEW_YORK, new_york_day
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.fill_model import Match, is_limit, limit_allows
from flotilla.practice.matching.orders import RESTING_TIMES, Order, TimeInForce
from flotilla.practice.matching.settlement import Settlement
from flotilla.practice.session import Session

_GOOD_TILL_CANCELED = timedelta(days=90)
_CLOSE, _EXPIRY_JOB = time(16, 0), time(16, 15)


class Expiry:
    """Works on the market's own book. `last_session` gives the last trading day up to a day."""

    def __init__(
        self,
        book: Book,
        settlement: Settlement,
        marks: dict[str, Decimal],
        last_session: Callable[[date], date],
    ) -> None:
        self._book = book
        self._settlement = settlement
        self._marks = marks
        self._last_session = last_session

    def of_good_till_canceled(self, now: datetime) -> datetime:
        """Return when a GTC order that comes `now` expires: at four on the last session within 90 days."""
        day = self._last_session(new_york_day(now) + _GOOD_TILL_CANCELED)
        return datetime.combine(day, _CLOSE, NEW_YORK).astimezone(now.tzinfo)

    def auction(self) -> Iterator[Match]:
        """Match CLS orders with the session's last prices."""
        for order in self._book.at_close():
            price = self._marks[order.symbol]
            if not is_limit(order) or limit_allows(order, price):
                yield Match(order, order.remaining, price)

    def close(self, session: Session) -> None:
        """At a session's close DAY orders expire, those of the evening too excepted; GTC orders whose day has
        come expire a quarter of an hour later."""
        evening = datetime.combine(session.day, _EXPIRY_JOB, NEW_YORK).astimezone(session.close.tzinfo)
        for order in self._book.open_orders():
            if order.time_in_force is TimeInForce.GTC:
                if order.expires_at <= evening:
                    self.expire(order, max(session.close, evening))
            elif not order.is_crypto and order.expires_at <= session.close:
                self.expire(order, session.close)

    def overdue(self, now: datetime) -> list[Order]:
        """Return the DAY orders of an evening that is over."""
        return [
            order
            for order in self._book.open_orders()
            if order.extended_hours and order.time_in_force is TimeInForce.DAY and order.expires_at <= now
        ]

    def expire(self, order: Order, at: datetime) -> None:
        """The order's time is over: one that never rests is cancelled, the others expire."""
        if not order.is_open:  # canceled with its group
            return
        if order.time_in_force in RESTING_TIMES:
            self._settlement.expire(order, at)
        else:
            self._settlement.cancel_group(order.root_id, at)
            self._book.prune(order.root_id)
