"""A thousand crashes (`make soak-crash`; KILLS=... for another number): not part of `make test`."""

import os
import random
from pathlib import Path

from tests.integration.backend import Backend
from tests.integration.crashes import PRACTICE, SYMBOLS, crash_repeatedly


async def test_after_a_thousand_crashes_the_books_agree(database_url: str, tmp_path: Path) -> None:
    kills = int(os.environ.get("KILLS", "1000"))
    seed = int(os.environ.get("SEED", str(random.randrange(1_000_000))))
    print(f"\nseed {seed}")  # noqa: T201 - what a failed run is repeated with
    async with Backend(
        database_url, tmp_path, symbols=SYMBOLS, practice_options=PRACTICE, fork_engine=True
    ) as backend:
        figures = await crash_repeatedly(backend, kills, seed=seed)
    print(figures)  # noqa: T201
    assert figures.kills == kills
