"""Bots in the database. Every change that others must hear of is written with its event."""

from decimal import Decimal

from sqlalchemy import exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db import outbox
from flotilla.db.tables import AccountRow, BotRow, BotVersionRow, OrderRow, PositionRow
from flotilla.domain.bots import BotStatus, DesiredStatus
from flotilla.domain.kernel.fills import CASH_RESERVE
from flotilla.domain.orders import TERMINAL, Purpose
from flotilla.http import pagination
from flotilla.ports import bus
from flotilla.wire import rows
from flotilla.wire.bots import BotDefinition, BotOut

# What the service handles; only this module knows that it is a row.
StoredBot = BotRow
_AT_REST = (BotStatus.STOPPED, BotStatus.ERROR)


class BotRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, *, limit: int, cursor: str | None) -> pagination.Page[BotOut]:
        """Bots that are not archived, oldest first."""
        query = select(BotRow).where(BotRow.archived_at.is_(None))
        if cursor is not None:
            query = query.where(tuple_(BotRow.created_at, BotRow.id) > pagination.decode(cursor))
        found = await self._session.scalars(query.order_by(BotRow.created_at, BotRow.id).limit(limit + 1))
        page, last = pagination.cut(found.all(), limit)
        return pagination.Page[BotOut](
            items=[rows.bot(row) for row in page],
            next_cursor=None if last is None else pagination.encode(last.created_at, last.id),
        )

    async def get(self, bot_id: str) -> BotRow | None:
        """The bot, locked until the transaction ends; None when it is unknown or archived."""
        return await self._session.scalar(
            select(BotRow).where(BotRow.id == bot_id, BotRow.archived_at.is_(None)).with_for_update()
        )

    async def add(self, account_id: str, definition: BotDefinition) -> BotRow:
        row = BotRow(account_id=account_id, cash=definition.capital, **_columns(definition))
        self._session.add(row)
        await self._session.flush()
        await self._session.refresh(row)
        await self._keep_version(row)
        await self.changed(row)
        return row

    async def reserved(self, bot_id: str) -> Decimal:
        """What the bot's open entries may still cost (USD), with the kernel's reserve."""
        left = (OrderRow.quantity - OrderRow.filled_quantity) * OrderRow.expected_price
        total = await self._session.scalar(
            select(func.coalesce(func.sum(left), 0)).where(
                OrderRow.bot_id == bot_id,
                OrderRow.purpose == Purpose.ENTRY,
                OrderRow.status.not_in(TERMINAL),
            )
        )
        return Decimal(total or 0) * Decimal(repr(CASH_RESERVE))

    async def replace(self, row: BotRow, definition: BotDefinition, *, apply_to_open: bool) -> None:
        """Store a new version of the definition; a change of capital is a transfer of cash.

        `apply_to_open`: what the bot holds takes the new version's settings, too.
        """
        transfer = definition.capital - row.capital
        row.cash += transfer
        if row.equity is not None:
            row.equity += transfer
        for name, value in _columns(definition).items():
            setattr(row, name, value)
        row.version += 1
        if apply_to_open:
            row.protection_version = row.version
        await self._keep_version(row)
        await self.changed(row)

    async def changed(self, row: BotRow) -> None:
        """Tell the engine (a nudge) and the browsers (an event) of a bot's new state."""
        row.updated_at = func.now()
        await self._session.flush()
        await self._session.refresh(row)
        payload = rows.bot(row).model_dump(mode="json")
        await outbox.add_event(
            self._session, type="bot_status_changed", bot_id=row.id, payload={"bot": payload}
        )
        await outbox.nudge(self._session, bus.BOTS, row.id)

    async def archive(self, row: BotRow) -> None:
        row.archived_at = func.now()
        await self._session.flush()
        await outbox.add_event(self._session, type="bot_deleted", bot_id=row.id, payload={"bot_id": row.id})
        await outbox.nudge(self._session, bus.BOTS, row.id)

    async def is_flat(self, bot_id: str) -> bool:
        """Whether the bot holds nothing and has no order under way."""
        holds = exists().where(PositionRow.bot_id == bot_id, PositionRow.is_open)
        orders = exists().where(OrderRow.bot_id == bot_id, OrderRow.status.not_in(TERMINAL))
        return not await self._session.scalar(select(holds | orders))

    async def account_equity(self, account_id: str) -> Decimal | None:
        """The account's equity (USD) as the broker last reported it.

        The account is locked until the transaction ends: of two bots that are started at once, the second
        counts the first one's capital.
        """
        return await self._session.scalar(
            select(AccountRow.equity).where(AccountRow.id == account_id).with_for_update()
        )

    async def account_kind(self, account_id: str) -> str | None:
        """What the account is; None where it is archived."""
        query = select(AccountRow.kind).where(AccountRow.id == account_id, AccountRow.archived_at.is_(None))
        return await self._session.scalar(query)

    async def allocated(self, account_id: str, *, besides: str) -> Decimal:
        """The capital (USD) of the account's other bots that are not stopped, or are not to be."""
        total = await self._session.scalar(
            select(func.coalesce(func.sum(BotRow.capital), 0)).where(
                BotRow.account_id == account_id,
                BotRow.id != besides,
                BotRow.archived_at.is_(None),
                (BotRow.desired_status != DesiredStatus.STOPPED) | BotRow.status.not_in(_AT_REST),
            )
        )
        return Decimal(total or 0)

    async def claim_examples(self, account_id: str) -> bool:
        """Whether the account still waits for its example bots; says yes once."""
        account = await self._session.get_one(AccountRow, account_id, with_for_update=True)
        if account.examples_seeded:
            return False
        account.examples_seeded = True
        return True

    async def _keep_version(self, row: BotRow) -> None:
        definition = rows.definition(row).model_dump(mode="json")
        self._session.add(BotVersionRow(bot_id=row.id, version=row.version, definition=definition))


def _columns(definition: BotDefinition) -> dict[str, object]:
    stored = definition.model_dump(mode="json", exclude={"capital"})
    return {**stored, "capital": definition.capital}
