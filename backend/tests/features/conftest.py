"""The API in this process: real routes and database, a broker and bars in memory."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from flotilla.db.session import Database
from tests.adapters.postgres.desk import Desk, open_desk
from tests.features.api import Api, serving


@pytest.fixture
def database_url(emptied_database_url: str) -> str:
    return emptied_database_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Api]:
    """Give the API of one account without bots."""
    async with serving(database) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refusing(module_database_url: str) -> AsyncIterator[Api]:
    """Give a module one API to send what is refused: at the end nothing may be stored in it."""
    database = Database(module_database_url)
    async with serving(database) as served:
        yield served
        assert await served.stored() == (0, 0, 0)
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fuzzed(module_database_url: str) -> AsyncIterator[Api]:
    """Give a module one API to which anything may be sent."""
    database = Database(module_database_url)
    async with serving(database) as served:
        yield served
    await database.close()


@pytest.fixture
async def desk(api: Api) -> Desk:
    """Give a bot of the API's account to trade with, as the engine does."""
    return await open_desk(api.database, api.account_id)
