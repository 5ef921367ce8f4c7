"""What a broker's report on an order changes: order, fill, position, trade, cash, events.

One transaction, idempotent: the order row is locked first, so reports of one order are applied one
after the other, and a fill is unique by the broker's order id and the cumulative quantity.
"""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import positions, replacements, rows
from flotilla.db import outbox
from flotilla.db.tables import (
    BotRow,
    FillRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
    TradeRow,
    new_id,
)
from flotilla.domain.fills import Execution, Fill, fees
from flotilla.domain.ledger import Ledger
from flotilla.domain.orders import OrderStatus, OrderType, Purpose, Side, advances
from flotilla.domain.risk import ExitReason
from flotilla.domain.slippage import slippage
from flotilla.ports.broker import BrokerOrder
from flotilla.ports.store import Booked
from flotilla.wire import rows as wire

_LEG_REASONS = {
    Purpose.STOP_LOSS: ExitReason.STOP_TOUCHED,
    Purpose.TAKE_PROFIT: ExitReason.TARGET_TOUCHED,
}


async def book(
    session: AsyncSession, report: BrokerOrder, executions: Sequence[Execution], *, source: str
) -> Booked | None:
    """Apply one report; see `ports.store.EngineStore.book`."""
    row = await _locked_order(session, report) or await replacements.adopted(session, report)
    if row is None:
        return None
    before = row.status
    if row.broker_order_id is None:
        row.broker_order_id = report.broker_order_id
    legs = [(await _leg(session, row, leg), leg) for leg in report.legs]
    legs_missing = not legs and await _lacks_legs(session, row, report)
    successor = await replacements.unknown_successor(session, row, report)
    fills = []
    for execution in sorted(executions, key=lambda e: e.cumulative_quantity):
        booked = await _book_execution(session, row, execution, source)
        if booked is not None:
            fills.append(booked)
    await _advance(session, row, report, source, may_end=not legs_missing and successor is None)
    await session.flush()
    if row.replaces_id is not None and row.status != before:
        await positions.show_protection(session, row)
    return Booked(
        order=rows.order(row),
        fills=fills,
        missing=replacements.own_filled(row, report) > row.filled_quantity,
        legs=[rows.order(leg) for leg, _ in legs],
        legs_ahead=[rows.order(leg) for leg, told in legs if _is_behind(leg, told)],
        legs_missing=legs_missing,
        successor=successor,
    )


async def record_event(
    session: AsyncSession, row: OrderRow, to: OrderStatus, *, source: str, detail: str | None = None
) -> None:
    """Change an order's status and append to its audit."""
    session.add(
        OrderEventRow(order_id=row.id, from_status=row.status, to_status=to, source=source, detail=detail)
    )
    row.status = to
    await session.flush()


async def _locked_order(session: AsyncSession, report: BrokerOrder) -> OrderRow | None:
    # An unknown broker id may be the first word of an order that we know by our own id.
    return await session.scalar(
        select(OrderRow)
        .where(
            or_(
                OrderRow.broker_order_id == report.broker_order_id,
                OrderRow.client_order_id == report.client_order_id,
            )
        )
        .with_for_update()
    )


