"""The API process's tasks: number the facts, send them, send prices and the summary."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import structlog

from flotilla.ports.bus import EVENTS, NUMBERED, PRICES, Nudges
from flotilla.ports.outbox import Outbox
from flotilla.realtime.messages import PriceBar, PriceUpdate, SummaryUpdated
from flotilla.realtime.server import RealtimeServer
from flotilla.wire.summary import SummaryOut

log = structlog.get_logger(__name__)

# Wall seconds.
_POLL, _COALESCE, _SUMMARY, _PRUNE = 2.0, 0.25, 1.0, 600.0
_BATCH = 500


class Broadcaster:
    """Reads the outbox in order and emits. Prices are coalesced: the newest bar of a symbol wins."""

    def __init__(
        self,
        server: RealtimeServer,
        outbox: Outbox,
        nudges: Nudges,
        read_summary: Callable[[], Awaitable[SummaryOut]],
    ) -> None:
        self._server = server
        self._outbox = outbox
        self._nudges = nudges
        self._read_summary = read_summary
        self._wake_relay = asyncio.Event()
        self._wake_sender = asyncio.Event()
        self._prices: dict[str, PriceBar] = {}

    async def run(self) -> None:
        """Run all of it; raises when the database is lost (the process is then restarted)."""
        sent = await self._server.begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="nudges")
            tasks.create_task(self._relay(), name="relay")
            tasks.create_task(self._send(sent), name="facts")
            tasks.create_task(self._send_prices(), name="prices")
            tasks.create_task(self._send_summary(), name="summary")
            tasks.create_task(self._prune(), name="prune")

    async def _listen(self) -> None:
        async with self._nudges.listen(EVENTS, NUMBERED, PRICES) as queue:
            while True:
                channel, payload = await queue.get()
                match channel:
                    case "flotilla_events":
                        self._wake_relay.set()
                    case "flotilla_numbered":
                        self._wake_sender.set()
                    case "flotilla_prices":
                        bars = (PriceBar.model_validate(bar) for bar in orjson.loads(payload))
                        self._prices.update({bar.symbol: bar for bar in bars})
                    case _:
                        raise ConnectionError("the database connection that brings nudges was lost")

    async def _relay(self) -> None:
        while True:
            self._wake_relay.clear()
            while await self._outbox.number():
                self._wake_sender.set()
            await _woken(self._wake_relay, _POLL)

    async def _send(self, sent: int) -> None:
        while True:
            self._wake_sender.clear()
            while facts := await self._outbox.after(sent, _BATCH):
                for fact in facts:
                    await self._server.emit_fact(fact)
                sent = facts[-1].number
            await _woken(self._wake_sender, _POLL)

    async def _send_prices(self) -> None:
        while True:
            await asyncio.sleep(_COALESCE)
            if self._prices:
                bars, self._prices = list(self._prices.values()), {}
                await self._server.emit(PriceUpdate(bars=bars))

    async def _send_summary(self) -> None:
        last: SummaryOut | None = None
        while True:
            summary = await self._read_summary()
            if summary != last:
                await self._server.emit(SummaryUpdated(summary=summary))
                last = summary
            await asyncio.sleep(_SUMMARY)

    async def _prune(self) -> None:
        while True:
            await asyncio.sleep(_PRUNE)
            await self._outbox.prune()


async def _woken(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
