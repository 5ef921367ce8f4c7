"""The practice market's process."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from flotilla.entrypoints import logs
from flotilla.entrypoints.postgres import embedded
from flotilla.practice.server import serve
from flotilla.practice.settings import PracticeSettings


async def main(
    settings: PracticeSettings, *, data: Path, log_level: str, ready: Callable[[str], None]
) -> None:
    """Serve until told to end, with the embedded PostgreSQL in `data` where no address is set.

    Raises PracticeStartError or StartError.
    """
    logs.configure(log_level)
    async with AsyncExitStack() as stack:
        if not settings.database_url:
            address = await stack.enter_async_context(embedded(data / "postgres"))
            settings = replace(settings, database_url=address)
        await serve(settings, ready)
