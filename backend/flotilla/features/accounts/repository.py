"""Accounts in the database."""

from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db import outbox
from flotilla.db.tables import AccountRow
from flotilla.domain.risk import AccountLimits
from flotilla.ports import bus

# What the service handles; only this module knows that it is a row.
StoredAccount = AccountRow


class AccountRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, account_id: str) -> AccountRow | None:
        """The account, locked until the transaction ends; None when it is unknown or archived."""
        return await self._session.scalar(
            select(AccountRow)
            .where(AccountRow.id == account_id, AccountRow.archived_at.is_(None))
            .with_for_update()
        )

    async def limit(self, row: AccountRow, limits: AccountLimits) -> None:
        """Change the limits, and tell the engine. Where nothing is limited, nothing is remembered."""
        row.limits = asdict(limits)
        if limits.is_off:
            row.limits_state = {}
        await self._session.flush()
        await outbox.nudge(self._session, bus.BOTS, row.id)
