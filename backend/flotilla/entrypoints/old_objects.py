"""The garbage collector, told what is there to stay.

What bots are made of lives as long as they do. Each full collection looked at all of it, and stopped
everything for as long: a fifth of a second with a thousand bots, and more with more.
"""

import asyncio
import gc

import structlog

log = structlog.get_logger(__name__)

# Objects made before the young are looked at: a minute of a thousand bots makes some hundred thousand.
_YOUNG = 50_000
_LOOK_EVERY = 5.0  # wall seconds
_GROWN = 1.1


async def set_aside() -> None:
    """Set aside what the bots are made of, once after each time that many were started. Runs for ever."""
    gc.set_threshold(_YOUNG, 20, 20)
    gc.freeze()  # the programs themselves
    aside, before = 1, 0
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        tasks = len(asyncio.all_tasks())
        if tasks == before and tasks > aside * _GROWN:
            gc.collect()
            gc.freeze()
            aside = tasks
            log.info("objects_set_aside", objects=gc.get_freeze_count())
        before = tasks
