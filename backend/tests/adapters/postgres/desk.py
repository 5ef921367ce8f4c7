"""A bot with a database under it: orders are written, reports booked, and rows looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text

from flotilla.adapters.postgres.store import PostgresStore
from flotilla.db.session import Database
from flotilla.db.tables import BotRow, EventRow, OrderRow, PositionRow, TradeRow
from flotilla.domain.fills import Execution
from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose
from flotilla.domain.risk import ExitReason
from flotilla.ports.broker import BrokerOrder
from flotilla.ports.store import Booked, DecisionEntry, OrderDraft, StepRecord, StepStored
from tests.builders import add_account, add_bot

TAU = datetime(2026, 3, 10, 14, 31, tzinfo=UTC)
TABLES = ("bots", "orders", "order_events", "fills", "positions", "trades", "events", "engine_state")


def draft(key: str = "entry-1", **changes: Any) -> OrderDraft:
    given: dict[str, Any] = {
        "client_order_id": key,
        "symbol": "AAPL",
        "side": "buy",
        "purpose": Purpose.ENTRY,
        "quantity": Decimal(10),
        "take_profit_price": Decimal("104"),
        "stop_loss_price": Decimal("98"),
        "expected_price": Decimal("100"),
        "indicators_snapshot": {"rsi.rsi": 29.5, "close": 100.0},
        "tau": TAU,
        "decided_reason": ExitReason.SIGNAL,
    }
    return OrderDraft(**given | changes)


def sale(key: str = "exit-1", **changes: Any) -> OrderDraft:
    given: dict[str, Any] = {
        "side": "sell",
        "purpose": Purpose.EXIT,
        "take_profit_price": None,
        "stop_loss_price": None,
    }
    return draft(key, **given | changes)


def report(order: Order, status: OrderStatus, filled: int = 0, **changes: Any) -> BrokerOrder:
    """Return what the broker says of an order; its id there is the client's with a `b-` in front."""
    said = BrokerOrder(
        broker_order_id=f"b-{order.client_order_id}",
        client_order_id=order.client_order_id,
        status=status,
        symbol=order.symbol,
        type=order.type,
        quantity=order.quantity,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        filled_quantity=Decimal(filled),
        filled_average_price=None,
    )
    return replace(said, **changes)


def leg(order: Order, kind: OrderType, price: str, **changes: Any) -> BrokerOrder:
    said = BrokerOrder(
        broker_order_id=f"b-{order.client_order_id}-{kind}",
        client_order_id=f"leg-{order.client_order_id}-{kind}",
        status=OrderStatus.HELD,
        symbol=order.symbol,
        type=kind,
        quantity=order.quantity,
        limit_price=Decimal(price) if kind is OrderType.LIMIT else None,
        stop_price=Decimal(price) if kind is OrderType.STOP else None,
        filled_quantity=Decimal(0),
        filled_average_price=None,
    )
    return replace(said, **changes)


def execution(
    order: Order | BrokerOrder, cumulative: int, quantity: int, price: str, *, minute: int = 1
) -> Execution:
    broker_id = order.broker_order_id if isinstance(order, BrokerOrder) else f"b-{order.client_order_id}"
    assert broker_id is not None
    at = TAU + timedelta(minutes=minute)
    return Execution(broker_id, Decimal(cumulative), Decimal(quantity), Decimal(price), at)


@dataclass
class Desk:
    database: Database
    store: PostgresStore
    account_id: str
    bot_id: str

    async def step(
        self,
        *drafts: OrderDraft,
        decisions: Sequence[DecisionEntry] = (),
        checkpoint: Mapping[str, Any] | None = None,
        tau: datetime = TAU,
    ) -> StepStored:
        return await self.store.record_step(
            StepRecord(
                bot_id=self.bot_id,
                account_id=self.account_id,
                bot_version=1,
                tau=tau,
                decisions=decisions,
                orders=drafts,
                checkpoint=checkpoint or {},
                day_pnl=Decimal(0),
            )
        )

    async def order(self, wanted: OrderDraft | None = None) -> Order:
        (written,) = (await self.step(wanted or draft())).orders
        return written

    async def book(self, said: BrokerOrder, *executions: Execution, **options: Any) -> Booked:
        given = {"account_id": self.account_id, "source": "stream"} | options
        booked = await self.store.book(said, executions, **given)
        assert booked is not None
        return booked

    async def bought(self, quantity: int = 10, price: str = "100", wanted: OrderDraft | None = None) -> Order:
        """Return an entry that was filled whole."""
        order = await self.order(wanted or draft(quantity=Decimal(quantity)))
        done = report(order, OrderStatus.FILLED, quantity)
        return (await self.book(done, execution(order, quantity, quantity, price))).order

    # --- what is stored -----------------------------------------------------------------------

    async def bot(self) -> BotRow:
        async with self.database.transaction() as session:
            return await session.get_one(BotRow, self.bot_id)

    async def orders(self) -> list[OrderRow]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(OrderRow).order_by(OrderRow.id)))

    async def trades(self) -> list[TradeRow]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(TradeRow).order_by(TradeRow.id)))

    async def positions(self) -> list[PositionRow]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(PositionRow).order_by(PositionRow.id)))

    async def events(self) -> list[EventRow]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(EventRow).order_by(EventRow.id)))

    async def everything(self) -> dict[str, list[str]]:
        """Return every row of every table that a report may change."""
        found = {}
        async with self.database.transaction() as session:
            for table in TABLES:
                rows = await session.execute(text(f"SELECT t::text FROM flotilla.{table} t ORDER BY 1"))
                found[table] = [row for (row,) in rows]
        return found


async def open_desk(database: Database, account_id: str | None = None) -> Desk:
    """Store a bot, in a new account when none is given."""
    account_id = account_id or await add_account(database)
    bot_id = await add_bot(database, account_id)
    return Desk(database, PostgresStore(database), account_id, bot_id)
