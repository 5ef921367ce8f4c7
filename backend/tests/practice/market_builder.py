"""A matching core in a test's hands: minutes given as prices, events read as words."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from flotilla.practice.matching.account import Account
from flotilla.practice.matching.bar_open import BarOpen
from flotilla.practice.matching.changes import Changes, Sequence
from flotilla.practice.matching.fill_model import FillModel
from flotilla.practice.matching.market import Market
from flotilla.practice.matching.orders import Order, OrderTicket
from flotilla.practice.session import MINUTE, Bar, Minute, Session

OPEN = datetime(2016, 1, 4, 14, 30, tzinfo=UTC)
SESSION = Session(OPEN.date(), OPEN, OPEN + 390 * MINUTE)
NEXT_SESSION = Session(
    datetime(2016, 1, 5, tzinfo=UTC).date(),
    datetime(2016, 1, 5, 14, 30, tzinfo=UTC),
    datetime(2016, 1, 5, 21, 0, tzinfo=UTC),
)
EVENING_END = datetime(2016, 1, 5, 1, 0, tzinfo=UTC)  # eight in New York
ACCOUNT = "account"
Prices = tuple[float, float, float, float]


def bar(prices: Prices, volume: int = 1000) -> Bar:
    return Bar(*prices, volume=volume, trade_count=10, vwap=prices[0])


def new_account(account_id: str = ACCOUNT, cash: Decimal = Decimal(100_000)) -> Account:
    return Account(
        id=account_id,
        key=account_id,
        secret="secret",
        created_at=OPEN,
        initial_cash=cash,
        cash=cash,
        realized=Decimal(0),
        last_equity=cash,
        multiplier=Decimal(4),
    )


class Tape:
    """The open market, a minute at a time. A symbol's prices are (open, high, low, close)."""

    def __init__(
        self,
        *,
        slippage_bps: str = "0",
        accounts: tuple[Account, ...] = (),
        fill_model: FillModel | None = None,
    ) -> None:
        self.accounts = accounts or (new_account(),)
        self.account = self.accounts[0]
        self.market = Market(
            self.accounts,
            (),
            fill_model or BarOpen(Decimal(slippage_bps)),
            Sequence(uuid.UUID(int=1)),
            SESSION,
        )
        self.volume = 1000  # of each bar
        self.changes: list[Changes] = []
        self.orders: dict[str, Order] = {}

    def open(self, **bars: Prices) -> None:
        """The session opens, its first minute in progress."""
        self.market.begin_minute(self._minute(SESSION.open, bars))
        self._collect()

    def minute(self, **bars: Prices) -> None:
        """The minute in progress ends, the next begins."""
        self.market.complete_minute()
        self._collect()
        assert self.market.minute is not None
        self.market.begin_minute(self._minute(self.market.minute.start + MINUTE, bars))
        self._collect()

    def close(self) -> None:
        """The minute in progress was the session's last."""
        self.market.complete_minute()
        self.market.close_session(NEXT_SESSION)
        self._collect()

    def evening(self, *minutes: dict[str, Prices]) -> None:
        """After the close stocks trade for these minutes, then until eight nothing happens."""
        for number, bars in enumerate(minutes):
            start = SESSION.close + number * MINUTE
            self.market.begin_minute(replace(self._minute(start, bars), extended=True))
            self.market.complete_minute()
            self._collect()
        self.market.sleep()
        self.market.expire_extended(EVENING_END)
        self._collect()

    def submit(self, ticket: OrderTicket, account_id: str = ACCOUNT) -> list[Order]:
        receipt = self.market.submit(account_id, ticket, self.now)
        self._collect()
        return receipt

    def cancel(self, order_id: str) -> None:
        self.market.cancel(ACCOUNT, order_id, self.now)
        self._collect()

    @property
    def now(self) -> datetime:
        return self.market.minute.start + MINUTE / 2 if self.market.minute else SESSION.close

    def fills(self) -> list[tuple[str, str, Decimal, Decimal]]:
        """Return (order type, side, quantity, price) of each execution so far."""
        return [
            (self.orders[e.order_id].type.value, e.side.value, e.qty, e.price)
            for changes in self.changes
            for e in changes.executions
        ]

    def events(self, order: Order) -> list[str]:
        return [u.event for c in self.changes for u in c.updates if u.order.id == order.id]

    def status(self, order: Order) -> str:
        return self.orders[order.id].status.value

    def _minute(self, start: datetime, bars: dict[str, Prices]) -> Minute:
        return Minute(start, {symbol: bar(prices, self.volume) for symbol, prices in bars.items()})

    def _collect(self) -> None:
        changes = self.market.take_changes()
        self.changes.append(changes)
        self.orders.update(changes.orders)
