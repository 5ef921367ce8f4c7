"""The practice market's own Alembic history."""

import asyncio
from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from flotilla.db.migrate import upgrade
from flotilla.db.session import Database
from flotilla.practice.tables import METADATA


def differences(connection: Connection) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == "practice",
        "compare_type": True,
        "version_table_schema": "practice",
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


def test_the_migrations_lead_to_the_tables(new_database: Callable[[], str]) -> None:
    address = new_database()
    upgrade(address, package="flotilla.practice")
    upgrade(address, package="flotilla.practice")  # a second time changes nothing

    async def compare() -> list[object]:
        database = Database(address)
        try:
            async with database.engine.connect() as connection:
                return await connection.run_sync(differences)
        finally:
            await database.close()

    assert asyncio.run(compare()) == []
