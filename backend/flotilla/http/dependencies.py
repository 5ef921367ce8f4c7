"""What routes ask for: a session that commits when the route succeeds, and the outside's ports."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.db.session import Database
from flotilla.domain.errors import NotFound
from flotilla.domain.market import Instrument
from flotilla.ports.bar_history import BarHistory
from flotilla.ports.broker import Broker
from flotilla.ports.clock import WallClock
from flotilla.wire.base import Text


class InstrumentDirectory:
    """What the account can trade, asked for once and again when a symbol is missing from it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._known: dict[str, Instrument] = {}

    async def find(self, symbol: str) -> Instrument | None:
        """The instrument, or None when the broker does not list it. Raises Unavailable."""
        if symbol not in self._known:
            await self._refresh()
        return self._known.get(symbol)

    async def unknown(self, symbols: Collection[str]) -> frozenset[str]:
        """Those of `symbols` that the broker does not list; it is asked once. Raises Unavailable."""
        if not self._known.keys() >= set(symbols):
            await self._refresh()
        return frozenset(symbols) - self._known.keys()

    async def search(self, words: str, limit: int) -> list[Instrument]:
        """Instruments whose symbol or name contains `words`, symbols that start with it first."""
        if not self._known:
            await self._refresh()
        wanted = words.strip().lower()
        hits = [i for i in self._known.values() if wanted in i.symbol.lower() or wanted in i.name.lower()]
        return sorted(hits, key=lambda i: (not i.symbol.lower().startswith(wanted), i.symbol))[:limit]

    async def _refresh(self) -> None:
        self._known = {i.symbol: i for i in await self._broker.instruments() if i.tradable}


@dataclass(frozen=True, slots=True)
class AccountMarket:
    """What an account can trade, and its bars."""

    instruments: InstrumentDirectory
    history: BarHistory


class Markets(Protocol):
    async def of(self, account_id: str) -> AccountMarket:
        """Raises NotFound, and KeysUnreadable."""
        ...


@dataclass(frozen=True, slots=True)
class ApiState:
    """What the API process holds for its routes; built by bootstrap.

    `account_id`, `instruments` and `history` are the practice account's, which is meant where a
    request names none; `markets` has the others'.
    """

    database: Database
    account_id: str
    instruments: InstrumentDirectory
    history: BarHistory
    clock: WallClock
    markets: Markets | None = None

    async def market(self, account_id: str | None) -> AccountMarket:
        """An account's market; None is the practice account's. Raises NotFound."""
        if account_id in (None, self.account_id):
            return AccountMarket(self.instruments, self.history)
        if self.markets is None or account_id is None:
            raise NotFound("There is no such account.", code="ACCOUNT_NOT_FOUND")
        return await self.markets.of(account_id)


def api_state(request: Request) -> ApiState:
    state: ApiState = request.app.state.flotilla
    return state


async def session(state: Annotated[ApiState, Depends(api_state)]) -> AsyncIterator[AsyncSession]:
    async with state.database.transaction() as opened:
        yield opened


State = Annotated[ApiState, Depends(api_state)]
# scope="function": the commit happens before the answer leaves, so a failed one is a failed request.
Session = Annotated[AsyncSession, Depends(session, scope="function")]
OtherAccount = Annotated[Text | None, Query(alias="account_id", description="Default: the practice account.")]
