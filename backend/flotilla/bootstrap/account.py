"""What both programs need to know of the account they work for."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.db.session import Database
from flotilla.db.tables import AccountRow, new_id
from flotilla.settings import Settings

PRACTICE_ACCOUNT = "Practice"


def database_url(settings: Settings) -> str:
    """The database's address. Raises ValueError when the settings name none."""
    if settings.database_url is None:
        raise ValueError("DATABASE_URL is not set; `flotilla run` starts a PostgreSQL of its own.")
    return settings.database_url.get_secret_value()


def practice_config(settings: Settings) -> AlpacaConfig:
    """The practice market's addresses, and the keys of its account."""
    return AlpacaConfig.for_practice(
        settings.market_url,
        key_id=settings.practice_key,
        secret_key=settings.practice_secret.get_secret_value(),
    )


async def practice_account(database: Database) -> str:
    """The id of the practice account, which is made when it is missing."""
    async with database.transaction() as session:
        await session.execute(
            insert(AccountRow)
            .values(id=new_id(), name=PRACTICE_ACCOUNT, kind="practice", epoch=1, examples_seeded=False)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        found = await session.scalar(select(AccountRow.id).where(AccountRow.name == PRACTICE_ACCOUNT))
        assert found is not None
        return found
