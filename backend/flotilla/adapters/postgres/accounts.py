"""The stored accounts, as the engine and the API's connections read them."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from flotilla.adapters.postgres.store import transaction
from flotilla.db.session import Database
from flotilla.db.tables import AccountRow, EngineStateRow
from flotilla.ports.accounts import TradingAccount

# A live account takes a login to be enabled, and there is none yet: its kind is not traded.
_TRADED = ("practice", "alpaca_paper")


class PostgresAccounts:
    """`ports.accounts.AccountDirectory`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def trading(self) -> Sequence[TradingAccount]:
        async with transaction(self._database) as session:
            found = await session.scalars(_kept().where(AccountRow.kind.in_(_TRADED)).order_by(AccountRow.id))
            return [_account(row) for row in found]

    async def find(self, account_id: str) -> TradingAccount | None:
        async with transaction(self._database) as session:
            row = await session.scalar(_kept().where(AccountRow.id == account_id))
            return None if row is None else _account(row)

    async def say(self, account_id: str, problem: str | None) -> None:
        async with transaction(self._database) as session:
            await session.execute(
                insert(EngineStateRow)
                .values(account_id=account_id, problem=problem)
                .on_conflict_do_update(index_elements=["account_id"], set_={"problem": problem})
            )


def _kept() -> Select[AccountRow]:
    return select(AccountRow).where(AccountRow.archived_at.is_(None))


def _account(row: AccountRow) -> TradingAccount:
    return TradingAccount(row.id, row.name, row.kind, row.feed, row.sealed_keys)
