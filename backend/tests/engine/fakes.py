"""What is outside the engine, in memory: an exchange that does what a test tells it, and nothing else.

Time passes by `Exchange.minute`; a market order fills when it arrives, unless told otherwise.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from uuid_utils import uuid7

from flotilla.domain.errors import Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.market import MINUTE, NEW_YORK, Bar, Instrument, Session, Timeframe
from flotilla.domain.orders import Order, OrderStatus, OrderType, Side
from flotilla.ports.broker import AccountFigures, BrokerOrder, MarketState, OrderRejected, OutcomeUnknown
from flotilla.ports.market_data import Bars, Connected, TradeUpdate

SYMBOLS = ("AAPL", "MSFT", "SPY")
OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)  # a Tuesday, 09:30 in New York
START = OPEN + timedelta(minutes=30)

S = OrderStatus
Behaviour = Callable[..., Awaitable[Any]]
Prices = float | tuple[float, float, float, float]


# --- how a request may go wrong ---------------------------------------------------------------------


async def answer_lost(carry_out: Behaviour, *args: Any) -> Any:
    """The request arrives, its answer does not."""
    await carry_out(*args)
    raise OutcomeUnknown("ReadTimeout")


async def request_lost(carry_out: Behaviour, *args: Any) -> Any:
    raise OutcomeUnknown("ConnectTimeout")


async def unavailable(carry_out: Behaviour, *args: Any) -> Any:
    raise Unavailable("The broker cannot be reached.")


def refused(reason: str) -> Behaviour:
    async def refuse(carry_out: Behaviour, *args: Any) -> Any:
        raise OrderRejected(reason, code=40310000)

    return refuse


def nothing(answer: Any) -> Behaviour:
    """Say `answer` and do nothing."""

    async def say(carry_out: Behaviour, *args: Any) -> Any:
        return answer

    return say


def paused(until: asyncio.Event) -> Behaviour:
    """Carry the request out at once, and answer when told to."""

    async def wait(carry_out: Behaviour, *args: Any) -> Any:
        answer = await carry_out(*args)
        await until.wait()
        return answer

    return wait


class Gate:
    """Holds a request up before it is carried out."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.reached = False

    async def __call__(self, carry_out: Behaviour, *args: Any) -> Any:
        self.reached = True
        await self.open.wait()
        return await carry_out(*args)


class Scripted:
    """Remembers what it was asked, and does what a test has told it to do once or always."""

    def __init__(self) -> None:
        self.reachable = True
        self.calls: list[tuple[str, Any]] = []
        self._once: dict[str, deque[Behaviour]] = defaultdict(deque)

    def once(self, method: str, *behaviours: Behaviour) -> None:
        self._once[method].extend(behaviours)

    def forget(self, method: str) -> None:
        """From now on do as usual."""
        self._once[method].clear()

    def called(self, method: str) -> list[Any]:
        """What the calls of one method were about, in their order."""
        return [about for name, about in self.calls if name == method]

    async def _run(self, method: str, carry_out: Behaviour, *args: Any) -> Any:
        self.calls.append((method, args[0] if args else None))
        if not self.reachable:
            raise OutcomeUnknown("ConnectionError") if method in ("submit", "cancel") else Unavailable("away")
        if self._once[method]:
            return await self._once[method].popleft()(carry_out, *args)
        return await carry_out(*args)


# --- the exchange -----------------------------------------------------------------------------------


