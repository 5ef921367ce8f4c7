"""Runs stored backtests, a few at once, in threads of the API process.

No process of their own: the kernel releases the interpreter's lock, a year of minutes takes
milliseconds, and the bars in memory are those that previews use. Of several API processes one runs them.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import structlog

from flotilla.domain.errors import DomainError, Invalid
from flotilla.features.backtests import answers
from flotilla.features.backtests.instruments import InstrumentsOf
from flotilla.features.backtests.repository import BacktestQueue, StoredBacktest
from flotilla.features.backtests.requests import BacktestRequest, to_plan
from flotilla.research.backtest import BacktestCancelled
from flotilla.research.driver import Findings, backtest
from flotilla.research.fetch import FetchProgress
from flotilla.research.material import Materials
from flotilla.research.plan import check
from flotilla.wire.backtests import BacktestOut, BacktestStatus

log = structlog.get_logger(__name__)

AT_ONCE = 2
RESTARTED = "Flotilla was restarted while this backtest ran; run it again."
BROKEN = "The backtest failed; the log says why."
# Wall seconds: what other processes queued is seen this late, and pages hear of progress this often.
_POLL, _TELL = 2.0, 0.25
_GATHERED = 0.5  # of the progress: first the bars, then the run

Documents = tuple[dict[str, Any], dict[str, Any], list[tuple[datetime, dict[str, Any]]]]


@dataclass
class _Run:
    """A backtest under way. `unwanted` ends its thread; `progress` is written there and read here."""

    unwanted: threading.Event = field(default_factory=threading.Event)
    progress: float = 0.0

    def gathering(self, symbols: tuple[str, ...]) -> Callable[[FetchProgress], None]:
        def tell(fetch: FetchProgress) -> None:
            share = (symbols.index(fetch.symbol) + fetch.done / max(fetch.total, 1)) / len(symbols)
            self.progress = max(self.progress, share * _GATHERED)

        return tell

    def running(self, share: float) -> None:
        self.progress = _GATHERED + share * (1.0 - _GATHERED)


class BacktestRunner:
    """Takes what is queued. `emit` tells the pages."""

    def __init__(
        self,
        queue: BacktestQueue,
        materials: Materials,
        instruments: InstrumentsOf,
        emit: Callable[[BacktestOut], Awaitable[None]],
    ) -> None:
        self._queue = queue
        self._materials = materials
        self._instruments = instruments
        self._emit = emit
        self._work = asyncio.Event()

    def wake(self) -> None:
        """There may be work."""
        self._work.set()

    async def run(self) -> None:
        """Work until cancelled. What an ended process left running fails, with a reason."""
        await self._queue.fail_orphans(RESTARTED)
        async with asyncio.TaskGroup() as tasks:
            for number in range(AT_ONCE):
                tasks.create_task(self._serve(), name=f"backtests-{number}")

    async def _serve(self) -> None:
        while True:
            self._work.clear()
            while (row := await self._queue.take()) is not None:
                await self._one(row)
            try:
                async with asyncio.timeout(_POLL):
                    await self._work.wait()
            except TimeoutError:
                continue

    async def _one(self, row: StoredBacktest) -> None:
        run = _Run()
        shown = BacktestOut.model_validate(row)
        try:
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(self._outcome(row, run))
                telling = tasks.create_task(self._tell(shown, run, working))
                working.add_done_callback(lambda _: telling.cancel())
        finally:
            run.unwanted.set()
        status, reason = (BacktestStatus.CANCELLED, None) if working.cancelled() else working.result()
        progress = 1.0 if status is BacktestStatus.DONE else run.progress
        await self._emit(shown.model_copy(update={"status": status, "reason": reason, "progress": progress}))

    async def _tell(self, shown: BacktestOut, run: _Run, working: "asyncio.Task[Any]") -> None:
        """Say how far it is, and end it when nobody wants it any more."""
        told = -1.0
        while True:
            if run.progress != told:
                told = run.progress
                await self._emit(shown.model_copy(update={"progress": told}))
            if not await self._queue.advance(shown.id, told):
                run.unwanted.set()
                working.cancel()
                return
            await asyncio.sleep(_TELL)

    async def _outcome(self, row: StoredBacktest, run: _Run) -> tuple[BacktestStatus, str | None]:
        try:
            summary, curve, trades = await self._documents(row, run)
            wanted = await self._queue.finish(row.id, summary=summary, curve=curve, trades=trades)
            return (BacktestStatus.DONE if wanted else BacktestStatus.CANCELLED), None
        except BacktestCancelled:
            return BacktestStatus.CANCELLED, None
        except DomainError as error:
            reason = _sentence(error)
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, MemoryError):
            # One backtest must not take the process, and so every other, with it.
            log.exception("backtest failed", backtest_id=row.id)
            reason = BROKEN
        wanted = await self._queue.fail(row.id, reason)
        return (BacktestStatus.FAILED, reason) if wanted else (BacktestStatus.CANCELLED, None)

    async def _documents(self, row: StoredBacktest, run: _Run) -> Documents:
        request = BacktestRequest.model_validate(row.request)
        plan = to_plan(request.bots, request, limits=request.limits)
        check(plan)
        material = await self._materials.gather(plan, progress=run.gathering(plan.symbols))
        instruments = await self._instruments(plan)

        def work() -> Documents:
            return _documents(
                backtest(
                    plan,
                    material,
                    instruments=instruments,
                    progress=run.running,
                    cancelled=run.unwanted.is_set,
                )
            )

        return await asyncio.to_thread(work)


def _documents(found: Findings) -> Documents:
    """Summary, curve and trades as JSON can hold them."""
    trades = [(one.exit_time, _plain(answers.trade(one))) for one in found.result.trades]
    return _plain(answers.summary(found)), answers.curve(found), trades


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(orjson.dumps(body, option=orjson.OPT_UTC_Z))
    return plain


def _sentence(error: DomainError) -> str:
    if not isinstance(error, Invalid):
        return error.detail
    # The sentence alone would send a person to fields that are no longer on the screen.
    problems = list(dict.fromkeys(problem.message for problem in error.problems))
    return " ".join(problems[:3]) or error.detail
