"""The market-data feeds of an account: one hub for stocks and one for coins, each with its connection."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from flotilla.domain.market import is_pair
from flotilla.engine.market_hub import MarketHub, Minute
from flotilla.engine.pace import Pace
from flotilla.engine.sessions import CoinDays, Sessions
from flotilla.ports.bar_history import BarHistory
from flotilla.ports.market_data import BarStream


class MarketFeeds:
    """What bots ask for bars. Symbols of stocks and pairs of coins go to their own hub."""

    def __init__(
        self,
        streams: tuple[BarStream, BarStream | None],
        history: BarHistory,
        calendar: Sessions,
        *,
        whole_frames: bool,
        on_minute: Callable[[Minute], None],
        symbol_limit: int | None = None,
    ) -> None:
        """`streams`: of stocks, and of coins where the account has one; `symbol_limit`: of each."""
        stocks, coins = streams
        self.pace = Pace()  # of all bots, whatever they trade
        self._stocks = MarketHub(
            stocks,
            history,
            calendar,
            whole_frames=whole_frames,
            on_minute=on_minute,
            symbol_limit=symbol_limit,
        )
        self._hubs = [self._stocks]
        self._coins: MarketHub | None = None
        if coins is not None:
            self._coins = MarketHub(
                coins,
                history,
                CoinDays(),
                whole_frames=whole_frames,
                on_minute=on_minute,
                clock=UTC,
                symbol_limit=symbol_limit,
            )
            self._hubs.append(self._coins)

    async def run(self) -> None:
        """Read the streams for ever."""
        async with asyncio.TaskGroup() as tasks:
            for hub in self._hubs:
                tasks.create_task(hub.run(), name="market-hub")

    async def acquire(self, symbols: Iterable[str], bars: int) -> None:
        """See `MarketHub.acquire`: all of them, or nothing."""
        acquired: list[tuple[MarketHub, list[str]]] = []
        try:
            for hub, some in self._split(symbols):
                await hub.acquire(some, bars)
                acquired.append((hub, some))
        except BaseException:
            for hub, some in acquired:
                await hub.release(some)
            raise

    async def acquire_what_fits(self, symbols: Iterable[str]) -> set[str]:
        """Have the live bars of as many of these as the account's plan streams; returns which."""
        found: set[str] = set()
        for hub, some in self._split(symbols):
            fitting = hub.room(some)
            await hub.acquire(fitting, bars=0)
            found.update(fitting)
        return found

    async def release(self, symbols: Iterable[str]) -> None:
        """Give up one use of `symbols`."""
        for hub, some in self._split(symbols):
            await hub.release(some)

    async def watch(self, now: datetime, rate: float) -> None:
        """Reconnect what has gone mute; see `MarketHub.watch`."""
        for hub in self._hubs:
            await hub.watch(now, rate)

    def owe(self, tau: datetime) -> bool:
        """Whether a minute that ended at `tau` may still be closed by a feed."""
        return any(hub.owes(tau) for hub in self._hubs)

    def report(self) -> dict[str, Any]:
        """How fresh what is streamed is, by feed."""
        named = zip(("stocks", "coins"), self._hubs, strict=False)
        return {name: hub.report() for name, hub in named}

    def _split(self, symbols: Iterable[str]) -> list[tuple[MarketHub, list[str]]]:
        """The symbols by the hub that brings them; those of no feed are left to that of stocks."""
        wanted = list(symbols)
        coins = [] if self._coins is None else [symbol for symbol in wanted if is_pair(symbol)]
        others = [symbol for symbol in wanted if symbol not in coins]
        return [
            (hub, some)
            for hub, some in ((self._stocks, others), (self._coins, coins))
            if hub is not None and some
        ]
