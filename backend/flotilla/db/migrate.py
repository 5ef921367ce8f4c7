"""Bring a schema to its newest revision. Each program owns one schema and one history."""

from importlib import resources

from alembic import command
from alembic.config import Config

from flotilla.db.session import asyncpg_url


def upgrade(database_url: str, *, package: str = "flotilla.db", revision: str = "head") -> None:
    """Run the migrations in `package`'s `migrations` folder up to `revision`.

    Safe to call from several processes at once: the environment takes an advisory lock.
    Blocks; opens an event loop of its own, so call it outside one (or in a thread).
    """
    with resources.as_file(resources.files(package) / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("sqlalchemy.url", asyncpg_url(database_url).replace("%", "%%"))
        command.upgrade(config, revision)
