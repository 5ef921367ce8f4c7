"""Engine, sessions and the one rule of transactions: whoever opens `transaction()` commits once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine


def asyncpg_url(database_url: str) -> str:
    """Return `database_url` with SQLAlchemy's asyncpg driver, whatever driver it named.

    Accepts `postgres://` and `postgresql://`; a Unix socket folder is given as `?host=/folder`.
    Raises ValueError when the address is not PostgreSQL's.
    """
    url = make_url(database_url.replace("postgres://", "postgresql://", 1))
    if url.get_backend_name() != "postgresql":
        raise ValueError(f"DATABASE_URL must start with postgresql://, not {url.get_backend_name()}://")
    return url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def libpq_url(database_url: str) -> str:
    """Return `database_url` in the driverless form that asyncpg itself takes."""
    url = make_url(asyncpg_url(database_url)).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def create_engine(database_url: str, **options: Any) -> AsyncEngine:
    """Create the asynchronous engine; connections are checked before use (a restarted server)."""
    options.setdefault("pool_pre_ping", True)
    return create_async_engine(asyncpg_url(database_url), **options)


class Database:
    """One engine and its sessions."""

    def __init__(self, database_url: str, **options: Any) -> None:
        self.engine = create_engine(database_url, **options)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session whose work is committed at the end, or rolled back on an error."""
        async with self._sessions() as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()
