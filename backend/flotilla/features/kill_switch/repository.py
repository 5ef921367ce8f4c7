"""The kill switch in the database, and what it would do."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db import outbox
from flotilla.db.tables import AccountRow, BotRow, KillSwitchRow, OrderRow, PositionRow, UnmanagedRow
from flotilla.domain.bots import DesiredStatus
from flotilla.domain.orders import TERMINAL, Purpose
from flotilla.domain.reconciliation import CASH
from flotilla.features.kill_switch.schemas import ConsequencesOut, KillSwitchOut
from flotilla.ports import bus
from flotilla.wire.alerts import AlertOut


class KillSwitchRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def has_account(self, account_id: str) -> bool:
        """Whether there is such an account; it is locked until the transaction ends."""
        found = await self._session.get(AccountRow, account_id, with_for_update={"key_share": True})
        return found is not None

    async def read(self, account_id: str) -> KillSwitchOut:
        row = await self._session.get(KillSwitchRow, account_id)
        engaged = row is not None and row.released_at is None
        return KillSwitchOut(
            account_id=account_id,
            engaged=engaged,
            flatten=engaged and row is not None and row.flatten,
            unmanaged=engaged and row is not None and row.unmanaged,
            engaged_at=row.engaged_at if engaged and row is not None else None,
            released_at=None if row is None else row.released_at,
            consequences=await self._consequences(account_id),
        )

    async def engage(self, account_id: str, *, flatten: bool, unmanaged: bool, at: datetime) -> None:
        """Turn it on, or further on."""
        row = await self._session.get(KillSwitchRow, account_id)
        if row is None:
            row = KillSwitchRow(account_id=account_id)
            self._session.add(row)
        row.flatten, row.unmanaged = flatten, unmanaged
        row.engaged_at, row.released_at = at, None
        await self._session.flush()

    async def release(self, account_id: str, *, at: datetime) -> None:
        row = await self._session.get_one(KillSwitchRow, account_id)
        row.released_at = at
        await self._session.flush()

    async def tell(self, alert: AlertOut) -> None:
        """Nudge the engine, and write the change into the outbox: the browsers' news, and its audit."""
        payload = {"alert": alert.model_dump(mode="json")}
        await outbox.add_event(self._session, type="alert", bot_id=None, payload=payload)
        await outbox.nudge(self._session, bus.BOTS, alert.account_id)

    async def _consequences(self, account_id: str) -> ConsequencesOut:
        of_account = (BotRow.account_id == account_id, BotRow.archived_at.is_(None))
        bots = await self._session.scalar(
            select(func.count())
            .select_from(BotRow)
            .where(*of_account, BotRow.desired_status != DesiredStatus.STOPPED)
        )
        entries, orders = (
            await self._session.execute(
                select(func.count().filter(OrderRow.purpose == Purpose.ENTRY), func.count()).where(
                    OrderRow.account_id == account_id, OrderRow.status.not_in(TERMINAL)
                )
            )
        ).one()
        value = func.sum(func.abs(PositionRow.quantity) * PositionRow.current_price)
        positions, worth, profit = (
            await self._session.execute(
                select(func.count(), value, func.sum(PositionRow.unrealized_pnl))
                .join(BotRow, BotRow.id == PositionRow.bot_id)
                .where(*of_account, PositionRow.is_open)
            )
        ).one()
        unmanaged = await self._session.scalar(
            select(func.count())
            .select_from(UnmanagedRow)
            .where(
                UnmanagedRow.account_id == account_id,
                UnmanagedRow.symbol != CASH,
                UnmanagedRow.quantity != 0,
            )
        )
        return ConsequencesOut(
            bots=bots or 0,
            entries=entries,
            orders=orders,
            positions=positions,
            unmanaged=unmanaged or 0,
            value=worth or Decimal(0),
            unrealized_pnl=profit or Decimal(0),
        )
