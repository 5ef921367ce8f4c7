"""Accounts in the database."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db import outbox
from flotilla.db.tables import AccountRow, BotRow, EngineStateRow, OrderRow, PositionRow, new_id
from flotilla.domain.bots import BotStatus, DesiredStatus
from flotilla.domain.orders import TERMINAL
from flotilla.domain.risk import AccountLimits
from flotilla.ports import bus

# What the service handles; only this module knows that they are rows.
StoredAccount = AccountRow
EngineState = EngineStateRow


class AccountRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[AccountRow]:
        """Accounts that are not archived, oldest first."""
        query = select(AccountRow).where(AccountRow.archived_at.is_(None))
        return (await self._session.scalars(query.order_by(AccountRow.created_at, AccountRow.id))).all()

    async def get(self, account_id: str, *, lock: bool = False) -> AccountRow | None:
        """The account; None when it is unknown or archived. `lock`: until the transaction ends."""
        query = select(AccountRow).where(AccountRow.id == account_id, AccountRow.archived_at.is_(None))
        return await self._session.scalar(query.with_for_update() if lock else query)

    async def engine_state(self, account_id: str) -> EngineStateRow | None:
        return await self._session.get(EngineStateRow, account_id)

    async def bots(self, account_id: str) -> tuple[int, int]:
        """How many bots the account has, and how many of them are wanted running."""
        wanted = func.count().filter(BotRow.desired_status != DesiredStatus.STOPPED)
        found = await self._session.execute(
            select(func.count(), wanted).where(BotRow.account_id == account_id, BotRow.archived_at.is_(None))
        )
        total, running = found.one()
        return int(total), int(running)

    async def is_in_use(self, account_id: str) -> bool:
        """Whether a bot of the account runs, holds something, or has an order under way."""
        alive = exists().where(
            BotRow.account_id == account_id,
            BotRow.archived_at.is_(None),
            (BotRow.desired_status != DesiredStatus.STOPPED)
            | BotRow.status.not_in((BotStatus.STOPPED, BotStatus.ERROR)),
        )
        holds = exists().where(
            PositionRow.bot_id == BotRow.id, BotRow.account_id == account_id, PositionRow.is_open
        )
        orders = exists().where(OrderRow.account_id == account_id, OrderRow.status.not_in(TERMINAL))
        return bool(await self._session.scalar(select(alive | holds | orders)))

    async def add(self, *, name: str, kind: str, feed: str, sealed: str, hint: str) -> AccountRow | None:
        """Store an account; None when another one has its name."""
        made = await self._session.scalar(
            insert(AccountRow)
            .values(
                id=new_id(),
                name=name,
                kind=kind,
                epoch=1,
                examples_seeded=True,  # examples are for the practice account
                feed=feed,
                sealed_keys=sealed,
                key_hint=hint,
            )
            .on_conflict_do_nothing(index_elements=["name"])
            .returning(AccountRow)
        )
        if made is not None:
            await self._changed(made)
        return made

    async def is_taken(self, name: str, *, besides: str) -> bool:
        found = exists().where(AccountRow.name == name, AccountRow.id != besides)
        return bool(await self._session.scalar(select(found)))

    async def change(self, row: AccountRow, *, name: str | None, feed: str | None) -> None:
        row.name = name or row.name
        row.feed = feed or row.feed
        await self._changed(row)

    async def replace_keys(self, row: AccountRow, *, sealed: str, hint: str) -> None:
        row.sealed_keys, row.key_hint = sealed, hint
        await self._changed(row)

    async def archive(self, row: AccountRow) -> None:
        """Trade on it no more, and forget its keys; its bots and their trades stay. Its name is free."""
        row.archived_at = func.now()
        row.sealed_keys = None
        row.name = f"{row.name} ({row.id})"
        await self._changed(row)

    async def limit(self, row: AccountRow, limits: AccountLimits) -> None:
        """Change the limits, and tell the engine. Where nothing is limited, nothing is remembered."""
        row.limits = asdict(limits)
        if limits.is_off:
            row.limits_state = {}
        await self._session.flush()
        await outbox.nudge(self._session, bus.BOTS, row.id)

    async def _changed(self, row: AccountRow) -> None:
        """Tell the engine, which then looks at its accounts."""
        await self._session.flush()
        await outbox.nudge(self._session, bus.ACCOUNTS, row.id)