class Exchange(Scripted):
    """`ports.broker.Broker`, with the market behind it and the streams of both."""

    def __init__(self, symbols: Sequence[str] = SYMBOLS, *, price: float = 90.0) -> None:
        super().__init__()
        self.now = START
        self.fills_at_once = True
        self.touches = True  # bars that reach a leg's price fill it
        self.orders: dict[str, BrokerOrder] = {}
        self.sides: dict[str, Side] = {}
        self.legs: dict[str, list[str]] = {}
        self.held: dict[str, Decimal] = defaultdict(Decimal)
        self.spent = Decimal(0)
        self._executions: dict[str, list[Execution]] = defaultdict(list)
        self._event_ids = count(1)
        self.trade_updates = FakeTradeUpdates()
        self.bar_stream = FakeBarStream()
        self.history = FakeHistory(self)
        for symbol in symbols:
            minutes = (OPEN + n * MINUTE for n in range(30))
            self.history.add(*(Bar(symbol, start, *[price] * 4, 1000.0) for start in minutes))

    # --- requests -----------------------------------------------------------------------------

    async def submit(self, order: Order) -> BrokerOrder:
        return await self._run("submit", self.accept, order)

    async def accept(self, order: Order) -> BrokerOrder:
        """Take an order whatever else was said; the receipt shows it as it was when it came."""
        if any(known.client_order_id == order.client_order_id for known in self.orders.values()):
            raise OutcomeUnknown("client_order_id must be unique")  # a 422 that says: ask
        if order.side is Side.SELL and order.quantity > self.available(order.symbol):
            raise OrderRejected("insufficient qty available for order", code=40310000)
        parent = self._add(order, order.client_order_id, order.side, order.type)
        legs = []
        if order.take_profit_price is not None:
            legs.append(self._add(order, None, Side.SELL, OrderType.LIMIT, limit=order.take_profit_price))
        if order.stop_loss_price is not None:
            legs.append(self._add(order, None, Side.SELL, OrderType.STOP, stop=order.stop_loss_price))
        self.legs[parent] = legs
        receipt = self.nested(parent)
        self._change(parent, S.NEW, "new")
        if self.fills_at_once:
            self.fill(parent)
        return receipt

    async def cancel(self, broker_order_id: str) -> None:
        await self._run("cancel", self.cancel_group, broker_order_id)

    async def cancel_group(self, broker_order_id: str) -> None:
        """Cancel an order and the rest of its bracket; a done one is no error."""
        for member in self._group(broker_order_id):
            if not self.orders[member].status.is_terminal:
                self._change(member, S.CANCELED, "canceled")

    async def find(self, client_order_id: str) -> BrokerOrder | None:
        return await self._run("find", self._by_client_id, client_order_id)

    async def get(self, broker_order_id: str) -> BrokerOrder | None:
        return await self._run("get", self._by_id, broker_order_id)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        return await self._run("open_orders", self._open_orders)

    async def executions(self, broker_order_id: str) -> Sequence[Execution]:
        return await self._run("executions", self._executions_of, broker_order_id)

    async def account(self) -> AccountFigures:
        return await self._run("account", self._figures)

    async def instruments(self) -> Sequence[Instrument]:
        return await self._run("instruments", self._listed)

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        return await self._run("sessions", self._calendar, start, end)

    async def market_state(self) -> MarketState:
        return await self._run("market_state", self._clock)

    # --- what happens at the exchange ---------------------------------------------------------

    def fill(
        self,
        broker_order_id: str,
        quantity: int | None = None,
        price: float | None = None,
        *,
        told: bool = True,
    ) -> Execution:
        """Execute what is left of an order, or a part of it."""
        order = self.orders[broker_order_id]
        wanted = order.quantity - order.filled_quantity if quantity is None else Decimal(quantity)
        at = Decimal(str(self.last_price(order.symbol) if price is None else price))
        filled = order.filled_quantity + wanted
        before = order.filled_quantity * (order.filled_average_price or Decimal(0))
        done = filled >= order.quantity
        execution = Execution(broker_order_id, filled, wanted, at, self.now)
        self._executions[broker_order_id].append(execution)
        signed = wanted if self.sides[broker_order_id] is Side.BUY else -wanted
        self.held[order.symbol] += signed
        self.spent += signed * at
        self.orders[broker_order_id] = replace(
            order, filled_quantity=filled, filled_average_price=(before + wanted * at) / filled
        )
        status, event = (S.FILLED, "fill") if done else (S.PARTIALLY_FILLED, "partial_fill")
        self._change(broker_order_id, status, event, execution if told else None, told=told)
        for member in self._group(broker_order_id) if done else ():
            if self.orders[member].status is S.HELD:
                self._change(member, S.NEW, "new", told=told)
            elif not self.orders[member].status.is_terminal:
                self._change(member, S.CANCELED, "canceled", told=told)
        return execution

    def minute(self, **prices: Prices) -> datetime:
        """Let a minute with these bars pass: a close, or (open, high, low, close). Returns its end."""
        start, self.now = self.now, self.now + MINUTE
        bars = [bar_of(symbol, start, price) for symbol, price in prices.items()]
        self.history.add(*bars)
        for bar in bars if self.touches else ():
            self._touch(bar)
        self.bar_stream.send(*bars)
        return self.now

    def update(self, broker_order_id: str, execution: Execution | None = None) -> TradeUpdate:
        """What the stream says of an order as it is now."""
        order = replace(self.orders[broker_order_id], legs_told=False)
        event = "fill" if execution is not None else order.status.value
        return TradeUpdate(event, f"{next(self._event_ids):06d}", order, execution)

    # --- what is there ------------------------------------------------------------------------

    def by_client_id(self, client_order_id: str) -> BrokerOrder:
        return next(o for o in self.orders.values() if o.client_order_id == client_order_id)

    def nested(self, broker_order_id: str) -> BrokerOrder:
        legs = tuple(self.orders[leg] for leg in self.legs.get(broker_order_id, ()))
        return replace(self.orders[broker_order_id], legs=legs)

    def leg(self, kind: OrderType) -> BrokerOrder:
        """The newest leg of a kind."""
        legs = {leg for group in self.legs.values() for leg in group}
        return [o for o in self.orders.values() if o.broker_order_id in legs and o.type == kind][-1]

    def available(self, symbol: str) -> Decimal:
        """Shares that no open sale holds; the legs of one group hold the same shares."""
        groups: dict[str, Decimal] = defaultdict(Decimal)
        for key, order in self.orders.items():
            if self.sides[key] is Side.SELL and order.symbol == symbol and not order.status.is_terminal:
                root = self._group(key)[0]
                groups[root] = max(groups[root], order.quantity - order.filled_quantity)
        return self.held[symbol] - sum(groups.values())

    def last_price(self, symbol: str) -> float:
        return self.history.minutes[symbol][-1].close

    # --- inside -------------------------------------------------------------------------------

    def _add(
        self,
        order: Order,
        client_order_id: str | None,
        side: Side,
        kind: OrderType,
        *,
        limit: Decimal | None = None,
        stop: Decimal | None = None,
    ) -> str:
        key = str(uuid7())
        self.sides[key] = side
        self.orders[key] = BrokerOrder(
            broker_order_id=key,
            client_order_id=client_order_id or f"leg-{key}",
            status=S.PENDING_NEW if client_order_id else S.HELD,
            symbol=order.symbol,
            type=kind,
            quantity=order.quantity,
            limit_price=limit,
            stop_price=stop,
            filled_quantity=Decimal(0),
            filled_average_price=None,
        )
        return key

    def _change(
        self,
        key: str,
        status: OrderStatus,
        event: str,
        execution: Execution | None = None,
        *,
        told: bool = True,
    ) -> None:
        self.orders[key] = replace(self.orders[key], status=status)
        if told:
            self.trade_updates.send(replace(self.update(key, execution), event=event))

    def _group(self, key: str) -> list[str]:
        for parent, legs in self.legs.items():
            if key == parent or key in legs:
                return [parent, *legs]
        return [key]

    def _touch(self, bar: Bar) -> None:
        for key, order in list(self.orders.items()):
            if order.symbol != bar.symbol or order.status is not S.NEW:
                continue
            if order.limit_price is not None and bar.high >= float(order.limit_price):
                self.fill(key, price=float(order.limit_price))
            elif order.stop_price is not None and bar.low <= float(order.stop_price):
                self.fill(key, price=float(order.stop_price))

    async def _by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        found = (o.broker_order_id for o in self.orders.values() if o.client_order_id == client_order_id)
        key = next(found, None)
        return None if key is None else self.nested(key)

    async def _by_id(self, key: str) -> BrokerOrder | None:
        return self.nested(key) if key in self.orders else None

    async def _open_orders(self) -> Sequence[BrokerOrder]:
        return [replace(o, legs_told=False) for o in self.orders.values() if not o.status.is_terminal]

    async def _executions_of(self, key: str) -> Sequence[Execution]:
        return list(self._executions[key])

    async def _figures(self) -> AccountFigures:
        cash = 100_000 - self.spent
        return AccountFigures(equity=cash, cash=cash, last_equity=Decimal(100_000))

    async def _listed(self) -> Sequence[Instrument]:
        return [Instrument(symbol, symbol) for symbol in self.history.minutes]

    async def _calendar(self, start: date, end: date) -> Sequence[Session]:
        days = (start + timedelta(days=n) for n in range((end - start).days + 1))
        return [session_of(day) for day in days if day.weekday() < 5]

    async def _clock(self) -> MarketState:
        return MarketState(now=self.now, rate=1.0, source="test")


