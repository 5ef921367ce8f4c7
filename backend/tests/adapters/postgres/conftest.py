"""A database with its connections, and a bot to trade with."""

from collections.abc import AsyncIterator

import pytest

from flotilla.db.session import Database
from tests.adapters.postgres.desk import Desk, open_desk


@pytest.fixture
def database_url(emptied_database_url: str) -> str:
    return emptied_database_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await open_desk(database)
