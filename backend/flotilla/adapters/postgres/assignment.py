"""A difference becomes a bot's: booked as a trade of its, as if the bot had made it."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import booking
from flotilla.db.tables import BotRow, FindingRow, OrderRow, PositionRow, new_id
from flotilla.domain.fills import Execution
from flotilla.domain.orders import OrderStatus, OrderType, Purpose, Side
from flotilla.domain.reconciliation import CASH
from flotilla.ports.account_books import CannotAssign
from flotilla.ports.broker import BrokerOrder
from flotilla.ports.store import Booked, FillOutOfOrder


async def assign(session: AsyncSession, row: FindingRow) -> Booked:
    """Book the finding for the bot it names, at the price it was traded at.

    What no dollar was paid for (a split's shares, a fee in the coin) changes hands at zero: the
    position's cost stays what it was. Raises CannotAssign.
    """
    if row.symbol == CASH or not row.quantity:
        raise CannotAssign("Dollars alone belong to no bot: adopt them.")
    bot = None if row.bot_id is None else await session.get(BotRow, row.bot_id)
    if bot is None or bot.account_id != row.account_id or bot.archived_at is not None:
        raise CannotAssign("There is no such bot in this account.")
    held = await session.scalar(
        select(PositionRow.quantity).where(
            PositionRow.bot_id == bot.id, PositionRow.symbol == row.symbol, PositionRow.is_open
        )
    ) or Decimal(0)
    if held * row.quantity < 0 and abs(row.quantity) > abs(held):
        raise CannotAssign(f"The bot holds {held:f} {row.symbol}, which is less than what is missing.")
    closes = held * row.quantity < 0
    if not closes and bot.rules.get("entry" if row.quantity > 0 else "short_entry") is None:
        trade = "buy" if row.quantity > 0 else "sell short"
        raise CannotAssign(f"The bot does not {trade}: none of its rules would end the position.")
    order = await _order(session, row, bot, closes=closes)
    assert order.broker_order_id is not None
    price = -row.cash / row.quantity
    execution = Execution(order.broker_order_id, order.quantity, order.quantity, price, row.opened_at)
    try:
        booked = await booking.book(session, _report(order), [execution], source="assigned")
    except FillOutOfOrder as error:
        raise CannotAssign("The bot has nothing to sell of it, and cannot hold less than nothing.") from error
    assert booked is not None
    return booked


async def _order(session: AsyncSession, row: FindingRow, bot: BotRow, *, closes: bool) -> OrderRow:
    order = OrderRow(
        id=new_id(),
        bot_id=bot.id,
        account_id=row.account_id,
        client_order_id=f"assigned-{row.id}",
        broker_order_id=f"assigned-{row.id}",
        bot_version=bot.version,
        symbol=row.symbol,
        side=Side.BUY if row.quantity > 0 else Side.SELL,
        type=OrderType.MARKET,
        purpose=Purpose.EXIT if closes else Purpose.ENTRY,
        quantity=abs(row.quantity),
        filled_quantity=Decimal(0),
        status=OrderStatus.ACCEPTED,
        indicators_snapshot={},
        reason=f"Assigned: {row.detail}"[:500],
        tau=row.opened_at,
    )
    session.add(order)
    await session.flush()
    await session.refresh(order)
    return order


def _report(order: OrderRow) -> BrokerOrder:
    assert order.broker_order_id is not None
    return BrokerOrder(
        broker_order_id=order.broker_order_id,
        client_order_id=order.client_order_id,
        status=OrderStatus.FILLED,
        symbol=order.symbol,
        type=order.type,
        quantity=order.quantity,
        limit_price=None,
        stop_price=None,
        filled_quantity=order.quantity,
        filled_average_price=None,
        reason=order.reason,
    )
