"""The engine process: the bots."""

import asyncio

import structlog

from flotilla.bootstrap import engine as bootstrap
from flotilla.domain.kernel.warm import load_kernel
from flotilla.entrypoints import logs, old_objects
from flotilla.entrypoints.process import lifetime
from flotilla.settings import Settings

log = structlog.get_logger(__name__)


async def main(settings: Settings) -> None:
    """Trade until told to end. Raises SystemExit when another engine is at work, or the lock is lost."""
    logs.configure(settings.log_level)
    load_kernel()  # a second, or the first minute would be late by it
    try:
        async with lifetime() as stop, bootstrap.engine_lock(settings) as lost:
            async with bootstrap.engine(settings) as fleet, asyncio.TaskGroup() as tasks:
                sparing = tasks.create_task(old_objects.set_aside(), name="old-objects")
                trading = tasks.create_task(fleet.run(), name="fleet")
                await _first(tasks, stop, lost)
                trading.cancel()
                sparing.cancel()
            if lost.is_set():
                raise SystemExit("The database connection that holds the engine's lock was lost.")
    except bootstrap.LockTaken:
        raise SystemExit("Another engine is at work on this database; stop it first.") from None
    log.info("engine_stopped")


async def _first(tasks: asyncio.TaskGroup, *events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waits = [tasks.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
