"""What is outside, in memory: a broker, its bars, and a clock that stands still."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count

from flotilla.domain.errors import NotFound, Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.market import NEW_YORK, Bar, Instrument, Series, Session, Timeframe, aggregate
from flotilla.domain.orders import Order, OrderStatus, OrderType
from flotilla.http.dependencies import AccountMarket, InstrumentDirectory
from flotilla.ports.accounts import KeyCheck, Keys, Verdict
from flotilla.ports.broker import (
    AccountFigures,
    Activity,
    BrokerOrder,
    BrokerPosition,
    MarketState,
    OrderRejected,
)

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
INSTRUMENTS = (
    Instrument("AAPL", "Apple Inc."),
    Instrument("MSFT", "Microsoft Corporation"),
    Instrument("SPY", "SPDR S&P 500 ETF Trust"),
    Instrument("TSLA", "Tesla, Inc."),
    Instrument("GONE", "Delisted Apple Growers", tradable=False),
)


class FixedClock:
    """`ports.clock.WallClock` that goes on only when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


class FakeBroker:
    """`ports.broker.Broker`: accepts every order, and fills when told to."""

    def __init__(self, instruments: Sequence[Instrument] = INSTRUMENTS, *, now: datetime = NOW) -> None:
        self.listed = list(instruments)
        self.now = now
        self.reachable = True
        self.instrument_requests = 0
        self.orders: dict[str, BrokerOrder] = {}
        self._executions: dict[str, list[Execution]] = {}
        self._ids = count(1)

    async def submit(self, order: Order) -> BrokerOrder:
        self._answer()
        if any(known.client_order_id == order.client_order_id for known in self.orders.values()):
            raise OrderRejected("client_order_id must be unique", code=40010001)
        parent = self._accept(order, order.client_order_id, order.type, limit=order.limit_price)
        legs = []
        if order.take_profit_price is not None:
            legs.append(self._accept(order, None, OrderType.LIMIT, limit=order.take_profit_price))
        if order.stop_loss_price is not None:
            legs.append(self._accept(order, None, OrderType.STOP, stop=order.stop_loss_price))
        held = tuple(replace(leg, status=OrderStatus.HELD) for leg in legs)
        self.orders |= {leg.broker_order_id: leg for leg in held}
        self.orders[parent.broker_order_id] = replace(parent, legs=held)
        return self.orders[parent.broker_order_id]

    def fill(self, broker_order_id: str, quantity: Decimal, price: Decimal) -> Execution:
        """Execute a part of an order, or all of it."""
        order = self.orders[broker_order_id]
        filled = order.filled_quantity + quantity
        before = order.filled_quantity * (order.filled_average_price or Decimal(0))
        done = filled >= order.quantity
        self.orders[broker_order_id] = replace(
            order,
            filled_quantity=filled,
            filled_average_price=(before + quantity * price) / filled,
            status=OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED,
        )
        execution = Execution(broker_order_id, filled, quantity, price, self.now)
        self._executions.setdefault(broker_order_id, []).append(execution)
        return execution

    async def cancel(self, broker_order_id: str) -> None:
        self._answer()
        order = self.orders[broker_order_id]
        if not order.status.is_terminal:
            self.orders[broker_order_id] = replace(order, status=OrderStatus.CANCELED)

    async def find(self, client_order_id: str) -> BrokerOrder | None:
        self._answer()
        return next((o for o in self.orders.values() if o.client_order_id == client_order_id), None)

    async def get(self, broker_order_id: str) -> BrokerOrder | None:
        self._answer()
        return self.orders.get(broker_order_id)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        self._answer()
        return [order for order in self.orders.values() if not order.status.is_terminal]

    async def executions(self, broker_order_id: str) -> Sequence[Execution]:
        self._answer()
        return self._executions.get(broker_order_id, [])

    async def positions(self) -> Sequence[BrokerPosition]:
        self._answer()
        return []

    async def activities(self, after: datetime, *, trades: bool) -> Sequence[Activity]:
        self._answer()
        return []

    async def account(self) -> AccountFigures:
        self._answer()
        return AccountFigures(Decimal(100_000), Decimal(100_000), Decimal(100_000))

    async def instruments(self) -> Sequence[Instrument]:
        self.instrument_requests += 1
        self._answer()
        return list(self.listed)

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        """Every weekday from 09:30 to 16:00 New York."""
        self._answer()
        days = (start + timedelta(days=n) for n in range((end - start).days + 1))
        return [
            Session(_new_york(day, time(9, 30)), _new_york(day, time(16)))
            for day in days
            if day.weekday() < 5
        ]

    async def market_state(self) -> MarketState:
        self._answer()
        return MarketState(now=self.now, rate=1.0)

    def _answer(self) -> None:
        if not self.reachable:
            raise Unavailable("The broker cannot be reached; it is asked again.", code="BROKER_UNREACHABLE")

    def _accept(
        self,
        order: Order,
        client_order_id: str | None,
        kind: OrderType,
        *,
        limit: Decimal | None = None,
        stop: Decimal | None = None,
    ) -> BrokerOrder:
        number = next(self._ids)
        return BrokerOrder(
            broker_order_id=f"broker-{number}",
            client_order_id=client_order_id or f"leg-{number}",
            status=OrderStatus.ACCEPTED,
            symbol=order.symbol,
            type=kind,
            quantity=order.quantity,
            limit_price=limit,
            stop_price=stop,
            filled_quantity=Decimal(0),
            filled_average_price=None,
        )


class FakeBarHistory:
    """`ports.bar_history.BarHistory` over the minutes it is given."""

    def __init__(self, minutes: Mapping[str, Sequence[Bar]] | None = None, *, now: datetime = NOW) -> None:
        self.minutes = dict(minutes or {})
        self.now = now

    async def bars(
        self,
        symbols: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> Mapping[str, Sequence[Bar]]:
        until = end or self.now
        return {
            symbol: [
                bar
                for bar in self.minutes.get(symbol, ())
                if (start is None or bar.start >= start) and bar.start + timedelta(minutes=1) <= until
            ][-limit:]
            for symbol in symbols
        }

    async def latest(self, symbol: str, timeframe: Timeframe, limit: int) -> Sequence[Bar]:
        series = aggregate(Series.from_bars(self.minutes.get(symbol, ())), timeframe, until=self.now).tail(
            limit
        )
        columns = (series.open, series.high, series.low, series.close, series.volume)
        return [
            Bar(symbol, datetime.fromtimestamp(int(start), UTC), *(float(c[i]) for c in columns))
            for i, start in enumerate(series.start)
        ]


class FakeKeyChecker:
    """`ports.accounts.KeyChecker` that says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer = KeyCheck(Verdict.OK, "The keys are right.", Decimal(100_000))
        self.asked: list[tuple[Keys, bool]] = []

    async def check(self, keys: Keys, *, paper: bool) -> KeyCheck:
        self.asked.append((keys, paper))
        return self.answer


class FakeMarkets:
    """`http.dependencies.Markets` of the accounts that it is given."""

    def __init__(self) -> None:
        self.known: dict[str, AccountMarket] = {}

    def add(self, account_id: str, broker: FakeBroker, history: FakeBarHistory) -> None:
        self.known[account_id] = AccountMarket(InstrumentDirectory(broker), history)

    async def of(self, account_id: str) -> AccountMarket:
        if account_id not in self.known:
            raise NotFound("There is no such account.", code="ACCOUNT_NOT_FOUND")
        return self.known[account_id]


def _new_york(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)