# --- streams and history ----------------------------------------------------------------------------


class Values:
    """An iterator over a queue: a reader that stops waiting does not end it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def __aiter__(self) -> "Values":
        return self

    async def __anext__(self) -> Any:
        value = await self.queue.get()
        if isinstance(value, Exception):
            raise value
        return value


class FakeTradeUpdates:
    """`ports.market_data.TradeUpdateStream`. What is sent while it is away is lost."""

    def __init__(self) -> None:
        self.values: Values | None = None
        self.away = False
        self.sent = 0
        self.last_id: str | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | TradeUpdate]]:
        self.values = Values()
        self.last_id = None
        self.values.queue.put_nowait(Connected())
        try:
            yield self.values
        finally:
            self.values = None

    def send(self, update: TradeUpdate) -> None:
        if self.values is not None and not self.away:
            self.values.queue.put_nowait(update)
            self.sent, self.last_id = self.sent + 1, update.event_id

    def reconnect(self) -> None:
        self.away = False
        assert self.values is not None
        self.values.queue.put_nowait(Connected())


class FakeBarStream(Scripted):
    """`ports.market_data.BarStream`: connected by the first subscription, as alpaca-py's."""

    def __init__(self) -> None:
        super().__init__()
        self.values: Values | None = None
        self.subscribed: set[str] = set()
        self.away = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Connected | Bars]]:
        self.values = Values()
        self.subscribed.clear()
        try:
            yield self.values
        finally:
            self.values = None

    async def subscribe(self, symbols: Sequence[str]) -> None:
        await self._run("subscribe", self._add, tuple(symbols))

    async def unsubscribe(self, symbols: Sequence[str]) -> None:
        await self._run("unsubscribe", self._drop, tuple(symbols))

    async def _add(self, symbols: Sequence[str]) -> None:
        assert self.values is not None, "subscribe only while the stream is open"
        if not self.subscribed and not self.away:
            self.values.queue.put_nowait(Connected())
        self.subscribed.update(symbols)

    async def _drop(self, symbols: Sequence[str]) -> None:
        assert self.values is not None, "unsubscribe only while the stream is open"
        self.subscribed.difference_update(symbols)

    def send(self, *bars: Bar) -> None:
        """One frame, with the bars that are subscribed."""
        wanted = tuple(bar for bar in bars if bar.symbol in self.subscribed)
        if wanted and self.values is not None and not self.away:
            self.values.queue.put_nowait(Bars(wanted))

    def reconnect(self) -> None:
        self.away = False
        assert self.values is not None
        self.values.queue.put_nowait(Connected())

    def fail(self, error: Exception) -> None:
        assert self.values is not None
        self.values.queue.put_nowait(error)


