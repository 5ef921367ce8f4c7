"""The program: migrate, open the venue, serve it until SIGINT or SIGTERM."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
import uvicorn

from flotilla.db.migrate import upgrade
from flotilla.db.session import Database
from flotilla.practice.application import create_application
from flotilla.practice.assets import AssetDirectory
from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.clock import MAX_SPEED
from flotilla.practice.credentials import Credentials
from flotilla.practice.faults import Faults
from flotilla.practice.history import History
from flotilla.practice.listening import address_of, listening_socket
from flotilla.practice.matching.bar_open import BarOpen
from flotilla.practice.matching.fill_model import FillModel
from flotilla.practice.matching.quotes import Quotes
from flotilla.practice.portfolio import Portfolio
from flotilla.practice.prices import Prices, coins_of, prices_of
from flotilla.practice.publishing.fakepaca import Fakepaca
from flotilla.practice.publishing.publisher import Publisher
from flotilla.practice.queries import Queries
from flotilla.practice.rate_limit import RateLimit
from flotilla.practice.rest.fault_drills import FaultDrills
from flotilla.practice.services import Services
from flotilla.practice.settings import FillModelName, PracticeSettings
from flotilla.practice.sources.scenario import ScenarioSource
from flotilla.practice.sources.source import PriceSource
from flotilla.practice.store import Store
from flotilla.practice.tape import Tape, seeded_walk
from flotilla.practice.venue import Venue
from flotilla.practice.watchlists import Watchlists

log = structlog.get_logger(__name__)

_GRACE_SECONDS = 3
_PRINT_SECONDS = 0.05
_ORDERBOOK_LIMIT = 10
_LARGEST_MESSAGE = 1_000_000


async def serve(settings: PracticeSettings, ready: Callable[[str], None] | None = None) -> None:
    """Serve the practice market until SIGINT, SIGTERM (in the main thread) or cancellation.

    `ready` is called once with the base address when requests are answered; without it a line is
    logged. Raises PracticeStartError when it cannot start.
    """
    calendar = TradingCalendar()
    prices: Prices | None = prices_of(settings, calendar)
    announce = ready or _log_ready
    with listening_socket(settings.host, settings.port) as listener:
        await asyncio.to_thread(upgrade, settings.database_url, package="flotilla.practice")
        database = Database(settings.database_url)
        try:
            while prices is not None:  # asked for other ones: a new market at the same address
                restart = _Restart(prices.settings, calendar)
                services = await _services(prices, database, calendar, restart)
                await _run(services, listener, prices.settings, announce, restart)
                prices, announce = restart.asked, _log_ready
        finally:
            await database.close()


class _Restart:
    """Takes the request for a market with other settings, and ends the one that runs."""

    def __init__(self, settings: PracticeSettings, calendar: TradingCalendar) -> None:
        self._settings = settings
        self._calendar = calendar
        self.asked: Prices | None = None
        self.stop: Callable[[], None] | None = None

    async def ask(self, changes: dict[str, Any]) -> None:
        """Raises PracticeStartError when there are no such prices; the market then goes on."""
        changed = replace(self._settings, **{"start": None, "anew": False, **changes})
        self.asked = await asyncio.to_thread(prices_of, changed, self._calendar)
        if self.stop is not None:
            self.stop()


async def _services(
    prices: Prices, database: Database, calendar: TradingCalendar, restart: _Restart
) -> Services:
    settings, source = prices.settings, prices.source
    coins = coins_of(settings)
    if prices.scenario.events:
        coins = ScenarioSource(coins, prices.scenario)
    history = History(source, coins, extended=settings.extended_hours)
    tape = Tape(history, seeded_walk(settings.seed, settings.spread_bps))
    faults = Faults(settings.seed)
    publisher = Publisher(history, tape, faults, prices.scenario)
    venue = await _open_venue(prices, database, calendar, coins, history, publisher)
    return Services(
        venue=venue,
        watchlists=Watchlists(database),
        portfolio=Portfolio(database, calendar),
        credentials=Credentials(venue, dict(settings.tokens)),
        rate_limit=RateLimit(settings.rate_limit),
        tape=tape,
        corporate_actions=prices.actions,
        change_settings=restart.ask,
        faults=faults,
        fakepaca=Fakepaca(faults),
        symbol_limits={"trades": settings.symbol_limit, "orderbooks": _ORDERBOOK_LIMIT},
        authentication_seconds=settings.authentication_seconds,
    )


def _fill_model(settings: PracticeSettings) -> FillModel:
    if settings.fill_model is FillModelName.BAR_OPEN:
        return BarOpen(settings.slippage_bps)
    return Quotes(settings.seed, settings.slippage_bps, settings.spread_bps)


async def _open_venue(
    prices: Prices,
    database: Database,
    calendar: TradingCalendar,
    coins: PriceSource,
    history: History,
    publisher: Publisher,
) -> Venue:
    settings, source = prices.settings, prices.source
    store = Store(database)
    await store.ensure_accounts(settings.accounts, prices.start.open)
    if settings.anew:
        await store.forget_time(source.identity)
    venue = Venue(
        source=source,
        coins=coins,
        history=history,
        publisher=publisher,
        assets=AssetDirectory((*source.symbols, *coins.symbols)),
        calendar=calendar,
        store=store,
        queries=Queries(database),
        fill_model=_fill_model(settings),
        start=prices.start,
        rate=settings.speed,
        corporate_actions=prices.actions,
        extended_hours=settings.extended_hours,
    )
    await venue.resume()
    return venue


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, and without its signal handlers: they would raise the
    signal again when it is done."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run(
    services: Services,
    listener: socket.socket,
    settings: PracticeSettings,
    ready: Callable[[str], None],
    restart: _Restart,
) -> None:
    config = uvicorn.Config(
        FaultDrills(create_application(services), services.faults),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws_max_size=_LARGEST_MESSAGE,
        ws_per_message_deflate=False,  # optional in the protocol, and costs more CPU than it saves
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    secure = settings.tls_cert is not None
    server = _Server(config, lambda: ready(address_of(listener, secure)))
    restart.stop = partial(setattr, server, "should_exit", True)
    with _stopped_by_signals(server):
        async with asyncio.TaskGroup() as tasks:
            market_time = tasks.create_task(services.venue.run(), name="market time")
            tape = tasks.create_task(_print_as_time_passes(services.venue), name="the tape")
            fakepaca = tasks.create_task(services.fakepaca.run(), name="the test feed")
            serving = tasks.create_task(server.serve(sockets=[listener.dup()]), name="requests")
            try:
                await asyncio.shield(serving)
            except asyncio.CancelledError:
                server.should_exit = True  # connections are closed before the cancellation goes on
                await serving
                raise
            finally:
                market_time.cancel()
                fakepaca.cancel()
                tape.cancel()


async def _print_as_time_passes(venue: Venue) -> None:
    """Send trades and quotes at their own times; a market that is stepped sends them at the step."""
    while True:
        await asyncio.sleep(_PRINT_SECONDS)
        minute = venue.market.minute
        if minute is not None and 0 < venue.rate < MAX_SPEED:
            venue.publisher.prints(minute, venue.now)


@contextlib.contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    in_main_thread = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGINT, signal.SIGTERM) if in_main_thread else ()
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _log_ready(address: str) -> None:
    log.info("the practice market is ready", address=address)
