"""Watchlists: named lists of symbols, kept for their account and of no effect on the market."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from flotilla.db.session import Database
from flotilla.practice.errors import invalid_parameter
from flotilla.practice.tables import watchlists as table

_columns = table.c


@dataclass(frozen=True, slots=True)
class Watchlist:
    id: str
    account_id: str
    name: str
    symbols: list[str]
    created_at: datetime
    updated_at: datetime


class Watchlists:
    """Reads and writes them; a name is unique in its account (ApiError 422 otherwise)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, account_id: str) -> list[Watchlist]:
        """Return the account's watchlists, oldest first."""
        statement = select(table).where(_columns.account_id == account_id)
        async with self._database.transaction() as session:
            rows = await session.execute(statement.order_by(_columns.created_at, _columns.id))
            return [Watchlist(**row) for row in rows.mappings()]

    async def find(
        self, account_id: str, *, watchlist_id: str | None = None, name: str | None = None
    ) -> Watchlist | None:
        """Return the one with that id or that name."""
        which: ColumnElement[bool] = (
            _columns.name == name if watchlist_id is None else _columns.id == watchlist_id
        )
        async with self._database.transaction() as session:
            rows = await session.execute(select(table).where(_columns.account_id == account_id, which))
            row = rows.mappings().one_or_none()
            return Watchlist(**row) if row else None

    async def create(self, account_id: str, name: str, symbols: Sequence[str], now: datetime) -> Watchlist:
        created = Watchlist(str(uuid.uuid4()), account_id, name, list(symbols), now, now)
        values = {column.name: getattr(created, column.name) for column in table.columns}
        try:
            async with self._database.transaction() as session:
                await session.execute(insert(table).values(values))
        except IntegrityError:
            raise invalid_parameter("watchlist name must be unique") from None
        return created

    async def change(
        self, watchlist: Watchlist, name: str, symbols: Sequence[str], now: datetime
    ) -> Watchlist:
        """Give the watchlist that name and those symbols; returns it as it is then."""
        values = {"name": name, "symbols": list(symbols), "updated_at": now}
        statement = update(table).where(_columns.id == watchlist.id).values(values).returning(table)
        try:
            async with self._database.transaction() as session:
                row = (await session.execute(statement)).mappings().one()
                return Watchlist(**row)
        except IntegrityError:
            raise invalid_parameter("watchlist name must be unique") from None

    async def remove(self, watchlist: Watchlist) -> None:
        async with self._database.transaction() as session:
            await session.execute(delete(table).where(_columns.id == watchlist.id))
