"""Previews: a backtest a keystroke. Only the newest of each page matters."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import orjson

from flotilla.domain.errors import Conflict, Unavailable
from flotilla.domain.market import Instrument
from flotilla.features.backtests import answers
from flotilla.features.backtests.requests import PreviewRequest
from flotilla.research.backtest import BacktestCancelled
from flotilla.research.driver import backtest
from flotilla.research.material import Material, Materials
from flotilla.research.plan import BacktestPlan

# As many as there are cores on a small machine; the kernel holds no lock while it runs.
_AT_ONCE = 2
_WAITING = 16
_RESAMPLES, _ALL_RESAMPLES = 200, 1_000


class Previews:
    """Runs them in threads, a few at once. A newer one of the same client ends the one before."""

    def __init__(self, materials: Materials) -> None:
        self._materials = materials
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._newest: dict[str, threading.Event] = {}

    async def answer(
        self,
        plan: BacktestPlan,
        request: PreviewRequest,
        instruments: Mapping[str, Instrument],
        unwanted: threading.Event,
    ) -> bytes:
        """The JSON of a `Preview`; `unwanted` is set when nobody waits for it any more.

        Bars that are missing are fetched first, and go on being fetched for a preview that is not wanted
        any more: the next one asks for them. Raises Invalid, Unavailable, Conflict (PREVIEW_REPLACED).
        """
        with self._only(request.client, unwanted):
            material = await self._materials.gather(plan)
            try:
                async with self._place():
                    return await asyncio.to_thread(_run, plan, request, material, instruments, unwanted)
            except BacktestCancelled:
                raise Conflict("A newer preview took its place.", code="PREVIEW_REPLACED") from None
            finally:
                unwanted.set()  # where the route is cancelled, its thread ends too

    @contextmanager
    def _only(self, client: str | None, unwanted: threading.Event) -> Iterator[None]:
        if client is None:
            yield
            return
        before = self._newest.get(client)
        if before is not None:
            before.set()
        self._newest[client] = unwanted
        try:
            yield
        finally:
            if self._newest.get(client) is unwanted:
                del self._newest[client]

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._waiting >= _WAITING:
            raise Unavailable("Too many previews at once; try again in a moment.", code="BUSY")
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turn.release()


def _run(
    plan: BacktestPlan,
    request: PreviewRequest,
    material: Material,
    instruments: Mapping[str, Instrument],
    unwanted: threading.Event,
) -> bytes:
    if unwanted.is_set():
        raise BacktestCancelled
    found = backtest(
        plan,
        material,
        instruments=instruments,
        resamples=_ALL_RESAMPLES if request.confidence else _RESAMPLES,
        cancelled=unwanted.is_set,
    )
    body = answers.preview(found, points=request.points, rows=request.rows)
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)