async def _leg(session: AsyncSession, parent: OrderRow, leg: BrokerOrder) -> OrderRow:
    """The row of a protective leg, made when it is first heard of."""
    found = await _locked_order(session, leg)
    if found is not None:
        return found
    purpose = Purpose.TAKE_PROFIT if leg.type == OrderType.LIMIT else Purpose.STOP_LOSS
    row = OrderRow(
        id=new_id(),
        bot_id=parent.bot_id,
        account_id=parent.account_id,
        client_order_id=leg.client_order_id,
        broker_order_id=leg.broker_order_id,
        parent_id=parent.id,
        lot=parent.lot,
        bot_version=parent.bot_version,
        symbol=parent.symbol,
        side=Side.SELL if parent.side == Side.BUY else Side.BUY,
        type=OrderType.LIMIT if purpose is Purpose.TAKE_PROFIT else OrderType.STOP,
        purpose=purpose,
        quantity=leg.quantity or parent.quantity,
        limit_price=leg.limit_price,
        stop_price=leg.stop_price,
        status=OrderStatus.HELD if not leg.status.is_terminal else OrderStatus.PENDING_NEW,
        expected_price=leg.limit_price or leg.stop_price,
        indicators_snapshot={},
        tau=parent.tau,
        decided_reason=_LEG_REASONS[purpose],
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


def _is_behind(row: OrderRow, told: BrokerOrder) -> bool:
    ended = told.status.is_terminal and not OrderStatus(row.status).is_terminal
    return ended or told.filled_quantity > row.filled_quantity


async def _lacks_legs(session: AsyncSession, row: OrderRow, report: BrokerOrder) -> bool:
    """Whether the order has legs at the broker that no report has told us of."""
    if report.legs_told or (row.take_profit_price is None and row.stop_loss_price is None):
        return False
    if report.status.is_terminal and not report.filled_quantity:
        return False  # they ended with it, and there is nothing to protect
    return not await session.scalar(select(exists().where(OrderRow.parent_id == row.id)))


async def _advance(
    session: AsyncSession, row: OrderRow, report: BrokerOrder, source: str, *, may_end: bool
) -> None:
    """Move the order's status on, but never to its end before its fills are booked and its legs known."""
    # An answer may be older than the fills that the stream has brought.
    reached = OrderStatus.FILLED if row.filled_quantity >= row.quantity else report.status
    behind = replacements.own_filled(row, report) > row.filled_quantity
    if reached.is_terminal and (not may_end or behind):
        return
    if not advances(OrderStatus(row.status), reached):
        return
    if report.reason is not None or row.status == OrderStatus.NOT_SENT:
        row.reason = report.reason
    await record_event(session, row, reached, source=source, detail=report.reason)
    if reached.is_terminal:
        await _finish_trade(session, row)


async def _book_execution(
    session: AsyncSession, order: OrderRow, execution: Execution, source: str
) -> Fill | None:
    """Book one execution, or return None when it is booked already."""
    fee, coin_fee = fees(order.symbol, Side(order.side), execution.quantity, execution.price)
    inserted = await session.scalar(
        insert(FillRow)
        .values(
            id=new_id(),
            order_id=order.id,
            bot_id=order.bot_id,
            broker_order_id=execution.broker_order_id,
            cumulative_quantity=execution.cumulative_quantity,
            symbol=order.symbol,
            side=order.side,
            quantity=execution.quantity,
            price=execution.price,
            fee=fee,
            coin_fee=coin_fee,
            source=source,
            executed_at=execution.executed_at,
        )
        .on_conflict_do_nothing(index_elements=["broker_order_id", "cumulative_quantity"])
        .returning(FillRow)
    )
    if inserted is None:
        return None
    before = order.filled_quantity * (order.filled_average_price or Decimal(0))
    order.filled_quantity += execution.quantity
    order.filled_average_price = (before + execution.quantity * execution.price) / order.filled_quantity
    _measure_slippage(order)
    # Before the bot and its position: whoever books a leg locks that first, too.
    if Purpose(order.purpose).is_leg:
        await replacements.pass_on(session, order, execution.quantity)
    legs = await _legs_of(session, order) if order.purpose == Purpose.ENTRY else ()
    # Not the strongest lock: the fill's foreign key shares the row's key already, and two orders of one
    # bot that both had it and wanted more would wait for each other.
    bot = await session.get_one(BotRow, order.bot_id, with_for_update={"key_share": True})
    position = await positions.open_position(session, order)
    if order.purpose == Purpose.ENTRY:
        _number(order, legs, position)
    fill = rows.fill(inserted, order)
    earned = await positions.book_fill(session, bot, order, position, fill)
    ledger = Ledger(bot.capital, bot.cash, bot.realized_pnl).apply(fill, profit=earned)
    bot.cash, bot.realized_pnl = ledger.cash, ledger.realized_pnl
    await _book_trade(session, bot, order, fill, earned)
    return fill


def _measure_slippage(order: OrderRow) -> None:
    """Keep what the order's fills so far cost against the price it was decided at."""
    found = slippage(Side(order.side), order.expected_price, order.filled_average_price)
    order.slippage = None if found is None else found.per_share
    order.slippage_bps = None if found is None else found.basis_points


async def _legs_of(session: AsyncSession, entry: OrderRow) -> Sequence[OrderRow]:
    found = await session.scalars(
        select(OrderRow).where(OrderRow.parent_id == entry.id).order_by(OrderRow.id).with_for_update()
    )
    return found.all()


def _number(entry: OrderRow, legs: Sequence[OrderRow], position: PositionRow | None) -> None:
    """Give an entry, and its legs, its number since the symbol was flat: the kernel's lot."""
    if position is None:
        entry.lot = 0
    elif entry.lot is None:
        entry.lot = position.lots
        position.lots += 1
    for leg in legs:
        leg.lot = entry.lot


async def _book_trade(
    session: AsyncSession, bot: BotRow, order: OrderRow, fill: Fill, earned: Decimal
) -> None:
    row = await session.scalar(select(TradeRow).where(TradeRow.order_id == order.id).with_for_update())
    if row is None:
        row = TradeRow(
            id=new_id(),
            bot_id=bot.id,
            order_id=order.id,
            symbol=order.symbol,
            type=order.side,
            purpose=order.purpose,
            fee=Decimal(0),
            profit_loss=None if fill.purpose is Purpose.ENTRY else Decimal(0),
            indicators_snapshot=order.indicators_snapshot,
            version=0,
            is_final=False,
        )
        session.add(row)
    row.quantity = order.filled_quantity
    row.price = order.filled_average_price or fill.price
    row.fee += fill.cost
    if row.profit_loss is not None:
        row.profit_loss += earned
    # Executions may be learnt of in any order.
    row.timestamp = fill.executed_at if row.timestamp is None else max(row.timestamp, fill.executed_at)
    row.version += 1
    row.is_final = order.filled_quantity >= order.quantity
    await _tell_trade(session, row, bot.name)


async def _finish_trade(session: AsyncSession, order: OrderRow) -> None:
    """An order that ended with a part filled has traded all it ever will."""
    row = await session.scalar(
        select(TradeRow).where(TradeRow.order_id == order.id, TradeRow.is_final.is_(False))
    )
    if row is not None:
        row.is_final = True
        row.version += 1
        bot = await session.get_one(BotRow, order.bot_id)
        await _tell_trade(session, row, bot.name)


async def _tell_trade(session: AsyncSession, row: TradeRow, bot_name: str) -> None:
    await session.flush()
    payload = wire.trade(row, bot_name).model_dump(mode="json")
    await outbox.add_event(session, type="trade_executed", bot_id=row.bot_id, payload={"trade": payload})