class FakeHistory(Scripted):
    """`ports.bar_history.BarHistory` over what has passed."""

    def __init__(self, exchange: "Exchange | None" = None) -> None:
        super().__init__()
        self._exchange = exchange
        self.minutes: dict[str, list[Bar]] = defaultdict(list)

    def add(self, *bars: Bar) -> None:
        for bar in bars:
            self.minutes[bar.symbol].append(bar)

    async def bars(
        self,
        symbols: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> Mapping[str, Sequence[Bar]]:
        return await self._run("bars", self._read, tuple(symbols), start, limit)

    async def _read(
        self, symbols: Sequence[str], start: datetime | None, limit: int
    ) -> Mapping[str, Sequence[Bar]]:
        return {
            symbol: [bar for bar in self.minutes[symbol] if start is None or bar.start >= start][-limit:]
            for symbol in symbols
        }

    async def latest(self, symbol: str, timeframe: Timeframe, limit: int) -> Sequence[Bar]:
        raise NotImplementedError("the engine builds its own timeframes")


class FakeNudges:
    """`ports.bus.Nudges`."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    @asynccontextmanager
    async def listen(self, *channels: str) -> AsyncIterator[asyncio.Queue[tuple[str, str]]]:
        yield self.queue

    def nudge(self) -> None:
        self.queue.put_nowait(("flotilla_bots", ""))


class FakePrices:
    """`ports.store.PriceFeed`."""

    def __init__(self) -> None:
        self.published: list[Sequence[Mapping[str, Any]]] = []

    async def publish(self, bars: Sequence[Mapping[str, Any]]) -> None:
        self.published.append(bars)


def bar_of(symbol: str, start: datetime, price: Prices) -> Bar:
    prices = price if isinstance(price, tuple) else (price,) * 4
    return Bar(symbol, start, *prices, 1000.0)


def session_of(day: date) -> Session:
    opens, closes = time(9, 30), time(16)
    return Session(*(datetime.combine(day, clock, NEW_YORK).astimezone(UTC) for clock in (opens, closes)))
