"""What the `env.py` of every migrations folder calls: one transaction, one program at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

# Any number; it must be the same in every process that migrates one database.
_LOCK = 7_205_114_301


def _migrate(connection: Connection, metadata: MetaData, schema: str) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=schema,
        include_schemas=True,
        include_name=lambda name, type_, _parents: type_ != "schema" or name == schema,
        compare_type=True,
        transaction_per_migration=False,
    )
    context.run_migrations()


async def _online(metadata: MetaData, schema: str) -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate, metadata, schema)
    finally:
        await engine.dispose()


def run(metadata: MetaData, *, schema: str) -> None:
    """Run the migrations of `metadata` in `schema` (created when it is missing)."""
    asyncio.run(_online(metadata, schema))
