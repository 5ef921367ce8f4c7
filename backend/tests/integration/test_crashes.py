"""The engine is killed at random moments of a seeded replay; `make soak-crash` does it a thousand times."""

from pathlib import Path

from tests.integration.backend import Backend
from tests.integration.crashes import PRACTICE, SYMBOLS, crash_repeatedly


async def test_after_twenty_crashes_the_books_agree(database_url: str, tmp_path: Path) -> None:
    async with Backend(
        database_url, tmp_path, symbols=SYMBOLS, practice_options=PRACTICE, fork_engine=True
    ) as backend:
        figures = await crash_repeatedly(backend, 20, seed=20160104)
    assert figures.kills == 20
    assert figures.fills > 50, figures
    assert figures.orders["rejected"] > 0, figures
