"""An exchange in memory: it does what a test tells it, and nothing else.

Time passes by `Exchange.minute`; a market order fills when it arrives, unless told otherwise.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count

from uuid_utils import uuid7

from flotilla.domain.fills import Execution
from flotilla.domain.market import MINUTE, NEW_YORK, Bar, Instrument, Session
from flotilla.domain.orders import Order, OrderStatus, OrderType, Side
from flotilla.ports.broker import (
    AccountFigures,
    Activity,
    BrokerOrder,
    BrokerPosition,
    MarketState,
    OrderRejected,
    OutcomeUnknown,
)
from flotilla.ports.market_data import TradeUpdate
from tests.engine.fakes import FakeBarStream, FakeHistory, FakeTradeUpdates, Scripted

SYMBOLS = ("AAPL", "MSFT", "SPY")
OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)  # a Tuesday, 09:30 in New York
START = OPEN + timedelta(minutes=30)

S = OrderStatus
Prices = float | tuple[float, float, float, float]


class Exchange(Scripted):
    """`ports.broker.Broker`, with the market behind it and the streams of both."""

    def __init__(self, symbols: Sequence[str] = SYMBOLS, *, price: float = 90.0) -> None:
        super().__init__()
        self.now = START
        self.fills_at_once = True
        self.lenient = True  # opposite orders may meet
        self.touches = True  # bars that reach a leg's price fill it
        self.orders: dict[str, BrokerOrder] = {}
        self.sides: dict[str, Side] = {}
        self.legs: dict[str, list[str]] = {}
        self.held: dict[str, Decimal] = defaultdict(Decimal)
        self.spent = Decimal(0)
        self._executions: dict[str, list[Execution]] = defaultdict(list)
        self.happened: list[Activity] = []
        self._event_ids = count(1)
        self.trade_updates = FakeTradeUpdates()
        self.bar_stream = FakeBarStream()
        self.history = FakeHistory()
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
        self._check_position(order)
        if not self.lenient:
            self._check_wash_trade(order)
        parent = self._add(order, order.client_order_id, order.side, order.type)
        legs, closes = [], Side.SELL if order.side is Side.BUY else Side.BUY
        if order.take_profit_price is not None:
            legs.append(self._add(order, None, closes, OrderType.LIMIT, limit=order.take_profit_price))
        if order.stop_loss_price is not None:
            legs.append(self._add(order, None, closes, OrderType.STOP, stop=order.stop_loss_price))
        self.legs[parent] = legs
        receipt = self.nested(parent)
        self._change(parent, S.NEW, "new")
        if self.fills_at_once:
            self.fill(parent)
        return receipt

    async def replace(self, broker_order_id: str, order: Order) -> BrokerOrder:
        return await self._run("replace", self.put_in_place, broker_order_id, order)

    async def put_in_place(self, broker_order_id: str, order: Order) -> BrokerOrder:
        """Replace an order that rests, its price and its id only."""
        old = self.orders[broker_order_id]
        if any(known.client_order_id == order.client_order_id for known in self.orders.values()):
            raise OutcomeUnknown("client_order_id must be unique")
        if old.status not in (S.NEW, S.HELD):
            raise OrderRejected(f"cannot replace order in {old.status} status", code=42210000)
        key = self.successor(broker_order_id, order.client_order_id, stop=order.stop_price)
        return replace(self.orders[key], status=S.PENDING_NEW, legs_told=False)

    def successor(self, broker_order_id: str, client_order_id: str, *, stop: Decimal | None) -> str:
        """Let a new order take the place of one, whoever asked for it; returns its id."""
        old, key = self.orders[broker_order_id], str(uuid7())
        self.sides[key] = self.sides[broker_order_id]
        self.orders[key] = replace(
            old,
            broker_order_id=key,
            client_order_id=client_order_id,
            stop_price=stop,
            replaces=broker_order_id,
        )
        for legs in self.legs.values():
            if broker_order_id in legs:
                legs.append(key)
        self.orders[broker_order_id] = replace(old, replaced_by=key)
        self._change(broker_order_id, S.REPLACED, "replaced")
        self._change(key, old.status, "new")
        return key

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

    async def positions(self) -> Sequence[BrokerPosition]:
        return await self._run("positions", self._held)

    async def activities(self, after: datetime, *, trades: bool) -> Sequence[Activity]:
        return await self._run("activities", self._happened, after, trades)

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
        self._happens("FILL", order.symbol, signed, -signed * at, execution)
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

    def happens(self, kind: str, symbol: str | None = None, quantity: int = 0, cash: float = 0.0) -> None:
        """Something that no order did: a split, a transfer, a fee in the coin."""
        moved = Decimal(str(cash))
        if symbol is not None:
            self.held[symbol] += quantity
        self.spent -= moved
        self._happens(kind, symbol, Decimal(quantity), moved)

    def by_hand(self, symbol: str, quantity: int, price: float, client_order_id: str | None = None) -> str:
        """Somebody trades in the broker's own page: nothing of it is told us."""
        key = self.by_hand_resting(symbol, quantity, client_order_id)
        self.fill(key, price=price, told=False)
        return key

    def by_hand_resting(self, symbol: str, quantity: int, client_order_id: str | None = None) -> str:
        """An order of somebody's that waits to be filled."""
        key = str(uuid7())
        side = Side.BUY if quantity > 0 else Side.SELL
        self.sides[key] = side
        self.orders[key] = BrokerOrder(
            broker_order_id=key,
            client_order_id=client_order_id or str(uuid7()),
            status=S.NEW,
            symbol=symbol,
            type="market",
            quantity=Decimal(abs(quantity)),
            limit_price=None,
            stop_price=None,
            filled_quantity=Decimal(0),
            filled_average_price=None,
        )
        return key

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

    def available(self, symbol: str, side: Side) -> Decimal:
        """Shares that an order of this side may close, and no other holds; the legs of one group hold
        the same shares.
        """
        groups: dict[str, Decimal] = defaultdict(Decimal)
        for key, order in self.orders.items():
            if self.sides[key] is side and order.symbol == symbol and not order.status.is_terminal:
                root = self._group(key)[0]
                groups[root] = max(groups[root], order.quantity - order.filled_quantity)
        held = self.held[symbol] if side is Side.SELL else -self.held[symbol]
        return held - sum(groups.values())

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

    def _check_position(self, order: Order) -> None:
        """What closes the account's position may not be more than is free of it."""
        held = self.held[order.symbol]
        closes = held > 0 if order.side is Side.SELL else held < 0
        if closes and order.quantity > self.available(order.symbol, order.side):
            raise OrderRejected("insufficient qty available for order", code=40310000)

    def _check_wash_trade(self, order: Order) -> None:
        for key, other in self.orders.items():
            simple = not self.legs.get(key) and not any(key in legs for legs in self.legs.values())
            opposite = other.symbol == order.symbol and self.sides[key] is not order.side
            if opposite and simple and not other.status.is_terminal and order.stop_loss_price is None:
                raise OrderRejected("potential wash trade detected. use complex orders", code=40310000)

    def _group(self, key: str) -> list[str]:
        for parent, legs in self.legs.items():
            if key == parent or key in legs:
                return [parent, *legs]
        return [key]

    def _touch(self, bar: Bar) -> None:
        for key, order in list(self.orders.items()):
            if order.symbol != bar.symbol or order.status is not S.NEW:
                continue
            best, worst = (bar.high, bar.low) if self.sides[key] is Side.SELL else (-bar.low, -bar.high)
            sign = 1 if self.sides[key] is Side.SELL else -1
            if order.limit_price is not None and best >= sign * float(order.limit_price):
                self.fill(key, price=float(order.limit_price))
            elif order.stop_price is not None and worst <= sign * float(order.stop_price):
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

    def _happens(
        self,
        kind: str,
        symbol: str | None,
        quantity: Decimal,
        cash: Decimal,
        execution: Execution | None = None,
    ) -> None:
        number = f"{len(self.happened):06d}"
        self.happened.append(Activity(number, kind, self.now, symbol, quantity, cash, execution))

    async def _held(self) -> Sequence[BrokerPosition]:
        return [
            BrokerPosition(symbol, quantity, Decimal(str(self.last_price(symbol))))
            for symbol, quantity in self.held.items()
            if quantity
        ]

    async def _happened(self, after: datetime, trades: bool) -> Sequence[Activity]:
        return [one for one in self.happened if one.at > after and (one.type == "FILL") is trades]

    async def _figures(self) -> AccountFigures:
        cash = 100_000 - self.spent
        return AccountFigures(equity=cash, cash=cash, last_equity=Decimal(100_000))

    async def _listed(self) -> Sequence[Instrument]:
        return [Instrument(symbol, symbol, fractionable=True) for symbol in self.history.minutes]

    async def _calendar(self, start: date, end: date) -> Sequence[Session]:
        days = (start + timedelta(days=n) for n in range((end - start).days + 1))
        return [session_of(day) for day in days if day.weekday() < 5]

    async def _clock(self) -> MarketState:
        return MarketState(now=self.now, rate=1.0, source="test")


def bar_of(symbol: str, start: datetime, price: Prices) -> Bar:
    prices = price if isinstance(price, tuple) else (price,) * 4
    return Bar(symbol, start, *prices, 1000.0)


def session_of(day: date) -> Session:
    opens, closes = time(9, 30), time(16)
    return Session(*(datetime.combine(day, clock, NEW_YORK).astimezone(UTC) for clock in (opens, closes)))
